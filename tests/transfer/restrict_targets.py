"""Objects with something to hide, for the tests of `restrict()`."""

from __future__ import annotations

import asyncio
import collections
import enum
import functools
import io
import tempfile
import threading
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

SECRET = "hidden-" + "value"


class Hidden:
    """What must not be reached: an object that says its secret to whoever asks."""

    def __init__(self) -> None:
        self.text = SECRET

    def __repr__(self) -> str:
        return SECRET


class Target:
    """Whatever a method may do that leads back to its object."""

    n = 1

    def __init__(self) -> None:
        self.secret = Hidden()
        self.table = {"secret": self.secret}

    def nothing(self) -> int:
        return 1

    def itself(self) -> Target:
        return self

    def itself_in_tuple(self) -> tuple[Any, ...]:
        return self, (self, 1)

    def generator(self) -> Iterator[int]:
        yield self.n

    def generator_of_itself(self) -> Iterator[Target]:
        yield self

    async def coroutine(self) -> Target:
        return self

    async def asynchronous(self) -> AsyncIterator[int]:
        yield self.n

    def bound(self) -> Callable[[], int]:
        return self.nothing

    def closure(self) -> Callable[[], int]:
        return lambda: self.n

    def views(self) -> tuple[Any, ...]:
        return ({self.n: self.secret}.keys(),)

    def iterators(self) -> tuple[Any, ...]:
        class Local:
            owner = self

        names = [1, 2]
        return iter(names), zip(names, names, strict=True), map(self.bound, names)

    def raising(self) -> None:
        raise ValueError(self, self.secret)

    def raising_from(self) -> None:
        try:
            raise KeyError(self.secret)
        except KeyError as error:
            raise ValueError([self]) from error

    def raising_within(self) -> None:
        try:
            self.raising()
        finally:
            raise RuntimeError("no")

    def raising_local(self) -> None:
        class LocalError(Exception):
            owner = self

        error = LocalError(1)
        error.owner_of_it = self  # type: ignore[attr-defined]
        raise error

    def raising_group(self) -> None:
        raise ExceptionGroup("both", [ValueError(self), TypeError(self.table)])

    def missing(self) -> Any:
        return self.nowhere  # type: ignore[attr-defined]

    @property
    def failing_property(self) -> Any:
        raise LookupError(self.table)

    @property
    def self_property(self) -> Target:
        return self

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *exception: object) -> None: ...

    async def __aenter__(self) -> Target:
        return self

    async def __aexit__(self, *exception: object) -> None: ...

    def __iter__(self) -> Iterator[int]:
        yield self.n

    def __await__(self) -> Iterator[Any]:
        yield from ()
        return self

    def __iadd__(self, other: object) -> Target:
        return self

    def __neg__(self) -> Target:
        return self

    def __call__(self) -> Target:
        return self

    def __len__(self) -> int:
        raise OverflowError(self)

    def __format__(self, spec: str) -> str:
        raise TypeError(self)


METHODS = [
    name
    for name, value in vars(Target).items()
    if name != "__init__" and isinstance(value, (types.FunctionType, property))
]


class Meta(type):
    def __getitem__(cls, key: object) -> Any:
        return cls

    def __instancecheck__(cls, instance: object) -> bool:
        raise TypeError(cls)


class Classed(metaclass=Meta):
    secret = Hidden()

    def __class_getitem__(cls, key: object) -> Any:
        return cls


class Talkative:
    """Answers to every name, and hands itself out by every protocol that has a hook for it."""

    def __init__(self) -> None:
        self.secret = Hidden()

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["secret"]

    def __dir__(self) -> list[str]:
        return [SECRET]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Hidden, (self,)

    def __format__(self, spec: str) -> str:
        return SECRET

    def __getitem__(self, key: object) -> Any:
        return self.secret

    def __str__(self) -> str:
        return SECRET

    __repr__ = __str__

    def __bytes__(self) -> bytes:
        return SECRET.encode()

    def __fspath__(self) -> str:
        return SECRET

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: object) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __get__(self, instance: object, owner: object) -> Any:
        return self

    def __mro_entries__(self, bases: object) -> Any:
        return (type(self),)

    def __class_getitem__(cls, key: object) -> Any:
        return cls


class Slotted:
    __slots__ = ("secret",)

    def __init__(self) -> None:
        self.secret = Hidden()


class Kind(enum.Enum):
    SECRET = SECRET


def _generator(secret: Any) -> Iterator[Any]:
    yield secret


async def _coroutine(secret: Any) -> Any:
    await asyncio.sleep(0)
    return secret


def _function(secret: Any = SECRET) -> Any:
    return secret


def _file() -> Any:
    file = tempfile.TemporaryFile("w+")  # noqa: SIM115
    file.write(SECRET)
    file.seek(0)
    return file


def _module() -> types.ModuleType:
    module = types.ModuleType("hiding")
    module.secret = Hidden()  # type: ignore[attr-defined]
    return module


KINDS: dict[str, Callable[[], Any]] = {
    "instance": Target,
    "talkative": Talkative,
    "slotted": Slotted,
    "class": lambda: Classed,
    "metaclass": lambda: Meta,
    "plain class": lambda: Target,
    "builtin class": lambda: type("Local", (dict,), {"secret": Hidden()}),
    "function": lambda: _function,
    "closure": lambda: (lambda secret: lambda: secret)(Hidden()),
    "bound method": lambda: Target().nothing,
    "partial": lambda: functools.partial(_function, Hidden()),
    "generator": lambda: _generator(Hidden()),
    "dict": lambda: {"secret": Hidden(), 0: SECRET},
    "dict view": lambda: {"secret": Hidden()}.values(),
    "mappingproxy": lambda: types.MappingProxyType({"secret": Hidden()}),
    "defaultdict": lambda: collections.defaultdict(Hidden, secret=Hidden()),
    "list": lambda: [Hidden(), SECRET],
    "list iterator": lambda: iter([Hidden(), SECRET]),
    "set": lambda: {SECRET, Hidden()},
    "deque": lambda: collections.deque([Hidden(), SECRET]),
    "bytearray": lambda: bytearray(SECRET.encode()),
    "memoryview": lambda: memoryview(bytearray(SECRET.encode())),
    "string io": lambda: io.StringIO(SECRET),
    "file": _file,
    "exception": lambda: ValueError(SECRET, Hidden()),
    "module": _module,
    "namespace": lambda: types.SimpleNamespace(secret=Hidden()),
    "enum class": lambda: Kind,
    "property": lambda: property(lambda self: SECRET),
    "cell": lambda: (lambda secret: lambda: secret)(Hidden()).__closure__[0],  # type: ignore[index]
    "condition": threading.Condition,
    "union": lambda: Target | None,
    "alias": lambda: list[Target],
    "code": lambda: _function.__code__,
    "tuple": lambda: (SECRET, Hidden()),
    "text": lambda: SECRET,
}
