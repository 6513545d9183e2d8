"""What a new interpreter inherits, in a form that crosses by value."""

from __future__ import annotations

import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any

    type Pattern = tuple[str, int] | None
    type Filter = tuple[str, Pattern, str, Pattern, int]


def _pattern(expression: re.Pattern[str] | str | None) -> Pattern:
    if expression is None:
        return None
    if isinstance(expression, str):  # filters made in C
        return expression, 0
    return expression.pattern, expression.flags


def _category_name(category: Any) -> str:
    return f"{category.__module__}:{category.__qualname__}"


def describe_filters() -> tuple[Filter, ...]:
    """Describe this interpreter's warnings filters."""
    return tuple(
        (
            action,
            _pattern(message),
            _category_name(category),
            _pattern(module),
            line,
        )
        for action, message, category, module, line in warnings.filters
    )


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


def collect() -> tuple[tuple[str, ...], tuple[Filter, ...]]:
    """Return what `atoll._inside.prepare` takes: `sys.argv` and the filters."""
    return tuple(map(str, getattr(sys, "argv", ()))), describe_filters()
