"""What random programs do inside interpreters; imported there by name."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import atoll


class Failure(Exception):
    """An exception that main can import too."""


class Interrupted(BaseException):
    """What is raised in what never ends by itself."""


class Node:
    """One end of a knot across interpreters; counts when it is finalized."""

    def __init__(self, ends: atoll.AtomicInt) -> None:
        self.ends = ends
        self.other: Any = None

    def __del__(self) -> None:
        self.ends.add(1)


def total(values: Iterable[int]) -> int:
    return sum(values)


def total_in_thread(values: Iterable[int]) -> int:
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(sum(values)))
    thread.start()
    thread.join()
    return results[0]


def call(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def same(value: Any) -> Any:
    return value


def fail(number: int) -> None:
    error = Failure(number)
    error.add_note(f"noted {number}")
    raise error from LookupError("cause")


def spin() -> None:
    while True:
        pass


def put(into: Any, value: Any) -> None:
    into.put(value)


def get(source: Any) -> Any:
    return source.get(timeout=60)


def get_or_none(source: Any) -> Any:
    try:
        return source.get_nowait()
    except queue.Empty:
        return None


def look_up(shared: Any, number: int) -> tuple[int, frozenset[int]]:
    return len(shared["numbers"]), shared[number]


def fill(buffer: Any, value: int) -> None:
    view = memoryview(buffer)
    view[:] = bytes([value]) * len(view)


def generate(values: Iterable[int]) -> Iterator[int]:
    yield from values
