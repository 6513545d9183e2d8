"""Containers, their iterators and ways to change them, for test_ahead.py here and elsewhere."""

from __future__ import annotations

import copy
import itertools
import operator
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import atoll

COUNT = 40
MIXED = (1, "two", 3.5, None, b"4", (5, "six"), 10**30, "x" * 3000, True, ((), ((7,),)), int, 2j)


def mixed(count: int) -> Iterator[Any]:
    """Yield values of many kinds; every few of them is a list, which crosses as a Proxy."""
    for number, value in enumerate(itertools.islice(itertools.cycle(MIXED), count)):
        yield [number] if number % 7 == 3 else value


class Attributes:
    """An object whose `__dict__` shares its keys with those of its like."""

    def __init__(self) -> None:
        self.a, self.b, self.c, self.d, self.e, self.f = range(6)


class OwnList(list[Any]):
    """A subclass, with the iterator of its base."""


def generate(items: list[Any]) -> Iterator[Any]:
    yield from items


def numbers() -> dict[int, str]:
    return {number: str(number) for number in range(COUNT)}


# What can change: kind -> (the container, what is iterated over).
CHANGING: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "list": (lambda: list(range(COUNT)), iter),
    "list of more than a batch": (lambda: [*range(300), True, *range(1000, 1300)], iter),
    "list of mixed": (lambda: list(mixed(COUNT)), iter),
    "list of lists": (lambda: [[number] for number in range(COUNT)], iter),
    "subclass of list": (lambda: OwnList(range(COUNT)), iter),
    "reversed list": (lambda: list(range(COUNT)), reversed),
    "enumerate": (lambda: list(range(COUNT)), enumerate),
    "zip": (lambda: list(range(COUNT)), lambda items: zip(items, range(100), strict=False)),
    "generator": (lambda: list(range(COUNT)), generate),
    "dict": (numbers, iter),
    "keys": (numbers, lambda items: iter(items.keys())),
    "values": (lambda: dict(enumerate(mixed(COUNT))), lambda items: iter(items.values())),
    "items": (lambda: dict(enumerate(mixed(COUNT))), lambda items: iter(items.items())),
    "defaultdict": (lambda: defaultdict(list, numbers()), lambda items: iter(items.items())),
    "attributes": (lambda: vars(Attributes()), lambda items: iter(items.items())),
    "set": (lambda: set(range(COUNT)), iter),
    "set of str": (lambda: set(map(str, range(COUNT))), iter),
    "bytearray": (lambda: bytearray(range(COUNT)), iter),
}


class Filled(dict[Any, Any]):
    """A subclass that has a value for each key."""

    def __missing__(self, key: Any) -> str:
        return f"no {key}"


class Same:
    """A key with the hash of 5, that counts how often it is compared."""

    compared = 0

    def __hash__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        Same.compared += 1
        return self is other


def with_gaps(items: dict[Any, Any]) -> dict[Any, Any]:
    for key in list(items)[::3]:
        del items[key]
    return items


# What is looked up key by key.
DICTS: dict[str, Callable[[], Any]] = {
    "ints": numbers,
    "strings": lambda: {f"{number}\xe9": number for number in range(COUNT)},
    "values of all kinds": lambda: dict(enumerate(mixed(COUNT))),
    "keys of all kinds": lambda: {
        key: number for number, key in enumerate([Same(), *range(1, 9), None, False, "a", 2.5, "b"])
    },
    "gaps": lambda: with_gaps({"k" * number: number for number in range(COUNT)}),
    "gaps among ints": lambda: with_gaps(numbers()),
    "attributes": lambda: vars(Attributes()),
    "defaultdict": lambda: defaultdict(int, numbers()),
    "subclass": lambda: Filled(numbers()),
}


def look_up(items: Any, keys: list[Any]) -> list[str]:
    """What is there for each key, or why there is nothing."""
    found = []
    for key in keys:
        try:
            found.append(repr(items[key]))
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


# What cannot change.
FIXED: dict[str, Callable[[], Any]] = {
    "tuple": lambda: tuple(mixed(COUNT)),
    "range": lambda: range(5, 500, 7),
    "falling range": lambda: range(2**62, 2**62 - 50, -1),
    "huge range": lambda: range(2**70, 2**70 + 50),
    "str": lambda: "ab" * 20,
    "str of all sizes": lambda: "a\xe9\u20ac\U0001f40d\ud800" * 9,
    "bytes": lambda: bytes(range(100, 150)),
    "frozenset": lambda: frozenset(range(0, 900, 11)),
}


def make(kind: str) -> tuple[Any, Any]:
    """Make a container and an iterator over it."""
    if kind in FIXED:
        container = FIXED[kind]()
        return container, iter(container)
    make_container, iterate = CHANGING[kind]
    container = make_container()
    return container, iterate(container)


def _change_list(items: Any, number: int) -> None:
    changes: tuple[Callable[[], object], ...] = (
        lambda: items.append(200 - number),
        lambda: items.extend(range(10)),
        lambda: items.pop(),
        lambda: items.insert(0, 9),
        lambda: items.__setitem__(-1, 250 - number),
        lambda: items.reverse(),
        lambda: items.__delitem__(slice(0, 3)),
        lambda: items.__delitem__(slice(2, None)),
        lambda: None,
    )
    changes[number % len(changes)]()


def _change_dict(items: Any, number: int) -> None:
    keys = list(items)
    changes: tuple[Callable[[], object], ...] = (
        lambda: items.__setitem__(keys[-1], "other value"),
        lambda: (items.__delitem__(keys[0]), items.__setitem__("new", 1)),
        lambda: (items.__delitem__(keys[-1]), items.__setitem__(keys[-1], 2)),
        lambda: items.__setitem__("one more", 3),
        lambda: items.__delitem__(keys[len(keys) // 2]),
        lambda: None,
    )
    changes[number % len(changes)]()


def _change_set(items: Any, number: int) -> None:
    ordered = sorted(items, key=str)
    changes: tuple[Callable[[], object], ...] = (
        lambda: (items.discard(ordered[0]), items.add(ordered[0])),
        lambda: (items.discard(ordered[-1]), items.add(1000 + number)),
        lambda: items.add(2000 + number),
        lambda: items.discard(ordered[len(ordered) // 2]),
        lambda: None,
    )
    changes[number % len(changes)]()


def change(items: Any, number: int) -> str:
    """Change a container in one of many ways."""
    try:
        if isinstance(items, dict):
            _change_dict(items, number)
        elif isinstance(items, set):
            _change_set(items, number)
        else:
            _change_list(items, number)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "changed"


def step(iterator: Any, count: int) -> list[str]:
    """Take so many items; return what came, or why none did."""
    taken = []
    for _ in range(count):
        try:
            taken.append(repr(next(iterator)))
        except Exception as error:
            taken.append(f"{type(error).__name__}: {error}")
    return taken


def call_next(iterator: Any) -> str:
    """Take an item by the method of that name."""
    try:
        return repr(iterator.__next__())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def left(iterator: Any) -> str:
    """What the iterator says of how many are left."""
    hint = getattr(iterator, "__length_hint__", None)
    return repr(hint and hint())


def move(iterator: Any, number: int) -> str:
    """Set where it is, if it can be set."""
    if hasattr(iterator, "__setstate__"):
        iterator.__setstate__(number % COUNT)
    return "moved"


def rest(iterator: Any) -> str:
    """What a copy of the iterator returns; the iterator stays where it is."""
    if not hasattr(iterator, "__length_hint__"):
        return "cannot be copied"
    try:
        return repr(list(copy.copy(iterator)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call it in a thread of this interpreter's own."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


def take_all(iterator: Any, taken: list[Any]) -> None:
    for item in iterator:
        taken.append(item)


@atoll.register_value_type
class Meddling:
    """A value that changes a list when it crosses."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __reduce__(self) -> tuple[Any, ...]:
        self.items[:] = [number + 100 for number in range(len(self.items))]
        return str, ("meddled",)


def meddle() -> Iterator[Any]:
    items: list[Any] = list(range(20))
    items[1] = Meddling(items)
    return iter(items)


class Counting:
    """A generator that tells how far it is."""

    def __init__(self) -> None:
        self.yielded = 0

    def run(self) -> Iterator[int]:
        for number in range(100):
            self.yielded += 1
            yield number


kept: list[Any] = []


def kept_length_hint() -> int:
    return operator.length_hint(kept[0])


def negate_when_told(items: list[int], told: Any, done: Any) -> threading.Thread:
    """Start a thread that changes all items, when something comes out of a queue."""

    def change_all() -> None:
        told.get()
        items[:] = [-item for item in items]
        done.put(None)

    thread = threading.Thread(target=change_all)
    thread.start()
    return thread


def restricted(items: Any) -> Any:
    return atoll.restrict(items, ["__iter__"])
