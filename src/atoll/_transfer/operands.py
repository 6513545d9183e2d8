"""Operands by value: a copy, for one operator, of an object that otherwise goes by reference.

Code in C wants an operand of exactly its own type, and code in Python may ask for `type(other)`: no
Proxy will do. The copy is of the twin class, with the same elements and attributes: what is in the
object goes by the rule, as in a tuple. What a class of the user's says about pickling is not asked.
"""

from __future__ import annotations

import copyreg
from types import FunctionType

from .. import _core
from .enums import DATA
from .names import (
    definer_of,
    is_of_library,
    module_of,
    mro_of,
    name_of,
    names_in,
    native_base,
    resolve,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # How what follows is to be taken, and that.
    type Part = tuple[str, Any]
    # What makes it, of which arguments, its state, its items, its keys and values.
    type Parts = tuple[Any, tuple[Part, ...], Part, Part, Part]

_AS_IT_IS, _TUPLE, _LIST, _SET, _DICT = "as it is", "tuple", "list", "set", "dict"
_NOTHING = (_AS_IT_IS, None), (_AS_IT_IS, None), (_AS_IT_IS, None)
_PICKLING = ("__reduce_ex__", "__reduce__", "__getstate__", "__setstate__", "__getnewargs__",
             "__getnewargs_ex__", "__del__")  # fmt: skip


class Unfit(TypeError):
    """There is no copy of this object."""


def is_of_user(cls: type) -> bool:
    """Tell whether it is no class of the standard library's."""
    return not is_of_library(str(module_of(cls)))


def _has_usual_state(cls: type) -> bool:
    for name in _PICKLING:
        definer = definer_of(cls, name)
        if definer is not None and is_of_user(definer):
            found = names_in(definer)[name]
            if getattr(found, "__module__", None) != "dataclasses":
                return False
    return _is_made_in_python(cls) and not hasattr(cls, "__array_ufunc__")


def _is_made_in_python(cls: type) -> bool:
    """Tell whether no C code of others is needed to make an object of a class."""
    definer = definer_of(cls, "__new__")
    assert definer is not None
    return not is_of_user(definer) or isinstance(names_in(definer)["__new__"], staticmethod)


def keys(items: list[Any]) -> Any:
    return dict.fromkeys(items).keys()


def items(pairs: list[tuple[Any, Any]]) -> Any:
    return dict(pairs).items()


_VIEWS: dict[type, Callable[[list[Any]], Any]] = {type({}.keys()): keys, type({}.items()): items}


# ---- taking apart ----


def take_apart(obj: Any) -> Parts:
    """Say what an object consists of.

    Raises:
        Unfit: If its class has ways of its own, or it cannot be taken apart.
    """
    cls = type(obj)
    if cls in (list, set, dict, bytearray):
        return cls, (_part(obj),), *_NOTHING
    if cls in _VIEWS:
        return f"{__name__}:{_VIEWS[cls].__name__}", (_part(list(obj)),), *_NOTHING
    try:
        make, arguments, *rest = _reduced(obj)
    except Exception as error:
        raise Unfit from error
    state, items, pairs = (*rest, None, None, None)[:3]
    maker = make if isinstance(make, type) else name_of(make)
    if maker is None:
        raise Unfit
    return (
        maker,
        tuple(map(_part, arguments)),
        _part(state),
        _part(None if items is None else list(items)),
        _part(None if pairs is None else list(pairs)),
    )


def _reduced(obj: Any) -> Any:
    cls, native = type(obj), native_base(type(obj))
    if _has_usual_state(cls):
        return obj.__reduce_ex__(4)
    if native not in DATA or not is_of_library(module_of(definer_of(cls, "__del__") or native)):
        raise Unfit
    # What it has of its type in C, and its attributes: that is all of it.
    made = cls, DATA[native](obj)
    return copyreg.__newobj__, made, getattr(obj, "__dict__", None)  # type: ignore[attr-defined]


def _part(value: Any) -> Part:
    """Have a container cross with what is in it, not by reference."""
    kind = type(value)
    if kind is tuple:
        return _TUPLE, tuple(map(_part, value))
    if kind is list or kind is set:
        return _LIST if kind is list else _SET, tuple(value)
    if kind is dict:
        return _DICT, tuple(value.items())
    return _AS_IT_IS, bytes(value) if kind is bytearray else value


# ---- putting together ----


def put_together(parts: Parts) -> Any:
    """Make a copy here of what was taken apart elsewhere.

    Raises:
        Unfit: If its class is not to be had here, or does not take part.
    """
    maker, arguments, *rest = parts
    make = resolve(maker) if isinstance(maker, str) else _here(maker)
    state, items, pairs = map(_whole, rest)
    try:
        made = _make(make, *(_here(_whole(each)) for each in arguments))
        _set_state(made, state)
        if items is not None:
            _library_method(type(made), "extend", "update")(made, items)
        for key, value in pairs or ():
            _library_method(type(made), "__setitem__")(made, key, value)
    except Unfit:
        raise
    except Exception as error:
        raise Unfit from error
    return made


def _make(make: Any, *arguments: Any) -> Any:
    """Make an object, past what a class of the user's has put over that: it may want more."""
    if make is copyreg.__newobj__:  # type: ignore[attr-defined]
        cls, *rest = arguments
        return _new(cls, *rest)
    if not isinstance(make, type) or not is_of_user(make):
        return make(*arguments)
    made = _new(make, *arguments)
    # Immutable ones of C code have only object's, which takes no arguments.
    init, is_mutable = _library_method(make, "__init__"), _library_method(make, "__hash__") is None
    if is_mutable or isinstance(init, FunctionType):
        init(made, *arguments)
    return made


def _new(cls: type, *arguments: Any) -> Any:
    new = _library_method(cls, "__new__")
    return new(cls) if new is object.__new__ else new(cls, *arguments)


def _here(value: Any) -> Any:
    """Return a class here in place of one that stands for a class elsewhere."""
    if not isinstance(value, type) or not _core.is_proxy(value):
        return value
    twin = _core.local_twin(value)
    if twin is None:
        raise Unfit
    return twin


def _whole(part: Part) -> Any:
    kind, value = part
    if kind == _TUPLE:
        return tuple(map(_whole, value))
    makers: dict[str, Callable[..., Any]] = {_LIST: list, _SET: set, _DICT: dict}
    return makers[kind](value) if kind in makers else value


def _set_state(made: Any, state: Any) -> None:
    if state is None:
        return
    definer = definer_of(type(made), "__setstate__")
    if definer is not None:
        made.__setstate__(state)
        return
    members, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if members:
        object.__getattribute__(made, "__dict__").update(members)
    for name, value in (slots or {}).items():
        object.__setattr__(made, name, value)


def _library_method(cls: type, *names: str) -> Any:
    """Return what makes or fills it, past what a class of the user's has put over that."""
    for each in mro_of(cls):
        for name in names:
            if name in names_in(each) and not is_of_user(each):
                return names_in(each)[name]
    raise Unfit
