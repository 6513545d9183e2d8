"""What waits at a queue and gives up: the order, the limit and every item are kept."""

from __future__ import annotations

import asyncio
import queue
import signal
from typing import Any

import pytest
from children import times
from hypothesis import given, settings
from hypothesis import strategies as st

import atoll
from atoll import _core

CLASSES: list[type[atoll.Queue[Any]]] = [atoll.Queue, atoll.LifoQueue, atoll.PriorityQueue]
by_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


class Model:
    """The queue, in plain Python: items are handed over, and come back to their places."""

    def __init__(self, cls: type[atoll.Queue[Any]], maxsize: int) -> None:
        self.cls, self.maxsize = cls, maxsize
        self.items: list[tuple[int, int]] = []  # (arrival, value)
        self.arrivals = 0
        self.getters: list[int] = []
        self.putters: list[tuple[int, int]] = []  # (wait, value)
        self.held: dict[int, tuple[int, int]] = {}
        self.let_in: dict[int, tuple[int, int]] = {}

    def place(self, item: tuple[int, int]) -> Any:
        if self.cls is atoll.Queue:
            return item[0]
        return -item[0] if self.cls is atoll.LifoQueue else (item[1], item[0])

    def pop(self) -> tuple[int, int]:
        first = min(self.items, key=self.place)
        self.items.remove(first)
        return first

    def insert(self, value: int) -> tuple[int, int]:
        self.arrivals += 1
        self.items.append((self.arrivals, value))
        return self.items[-1]

    def is_full(self) -> bool:
        return 0 < self.maxsize <= len(self.items) + len(self.held)

    def settle(self) -> None:
        while True:
            if self.getters and self.items:
                self.held[self.getters.pop(0)] = self.pop()
            elif self.putters and not self.is_full():
                wait, value = self.putters.pop(0)
                self.let_in[wait] = self.insert(value)
            else:
                return

    def cancel(self, wait: int) -> None:
        self.getters = [each for each in self.getters if each != wait]
        self.putters = [each for each in self.putters if each[0] != wait]
        if wait in self.held:
            self.items.append(self.held.pop(wait))
        item = self.let_in.pop(wait, None)
        if item in self.items:
            self.items.remove(item)
        self.settle()


@by_class
@given(
    maxsize=st.integers(0, 3),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["aget", "aput", "get", "put", "finish", "cancel", "cancel"]),
            st.integers(0, 50),
        ),
        max_size=40,
    ),
)
@settings(max_examples=times(100), deadline=None)
def test_model(cls: type[atoll.Queue[Any]], maxsize: int, steps: list[tuple[str, int]]) -> None:
    """Whatever waits, is decided, taken and cancelled in whatever order: as the model says."""
    q, waker, model = cls(maxsize), _core.EventfdWaker(), Model(cls, maxsize)
    waits: dict[int, _core.QueueWait] = {}
    getting: set[int] = set()
    for number, (what, choice) in enumerate(steps):
        if what == "aget":
            waits[number] = _core.queue_begin_get(q, waker, number)
            getting.add(number)
            model.getters.append(number)
            model.settle()
        elif what == "aput":
            waits[number] = _core.queue_begin_put(q, choice, waker, number)
            model.putters.append((number, choice))
            model.settle()
        elif what == "get":
            if model.items:
                assert q.get_nowait() == model.pop()[1]
                model.settle()
            else:
                with pytest.raises(queue.Empty):
                    q.get_nowait()
        elif what == "put":
            if model.is_full():
                with pytest.raises(queue.Full):
                    q.put_nowait(choice)
            else:
                q.put_nowait(choice)
                model.insert(choice)
                model.settle()
        elif waits:
            wait = sorted(waits)[choice % len(waits)]
            if what == "cancel":
                waits.pop(wait).cancel()
                model.cancel(wait)
            elif wait in model.held:
                assert waits.pop(wait).finish() == model.held.pop(wait)[1]
                model.settle()
            elif wait in model.let_in:
                waits.pop(wait).finish()
                del model.let_in[wait]
        assert q.qsize() == len(model.items)
        assert q.full() == model.is_full()
        assert not 0 < maxsize < q.qsize()
        for wait, each in waits.items():
            assert each.is_ended == (wait in model.held or wait in model.let_in)
    for wait, each in waits.items():
        each.cancel()
        model.cancel(wait)
    assert [q.get_nowait() for _ in range(q.qsize())] == [
        model.pop()[1] for _ in range(len(model.items))
    ]
    assert not model.items


@by_class
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_order_of_cancelled_gets(cls: type[atoll.Queue[Any]], order: tuple[int, ...]) -> None:
    """Items of cancelled agets are in their order again, in whatever order these give up."""

    async def main() -> list[int]:
        q = cls()
        tasks = [asyncio.create_task(q.aget()) for _ in range(3)]
        await asyncio.sleep(0)
        for number in range(5):
            q.put(number)
        for each in order:
            tasks[each].cancel()
            await asyncio.sleep(0)
        return [q.get() for _ in range(5)]

    expected = [0, 1, 2, 3, 4]
    assert asyncio.run(main()) == (expected[::-1] if cls is atoll.LifoQueue else expected)


@by_class
def test_room_for_what_may_come_back(cls: type[atoll.Queue[Any]]) -> None:
    """An item that an aget was handed takes up room until it is taken, as in asyncio.Queue."""

    async def main() -> None:
        q = cls(1)
        getting = asyncio.create_task(q.aget())
        await asyncio.sleep(0)
        q.put(1)
        assert (q.empty(), q.full()) == (True, True)
        with pytest.raises(queue.Full):
            q.put_nowait(2)
        putting = asyncio.create_task(q.aput(3))
        getting.cancel()
        await asyncio.sleep(0)
        assert (q.qsize(), q.full(), putting.done()) == (1, True, False)
        assert q.get() == 1
        await putting
        assert q.get() == 3

    asyncio.run(main())


@by_class
def test_interrupted_get(cls: type[atoll.Queue[Any]]) -> None:
    """A get that a signal handler breaks off, after it was handed an item, gives it back."""
    q = cls(2)

    def handle(*unused: Any) -> None:
        q.put(1)  # to the one who waits, which is this thread
        q.put(2)
        with pytest.raises(queue.Full):
            q.put_nowait(3)
        raise KeyError

    before = signal.signal(signal.SIGALRM, handle)
    try:
        with pytest.raises(KeyError):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            q.get()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert (q.qsize(), q.full()) == (2, True)
    first = 2 if cls is atoll.LifoQueue else 1
    assert (q.get(), q.get()) == (first, 3 - first)


def test_cancelled_puts_keep_their_order() -> None:
    """Of aputs that wait, and are cancelled in any state, the others put in their order."""

    async def main() -> None:
        q = atoll.Queue(1)
        q.put(0)
        tasks = [asyncio.create_task(q.aput(number)) for number in range(1, 6)]
        await asyncio.sleep(0)
        tasks[1].cancel()  # it waits
        assert q.get() == 0
        tasks[0].cancel()  # it has been let in
        await asyncio.sleep(0)
        assert [q.get() for _ in range(3)] == [3, 4, 5]
        assert (q.qsize(), q.unfinished_tasks) == (0, 4)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [each.cancelled() for each in tasks] == [True, True, False, False, False]

    asyncio.run(main())
