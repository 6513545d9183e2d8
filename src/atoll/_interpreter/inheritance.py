"""What a new interpreter inherits, in a form that crosses by value."""

from __future__ import annotations

import marshal
import sys
from importlib.machinery import FileFinder, ModuleSpec
from importlib.util import find_spec
from os.path import abspath, exists, isabs

from .. import _start_folder
from .._forwarding import warning_filters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._forwarding.warning_filters import Filter

    type Settings = tuple[int, int, tuple[tuple[str, str | int | None], ...]]

# Of `sys`. Programs that were frozen (by PyInstaller, say) have the last ones.
_ATTRIBUTES = (
    *("dont_write_bytecode", "pycache_prefix", "tracebacklimit"),
    *("frozen", "_MEIPASS"),
)


def collect(follows: bool) -> tuple[tuple[str, ...], Settings, tuple[Filter, ...] | None]:
    """Return the first arguments of `inside.prepare`.

    Args:
        follows: Whether the interpreter asks for the warnings filters itself.
    """
    argv = tuple(map(str, getattr(sys, "argv", ())))
    return argv, _settings(), None if follows else warning_filters.describe()


def collect_anew() -> tuple[Any, ...]:
    """Return the arguments of `inside.adopt`: also what a new interpreter gets at once."""
    return path(), *collect(True), (), False  # it forwards already


def _settings() -> Settings:
    return (
        sys.getrecursionlimit(),
        sys.get_int_max_str_digits(),
        tuple(
            (name, value)
            for name in _ATTRIBUTES
            if isinstance(value := getattr(sys, name, ...), str | int | None)
        ),
    )


def path() -> tuple[str, ...]:
    """Return `sys.path`, with entries that are relative to a folder as they were found here."""
    return tuple(_resolved(str(entry)) for entry in sys.path)


def _resolved(entry: str) -> str:
    if isabs(entry):
        return entry
    if not entry:  # the current folder, which may have changed since modules were imported from it
        return _start_folder
    finder = sys.path_importer_cache.get(entry)
    if isinstance(finder, FileFinder):
        return finder.path
    return abspath(entry) if exists(entry) else entry  # it may be for a path hook


# With what they import, in that order: nothing is searched for. But for what is builtin or frozen.
_FIRST_MODULES = (
    "__future__",
    "_datetime",
    "_py_warnings",
    "warnings",
    "atoll",
    "atoll._core",
    "atoll._forwarding",
    "atoll._forwarding.streams",
    "atoll._modules",
    "atoll._modules.lookup",
    "atoll._modules.compiling",
    "atoll._modules.importing",
    "atoll._forwarding.following",
    "atoll._forwarding.warning_filters",
    "atoll._forwarding.forwarding",
    "atoll._interpreter",
    "atoll._interpreter.ending",
    "atoll._interpreter.environment",
    "atoll._interpreter.inside",
)
_compiled: tuple[tuple[str, str, bytes], ...] = ()


def modules() -> tuple[tuple[str, str, bytes], ...]:
    """Return the modules that every interpreter needs, as name, file and code; compiled once.

    The code of an extension module is empty.
    """
    global _compiled
    if not _compiled:
        found = ((name, find_spec(name)) for name in _FIRST_MODULES)
        _compiled = tuple(
            (name, str(spec.origin), _code(spec))
            for name, spec in found
            if spec is not None and spec.has_location
        )
    return _compiled


def _code(spec: ModuleSpec) -> bytes:
    code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]
    return b"" if code is None else marshal.dumps(code)
