"""Operands of all kinds, and classes that look closely at the other one."""

from __future__ import annotations

import array  # noqa: F401
import dataclasses
import datetime
import ipaddress  # noqa: F401
import operator
from collections import (  # noqa: F401
    ChainMap, Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque,
)  # fmt: skip
from types import SimpleNamespace  # noqa: F401
from typing import Any


class Money:
    """Asks for the type of the other one."""

    def __init__(self, cents: Any) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.cents == self.cents  # type: ignore[attr-defined]

    def __lt__(self, other: Any) -> bool:
        return self.cents < other.cents if type(other) is type(self) else NotImplemented

    def __add__(self, other: Any) -> Money:
        return Money(self.cents + other.cents) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.cents)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.cents!r})"


class Euro(Money):
    """Comes first, as a subclass."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    __hash__ = Money.__hash__

    def __radd__(self, other: Any) -> Money:
        return Euro(f"radd of {type(other).__name__}")


class Amount:
    """Takes any of its kind, in one way or the other."""

    def __init__(self, number: Any) -> None:
        self.number = number

    def __add__(self, other: Any) -> Any:
        return f"{type(self).__name__}.add" if isinstance(other, Amount) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return f"{type(self).__name__}.radd"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount)

    __hash__ = None  # type: ignore[assignment]


class BigAmount(Amount):
    """Comes first, as a subclass, where that takes every other one."""

    def __radd__(self, other: Any) -> Any:
        return super().__radd__(other)

    def __eq__(self, other: object) -> bool:
        return False


@dataclasses.dataclass(order=True)
class Thing:
    x: Any = 0


@dataclasses.dataclass(slots=True)
class SlottedThing:
    x: Any = 0


class Slots:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and other.x == self.x  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.x)

    def __repr__(self) -> str:
        return f"Slots({self.x!r})"


class Stack(list):  # type: ignore[type-arg]
    """A list that appends in a way of its own."""

    def extend(self, items: Any) -> None:
        raise ZeroDivisionError

    def append(self, item: Any) -> None:
        raise ZeroDivisionError


class Table(dict):  # type: ignore[type-arg]
    def __setitem__(self, key: Any, value: Any) -> None:
        raise ZeroDivisionError


class Group(set):  # type: ignore[type-arg]
    pass


class Tally(int):
    """Is made in a way of its own."""

    def __new__(cls, *, of: str) -> Tally:
        return int.__new__(cls, len(of))


class Day(datetime.date):
    def __new__(cls, *, in_june: int) -> Day:
        return datetime.date.__new__(cls, 2024, 6, in_june)

    def __init__(self, *, in_june: int) -> None:
        self.is_first = in_june == 1


class Pair(tuple):  # type: ignore[type-arg]
    def __new__(cls, left: Any, right: Any) -> Pair:
        return tuple.__new__(cls, (left, right))

    def __getnewargs__(self) -> Any:
        return tuple(self)


class Bag(set):  # type: ignore[type-arg]
    def __init__(self, *, of: Any) -> None:
        set.__init__(self, of)


class Only:
    """There is one of it, whoever makes it."""

    one: Any = None

    def __new__(cls) -> Only:
        cls.one = cls.one or object.__new__(cls)
        return cls.one  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "Only()"


class Refusing:
    """Cannot be copied, and knows its like by isinstance()."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise ZeroDivisionError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusing) and other.x == self.x

    def __hash__(self) -> int:
        return hash(self.x)

    def __repr__(self) -> str:
        return f"Refusing({self.x!r})"


class Sum:
    """Keeps the operands themselves."""

    def __init__(self, *operands: Any) -> None:
        self.operands = operands

    def __add__(self, other: Any) -> Sum:
        return Sum(self, other)


def make(expression: str) -> Any:
    return eval(expression)


def show(value: Any) -> str:
    return repr(value)


def outcome(name: str, left: Any, right: Any) -> Any:
    """What an operator does, and whether it gives the left operand itself."""
    try:
        result = getattr(operator, name)(left, right)
    except Exception as error:
        return type(error).__name__
    return result if isinstance(result, bool) else show(result), result is left


def outcome_in_place(sign: str, left: Any, right: Any) -> Any:
    names = {"x": left, "y": right}
    try:
        exec(f"x {sign}= y", names)
    except Exception as error:
        return type(error).__name__
    return show(names["x"]), names["x"] is left
