"""Waits at a queue in an asyncio event loop, without a thread.

A put or get in any thread of any interpreter ends the wait, and wakes the loop's waker, a file
descriptor that the loop watches along with its sockets.
"""

from __future__ import annotations

import asyncio
from itertools import count
from weakref import WeakKeyDictionary, WeakValueDictionary

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Waker:
    """A loop's waker, and the futures of the waits that may wake it.

    It has no reference to the loop, and only weak ones to the futures, so that a loop can be freed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waker = _core.EventfdWaker()
        self.numbers = count()
        self.futures: WeakValueDictionary[int, asyncio.Future[None]] = WeakValueDictionary()
        loop.add_reader(self.waker.fileno(), self._on_wake)

    def _on_wake(self) -> None:
        for number in self.waker.take():
            future = self.futures.get(number)
            if future is not None and not future.done():
                future.set_result(None)


_wakers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Waker] = WeakKeyDictionary()


def _waker_of(loop: asyncio.AbstractEventLoop) -> _Waker:
    waker = _wakers.get(loop)
    if waker is None:
        waker = _wakers[loop] = _Waker(loop)
    return waker


async def get(queue: _core.QueueHandle) -> Any:
    """Wait for an item."""
    loop = asyncio.get_running_loop()
    waker = _waker_of(loop)
    number = next(waker.numbers)
    wait = _core.queue_begin_get(queue, waker.waker, number)
    return await _result(wait, waker, number, loop)


async def put(queue: _core.QueueHandle, item: Any) -> None:
    """Wait for room."""
    loop = asyncio.get_running_loop()
    waker = _waker_of(loop)
    number = next(waker.numbers)
    wait = _core.queue_begin_put(queue, item, waker.waker, number)
    await _result(wait, waker, number, loop)


async def _result(
    wait: _core.QueueWait, waker: _Waker, number: int, loop: asyncio.AbstractEventLoop
) -> Any:
    if not wait.is_ended:
        # Only this loop reads the waker, so a wake-up cannot be missed before the next await.
        future = loop.create_future()
        waker.futures[number] = future
        try:
            await future
        except BaseException:
            wait.cancel()
            raise
    return wait.finish()
