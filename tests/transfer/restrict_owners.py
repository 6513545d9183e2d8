"""An object that gives out, raises and passes on all kinds of things, for the fuzz of `restrict()`."""

from __future__ import annotations

import collections
import contextvars
import copy
import csv
import ctypes
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import operator
import pathlib
import pickle
import sys
import threading
import types
import uuid
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

from restrict_targets import Hidden

import atoll


class Color(enum.Enum):
    RED = 1


@atoll.register_value_type
@dataclasses.dataclass(frozen=True)
class Account:
    secret: Any


class Pair(NamedTuple):
    left: Any
    right: Any


class Text(str):
    secret: Any


class Number(int):
    secret: Any


class OwnIterator:
    def __init__(self, secret: Any) -> None:
        self.secret, self.left = secret, 3

    def __iter__(self) -> OwnIterator:
        return self

    def __next__(self) -> Any:
        self.left -= 1
        if self.left < 0:
            raise StopIteration(self.secret)
        return self.secret


class OwnError(Exception):
    def __init__(self, secret: Any) -> None:
        super().__init__(secret)
        self.secret = secret


class Exiting(BaseException):
    pass


def _with_secret(value: Any, secret: Any) -> Any:
    value.secret = secret
    return value


def _raised(function: Callable[[], Any]) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError


def _tee(items: Any) -> Any:
    return itertools.tee(items)[0]


async def _asynchronous(secret: Any) -> Any:
    yield secret


def _generator(secret: Any) -> Any:
    for _ in range(5):
        try:
            got = yield secret
            yield got, secret
        except Exception as error:
            yield error
            return secret  # noqa: B901


async def _coroutine(secret: Any) -> Any:
    return secret


def _cached(secret: Any) -> Any:
    cached = functools.lru_cache(lambda key: secret)
    cached(1)
    return cached


def _closure(secret: Any) -> Any:
    return lambda: secret


# All kinds of results, each made of a secret and the owner.
RESULTS: dict[str, Callable[[Any, Any], Any]] = {
    "secret": lambda s, o: s,
    "itself": lambda s, o: o,
    "class": lambda s, o: type(o),
    "builtin class": lambda s, o: type([]),
    "list": lambda s, o: [s, o],
    "dict": lambda s, o: {"secret": s, s: o},
    "set": lambda s, o: {s},
    "frozenset": lambda s, o: frozenset([s, o]),
    "tuple": lambda s, o: (s, (o, (s, 1), frozenset([s])), slice(s, o), range(3)),
    "frozendict": lambda s, o: atoll.frozendict({"s": s, "o": (o, [s])}),
    "deque": lambda s, o: collections.deque([s]),
    "namedtuple": lambda s, o: Pair(s, o),
    "ordered": lambda s, o: collections.OrderedDict(s=s),
    "defaultdict": lambda s, o: collections.defaultdict(lambda: s),
    "chainmap": lambda s, o: collections.ChainMap({"s": s}),
    "mappingproxy": lambda s, o: types.MappingProxyType({"s": s}),
    "namespace": lambda s, o: types.SimpleNamespace(s=s),
    "dict views": lambda s, o: ({s: o}.keys(), {s: o}.values(), {s: o}.items()),
    "str subclass": lambda s, o: _with_secret(Text("a"), s),
    "int subclass": lambda s, o: _with_secret(Number(1), s),
    "slots": lambda s, o: Account(s),
    "enum": lambda s, o: Color.RED,
    "fraction": lambda s, o: fractions.Fraction(1, 2),
    "decimal": lambda s, o: decimal.Decimal(1),
    "date": lambda s, o: datetime.datetime.now(datetime.UTC),
    "path": lambda s, o: pathlib.Path("a"),
    "uuid": lambda s, o: uuid.UUID(int=1),
    "iter list": lambda s, o: iter([s, o]),
    "iter tuple": lambda s, o: iter((s, o)),
    "iter set": lambda s, o: iter({s}),
    "iter dict": lambda s, o: (iter({s: o}), iter({s: o}.values()), iter({s: o}.items())),
    "iter str": lambda s, o: (iter("ab"), iter(b"ab"), iter(range(3)), iter(bytearray(b"a"))),
    "reversed": lambda s, o: (reversed([s]), reversed({s: o}), reversed((s,))),
    "enumerate": lambda s, o: enumerate([s]),
    "zip": lambda s, o: zip([s], [o], strict=True),
    "map": lambda s, o: map(o.result, ["secret", "list"]),
    "filter": lambda s, o: filter(None, [s, o]),
    "callable iterator": lambda s, o: iter([s, o].pop, None),
    "itertools": lambda s, o: (
        itertools.chain([s], [o]),
        itertools.repeat(s, 3),
        itertools.islice([s, o], 2),
        itertools.accumulate([s, o], lambda a, b: a),
        itertools.groupby([s, o]),
        itertools.product([s], [o]),
        itertools.permutations([s, o]),
        itertools.combinations([s, o], 1),
        itertools.starmap(lambda a: a, [(s,)]),
        _tee([s]),
        itertools.zip_longest([s], [], fillvalue=o),
        itertools.takewhile(bool, [s]),
        itertools.pairwise([s, o]),
        itertools.batched([s, o], 2),
    ),
    "iter deque": lambda s, o: (iter(collections.deque([s])), reversed(collections.deque([s]))),
    "own iterator": lambda s, o: OwnIterator(s),
    "reader": lambda s, o: csv.reader(["a"]),
    "file": lambda s, o: io.StringIO("a\nb"),
    "generator": lambda s, o: _generator(s),
    "generator expression": lambda s, o: (each for each in [s]),
    "generator of itself": lambda s, o: _generator(o),
    "coroutine": lambda s, o: _with_close(_coroutine(s)),
    "await": lambda s, o: _with_close(_coroutine(s)).__await__(),
    "asynchronous": lambda s, o: _asynchronous(s),
    "anext": lambda s, o: anext(_asynchronous(s)),
    "partial": lambda s, o: functools.partial(_closure, s),
    "cache": lambda s, o: _cached(s),
    "closure": lambda s, o: _closure(s),
    "bound": lambda s, o: (o.result, s.__repr__, [s].append, o.__init__, o.__repr__),
    "builtin": lambda s, o: (len, str.join, operator.itemgetter(1), operator.methodcaller("x")),
    "caller": lambda s, o: operator.attrgetter("secret"),
    "method": lambda s, o: types.MethodType(lambda self: self, s),
    "exception": lambda s, o: OwnError(s),
    "raised": lambda s, o: _raised(o.fail),
    "traceback": lambda s, o: _raised(o.fail).__traceback__,
    "frame": lambda s, o: sys._getframe(),
    "code": lambda s, o: _closure.__code__,
    "cell": lambda s, o: _closure(s).__closure__[0],
    "module": lambda s, o: sys,
    "weakref": lambda s, o: (weakref.ref(s), weakref.WeakValueDictionary({1: s})),
    "weak proxy": lambda s, o: weakref.proxy(s),
    "super": lambda s, o: super(Owner, o),
    "property": lambda s, o: (property(lambda self: s), classmethod(_closure), staticmethod(len)),
    "alias": lambda s, o: (list[Account], Account | None),
    "memory": lambda s, o: (memoryview(b"a"), bytearray(b"a"), pickle.PickleBuffer(b"a")),
    "context": lambda s, o: (contextvars.copy_context(), contextvars.ContextVar("x")),
    "thread": lambda s, o: (threading.current_thread(), threading.Lock(), threading.local()),
    "pointer": lambda s, o: ctypes.py_object(s),
    "interpreter": lambda s, o: (atoll.current(), atoll.main()),
    "handles": lambda s, o: (atoll.Queue(), atoll.Buffer(8), atoll.AtomicInt()),
    "reference": lambda s, o: (atoll.ref(s), atoll.ref((s, 1)), atoll.ref(atoll.ref(o))),
    "copy": lambda s, o: atoll.copy(s),
    "shared": lambda s, o: atoll.share({"a": [1, "text"]}),
    "proxy class": lambda s, o: (atoll.Proxy, type(o.kept[-1]) if o.kept else None),
    "kept": lambda s, o: tuple(o.kept),
    "kept within": lambda s, o: [o.kept, s],
    "bound to kept": lambda s, o: functools.partial(_closure, o.kept),
}


def _with_close(coroutine: Any) -> Any:
    weakref.finalize(coroutine, int)
    return coroutine


# What is done to an argument: it may be given the secret by every one of these.
USES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "call": lambda s, o, it: it(s, o, (s, [o]), key=s),
    "equal": lambda s, o, it: (it == s, s == it, it != s),
    "order": lambda s, o, it: (it < s, it >= s),
    "sort": lambda s, o, it: sorted([s, it, s]),
    "sort by": lambda s, o, it: sorted([s, s], key=it),
    "reduce": lambda s, o, it: functools.reduce(it, [s, s]),
    "map": lambda s, o, it: list(map(it, [s, o])),
    "lazy map": lambda s, o, it: map(it, [s, o]),
    "filter": lambda s, o, it: filter(it, [s]),
    "in": lambda s, o, it: (it in [s, o], it in {s: o}),
    "contains": lambda s, o, it: s in it,
    "hash": lambda s, o, it: {it: s, s: it},
    "add": lambda s, o, it: it + [s],
    "radd": lambda s, o, it: [s] + it,
    "iadd": lambda s, o, it: operator.iadd(it, [s]),
    "or": lambda s, o, it: (it | {"s": s}, {"s": s} | it),
    "multiply": lambda s, o, it: it @ s,
    "modulo": lambda s, o, it: it % (s,),
    "get item": lambda s, o, it: it[s],
    "set item": lambda s, o, it: operator.setitem(it, s, o),
    "set attribute": lambda s, o, it: setattr(it, "secret", s),
    "get attribute": lambda s, o, it: it.secret,
    "append": lambda s, o, it: it.append([s]),
    "update": lambda s, o, it: it.update({"s": s}),
    "extend": lambda s, o, it: [].extend(it),
    "list": lambda s, o, it: list(it),
    "dict": lambda s, o, it: dict(it),
    "unpack": lambda s, o, it: (*it,),
    "unpack mapping": lambda s, o, it: {**it},
    "length": lambda s, o, it: len(it),
    "bool": lambda s, o, it: bool(it),
    "str": lambda s, o, it: f"{it}{it!r}{it:>5}",
    "format": lambda s, o, it: str(it).format(s, o),
    "index": lambda s, o, it: [s][it],
    "int": lambda s, o, it: (int(it), float(it)),
    "with": lambda s, o, it: _within(s, it),
    "send": lambda s, o, it: (it.send(None), it.send(s)),
    "throw": lambda s, o, it: (next(it), it.throw(OwnError(s))),
    "iterate": lambda s, o, it: next(iter(it)),
    "isinstance": lambda s, o, it: isinstance(s, it),
    "issubclass": lambda s, o, it: issubclass(type(s), it),
    "is a": lambda s, o, it: (
        isinstance(it, (list, int, Account, OwnError)),
        type(it),
        it.__class__,
    ),
    "type": lambda s, o, it: type(it)(s),
    "type of": lambda s, o, it: atoll.type_of(it)(s),
    "owner": lambda s, o, it: atoll.owner(it).call(len, s),
    "copy": lambda s, o, it: copy.deepcopy(it),
    "fetch": lambda s, o, it: atoll.copy(it),
    "pickle": lambda s, o, it: pickle.dumps(it),
    "share": lambda s, o, it: atoll.share((it,)),
    "match": lambda s, o, it: _match(it),
    "raise": lambda s, o, it: _raise(it),
    "raise from": lambda s, o, it: _raise_from(s, it),
    "partial": lambda s, o, it: functools.partial(it, s),
    "dispatch": lambda s, o, it: functools.singledispatch(lambda x: s)(it),
    "memory": lambda s, o, it: bytes(memoryview(it)),
    "dir": lambda s, o, it: (dir(it), vars(it)),
    "subclass": lambda s, o, it: type("Sub", (it,), {"secret": s}),
    "keep": lambda s, o, it: o.kept.append(it),
    "echo": lambda s, o, it: it,
    "pair": lambda s, o, it: (s, it, [it, s]),
    "method": lambda s, o, it: types.MethodType(it, s),
    "restrict": lambda s, o, it: atoll.restrict(it, []),
    "globals": lambda s, o, it: it.__init__.__globals__,
}


def _within(secret: Any, it: Any) -> Any:
    with it as entered:
        raise OwnError(secret)
    return entered


def _match(it: Any) -> Any:
    match it:
        case [first, *_]:
            return first
        case {"a": value, **rest}:
            return value, rest
        case OwnError(secret=secret):
            return secret
    return None


def _raise(it: Any) -> None:
    raise it


def _raise_from(secret: Any, it: Any) -> None:
    try:
        raise OwnError(secret)
    except OwnError:
        raise ValueError(it, secret) from it


RAISED: dict[str, Callable[[Any, Any], BaseException]] = {
    "own": lambda s, o: OwnError(s),
    "exit": lambda s, o: Exiting(s),
    "stop": lambda s, o: StopIteration(s),
    "stop asynchronous": lambda s, o: StopAsyncIteration([s]),
    "key": lambda s, o: KeyError(s),
    "group": lambda s, o: ExceptionGroup("all", [OwnError(s), ValueError(o)]),
    "name": lambda s, o: NameError("x", name=s),
    "attribute": lambda s, o: AttributeError("x", obj=s),
    "import": lambda s, o: ImportError("x", name=s, path=s),
    "system": lambda s, o: OSError(s, o),
    "system exit": lambda s, o: SystemExit(s),
    "decode": lambda s, o: UnicodeDecodeError("ascii", b"\x80", 0, 1, "no"),
    "syntax": lambda s, o: SyntaxError("x", ("f", 1, 1, "text")),
    "recursion": lambda s, o: _raised(lambda: _dive(s)),
    "noted": lambda s, o: _noted(s),
    "interrupt": lambda s, o: KeyboardInterrupt(s),
}


def _dive(secret: Any) -> Any:
    return _dive(secret)


def _noted(secret: Any) -> BaseException:
    error = OwnError(secret)
    error.__notes__ = ["note", secret]
    error.__cause__ = error.__context__ = OwnError(secret)
    return error


class Owner:
    """Holds a secret; all that can be done with it gives results made of it."""

    def __init__(self) -> None:
        self.secret = Hidden()
        self.kept: list[Any] = []

    def result(self, kind: str) -> Any:
        return RESULTS[kind](self.secret, self)

    def use(self, kind: str, it: Any) -> Any:
        return USES[kind](self.secret, self, it)

    def fail(self, kind: str = "own") -> Any:
        raise RAISED[kind](self.secret, self)

    def give(self, it: object) -> Any:
        return it is self.secret

    def yields(self, kind: str) -> Any:
        yield RESULTS[kind](self.secret, self)
        raise RAISED["own"](self.secret, self)

    async def returns(self, kind: str) -> Any:
        return RESULTS[kind](self.secret, self)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> Any:
        self.kept += error

    def __call__(self, kind: str, *rest: Any) -> Any:
        return self.result(kind)

    def __getitem__(self, kind: str) -> Any:
        return self.result(kind)

    def __add__(self, it: Any) -> Any:
        return self.use("echo", it), self.secret

    def __eq__(self, it: object) -> bool:
        return it is self or it == self.secret

    def __hash__(self) -> int:
        return 1


NAMES = [
    *(name for name in vars(Owner) if not name.startswith("_")),
    *("__enter__ __exit__ __call__ __getitem__ __add__ __eq__ __hash__".split()),
]
