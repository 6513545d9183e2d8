"""Everything that programs do with immutable values, done to shared ones."""

from __future__ import annotations

import builtins
import collections
import copy
import gc
import itertools
import json
import marshal
import operator
import pickle
import re
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import atoll

# Nothing that ends the process, waits, prints, changes settings, or computes huge numbers.
_LEFT_OUT = frozenset(
    {"pow", "ipow", "lshift", "ilshift", "__pow__", "__rpow__", "__lshift__", "__rlshift__", "factorial", "perm", "comb",
     "breakpoint", "exit", "quit", "input", "print", "help", "open", "copyright", "credits",
     "license", "__import__", "exec", "eval", "compile"}
)  # fmt: skip

_SOURCE = (
    0, 255, 1024, 1025, -7, 2**70, 1.5, float("nan"), -0.0, 2j, "", "a", "é", "text", "__len__", "__missing__",
    "_private", "a name", "näme", "€uro", "\U0001f600", "\ud800", "x" * 300, b"", b"b", b"bytes", (), (1,),
    (10**20, ("deep", 2.5)), frozenset(), frozenset({1, "a", (2,)}), frozenset(range(50)), None, True, int,
    date(2020, 1, 2), time(1, 2, fold=1), datetime(2020, 1, 2, tzinfo=UTC), timedelta(5, 6),
    {}, {"a": 1, "b": (2, 3)}, {i: str(i) for i in range(40)}, {"nested": {"deep": ("x",)}},
)  # fmt: skip


def make() -> tuple[Any, ...]:
    """Return shared values of every kind."""
    return atoll.share(_SOURCE)


def _methods_of(value: Any) -> Iterable[Callable[..., Any]]:
    for name in dir(value):
        if name not in _LEFT_OUT:
            with suppress(Exception):
                method = getattr(value, name)
                if callable(method):
                    yield method


def call_everything(values: tuple[Any, ...]) -> int:
    """Call every method of every value, and the builtin and operator functions, with values."""
    functions = [
        each
        for module in (builtins, operator, itertools, math_functions())
        for name, each in vars(module).items()
        if callable(each) and name not in _LEFT_OUT and not name.startswith("_")
    ]
    functions += [copy.copy, copy.deepcopy, pickle.dumps, marshal.dumps, json.dumps, re.escape]
    count = 0
    for value in values:
        for function in itertools.chain(_methods_of(value), functions):
            for arguments in ((), (value,), *(((each,) for each in values))):
                with suppress(Exception):
                    result = function(*arguments)
                    if not isinstance(result, (itertools.cycle, itertools.repeat, itertools.count)):
                        list(itertools.islice(iter(result), 5))
                count += 1
    return count


def math_functions() -> Any:
    import math

    return math


def use(values: tuple[Any, ...], number: int) -> None:
    """Use values as keys, names, items, text, in tracked containers and under the collector."""
    kept: list[Any] = []
    for i, value in enumerate(values):
        table = {value: i, (value, i): value}
        assert table[value] == i
        assert value in {value, i + 0.5}
        members = {*values[: i % 7], value}
        kept.append([value, {value: value}, members, (value, kept)])
        text = f"{value!r}{value!s}"
        assert text
        assert [value].count(values[-1 - i]) <= 1
        with suppress(TypeError):
            sorted([value, values[-1 - i]])
        with suppress(UnicodeEncodeError, TypeError, ValueError):
            assert pickle.loads(pickle.dumps(value, 5)) is not NotImplemented
        copy.deepcopy(value)
        with suppress(TypeError):
            weakref.ref(value)
        if isinstance(value, str):
            _use_name(value, number)
        if isinstance(value, (tuple, frozenset, atoll.frozendict)):
            assert len(list(value)) == len(value)
            collections.Counter(value)
    gc.collect(number % 3)
    kept.clear()


def _use_name(name: str, number: int) -> None:
    cls = type("Named", (), {})
    setattr(cls, name, number)
    instance = cls()
    setattr(instance, name, number + 1)
    assert getattr(instance, name) == number + 1
    assert operator.attrgetter(name)(instance) is not None or "." in name
    delattr(instance, name)
    assert vars(cls)[name] == number
    assert dict(**{name: 1})[name] == 1
    with suppress(UnicodeEncodeError):
        __import__("sys").intern(name)
        hash(name.encode())


def use_often(values: tuple[Any, ...], rounds: int) -> int:
    for number in range(rounds):
        use(values, number)
    return rounds
