"""Operators between a remote object and a value that crossed to it, and those it has lost."""

from __future__ import annotations

import math
import operator
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_ARITHMETIC = _words("add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or")
_BINARY = {*_COMPARISONS, *(f"__{kind}{each}__" for each in _ARITHMETIC for kind in ("", "r", "i"))}

# What Python does where there is no such special method: it falls back, or says what is missing.
_USES: dict[str, Callable[..., Any]] = {
    **{f"__{each.__name__}__": each for each in (len, iter, next, reversed, round, hash)},
    **{f"__{each.__name__}__": each for each in (int, float, complex, bytes, abs)},
    **{f"__{each.__name__}__": each for each in (math.trunc, math.floor, math.ceil, os.fspath)},
    **{
        f"__{name}__": getattr(operator, name)
        for name in _words("getitem setitem delitem contains index length_hint neg pos invert")
    },
    "__bool__": bool,
}


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


def use_without(name: str, obj: Any, *args: Any) -> Any:
    """Do to an object what a special method is for that its class has no more; called by the core.

    Returns:
        NotImplemented for an operator, so that Python asks the other operand.

    Raises:
        TypeError: As Python does for an object that has never had it.
    """
    if name in _BINARY:
        return NotImplemented
    if name in _USES:
        return _USES[name](obj, *args)
    raise TypeError(f"{type(obj).__name__!r} object has no {name}()")
