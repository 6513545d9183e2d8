"""Operators between a remote object and another operand, and those it has lost."""

from __future__ import annotations

import math
import operator
import os
import sys

from .. import _core
from . import operands
from .describe import ARITHMETIC, SWAPPED
from .names import definer_of, mro_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_ARITHMETIC = ARITHMETIC.split()
_BINARY = {*_COMPARISONS, *(f"__{kind}{each}__" for each in _ARITHMETIC for kind in ("", "r", "i"))}
_REFLECTED = {
    **{f"__{each}__": f"__r{each}__" for each in _ARITHMETIC},
    **{each: SWAPPED.get(each, each) for each in _COMPARISONS},
}

# What Python does where there is no such special method: it falls back, or says what is missing.
_USES: dict[str, Callable[..., Any]] = {
    **{f"__{each.__name__}__": each for each in (len, iter, next, reversed, round, hash)},
    **{f"__{each.__name__}__": each for each in (int, float, complex, bytes, abs)},
    **{f"__{each.__name__}__": each for each in (math.trunc, math.floor, math.ceil, os.fspath)},
    **{
        f"__{name}__": getattr(operator, name)
        for name in (
            *("getitem", "setitem", "delitem", "contains"),
            *("index", "length_hint", "neg", "pos", "invert"),
        )
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


# ---- an operand that would go by reference ----


def apply(name: str, proxy: Any, other: Any) -> tuple[Any] | None:
    """Do an operator where the operand of the Proxy is better taken by value; called by the core.

    It is, if both are of one class, or have a base in common that is no abstract one. Where the
    operand is the left one, and its class does the operator, that is done here, with a copy of
    what the Proxy stands for; else in the owner, with a copy of the operand.

    Returns:
        The result in a tuple; None: the operand is to go by reference.
    """
    owner, is_reflected = _core.owner(proxy), _is_reflected(name)
    if not is_reflected and _is_asked_first(name, proxy, other):
        result = _ask(_REFLECTED[name], other, proxy)
        if result is not NotImplemented:
            return (result,)
    if not _are_related(proxy, other):
        if name not in ("__add__", "__iadd__"):
            return None
        return (_core.invoke(owner, f"{__name__}:join", (name, proxy, other), None),)
    try:
        if is_reflected and not _core.is_proxy(other):
            is_of_one_class = _core.local_twin(proxy) is type(other)
            parts = _core.invoke(
                owner, f"{__name__}:operand_for", (name, proxy, is_of_one_class), None
            )
            return None if parts is None else (_operate_here(name, other, parts),)
        if _core.is_proxy(other):
            parts = _core.invoke(
                _core.owner(other), "atoll._transfer.operands:take_apart", (other,), None
            )
        else:
            parts = operands.take_apart(other)
    except operands.Unfit:
        return None
    return (_core.invoke(owner, f"{__name__}:operate_with", (name, proxy, other, parts), None),)


def _is_reflected(name: str) -> bool:
    return name.startswith("__r") and name[3:-2] in _ARITHMETIC


_UNRELATING = {"abc", "collections.abc", "_collections_abc", "typing", "numbers"}


_SETS: tuple[type, ...] = (set, frozenset, type({}.keys()), type({}.items()))


def _are_related(proxy: object, other: object) -> bool:
    if isinstance(other, _SETS) and isinstance(proxy, _SETS):
        return True
    cls = _core.local_twin(other) if _core.is_proxy(other) else type(other)
    return cls is not None and any(
        type.__instancecheck__(base, proxy)
        for base in mro_of(cls)
        if base is not object and base.__module__ not in _UNRELATING
    )


def _is_of_user(obj: object, name: str) -> bool:
    """Tell whether code of the user's does an operator, which may keep its operand."""
    definer = definer_of(type(obj), name)
    return definer is not None and operands.is_of_user(definer)


def _is_asked_first(name: str, proxy: object, other: object) -> bool:
    """Tell whether an operand here comes before a Proxy: it is of a subclass of the user's."""
    cls, twin = type(other), _core.local_twin(proxy)
    if name not in _REFLECTED or twin is None or cls is twin or _core.is_proxy(other):
        return False
    reflected = _REFLECTED[name]
    definer = definer_of(cls, reflected)
    is_own = definer is not None and definer is not definer_of(twin, reflected)
    return is_own and twin in mro_of(cls) and _is_of_user(other, reflected)


def operand_for(name: str, obj: Any, is_of_one_class: bool) -> operands.Parts | None:
    """Take an object apart for an operator that is another one's; called in its owner.

    Between two objects of one class Python asks no reflected method.
    """
    is_asked = _is_of_user(obj, name) and not is_of_one_class
    return None if is_asked else operands.take_apart(obj)


def operate_with(name: str, obj: Any, other: Any, parts: operands.Parts) -> Any:
    """Do an operator of an object; called in its owner.

    Args:
        other: The operand by reference.
        parts: What a copy of it is made of.
    """
    if _is_of_user(obj, name) and name not in _COMPARISONS:
        result = _ask(name, obj, other)
        if result is not NotImplemented:
            return result
    try:
        operand = operands.put_together(parts)
    except operands.Unfit:
        return _ask(name, obj, other)
    if _is_reflected(name):
        return operate(name, obj, operand)
    return divmod(obj, operand) if name == "__divmod__" else getattr(operator, name)(obj, operand)


def join(name: str, obj: Any, other: Any) -> Any:
    """Do `obj + other` or `obj += other`; called in the owner of `obj`.

    A sequence in C is asked last, and does not say NotImplemented.
    """
    is_sequence = type(getattr(type(obj), name, None)) is type(list.__add__)
    is_asked_last = is_sequence and definer_of(type(obj), "__radd__") is None
    if is_asked_last:
        return getattr(operator, name)(obj, other)
    result = _ask(name, obj, other)
    is_value = result is NotImplemented and not _core.is_proxy(other)
    return operate(name, obj, other) if is_value else result


def _ask(name: str, obj: Any, other: Any) -> Any:
    method = getattr(type(obj), name, None)
    return NotImplemented if method is None else method(obj, other)


def _operate_here(name: str, other: Any, parts: operands.Parts) -> Any:
    operand = operands.put_together(parts)
    plain = name[3:-2] if name != "__rdivmod__" else ""
    if not plain:
        return divmod(other, operand)
    # Of `x |= p` Python tries `x | p` where x does not take a Proxy: it has to stay the same x.
    kind = f"__i{plain}__" if _is_in_place(sys._getframe(1).f_back) else f"__{plain}__"
    return getattr(operator, kind)(other, operand)


def _is_in_place(frame: FrameType | None) -> bool:
    """Tell whether a frame is executing an operator like `+=`; None: it is C code that does one."""
    if frame is None:
        return False
    import opcode

    code, at = frame.f_code.co_code, frame.f_lasti
    operators: Any = opcode._nb_ops  # type: ignore[attr-defined]
    is_operator = code[at] == opcode.opmap["BINARY_OP"]
    return is_operator and bool(operators[code[at + 1]][0].startswith("NB_INPLACE"))


# ---- special methods that are there no more ----


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
