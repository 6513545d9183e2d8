"""What runs in other interpreters for the tests of queues."""

from __future__ import annotations

import queue
from typing import Any

import atoll


class Thing:
    """Something that goes by reference."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Callable:
    def __call__(self) -> int:
        return 1


kept = Thing("kept")


def put(target: Any, *args: Any, **kwargs: Any) -> None:
    target.put(*args, **kwargs)


def put_thing(target: Any, value: Any = None) -> None:
    target.put(Thing(value))


def put_ref(target: Any, value: Any) -> None:
    target.put(atoll.ref(value))


def put_kept(target: Any) -> None:
    target.put(kept)


def put_kinds(target: Any) -> None:
    """One of everything that goes by reference, and a tuple of both kinds."""
    for item in ([1], {}, Thing(), Thing, Callable(), lambda: 1, len, (1, Thing(), "x")):
        target.put(atoll.ref(item) if item is len else item)


def put_many(target: Any, items: Any) -> None:
    for item in items:
        target.put(item)


def put_many_and_shut_down(target: Any, items: Any) -> None:
    put_many(target, items)
    target.shutdown()


def get(target: Any, *args: Any, **kwargs: Any) -> Any:
    return target.get(*args, **kwargs)


def got_kept(target: Any) -> bool:
    """Is the next item our own object?"""
    return target.get() is kept


def type_of_next(target: Any) -> str:
    item = target.get()
    return ("proxy of " if atoll.is_proxy(item) else "") + atoll_type_name(item)


def atoll_type_name(item: Any) -> str:
    return (atoll.type_of(item) if atoll.is_proxy(item) else type(item)).__name__


def same(one: Any, other: Any) -> bool:
    return one is other


def same_inside(one: Any, other: Any) -> bool:
    return one[1] is other[0]


def get_inside(entered: Any, target: Any) -> Any:
    """Say that the thread is inside, then wait for an item."""
    entered.set()
    return target.get()


def all_until_shut_down(target: Any) -> int:
    """The sum of all items."""
    total = 0
    while True:
        try:
            total += target.get()
        except queue.ShutDown:
            return total
        target.task_done()


def start_own_thread(target: Any, started: Any) -> None:
    """A thread of this interpreter that waits until the queue is shut down."""
    import threading

    def run() -> None:
        started.set()
        all_until_shut_down(target)

    threading.Thread(target=run).start()


def sum_async(target: Any) -> int:
    """The sum of all items, got in an event loop of this interpreter by several tasks."""
    import asyncio

    async def consume() -> int:
        total = 0
        while True:
            try:
                total += await target.aget()
            except queue.ShutDown:
                return total

    async def main() -> int:
        return sum(await asyncio.gather(*(consume() for _ in range(3))))

    return asyncio.run(main())


def put_async(target: Any, items: Any) -> None:
    """Put all from an event loop of this interpreter, several at once."""
    import asyncio

    async def main() -> None:
        await asyncio.gather(*(target.aput(item) for item in items))

    asyncio.run(main())
