"""Modules that only main finds: an interpreter asks main for what its own finders do not find.

Main may have other finders, path hooks or folders: those of a frozen program, of an editable
install, of a package that was added to `sys.path` meanwhile. What is plain files is imported from
them here. Else main's loader gives the module's code; one that cannot is copied.

No module is imported at the top: this one finds all of them, `__future__` included.
"""

import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any


# ---- in an interpreter ----


class LastFinder:
    """Asks main; the last on `sys.meta_path`."""

    def find_spec(
        self, name: "str", path: "Any" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Find a module as main does; None: it does not.

        Raises:
            ModuleNotFoundError: If main has it, but it cannot be made here.
        """
        if sys.is_finalizing():  # main cannot be entered any more
            return None
        folders = None if path is None else tuple(map(str, path))
        found = _core.invoke(None, "atoll._modules.lookup:look_up", (name, folders), None)
        return None if found is None else _make_spec(name, *found)


def _make_spec(
    name: "str", kind: "str", content: "Any", origin: "str | None", folders: "Any"
) -> "ModuleSpec | None":
    if kind == "nothing":
        raise ModuleNotFoundError(
            f"No module named {name!r} in interpreter {_core.own_name()!r}: {content}; "
            f"extensions={{{name!r}: 'main'}} gives a Proxy to main's "
            "[docs: explanation/extensions]",
            name=name,
        )
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import spec_from_file_location

    folders = None if folders is None else list(folders)
    if kind == "file":
        return spec_from_file_location(name, origin, submodule_search_locations=folders)
    loader: Any = None
    if kind == "code":
        loader = _Loader(name, content)
    elif kind == "loader":
        from .._transfer.pickles import load

        loader = load(content)
    spec = ModuleSpec(name, loader, origin=origin)
    spec.submodule_search_locations = folders
    spec.has_location = kind == "code" and origin is not None
    return spec


class _Loader:
    """Executes code that main's loader has given; all else is asked of that one."""

    def __init__(self, name: "str", code: "bytes") -> None:
        self.name = name
        self._code = code

    def create_module(self, spec: "ModuleSpec") -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        exec(self.get_code(self.name), vars(module))

    def get_code(self, name: "str") -> "CodeType":
        import marshal

        code: CodeType = marshal.loads(self._code)
        return code

    def __getattr__(self, attribute: "str") -> "Any":
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        loader = _core.invoke(None, "atoll._modules.lookup:loader_of", (self.name,), None)
        return getattr(loader, attribute)


# ---- in the main interpreter ----

# What a program frozen by PyInstaller has in none of its archives: it is loaded before those.
_SOURCES = {"struct": "from _struct import *; from _struct import __doc__, _clearcache"}


def look_up(name: "str", path: "tuple[str, ...] | None") -> "tuple[Any, ...] | None":
    """Describe a module for another interpreter; None: main does not find it either.

    Returns:
        What to make its spec of: the kind, the content, the file, the folders of a package.
    """
    module = sys.modules.get(name)
    spec = _spec_of(module, name) or _find(name, path)
    if spec is None and name in _SOURCES:
        return "code", _dump(compile(_SOURCES[name], name, "exec")), None, None
    if spec is None:
        reason = "main has one that no finder finds"
        return None if module is None else ("nothing", reason, None, None)
    folders = spec.submodule_search_locations
    kind, content = _describe(name, spec)
    origin = spec.origin if spec.has_location or kind == "loader" else None
    return kind, content, origin, None if folders is None else tuple(map(str, folders))


def loader_of(name: "str") -> "Any":
    """Return main's loader of a module."""
    spec = _spec_of(sys.modules.get(name), name) or _find(name, None)
    return None if spec is None else spec.loader


def _spec_of(module: "ModuleType | None", name: "str") -> "ModuleSpec | None":
    spec: ModuleSpec | None = getattr(module, "__spec__", None)
    if spec is None or spec.name != name:
        return None
    return None if _is_plain(spec.loader) and not _exists(spec.origin) else spec


def _is_plain(loader: "object") -> "bool":
    from importlib import machinery

    return type(loader) in (
        machinery.SourceFileLoader,
        machinery.SourcelessFileLoader,
        machinery.ExtensionFileLoader,
    )


def _exists(file: "str | None") -> "bool":
    import os

    return file is not None and os.path.exists(file)


def _dump(code: "CodeType") -> "bytes":
    import marshal

    return marshal.dumps(code)


def _find(name: "str", path: "tuple[str, ...] | None") -> "ModuleSpec | None":
    for finder in tuple(sys.meta_path):
        find = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = None if find is None else find(name, path, None)
        if spec is not None:
            return spec
    return None


def _describe(name: "str", spec: "ModuleSpec") -> "tuple[str, Any]":
    from importlib import machinery

    loader: Any = spec.loader
    if loader is None or isinstance(loader, machinery.NamespaceLoader):
        return "folders", None
    if _is_plain(loader):
        return "file", None
    code = loader.get_code(name) if hasattr(loader, "get_code") else None
    if code is not None:
        return "code", _dump(code)
    if spec.has_location and str(spec.origin).endswith(tuple(machinery.all_suffixes())):
        return "file", None  # the loader does something more to it (pytest's)
    return _copy(loader)


def _copy(loader: "Any") -> "tuple[str, Any]":
    from .._transfer.functions import dump

    try:
        return "loader", dump(loader, _core.is_proxy)
    except Exception as error:
        kind = type(loader).__name__
        return "nothing", f"main's loader of it, a {kind}, cannot be copied ({error})"
