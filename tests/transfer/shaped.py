"""Classes whose instances cross element by element, and some that only look so."""

from __future__ import annotations

import enum
import functools
from collections import namedtuple
from dataclasses import InitVar, dataclass, field, make_dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

T = TypeVar("T")

# ---- tuples ----

Pair = namedtuple("Pair", "left right")
Nothing = namedtuple("Nothing", "")


class Typed(NamedTuple):
    name: str
    size: int = 3

    def twice(self) -> int:
        return 2 * self.size


class Boxed(NamedTuple, Generic[T]):
    content: T


class Checked(Pair):
    """Its `__new__` refuses what it has made itself."""

    __slots__ = ()

    def __new__(cls, left: int) -> Checked:
        if not isinstance(left, int):
            raise TypeError("an int, please")
        return tuple.__new__(cls, (str(left), left))

    def __getattribute__(self, name: str) -> Any:
        if name == "secret":
            raise ZeroDivisionError
        return super().__getattribute__(name)


class Loose(Pair):
    """Has a dict beside its items."""


class Reduced(Pair):
    """Says itself how it is pickled."""

    __slots__ = ()

    def __reduce__(self) -> Any:
        return Reduced, (0, 0)


class Outer:
    class Inner(NamedTuple):
        x: int


# ---- frozen dataclasses ----


@dataclass(frozen=True)
class Point:
    x: int
    y: Any = 0


@dataclass(frozen=True, slots=True)
class Slotted:
    x: int
    y: Any = 0


@dataclass(frozen=True)
class Deep(Point):
    z: int = 5
    count: ClassVar[int] = 7


@dataclass(frozen=True, slots=True)
class DeepSlotted(Slotted):
    z: int = 5


@dataclass(frozen=True, slots=True)
class Mixed(Point):
    """Slots, and the dict of its base."""

    z: int = 5


@dataclass(frozen=True, order=True, kw_only=True)
class Ordered:
    x: int


@dataclass(frozen=True)
class Derived:
    """Fields that are no arguments, and a check that must not run again."""

    x: int
    twice: int = field(init=False)
    start: InitVar[int] = 0
    made: ClassVar[list[int]] = []

    def __post_init__(self, start: int) -> None:
        object.__setattr__(self, "twice", 2 * self.x + start)
        self.made.append(self.x)


@dataclass(frozen=True)
class Cached:
    x: int

    @functools.cached_property
    def square(self) -> int:
        return self.x**2


@dataclass(frozen=True)
class Partial:
    """Fields may be missing."""

    x: int
    y: int = field(init=False)


@dataclass(frozen=True)
class Refusing:
    """Nothing that is done to it in the usual way works."""

    x: int

    def __init__(self, x: int, secret: str) -> None:
        if secret != "yes":
            raise ZeroDivisionError
        object.__setattr__(self, "x", x)

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            raise ZeroDivisionError
        return object.__getattribute__(self, name)


def frozen_of(name: str, fields: int) -> Any:
    names = [f"x{number}" for number in range(fields)]
    return make_dataclass(name, names, frozen=True, module=__name__)


Wide, Wider = frozen_of("Wide", 20), frozen_of("Wider", 40)


@dataclass(frozen=True)
class Boxes(Generic[T]):
    content: T


class Changeable(Point):
    """Not frozen itself: it takes attributes."""


@dataclass(frozen=True, eq=False)
class Unequal:
    x: int


@dataclass(frozen=True)
class Interned:
    x: int

    def __new__(cls, x: int) -> Interned:
        return object.__new__(cls)


@dataclass(frozen=True)
class Ending:
    x: int

    def __del__(self) -> None:
        pass


@dataclass(frozen=True)
class Pickled:
    x: int

    def __getstate__(self) -> Any:
        raise ZeroDivisionError


@dataclass
class Thawed:
    x: int


@dataclass(frozen=True, slots=True)
class Halved:
    x: int
    y: int = field(init=False)


@dataclass(frozen=True)
class Number(int):
    x: int = 0


# ---- enumerations ----


class Colour(enum.Enum):
    RED = 1
    ROUGE = 1
    BLUE = [2, 3]  # noqa: RUF012
    GREEN = {"g": []}  # noqa: RUF012


class Unpicklable(enum.Enum):
    A = 1

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise ZeroDivisionError


class Weekday(enum.IntFlag):
    MONDAY = 1
    TUESDAY = 2


class Open(enum.Flag, boundary=enum.KEEP):
    A = 1


class Text(str, enum.Enum):
    A = "a"


class Lenient(enum.Enum):
    A = 1

    @classmethod
    def _missing_(cls, value: object) -> Any:
        return cls.A
