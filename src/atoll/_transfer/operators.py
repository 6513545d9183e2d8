"""Operators between a remote object and a value that crossed to it."""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def operate(name: str, obj: Any, other: Any) -> Any:
    """Finish an operator whose special method said NotImplemented; called by the core.

    Python would ask the other operand next. That is a value, and here a better partner for `obj`
    than for its Proxy: `Number(7) + 2.5` needs a float and a Number.

    Returns:
        The result, or NotImplemented if there is no such operator between the two.
    """
    plain = name
    if not hasattr(operator, name) and name.startswith("__r"):
        plain = f"__{name[3:]}"
    function = getattr(operator, plain, None)
    if function is None or (name not in _COMPARISONS and name.startswith("__i")):
        return NotImplemented
    try:
        return function(obj, other) if plain == name else function(other, obj)
    except TypeError:
        return NotImplemented
