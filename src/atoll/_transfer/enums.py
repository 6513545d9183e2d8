"""Enums that go by value: their members are made again as they are.

None of the class's own code makes them. What its `__new__` and `__init__` gave a member comes
along, as do names that stand for another member or for a combination.
"""

from __future__ import annotations

from contextlib import suppress

from .names import Slot, is_heap_type, mro_of, names_in, native_base

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # What makes it, of its type in C, and its value.
    type Member = tuple[tuple[Any, ...], Any]

_OF_ENUM = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})
DATA: dict[type, Callable[[Any], Any]] = {  # what an object has of a type in C
    int: int.__int__,
    str: str.__str__,
    bytes: bytes.__bytes__,
    float: float.__float__,
    complex: complex.__complex__,
    tuple: lambda each: tuple.__getitem__(each, slice(None)),
}


# ---- taking apart ----


def can_be_taken_apart(cls: type) -> bool:
    """Tell whether it is known what its members have of a type in C."""
    native = native_base(cls)
    is_known = native is object or native in DATA
    return is_known or (native.__hash__ is not None and "__reduce__" in names_in(native))


def members_of(cls: Any) -> dict[str, Member]:
    """Say what the members are made of, by all of their names."""
    native = native_base(cls)
    return {
        name: (_arguments_of(each, native), each._value_) for name, each in cls._member_map_.items()
    }


def _arguments_of(member: Any, native: Any) -> tuple[Any, ...]:
    if native is object:
        return ()
    if native in DATA:
        return (DATA[native](member),)
    arguments: tuple[Any, ...] = native.__reduce__(member)[1]
    return arguments


def attributes_of(cls: Any) -> dict[str, dict[str, Any]]:
    """Say what the members have beside, by their names."""
    found = {}
    slots = {
        name: each
        for base in reversed(mro_of(cls))
        if is_heap_type(base)
        for name, each in names_in(base).items()
        if type(each) is Slot
    }
    for name, member in cls._member_map_.items():
        known = object.__getattribute__(member, "__dict__")
        attributes = {each: known[each] for each in known if each not in _OF_ENUM}
        for each, slot in slots.items():
            with suppress(AttributeError):
                attributes[each] = slot.__get__(member)
        if attributes:
            found[name] = attributes
    return found


# ---- putting together ----


class _Parts:
    def __init__(self, member: Member) -> None:
        self.arguments, self.value = member


def _new_member(cls: type, parts: Any) -> Any:
    (parts,) = parts if type(parts) is tuple else (parts,)  # so it is for Enums of tuples
    made = native_base(cls).__new__(cls, *parts.arguments)
    object.__setattr__(made, "_value_", parts.value)
    return made


def _ignore(*_: object) -> None:
    pass


def make(
    bases: tuple[Any, ...], name: str, qualname: str, module: str, members: dict[str, Member]
) -> type:
    """Make an Enum that has only its members; called by the pickle."""
    metaclass: Any = type(bases[-1])
    namespace = metaclass.__prepare__(name, bases)
    namespace["__new__"], namespace["__init__"] = _new_member, _ignore
    for each, member in members.items():
        namespace[each] = _Parts(member)
    cls: Any = metaclass.__new__(metaclass, name, bases, namespace)
    for each in ("__init__", "__new_member__", "_new_member_", "_use_args_"):
        delattr(cls, each)  # its own are among what it gets now
    cls.__module__, cls.__qualname__ = module, qualname
    return cls  # type: ignore[no-any-return]


def set_attributes(cls: Any, attributes: dict[str, dict[str, Any]]) -> None:
    """Give the members what they have beside."""
    for name, each in attributes.items():
        member = cls._member_map_[name]
        for attribute, value in each.items():
            object.__setattr__(member, attribute, value)
