"""What a new interpreter inherits, in a form that crosses by value."""

from __future__ import annotations

import marshal
import os
import sys
from importlib.util import find_spec

from .._forwarding import warning_filters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._forwarding.warning_filters import Filter


def collect() -> tuple[tuple[str, ...], tuple[Filter, ...]]:
    """Return the first arguments of `inside.prepare`: `sys.argv` and the warnings filters."""
    return tuple(map(str, getattr(sys, "argv", ()))), warning_filters.describe()


def collect_anew() -> tuple[Any, ...]:
    """Return the arguments of `inside.adopt`: also what CPython gives to a new interpreter."""
    environment = tuple(os.environ._data.items())  # type: ignore[attr-defined]
    return tuple(map(str, sys.path)), environment, *collect(), (), False  # it forwards already


_FIRST_MODULES = (
    "atoll",
    "atoll._forwarding",
    "atoll._forwarding.streams",
    "atoll._forwarding.forwarding",
    "atoll._modules",
    "atoll._modules.compiling",
    "atoll._modules.importing",
    "atoll._forwarding.warning_filters",
    "atoll._interpreter",
    "atoll._interpreter.inside",
)
_compiled: tuple[tuple[str, str, bytes], ...] = ()


def modules() -> tuple[tuple[str, str, bytes], ...]:
    """Return the modules that every interpreter needs, as name, file and code; compiled once."""
    global _compiled
    if not _compiled:
        _compiled = tuple(_compile(name) for name in _FIRST_MODULES)
    return _compiled


def _compile(name: str) -> tuple[str, str, bytes]:
    spec = find_spec(name)
    if spec is None or spec.origin is None or spec.loader is None:
        raise ImportError(f"cannot find {name}")
    code = spec.loader.get_code(name)  # type: ignore[attr-defined]
    return name, spec.origin, marshal.dumps(code)
