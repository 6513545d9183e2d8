"""Objects of many kinds: what test_differences.py makes here and elsewhere, and uses."""

from __future__ import annotations

import abc
import array
import collections
import contextlib
import dataclasses
import enum
import functools
import io
import itertools
import logging
import operator
import random
import re
import string
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

# ---- classes ----


class Plain:
    """A plain class."""

    kind = "plain"

    def __init__(self, n: int = 1, *, name: str = "one") -> None:
        self.n = n
        self.name = name
        self.items = [n]

    def add(self, more: int = 1) -> int:
        """Add."""
        self.n += more
        return self.n

    @property
    def double(self) -> int:
        return 2 * self.n

    @double.setter
    def double(self, value: int) -> None:
        self.n = value // 2

    @classmethod
    def make(cls, n: int) -> Plain:
        return cls(n)

    @staticmethod
    def plus(a: int, b: int) -> int:
        return a + b

    def __repr__(self) -> str:
        return f"Plain({self.n})"

    def me(self) -> Plain:
        return self


class Child(Plain):
    kind = "child"

    def add(self, more: int = 1) -> int:
        return super().add(more + 1)


class Slotted:
    __slots__ = ("__weakref__", "a", "b")

    def __init__(self, a: int = 1) -> None:
        self.a = a

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and self.a == other.a

    def __hash__(self) -> int:
        return hash(self.a)


class Positive:
    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_{name}"

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else getattr(obj, self.name, 0)

    def __set__(self, obj: Any, value: int) -> None:
        if value < 0:
            raise ValueError("negative")
        setattr(obj, self.name, value)


class Described:
    size = Positive()

    @functools.cached_property
    def costly(self) -> list[int]:
        return [1, 2]


class Meta(type):
    registry: typing.ClassVar[list[str]] = []

    def __new__(mcls, name: str, bases: Any, namespace: Any, **options: Any) -> Any:
        made = super().__new__(mcls, name, bases, namespace)
        mcls.registry.append(name)
        return made

    def __len__(cls) -> int:
        return 3

    def __iter__(cls) -> Iterator[int]:
        return iter((1, 2, 3))

    def __getitem__(cls, item: int) -> int:
        return item

    def __contains__(cls, item: object) -> bool:
        return item == 1

    @property
    def shout(cls) -> str:
        return cls.__name__.upper()


class WithMeta(metaclass=Meta):
    pass


class Dynamic:
    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        return f"dynamic {name}"


class Recording:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name != "seen":
            self.seen.append(name)

    def __delattr__(self, name: str) -> None:
        self.seen.append(f"del {name}")

    def __dir__(self) -> list[str]:
        return ["a", "b"]


class Base(abc.ABC):
    @abc.abstractmethod
    def area(self) -> int: ...


class Square(Base):
    def area(self) -> int:
        return 4


@typing.runtime_checkable
class HasArea(typing.Protocol):
    def area(self) -> int: ...


class Generic(typing.Generic[typing.TypeVar("T")]):  # type: ignore[misc]
    def get(self) -> int:
        return 1


@dataclasses.dataclass
class Point:
    """A point."""

    x: int
    y: int = 2
    tags: list[str] = dataclasses.field(default_factory=list)
    hidden: int = dataclasses.field(default=0, repr=False, compare=False, metadata={"unit": "m"})


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int = 1
    b: str = "x"


@dataclasses.dataclass(slots=True, order=True, kw_only=True)
class Ordered:
    rank: int = 1
    name: str = "n"


@dataclasses.dataclass
class Nested:
    point: Point = dataclasses.field(default_factory=lambda: Point(1))
    points: list[Point] = dataclasses.field(default_factory=lambda: [Point(2)])
    by_name: dict[str, Point] = dataclasses.field(default_factory=lambda: {"p": Point(3)})


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Mode(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


Pair = collections.namedtuple("Pair", "a b", defaults=[2])


class Typed(typing.NamedTuple):
    a: int
    b: str = "x"


class Options(typing.TypedDict, total=False):
    n: int


# ---- protocols ----


@functools.total_ordering
class Number:
    """All that numbers can."""

    def __init__(self, n: float) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Number({self.n})"

    def __eq__(self, other: object) -> Any:
        return self.n == getattr(other, "n", other)

    def __lt__(self, other: Any) -> Any:
        return self.n < getattr(other, "n", other)

    def __hash__(self) -> int:
        return hash(self.n)

    def __bool__(self) -> bool:
        return self.n != 0

    def __int__(self) -> int:
        return int(self.n)

    __index__ = __trunc__ = __floor__ = __ceil__ = __int__

    def __float__(self) -> float:
        return float(self.n)

    def __complex__(self) -> complex:
        return complex(self.n)

    def __round__(self, digits: int | None = None) -> float:
        return round(self.n, digits)

    def __neg__(self) -> Number:
        return Number(-self.n)

    def __pos__(self) -> Number:
        return self

    def __abs__(self) -> Number:
        return Number(abs(self.n))

    def __invert__(self) -> Number:
        return Number(~int(self.n))

    def __format__(self, spec: str) -> str:
        return f"<{spec}>"

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self


def _operators(name: str) -> tuple[Any, Any, Any]:
    function = getattr(operator, f"{name}_" if name in ("and", "or") else name)

    def forward(self: Number, other: Any) -> Any:
        if not isinstance(other, Number | int | float):
            return NotImplemented
        return Number(function(self.n, getattr(other, "n", other)))

    def reflected(self: Number, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return Number(function(other, self.n))

    def in_place(self: Number, other: Any) -> Any:
        self.n = function(self.n, getattr(other, "n", other))
        return self

    return forward, reflected, in_place


ARITHMETIC = "add sub mul truediv floordiv mod pow lshift rshift and or xor".split()
for _name in ARITHMETIC:
    for _prefix, _function in zip(("", "r", "i"), _operators(_name), strict=True):
        setattr(Number, f"__{_prefix}{_name}__", _function)


class Stack(collections.abc.MutableSequence[int]):
    def __init__(self, *items: int) -> None:
        self.list = list(items)

    def __getitem__(self, index: Any) -> Any:
        return self.list[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.list[index] = value

    def __delitem__(self, index: Any) -> None:
        del self.list[index]

    def __len__(self) -> int:
        return len(self.list)

    def insert(self, index: int, value: int) -> None:
        self.list.insert(index, value)


class Registry(collections.abc.MutableMapping[str, int]):
    def __init__(self, **items: int) -> None:
        self.dict = items

    def __getitem__(self, key: str) -> int:
        return self.dict[key]

    def __setitem__(self, key: str, value: int) -> None:
        self.dict[key] = value

    def __delitem__(self, key: str) -> None:
        del self.dict[key]

    def __len__(self) -> int:
        return len(self.dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dict)


class Old:
    """A sequence by __getitem__ alone."""

    def __getitem__(self, index: int) -> int:
        if index > 2:
            raise IndexError
        return index * 10


class Missing(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return len(key)


class Strings(list[str]):
    extra = 1


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


class Managed:
    def __init__(self) -> None:
        self.log: list[str] = []

    def __enter__(self) -> Managed:
        self.log.append("enter")
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.log.append("exit" if kind is None else kind.__name__)
        return kind is KeyError

    async def __aenter__(self) -> Managed:
        return self.__enter__()

    async def __aexit__(self, *error: Any) -> bool:
        return self.__exit__(*error)

    def close(self) -> None:
        self.log.append("close")


class Awaited:
    def __await__(self) -> Any:
        yield
        return 5


class Callee:
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args, sorted(kwargs.items())


class Failure(ValueError):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class PathLike:
    def __fspath__(self) -> str:
        return "/tmp"


# ---- functions ----


def function(a: int, b: str = "x", *args: int, c: float = 1.5, **rest: Any) -> tuple[Any, ...]:
    """Do something."""
    return a, b, args, c, sorted(rest.items())


def squares(n: int = 3) -> Iterator[int]:
    for each in range(n):
        yield each * each


def echo() -> Any:
    got = None
    while got != "stop":
        try:
            got = yield got
        except KeyError:
            got = "caught"
    return "done"


async def answer(n: int = 5) -> int:
    return n


async def ticks(n: int = 3) -> Any:
    for each in range(n):
        yield each


def decorate(wrapped: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(wrapped)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    return wrapper


decorated = decorate(function)


def closure() -> Callable[..., Any]:
    total = 0

    def count(more: int = 1) -> int:
        nonlocal total
        total += more
        return total

    return count


@functools.singledispatch
def shown(value: Any) -> str:
    return "any"


@shown.register
def _(value: int) -> str:
    return "int"


@functools.lru_cache
def cached(n: int) -> int:
    return n * 2


@contextlib.contextmanager
def managed() -> Iterator[str]:
    yield "managed"


def failure() -> Exception:
    try:
        raise Failure(3)
    except Failure as error:
        return error


_kept = Plain(9)


def numpy_array(*shape: int) -> Any:
    import numpy

    return numpy.arange(6.0).reshape(shape or (6,))


# By name: functions that make a new one.
KINDS: dict[str, Callable[[], Any]] = {
    "object": object,
    "plain": Plain,
    "child": lambda: Child(2),
    "slotted": Slotted,
    "described": Described,
    "meta": lambda: Meta,
    "with_meta": lambda: WithMeta,
    "with_meta_instance": WithMeta,
    "dynamic": Dynamic,
    "recording": Recording,
    "square": Square,
    "generic": Generic,
    "plain_class": lambda: Plain,
    "abstract_class": lambda: Base,
    "dataclass": lambda: Point(1),
    "dataclass_class": lambda: Point,
    "dataclass_frozen": Frozen,
    "dataclass_ordered": Ordered,
    "dataclass_nested": Nested,
    "field": lambda: dataclasses.fields(Point)[1],
    "enum": lambda: Colour,
    "enum_member": lambda: Colour.RED,
    "flag_member": lambda: Mode.READ | Mode.WRITE,
    "int_enum_member": lambda: Level.LOW,
    "named_tuple": lambda: Pair(1),
    "typed_tuple": lambda: Typed(1),
    "named_tuple_class": lambda: Pair,
    "number": lambda: Number(7),
    "stack": lambda: Stack(3, 1, 2),
    "registry": lambda: Registry(a=1, b=2),
    "old_sequence": Old,
    "missing": lambda: Missing(a=1),
    "strings": lambda: Strings(["b", "a"]),
    "text": lambda: Text("some text"),
    "whole": lambda: Whole(6),
    "real": lambda: Real(2.5),
    "manager": Managed,
    "context_manager": managed,
    "exit_stack": contextlib.ExitStack,
    "awaited": Awaited,
    "callee": Callee,
    "failure": failure,
    "path_like": PathLike,
    "function": lambda: function,
    "lambda": lambda: lambda x, y=2: (x, y),
    "decorated": lambda: decorated,
    "closure": closure,
    "partial": lambda: functools.partial(function, 1, c=2.0),
    "method": lambda: Plain(4).add,
    "class_method": lambda: Plain.make,
    "static_method": lambda: Plain.plus,
    "builtin_method": lambda: [1, 2].append,
    "method_descriptor": lambda: str.upper,
    "single_dispatch": lambda: shown,
    "lru_cached": lambda: cached,
    "generator_function": lambda: squares,
    "coroutine_function": lambda: answer,
    "async_generator_function": lambda: ticks,
    "generator": squares,
    "echo": echo,
    "coroutine": answer,
    "async_generator": ticks,
    "list": lambda: [3, 1, 2],
    "nested_list": lambda: [[1, 2], {"a": [3]}],
    "dict": lambda: {"a": 1, "b": 2},
    "set": lambda: {1, 2, 3},
    "frozenset": lambda: frozenset({(1, 2)}),
    "tuple": lambda: (1, [2], "c"),
    "bytearray": lambda: bytearray(b"abc"),
    "deque": lambda: collections.deque([3, 1, 2], maxlen=5),
    "ordered_dict": lambda: collections.OrderedDict(a=1, b=2),
    "default_dict": lambda: collections.defaultdict(list, a=[1]),
    "counter": lambda: collections.Counter("aab"),
    "chain_map": lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    "user_list": lambda: collections.UserList([3, 1, 2]),
    "user_dict": lambda: collections.UserDict(a=1, b=2),
    "user_string": lambda: collections.UserString("some text"),
    "array": lambda: array.array("i", [3, 1, 2]),
    "memoryview": lambda: memoryview(b"abc"),
    "dict_keys": lambda: {"a": 1, "b": 2}.keys(),
    "dict_items": lambda: {"a": 1, "b": 2}.items(),
    "dict_values": lambda: {"a": 1, "b": 2}.values(),
    "mapping_proxy": lambda: types.MappingProxyType({"a": 1, "b": 2}),
    "namespace": lambda: types.SimpleNamespace(a=1, b=[2]),
    "list_iterator": lambda: iter([3, 1, 2]),
    "map": lambda: map(str, [1, 2]),
    "zip": lambda: zip([1, 2], "ab", strict=True),
    "enumerate": lambda: enumerate("ab"),
    "reversed": lambda: reversed([1, 2]),
    "count": lambda: itertools.islice(itertools.count(5), 3),
    "module": lambda: string,
    "string_io": lambda: io.StringIO("one\ntwo\n"),
    "bytes_io": lambda: io.BytesIO(b"one\ntwo\n"),
    "match": lambda: re.match(r"(?P<first>\w)(\w)", "ab"),
    "fraction": lambda: Fraction(1, 3),
    "random": lambda: random.Random(1),
    "lock": threading.Lock,
    "event": threading.Event,
    "logger": lambda: logging.getLogger("subjects"),
    "weakref": lambda: weakref.ref(_kept),
    "property": lambda: Plain.__dict__["double"],
    "alias": lambda: list[int],
    "union": lambda: int | str,
    "type_var": lambda: typing.TypeVar("T"),
    "signature": lambda: __import__("inspect").signature(function),
    "parameter": lambda: __import__("inspect").signature(function).parameters["a"],
    "code": lambda: function.__code__,
    "template": lambda: string.Template("$a and $b"),
    "numpy_array": numpy_array,
    "numpy_matrix": lambda: numpy_array(2, 3),
}


def make(kind: str) -> Any:
    """Make an object of a kind."""
    return KINDS[kind]()
