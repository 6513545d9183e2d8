"""How instances of classes that cross element by element are taken apart and put together.

Named tuples, struct sequences, frozen dataclasses, and members of enumerations. Here it is decided,
once for each class; the core does it (bridge/classes/shape). No code of the class is run for it.
"""

from __future__ import annotations

import sys
from types import MemberDescriptorType, MethodDescriptorType

from .. import _core
from .names import (
    ABSENT,
    base_of,
    basicsize_of,
    claimed_name,
    find_in_class,
    is_heap_type,
    is_of_module,
    mro_of,
    names_in,
    resolve,
)
from .value_types import BY_VALUE, by_value_class, by_value_id, is_enum, is_value_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .pickles import Dumped

    # The kind, what it is called everywhere, its module and the names that lead to it there (None:
    # it goes by value), that value, its fields, its slots.
    type Shape = tuple[
        int, str, tuple[str, ...] | None, Dumped | None, tuple[str, ...], tuple[str, ...]
    ]
    type Parts = tuple[int, tuple[str, ...], tuple[str, ...]]

# As in shape.h.
_ITEMS, _SEQUENCE, _FIELDS, _MEMBER, _FLAG = range(5)

_dictoffset_of = type.__dict__["__dictoffset__"].__get__
_POINTER_SIZE = tuple.__itemsize__


def rule_of(cls: type) -> bool | Shape:
    """Tell how instances of exactly this type go; the core asks once per type.

    Returns:
        True: they are dumped. False: by reference. Or how they are taken apart.
    """
    return is_value_type(cls) or _shape_of(cls) or False


def _shape_of(cls: type) -> Shape | None:
    parts = _parts_of(cls)
    if parts is None:
        return None
    kind, fields, slots = parts
    name, path, definition = claimed_name(cls), None, None
    if name is None:
        return None
    if is_of_module(cls):
        module, _, qualname = name.partition(":")
        path = module, *qualname.split(".")
        known_as = f"{name}\n{_origin(module)}"
    elif not is_heap_type(cls):
        known_as = name  # one for the whole process
    else:
        definition = _definition_of(cls)
        identifier = by_value_id(cls)
        if definition is None or identifier is None:
            return None
        known_as = BY_VALUE + identifier
    items = _items_of(cls) if kind == _ITEMS else ()
    parts_as_text = ",".join((str(kind), *fields, "", *slots, "", *items))
    return kind, f"{known_as}\n{parts_as_text}", path, definition, fields, slots


def find_class(known_as: str, definition: Dumped | None) -> type | None:
    """Return the class that is called so here; called by the core.

    Args:
        known_as: As in its shape.
        definition: What to make it of, if it goes by value and is not here yet.
    """
    name = known_as.partition("\n")[0]
    if name.startswith(BY_VALUE):
        if definition is None:
            found = by_value_class(name.removeprefix(BY_VALUE))
        else:
            from . import pickles

            found = pickles.load(definition)  # makes it only where there is none
    else:
        try:
            found = resolve(name)
        except (ImportError, AttributeError):
            return None
    return found if isinstance(found, type) and not _core.is_proxy(found) else None


def member(cls: Any, value: int) -> Any:
    """Return the member, maybe a combination, of a Flag; called by the core."""
    from enum import Flag

    known = cls._value2member_map_.get(value)
    return Flag._missing_.__func__(cls, value) if known is None else known  # type: ignore[attr-defined]


def _origin(module: str) -> str:
    """Say where a module came from: of the same name there may be others elsewhere."""
    origin = getattr(getattr(sys.modules.get(module), "__spec__", None), "origin", None)
    return origin if isinstance(origin, str) else ""


def _definition_of(cls: type) -> Dumped | None:
    from . import functions

    try:
        return functions.dump_by_value(cls, functions.is_proxy_or_handle)
    except Exception:  # something that the class refers to cannot go
        return None


# ---- which ----


def _parts_of(cls: type) -> Parts | None:
    if is_enum(cls) and "_member_map_" in names_in(cls):
        is_flag = sys.modules["enum"].Flag in mro_of(cls)
        return _FLAG if is_flag else _MEMBER, tuple(names_in(cls)["_member_map_"]), ()
    if base_of(cls) is tuple and _is_sequence(cls):
        return _SEQUENCE, (), ()
    if not _is_plain(cls):
        return None
    if issubclass(cls, tuple):
        slots = dict(_slots_of(cls))  # from 3.15 on a subclass of tuple may have some
        return (_ITEMS, tuple(slots), ()) if _is_named_tuple(cls, len(slots)) else None
    return _fields_of(cls) if _is_frozen(cls) else None


def _is_sequence(cls: type) -> bool:
    """Is it a struct sequence? No class made by Python code has C methods of its own."""
    reduce = names_in(cls).get("__reduce__")
    is_own = isinstance(reduce, MethodDescriptorType) and reduce.__objclass__ is cls
    return is_own and "n_sequence_fields" in names_in(cls)


def _is_plain(cls: type) -> bool:
    """Are instances what they consist of: compared by that, without a way of their own to be
    pickled, and without an end of their own?
    """
    dataclasses = sys.modules.get("dataclasses")
    usual = (
        *(object.__dict__[name] for name in ("__reduce__", "__reduce_ex__", "__getstate__")),
        getattr(dataclasses, "_dataclass_getstate", None),
        getattr(dataclasses, "_dataclass_setstate", None),
        ABSENT,
    )
    names = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__del__")
    return find_in_class(cls, "__eq__") is not object.__dict__["__eq__"] and all(
        any(found is each for each in usual) or _leaves_out(found)
        for found in (find_in_class(cls, name) for name in names)
    )


def _leaves_out(method: Any) -> bool:
    """Tell whether it is a `__getstate__` of the standard library's, which leaves something out."""
    name, module = getattr(method, "__name__", None), getattr(method, "__module__", None)
    return name == "__getstate__" and module in ("urllib.parse",)


def _is_named_tuple(cls: type, slots: int) -> bool:
    """Was it made by `namedtuple`, or derived of such a class?"""
    size = tuple.__basicsize__ + slots * _POINTER_SIZE
    return basicsize_of(cls) == size and any(
        base_of(each) is tuple and {"_fields", "_make"} <= names_in(each).keys()
        for each in mro_of(cls)
    )


def _items_of(cls: type) -> tuple[str, ...]:
    """Return what the items of a named tuple are called: elsewhere they may have another order."""
    names = find_in_class(cls, "_fields")
    return tuple(each for each in names if type(each) is str) if type(names) is tuple else ()


def _is_frozen(cls: type) -> bool:
    """Is it a frozen dataclass itself? An instance of a subclass that is none can change."""
    parameters = names_in(cls).get("__dataclass_params__")
    new = find_in_class(cls, "__new__")
    return getattr(parameters, "frozen", False) is True and new is object.__dict__["__new__"]


def _slots_of(cls: type) -> Iterator[tuple[str, object]]:
    for each in mro_of(cls):
        for name, value in names_in(each).items():
            if type(value) is MemberDescriptorType:
                yield name, value


def _fields_of(cls: type) -> Parts | None:
    slots = dict(_slots_of(cls))
    size = object.__basicsize__ + len(slots) * _POINTER_SIZE
    has_others = basicsize_of(cls) != size  # of C code
    if has_others or any(find_in_class(cls, name) is not slot for name, slot in slots.items()):
        return None
    fields = [
        name
        for name, each in find_in_class(cls, "__dataclass_fields__").items()
        if each._field_type is sys.modules["dataclasses"]._FIELD and name not in slots
    ]
    if fields and not _dictoffset_of(cls):
        return None
    if any(_is_data_descriptor(find_in_class(cls, name)) for name in fields):
        return None
    return _FIELDS, tuple(map(sys.intern, fields)), tuple(slots)


def _is_data_descriptor(value: object) -> bool:
    return any(find_in_class(type(value), name) is not ABSENT for name in ("__set__", "__delete__"))
