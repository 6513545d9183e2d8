"""The warnings filters of an interpreter, in a form that crosses by value."""

from __future__ import annotations

import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
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
    """Make the described filters this interpreter's; those of unknown categories are left out."""
    if described == describe():
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
