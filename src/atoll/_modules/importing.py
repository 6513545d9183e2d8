"""How an interpreter imports extension modules: as they are, as private copies, or from main.

Two parts of the import system are extended. A finder, the first on `sys.meta_path`, decides for
each package when it is first imported; the patched loader of extension modules then does what was
decided for a module's package.
"""

from __future__ import annotations

import sys

# importlib.machinery has them too, but is not imported yet.
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

from .. import _core
from . import compiling
from .lookup import LastFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import ModuleType
    from typing import Any

    type Modes = tuple[tuple[str, str], ...]
    type Callback = Callable[[Any], object]

# Modules for things of which a process has one: terminals, windows, signal handlers, allocators.
# They refuse to be loaded in other interpreters than main.
OF_THE_PROCESS = frozenset(
    {"_curses", "_curses_panel", "_tkinter", "_tracemalloc", "faulthandler", "readline"}
)
# Parts of errors that say that there is no room for a private copy: the module itself may be fine.
MAIN_THREAD = "main thread"
"""What errors say that want it, CPython's and those of packages."""

_OUT_OF_ROOM = (
    "static TLS block",
    "cannot make a private copy",
    "failed to map segment",
    "Cannot allocate memory",
    "Too many open files",
)

_afterwards: dict[str, Callback | str] = {}  # by the module they wait for
_own: dict[str, str] = {}  # modes set for this interpreter; "*" is for all others
_decided: dict[str, str] = {}  # modes of packages
_namespaces: set[str] = set()  # namespace packages: each part is a package of its own
_by_auto: set[str] = set()  # packages that `auto` made private, and that may be main's instead
_out_of_room: dict[str, str] = {}  # why, by package

taken: dict[str, str] = {}
"""The mode that each extension module (in mode `main`: package) was imported in."""

declared: dict[str, str] = {}
"""What each private module declares about interpreters with a GIL of their own."""

_create_as_it_is = ExtensionFileLoader.create_module
_execute_as_it_is = ExtensionFileLoader.exec_module


def install(modes: Modes) -> None:
    """Install finder and loader, in an interpreter that has imported no user module yet."""
    _own.update(modes)
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
        sys.meta_path.append(LastFinder())
        loader: Any = ExtensionFileLoader
        loader.create_module, loader.exec_module = _create_module, _exec_module
        when_imported("ctypes", _make_libraries_private)
        compiling.install()


def nearest(name: str, among: Container[str]) -> str | None:
    """Return the module or its closest parent package that is in `among`."""
    while name not in among:
        name = name.rpartition(".")[0]
        if not name:
            return None
    return name


def _refusal(name: str) -> ImportError:
    return ImportError(
        f"module {name!r} is refused in interpreter {_core.own_name()!r} (its extensions= says so) "
        "[docs: explanation/extensions]",
        name=name,
    )


# ---- finding ----


class Finder:
    """Decides about packages; the finders after it find them."""

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that needs treatment; None: leave it to the other finders."""
        spec = self._choose(name, path, target)
        if name in _afterwards:
            spec = spec or _find_after(self, name, path, target)
            if spec is not None and spec.loader is not None:
                _execute_by(spec, _execute_and_call_back)
        return spec

    def _choose(self, name: str, path: Any, target: ModuleType | None) -> ModuleSpec | None:
        told = nearest(name, _own)
        mode = _own[told] if told else _own.get("*", "auto")
        if told and mode == "refuse":
            raise _refusal(name)
        if (told and mode == "main") or name in OF_THE_PROCESS:
            return _remote_spec(name)
        parent = name.rpartition(".")[0]
        if parent and parent not in _namespaces:
            package = nearest(name, _decided)
            mode = _decided[package] if package else ""
            if mode == "private":
                return _noted(_find_after(self, name, path, target))
            return _remote_spec(name) if mode == "main" else None
        if name in sys.stdlib_module_names or name == "atoll":
            return None
        return _decide(name, mode, _find_after(self, name, path, target))


def _find_after(
    finder: Finder, name: str, path: Any, target: ModuleType | None
) -> ModuleSpec | None:
    for other in sys.meta_path:
        find = getattr(other, "find_spec", None)
        spec: ModuleSpec | None = None if other is finder or not find else find(name, path, target)
        if spec is not None:
            return spec
    return None


def when_imported(name: str, then: Callback | str) -> None:
    """Call a function with a module: now, or when it has been imported.

    Args:
        name: The module.
        then: The function, or its "module:name" if few interpreters import that module.
    """
    _afterwards[name] = then
    if name in sys.modules:
        _call_back(sys.modules[name], name)


def _call_back(module: Any, name: str) -> None:
    then = _afterwards.pop(name)
    (attribute_at(then) if isinstance(then, str) else then)(module)


def attribute_at(place: str) -> Any:
    """Import "module:name"; less than `names.resolve`, which new interpreters need not import.

    Raises:
        ImportError: If there is no such module.
        AttributeError: If the module has no such name.
    """
    module, _, name = place.partition(":")
    __import__(module)
    return getattr(sys.modules[module], name)


def _execute_and_call_back(
    spec: ModuleSpec, execute: Callable[[ModuleType], None], module: ModuleType
) -> None:
    execute(module)
    _call_back(module, spec.name)


def _execute_by(
    spec: ModuleSpec,
    function: Callable[[ModuleSpec, Callable[[ModuleType], None], ModuleType], None],
) -> None:
    """Have a function execute a module, once; its loader stays the same object."""
    loader: Any = spec.loader
    if isinstance(loader, type):  # the one loader of all builtin or frozen modules
        return
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        if module.__spec__ is not spec:  # another module of the same loader (of a zip file)
            execute(module)
            return
        del loader.exec_module
        function(spec, execute, module)

    loader.exec_module = exec_module


def _decide(name: str, mode: str, spec: ModuleSpec | None) -> ModuleSpec | None:
    if spec is None:
        return None
    if spec.loader is None:
        _namespaces.add(name)
        return spec
    is_auto = mode == "auto"
    if mode not in ("native", "private"):
        folders = tuple(map(str, spec.submodule_search_locations or ()))
        origin = spec.origin if spec.has_location else None
        mode = _ask_main(name, mode, origin, folders)
    _decided[name] = mode
    if mode == "main":
        return _remote_spec(name)
    if mode == "private":
        _noted(spec)
        if is_auto:
            _by_auto.add(name)
            _guard(spec)
    return spec


def _ask_main(name: str, mode: str, origin: str | None, folders: tuple[str, ...]) -> str:
    chosen, warning = _core.invoke(
        None, "atoll._modules.policy:decide", (name, mode, origin, folders), None
    )
    if warning:
        _warn(warning)
    return str(chosen)


def _warn(text: str) -> None:
    import warnings

    from .._transfer.errors import ExtensionWarning

    text += " [docs: explanation/extensions]"
    warnings.warn(text, ExtensionWarning, skip_file_prefixes=("<frozen", __file__))


# ---- modules of main ----


class _RemoteLoader:
    """Loads a Proxy to main's module."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        _replace(module.__name__)


_remote_loader = _RemoteLoader()


def _remote_spec(name: str) -> ModuleSpec:
    return ModuleSpec(name, _remote_loader, origin="main interpreter")  # type: ignore[arg-type]


def _replace(name: str) -> None:
    """Replace a module that is being imported by a Proxy, in `sys.modules`.

    The import system takes it from there. It cannot come from `create_module`: the import system
    would set attributes on it, and so on main's module.
    """
    try:
        sys.modules[name] = _core.invoke(None, "importlib:import_module", (name,), None)
    except Exception as error:
        if MAIN_THREAD in str(error):
            error.add_note(f"{name} wants to be imported in the main thread: import it there first")
        raise
    taken[name] = "main"


# ---- extension modules ----


def _mode_of(name: str, origin: str) -> str:
    told = nearest(name, _own)
    if told and _own[told] != "auto":
        return _own[told]
    if "/lib-dynload/" in origin or name.startswith("atoll."):
        return "native"
    package = nearest(name, _decided)
    if package is None:  # a file that was not found by name
        package, mode = name, _own.get("*", "auto")
        if mode == "auto":
            mode = _ask_main(name, mode, origin, ())
        _decided[package] = mode
    return _decided[package]


def _tree_of(path: str) -> str:
    """Return the entry of `sys.path` that a file is below, with a slash at the end."""
    entries = [f"{entry.rstrip('/')}/" for entry in map(str, sys.path) if entry]
    around = [entry for entry in entries if path.startswith(entry)]
    return max(around, key=len) if around else path[: path.rindex("/") + 1]


def symbol(name: str) -> str:
    """Return what follows "PyInit" in the name of a module's function (PEP 489)."""
    last = name.rpartition(".")[2]
    if last.isascii():
        return f"_{last}"
    return f"U_{last.encode('punycode').replace(b'-', b'_').decode()}"


def _create_module(loader: ExtensionFileLoader, spec: ModuleSpec) -> ModuleType | None:
    name, path = spec.name, str(loader.path)
    mode = _mode_of(name, path)
    if mode == "refuse":
        raise _refusal(name)
    if mode == "main":
        taken[name] = mode
        spec.loader_state = _remote_loader
        return None
    sys.audit("import", name, path, None, None, None)
    if mode == "native":
        _load_between_forks(name, path)
        made = _create_as_it_is(loader, spec)
        taken[name] = mode
        return made
    try:
        module: Any
        module, declared[name] = _core.load_extension(path, _tree_of(path), symbol(name), spec)
    except Exception as error:
        if isinstance(error, ImportError):
            error.name, error.path = error.name or name, error.path or path
            if any(reason in str(error) for reason in _OUT_OF_ROOM):
                _out_of_room[nearest(name, _decided) or name] = str(error)
        package = _replaceable(name)
        why = _why_not_here(package, error) if package else ""
        if not why:
            raise
        if package != name:
            _replace_all(package)
        _go_to_main(package, why)
        spec.loader_state = _remote_loader
        return None
    taken[name] = mode
    if declared[name] == "single-phase":
        module.__name__ = name  # it has only the last part of the name
    module.__file__ = path
    return module  # type: ignore[no-any-return]


def _load_between_forks(name: str, path: str) -> None:
    """Load the file before CPython does, between forks: CPython's load would not keep forks off."""
    try:
        _core.load_original(path if "/" in path else f"./{path}", sys.getdlopenflags())
    except OSError as error:
        raise ImportError(str(error), name=name, path=path) from None


def _exec_module(loader: ExtensionFileLoader, module: ModuleType) -> None:
    spec = getattr(module, "__spec__", None)
    if spec is not None and spec.loader_state is _remote_loader:
        _replace(spec.name)
    else:
        _execute_as_it_is(loader, module)


# ---- what packages keep ----


def _noted(spec: ModuleSpec | None) -> ModuleSpec | None:
    """Have what a module keeps of the memory that it allocates now freed with its interpreter."""
    loader: Any = spec and spec.loader
    is_object = hasattr(loader, "__dict__") and not isinstance(loader, type)
    if is_object and hasattr(loader, "exec_module"):
        from functools import partial

        # It leaves no frame in tracebacks, as nothing of the import system does.
        loader.exec_module = partial(_core.execute_noted, loader)
    return spec


# ---- where copies do not fit ----


def _guard(spec: ModuleSpec) -> None:
    """Use main's package if the private one cannot be made here."""

    def execute_or_go_to_main(
        spec: ModuleSpec, execute: Callable[[ModuleType], None], module: ModuleType
    ) -> None:
        try:
            execute(module)
        except Exception as error:
            why = _why_not_here(spec.name, error)
            if not why:
                raise
            _replace_all(spec.name)
            _go_to_main(spec.name, why)

    _execute_by(spec, execute_or_go_to_main)


def _replaceable(name: str) -> str:
    """Return the package of a module that is being made, if all of it can be main's instead.

    It cannot if C code of it is here already, or if a part of it is being imported: that is the
    guard's then, or nobody's.
    """
    package = nearest(name, _by_auto) or ""
    parts = {each for each in (*sys.modules, *taken) if f"{each}.".startswith(f"{package}.")}
    is_here = any(taken.get(each) == "private" for each in parts)
    specs = [getattr(sys.modules.get(each), "__spec__", None) for each in parts - {name}]
    is_busy = any(getattr(each, "_initializing", False) for each in specs)
    return "" if is_here or is_busy else package


def _replace_all(package: str) -> None:
    for each in [each for each in sys.modules if each.startswith(f"{package}.")]:
        del sys.modules[each]
        taken.pop(each, None)
    _replace(package)


def _why_not_here(name: str, error: Exception) -> str:
    """Say why a package is main's instead, after an error; "": it is not.

    There is no room for its libraries, or for those of a package that it needs: private C code
    cannot use the classes and capsules of a package that is main's.
    """
    if name in _out_of_room:
        return _out_of_room[name]
    of_main = {each for each, mode in taken.items() if mode == "main"} - OF_THE_PROCESS - {name}
    tops = [each for each in of_main if nearest(each.rpartition(".")[0], of_main) is None]
    return f"{error!r}, beside main's {', '.join(sorted(tops))}" if tops else ""


def _go_to_main(name: str, why: str) -> None:
    _decided[name] = "main"
    _warn(f"{name} is used from the main interpreter: {why}")


# ---- libraries that ctypes loads ----


def _make_libraries_private(ctypes: Any) -> None:
    ctypes._dlopen = _PrivateLibraries(ctypes._dlopen)


class _PrivateLibraries:
    """Replaces `ctypes._dlopen`: makes private copies of libraries of installed packages."""

    def __init__(self, dlopen: Any) -> None:
        self._dlopen = dlopen

    def __call__(self, name: Any, mode: int) -> Any:
        import os

        if name is None:
            return self._dlopen(name, mode)
        sys.audit("ctypes.dlopen", name)
        handle = None if mode & os.RTLD_NOLOAD else _open_copy(os.fsdecode(name))
        return handle or _core.load_original(name, mode | os.RTLD_NOW)


def _open_copy(name: str) -> int | None:
    """Open the copy of a library: of one that is loaded, by its name, or of one of a package."""
    from os.path import abspath

    if "/" not in name:
        return _core.load_library(name, None)
    path = abspath(name)
    tree = _tree_of(path)
    package = path[len(tree) :].split("/")[0].removesuffix(".libs")
    told = _own.get(package) or _own.get("*", "auto")
    if "packages/" in tree and told in ("auto", "private"):
        try:
            return _core.load_library(path, tree)
        except ImportError:
            pass  # loading the original raises the error
    return None
