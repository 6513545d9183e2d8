"""What a new interpreter inherits, in a form that crosses by value."""

from __future__ import annotations

import marshal
import os
import sys
import warnings
from importlib.util import find_spec

from ._inside import describe_filters

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any

    type Pattern = tuple[str, int] | None
    type Filter = tuple[str, Pattern, str, Pattern, int]


def collect() -> tuple[tuple[str, ...], tuple[Filter, ...]]:
    """Return what `atoll._inside.prepare` takes first: `sys.argv` and the warnings filters."""
    return tuple(map(str, getattr(sys, "argv", ()))), describe_filters()


def collect_anew() -> tuple[Any, ...]:
    """Return what `atoll._inside.adopt` takes: also what a new interpreter has from CPython."""
    environment = tuple(os.environ._data.items())  # type: ignore[attr-defined]
    return tuple(map(str, sys.path)), environment, *collect(), False  # it forwards already


_FIRST_MODULES = ("atoll", "atoll._streams", "atoll._forwarding", "atoll._inside")
_compiled: tuple[tuple[str, str, bytes], ...] = ()


def modules() -> tuple[tuple[str, str, bytes], ...]:
    """Return atoll's modules that every interpreter needs: name, file, code; compiled once."""
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


def apply_filters(described: tuple[Filter, ...]) -> None:
    """Make the described filters this interpreter's; those of unknown categories are left out."""
    if described == describe_filters():
        return
    import re

    from ._values import resolve

    def compiled(pattern: Pattern) -> re.Pattern[str] | None:
        return None if pattern is None else re.compile(*pattern)

    filters = []
    for action, message, category, module, line in described:
        try:
            kind = resolve(category)
        except (ImportError, AttributeError):
            continue
        filters.append((action, compiled(message), kind, compiled(module), line))
    warnings.filters[:] = filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]  # the C code has cached some
