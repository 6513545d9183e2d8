"""What the tests of locks have interpreters do: importable there."""

from __future__ import annotations

import threading
from typing import Any


class Box:
    """A number that is read and written in two steps."""

    def __init__(self) -> None:
        self.n = 0


def add(lock: Any, box: Any, times: int) -> None:
    """Add to a number in two steps, under a lock."""
    for _ in range(times):
        with lock:
            n = box.n
            box.n = n + 1


def raise_under(lock: Any, error: type[Exception]) -> None:
    with lock:
        raise error("out of with")


def acquire_again(lock: Any, *acquire: Any) -> int:
    """Acquire a lock that this thread may hold, and pass it on to the next of those functions.

    Returns:
        How often it has been acquired.
    """
    if not lock.acquire(timeout=10):
        return 0
    try:
        return 1 + (acquire[0](lock, *acquire[1:]) if acquire else 0)
    finally:
        lock.release()


def acquire_and_keep(lock: Any) -> bool:
    return bool(lock.acquire())


def try_acquire(lock: Any) -> bool:
    return bool(lock.acquire(blocking=False))


class Store:
    """A bounded store, with a condition of this interpreter or of another."""

    def __init__(self, capacity: int, lock: Any = None) -> None:
        self.capacity = capacity
        self.items: list[int] = []
        self.condition = threading.Condition(lock)

    def put(self, item: int) -> None:
        with self.condition:
            self.condition.wait_for(lambda: len(self.items) < self.capacity)
            self.items.append(item)
            self.condition.notify_all()

    def get(self) -> int:
        with self.condition:
            self.condition.wait_for(lambda: self.items)
            item = self.items.pop(0)
            self.condition.notify_all()
            return item


def put_by_hand(condition: Any, items: Any, numbers: range) -> None:
    """Produce into a list, waiting on a condition while it is not empty; both may be foreign."""
    for number in numbers:
        with condition:
            while len(items) > 0:
                condition.wait()
            items.append(number)
            condition.notify_all()


def get_by_hand(condition: Any, items: Any, count: int) -> tuple[int, ...]:
    found = []
    for _ in range(count):
        with condition:
            while len(items) == 0:
                condition.wait()
            found.append(items.pop(0))
            condition.notify_all()
    return tuple(found)


def pass_barrier(barrier: Any, log: Any, rounds: int) -> None:
    """Log the number of each round; nobody is a round ahead of the others."""
    for number in range(rounds):
        log.append(number)
        barrier.wait()


class Gauge:
    """Counts who is inside, and the most that were."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def enter(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def leave(self) -> None:
        self.now -= 1


def work_under(semaphore: Any, gauge: Any, times: int) -> None:
    for _ in range(times):
        with semaphore:
            gauge.enter()
            gauge.leave()


_own = threading.local()


def set_own(value: Any) -> None:
    """Keep a value for this thread alone."""
    _own.value = value


def get_own() -> Any:
    return getattr(_own, "value", None)


def run_in_thread(function: Any, *args: Any) -> Any:
    """Run a function in a thread of this interpreter's own and return its result."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function(*args)))
    thread.start()
    thread.join()
    return results[0]


def start(function: Any, *args: Any) -> threading.Thread:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    return thread
