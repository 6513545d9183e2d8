"""The objects that the benchmarks call, and the loops that run inside other interpreters.

Every interpreter imports this module by name (sys.path is inherited), so its functions do not cross
by value. It imports neither atoll nor anything slow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

CALLS_BETWEEN_LOOKS_AT_THE_CLOCK = 200


class Counter:
    """The object whose method call most figures are compared with."""

    def __init__(self) -> None:
        self.n = 0

    def add(self, k: int) -> int:
        self.n += k
        return self.n

    def __iadd__(self, k: int) -> Counter:
        self.n += k
        return self

    def take(self, value: object) -> None:
        pass

    def echo(self, value: object) -> object:
        return value

    def call(self, function: Callable[[object], object], value: object) -> object:
        return function(value)

    def fail(self) -> None:
        raise ValueError("as asked")


class Holder:
    """Returns what it was made with."""

    def __init__(self, held: object) -> None:
        self.held = held

    def value(self) -> object:
        return self.held


class Thing:
    """An object of no interest, made in numbers."""

    __slots__ = ()


class Factory:
    """Makes a new object on each call."""

    def make(self) -> Thing:
        return Thing()


def hold_list() -> Holder:
    return Holder([1, 2, 3])


def make_list(length: int) -> list[int]:
    return list(range(length))


def make_numbered(length: int) -> dict[str, int]:
    return {str(number): number for number in range(length)}


def make_dict() -> dict[str, int]:
    return {"present": 1}


class Busy:
    """Runs pure Python until it is stopped; may be visited meanwhile."""

    def __init__(self) -> None:
        self.is_stopped = False
        self.turns = 0

    def run(self) -> None:
        while not self.is_stopped:
            self.turns += 1

    def start(self) -> None:
        """Run in a thread of the interpreter that this object lives in."""
        self.is_stopped = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def stop(self) -> None:
        self.is_stopped = True

    def join(self) -> None:
        self.thread.join()

    def touch(self) -> None:
        pass


class Yielding:
    """Releases the GIL of its own interpreter and takes it again."""

    def touch(self) -> None:
        time.sleep(0)


def visit(target: Any, count: int, pause: float) -> tuple[int, ...]:
    """Call `target.touch()` `count` times; return the nanoseconds that each call took."""
    clock = time.perf_counter_ns
    target.touch()
    taken = []
    for _ in range(count):
        time.sleep(pause)
        start = clock()
        target.touch()
        taken.append(clock() - start)
    return tuple(taken)


def call_until(counter: Any, deadline: float) -> int:
    """Call `counter.add(1)` until a deadline (time.perf_counter()); return the number of calls."""
    clock = time.perf_counter
    calls = 0
    while clock() < deadline:
        for _ in range(CALLS_BETWEEN_LOOKS_AT_THE_CLOCK):
            counter.add(1)
        calls += CALLS_BETWEEN_LOOKS_AT_THE_CLOCK
    return calls


def queens(size: int, row: int = 0, columns: int = 0, up: int = 0, down: int = 0) -> int:
    """Count the ways to place queens that do not attack each other."""
    if row == size:
        return 1
    count = 0
    for column in range(size):
        is_attacked = columns >> column | up >> row + column | down >> row - column + size
        if not is_attacked & 1:
            taken = columns | 1 << column, up | 1 << row + column, down | 1 << row - column + size
            count += queens(size, row + 1, *taken)
    return count


def spin(turns: int) -> int:
    """Pure Python that needs nothing but the processor, about 80 us a turn.

    Not an empty loop that counts: its speed varies by a fifth with the addresses of its integers.
    """
    return sum(queens(6) for _ in range(turns))


def echo_items(requests: Any, replies: Any) -> None:
    """Put every item of one queue into another, until it is None."""
    while (item := requests.get()) is not None:
        replies.put(item)


def round_trips(requests: Any, replies: Any, count: int) -> float:
    """Nanoseconds of one round trip to a thread that runs echo_items."""
    start = time.perf_counter_ns()
    for number in range(count):
        requests.put(number)
        replies.get()
    return (time.perf_counter_ns() - start) / count


def put_items(items: Any, count: int) -> None:
    for number in range(count):
        items.put(number)
