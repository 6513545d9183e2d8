"""Follows all that plain Python reaches from an immutable value, and tries to change it there."""

from __future__ import annotations

import copy
import gc
import itertools
import operator
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import atoll
from atoll import frozendict

MARK = "a key that no other dict has"
_INTRUDER = "an intruder"

_SOURCES: dict[str, Any] = {
    "int": 10**20, "float": 2.5, "complex": 2j, "str": "näme", "bytes": b"bytes",
    "date": date(2020, 1, 2), "time": time(1, 2), "datetime": datetime(2020, 1, 2, tzinfo=UTC),
    "timedelta": timedelta(5, 6), "tuple": (1, ("deep", 2.5)),
    "frozenset": frozenset({1, "a", (2,)}),
    "frozendict": {MARK: 1, "b": (2, 3), 5: "c", 6: {MARK: frozenset({7})}},
}  # fmt: skip

# What leads to all of the interpreter, and belongs to no value.
_NOT_FOLLOWED = (
    type, types.ModuleType, types.GenericAlias, types.FunctionType, types.FrameType,
    types.BuiltinMethodType, types.MethodWrapperType, types.MethodType,
)  # fmt: skip
_ATOMS = (str, int, float, bool, bytes, types.NoneType, types.NotImplementedType)
_NOT_ASKED = frozenset({"__dict__", "__class_getitem__", "__dir__"})

_OPERATORS: list[Callable[..., Any]] = [
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.and_,
    operator.or_, operator.xor, operator.sub, operator.add, operator.mod, operator.mul,
    operator.matmul, operator.floordiv, operator.truediv, operator.contains, operator.getitem,
    divmod,
    operator.iand, operator.ior, operator.ixor, operator.isub, operator.iadd, isinstance,
]  # fmt: skip

_CHANGES: list[tuple[str, tuple[Any, ...]]] = [
    ("__setitem__", (MARK, _INTRUDER)), ("__setitem__", (0, _INTRUDER)), ("__delitem__", (MARK,)),
    ("__delitem__", (0,)), ("__ior__", ({_INTRUDER: 1},)), ("__ior__", ({_INTRUDER},)),
    ("__iadd__", ([_INTRUDER],)), ("__init__", ({_INTRUDER: 1},)), ("__init__", ([_INTRUDER],)),
    ("__setstate__", ({_INTRUDER: 1},)), ("__setstate__", (1,)), ("append", (_INTRUDER,)),
    ("extend", ([_INTRUDER],)), ("insert", (0, _INTRUDER)), ("add", (_INTRUDER,)),
    ("update", ({_INTRUDER: 1},)), ("setdefault", (_INTRUDER, 1)), ("reverse", ()), ("pop", ()),
    ("pop", (MARK,)), ("popitem", ()), ("clear", ()),
]  # fmt: skip


def _is_marked(obj: object) -> bool:
    return type(obj) is dict and MARK in obj


class Curious:
    """An operand, key and item that keeps what it is given, and what the collector shows then."""

    given: dict[int, Any]
    is_looking = False

    def __init__(self) -> None:
        self.given = {}

    def look(self, *seen: Any) -> None:
        if Curious.is_looking:
            return
        Curious.is_looking = True  # as a key it is asked by `_is_marked`
        found = [each for each in gc.get_objects() if each is not self.given]
        marked = filter(_is_marked, [*found, *gc.get_referents(*found)])
        self.given |= {id(each): each for each in (*seen, *marked)}
        Curious.is_looking = False

    def __hash__(self) -> int:
        self.look()
        return hash(MARK)

    def __eq__(self, other: object) -> bool:
        self.look(other)
        return False

    def __iter__(self) -> Iterator[Any]:
        self.look()
        yield MARK
        yield self, self

    def __len__(self) -> int:
        self.look()
        return 5

    def __repr__(self) -> str:
        self.look()
        return "Curious()"

    def keys(self) -> list[Any]:
        self.look()
        return [MARK]


def _look_and_refuse(self: Curious, *arguments: Any) -> Any:
    self.look(*arguments)
    return NotImplemented


for _name in ("lt", "le", "gt", "ge", "contains", "getitem"):
    setattr(Curious, f"__{_name}__", _look_and_refuse)
for _name in (
    "and",
    "or",
    "xor",
    "sub",
    "add",
    "mod",
    "mul",
    "matmul",
    "floordiv",
    "truediv",
    "divmod",
):
    setattr(Curious, f"__{_name}__", _look_and_refuse)
    setattr(Curious, f"__r{_name}__", _look_and_refuse)


class CuriousSet(Curious, set[Any]):  # type: ignore[misc]
    """One that views and sets take for a set."""


class CuriousDict(Curious, dict[Any, Any]):  # type: ignore[misc]
    """One that is a dict."""


def _operands() -> list[Any]:
    return [Curious(), CuriousSet(), CuriousDict()]


def _results(obj: Any) -> Iterator[Callable[[], Any]]:
    """What is to be called with an object: each gives something that it leads to."""
    for name in dir(obj):
        if name in _NOT_ASKED:
            continue
        yield lambda name=name: getattr(obj, name)
        yield lambda name=name: getattr(obj, name)()
        yield lambda name=name: getattr(obj, name)(Curious())
    for function in (
        iter,
        reversed,
        repr,
        copy.copy,
        copy.deepcopy,
        hash,
        format,
        dict,
        list,
        sorted,
    ):
        yield lambda function=function: function(obj)  # type: ignore[operator]
    for protocol in range(6):
        yield lambda protocol=protocol: obj.__reduce_ex__(protocol)
    yield lambda: list(itertools.islice(iter(obj), 5))
    yield lambda: {**obj}
    yield lambda: gc.get_referents(obj)


def _reached_from(obj: Any) -> Iterator[Any]:
    for result in _results(obj):
        with suppress(Exception):
            yield result()
    for each in _OPERATORS:
        for operand in _operands():
            with suppress(Exception):
                yield each(obj, operand)
            with suppress(Exception):
                yield each(operand, obj)
            yield from operand.given.values()
    yield from filter(_is_marked, gc.get_objects())


def _try_to_change(obj: Any) -> None:
    for name, arguments in _CHANGES:
        with suppress(Exception):
            getattr(obj, name)(*arguments)
    with suppress(Exception):
        obj.intruder = 1
    with suppress(Exception):
        object.__setattr__(obj, "intruder", 1)


def _print(value: Any) -> Any:
    return repr(value), hash(value), list(value) if hasattr(value, "__iter__") else value


def walk(value: Any, depth: int = 2) -> set[str]:
    """Try to change a value through all that is reached from it; return the types of that."""
    before = _print(value)
    kept = {id(each): each for each in (value, *filter(_is_marked, gc.get_objects()))}
    alike: set[Any] = set()
    due = deque([(value, depth)])
    while due:
        obj, left = due.popleft()
        gc.freeze()  # what is there already is not shown again
        for each in _reached_from(obj) if left else ():
            if id(each) in kept or isinstance(each, (*_NOT_FOLLOWED, Curious)):
                continue
            kept[id(each)] = each
            kind = type(each), repr(each).partition(" at 0x")[0]
            if kind not in alike and type(each) not in _ATOMS:
                alike.add(kind)
                due.append((each, left - 1))
    for each in list(kept.values()):
        _try_to_change(each)
    after = _print(value)
    assert after == before, f"{before} has become {after}"
    gc.unfreeze()
    return {type(each).__name__ for each in kept.values()}


def shared(kind: str) -> Any:
    """Return a shared value of a kind."""
    return atoll.share(_SOURCES[kind])


def ordinary() -> Any:
    """Return a frozendict that is not shared, with curious keys of equal hashes, and values."""
    return frozendict({MARK: 1, Curious(): (Curious(),), CuriousSet(): 2, "b": Curious()})


KINDS = tuple(_SOURCES)


class Leaking:
    """What keeps a dict that can be reached."""

    def __init__(self) -> None:
        self.kept = {MARK: 1}

    def __iter__(self) -> Iterator[Any]:
        return iter([repr(vars(self))])
