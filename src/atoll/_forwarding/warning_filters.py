"""The warnings filters of an interpreter, in a form that crosses by value."""

from __future__ import annotations

import sys
import warnings

from .. import _core
from .._modules.importing import attribute_at, when_imported
from . import following

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any

    type Pattern = tuple[str, int] | str | None  # str: a text, in a filter made in C
    type Filter = tuple[str, Pattern, str, Pattern, int]


# ---- in the main interpreter ----

_is_watching = False
_latest: list[Any] | None = None  # where the last change was, if contexts have filters of their own
_MUTATE = (
    "_filters_mutated_lock_held" if sys.version_info >= (3, 14) else "_filters_mutated"
)  # what all that changes filters calls; 3.14: under a lock


def watch() -> None:
    """From now on tell the interpreters of changes."""
    global _is_watching
    if _is_watching or _core.own_id() != 0:
        return
    _is_watching = True
    mutate = getattr(warnings, _MUTATE)

    def mutate_and_tell() -> None:
        mutate()
        _note_latest()
        following.tell(_FILTERS)

    setattr(warnings, _MUTATE, mutate_and_tell)
    _note_latest()


def _note_latest() -> None:
    global _latest
    if getattr(sys.flags, "context_aware_warnings", False):
        _latest = warnings._get_filters()  # type: ignore[attr-defined]


def current() -> tuple[Filter, ...]:
    """Describe the filters for an interpreter that follows them."""
    watch()
    return describe()


_FILTERS = f"{__name__}:current"


def describe() -> tuple[Filter, ...]:
    """Describe this interpreter's filters."""
    filters: list[Any] = list(warnings.filters if _latest is None else _latest)
    return tuple(
        (action, _pattern(message), f"{kind.__module__}:{kind.__name__}", _pattern(module), line)
        for action, message, kind, module, line in filters
    )


def _pattern(expression: Any) -> Pattern:
    if expression is None or isinstance(expression, str):
        return expression
    return expression.pattern, expression.flags


# ---- in an interpreter ----

_has_adopted = False
_waiting: dict[str, list[Filter]] = {}  # by the module of the category, which is not imported yet
# What was made of main's filters, for ever: code here may put one back that main has no more. They
# are plain tuples, as the list of filters outlives the last run of the collector.
_of_main: dict[Filter, Any] = {}


def follow() -> None:
    """Make main's filters this interpreter's, now and when they change."""
    following.follow(_FILTERS, adopt)


def adopt(described: tuple[Filter, ...]) -> None:
    """Make the described filters this interpreter's, after those that code here has added.

    Imports no modules: filters for a module's categories are added when that is imported.
    """
    global _has_adopted
    made = []
    _waiting.clear()
    for each in described:
        module = each[2].partition(":")[0]
        if module not in sys.modules and module.partition(".")[0] not in sys.stdlib_module_names:
            _waiting.setdefault(module, []).append(each)
        elif (one := _made(each)) is not None:
            made.append(one)
    of_main = set(map(id, _of_main.values()))
    own = [one for one in warnings.filters if _has_adopted and id(one) not in of_main]
    _has_adopted = True
    before = list(warnings.filters)
    warnings.filters[:] = [*own, *made]  # type: ignore[index]
    if before != [*own, *made]:
        warnings._filters_mutated()  # type: ignore[attr-defined]  # clears the caches of the C code
    for module in _waiting:
        when_imported(module, _add)


def _add(module: Any) -> None:
    """Add a module's filters in front of those that it has made itself."""
    for each in reversed(_waiting.pop(module.__name__, ())):
        made = _made(each)
        if made is not None and made not in warnings.filters:
            warnings.filters.insert(0, made)  # type: ignore[attr-defined]
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _made(described: Filter) -> Any:
    """Make a filter, once; None: its category does not exist."""
    if (known := _of_main.get(described)) is not None:
        return known
    action, message, category, module, line = described
    try:
        kind = attribute_at(category)
    except (ImportError, AttributeError):
        return None
    return _of_main.setdefault(
        described, (action, _compiled(message), kind, _compiled(module), line)
    )


def _compiled(pattern: Pattern) -> re.Pattern[str] | str | None:
    if not isinstance(pattern, tuple):
        return pattern
    import re

    return re.compile(*pattern)
