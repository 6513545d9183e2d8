"""The warnings filters of an interpreter, in a form that crosses by value."""

from __future__ import annotations

import sys
import warnings

from .._modules.importing import when_imported

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable
    from typing import Any

    type Pattern = tuple[str, int] | None
    type Filter = tuple[str, Pattern, str, Pattern, int]


def describe() -> tuple[Filter, ...]:
    """Describe this interpreter's filters."""
    filters: list[Any] = list(warnings.filters)
    return tuple(
        (action, _pattern(message), f"{kind.__module__}:{kind.__name__}", _pattern(module), line)
        for action, message, kind, module, line in filters
    )


def _pattern(expression: Any) -> Pattern:
    if expression is None or isinstance(expression, str):  # str: a filter made in C
        return None if expression is None else (expression, 0)
    return expression.pattern, expression.flags


def adopt(described: tuple[Filter, ...]) -> None:
    """Make the described filters this interpreter's.

    Imports no modules: filters for a module's categories are added when that is imported.
    """
    if described == describe():
        return
    filters = []
    waiting: dict[str, list[Filter]] = {}
    for each in described:
        module = each[2].partition(":")[0]
        if module not in sys.modules and module.partition(".")[0] not in sys.stdlib_module_names:
            waiting.setdefault(module, []).append(each)
        elif (made := _made(each)) is not None:
            filters.append(made)
    warnings.filters[:] = filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]  # clears the caches of the C code
    for module, described_later in waiting.items():
        when_imported(module, _adder(described_later))


def _adder(described: list[Filter]) -> Callable[[object], None]:
    """Make a function that adds filters in front of those that the module itself has made."""

    def add(module: object) -> None:
        for each in reversed(described):
            made = _made(each)
            if made is not None and made not in warnings.filters:
                warnings.filters.insert(0, made)  # type: ignore[attr-defined]
        warnings._filters_mutated()  # type: ignore[attr-defined]

    return add


def _made(described: Filter) -> Any:
    """Make a filter; None: its category does not exist."""
    import re

    from .._transfer.names import resolve

    def compiled(pattern: Pattern) -> re.Pattern[str] | None:
        return None if pattern is None else re.compile(*pattern)

    action, message, category, module, line = described
    try:
        kind = resolve(category)
    except (ImportError, AttributeError):
        return None
    return action, compiled(message), kind, compiled(module), line
