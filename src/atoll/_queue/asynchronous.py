"""Waiting at a queue in an asyncio event loop, without a thread.

A wait is decided by whoever puts or gets, in any thread of any interpreter; that rings the loop's
bell, a file descriptor which the loop watches along with its sockets.
"""

from __future__ import annotations

import asyncio
from itertools import count
from weakref import WeakKeyDictionary, WeakValueDictionary

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Bell:
    """A loop's bell, and the futures of the waits that may ring it.

    It refers to its loop nowhere, and the futures are their tasks': so that a loop can go.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bell = _core.Bell()
        self.numbers = count()
        self.futures: WeakValueDictionary[int, asyncio.Future[None]] = WeakValueDictionary()
        loop.add_reader(self.bell.fileno(), self._on_ring)

    def _on_ring(self) -> None:
        for number in self.bell.take():
            future = self.futures.get(number)
            if future is not None and not future.done():
                future.set_result(None)


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, _Bell] = WeakKeyDictionary()


def _bell_of(loop: asyncio.AbstractEventLoop) -> _Bell:
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = _Bell(loop)
    return bell


async def get(queue: _core.QueueHandle) -> Any:
    """Wait for an item."""
    loop = asyncio.get_running_loop()
    bell = _bell_of(loop)
    number = next(bell.numbers)
    wait = _core.queue_begin_get(queue, bell.bell, number)
    return await _result(wait, bell, number, loop)


async def put(queue: _core.QueueHandle, item: Any) -> None:
    """Wait for room."""
    loop = asyncio.get_running_loop()
    bell = _bell_of(loop)
    number = next(bell.numbers)
    wait = _core.queue_begin_put(queue, item, bell.bell, number)
    await _result(wait, bell, number, loop)


async def _result(
    wait: _core.QueueWait, bell: _Bell, number: int, loop: asyncio.AbstractEventLoop
) -> Any:
    if not wait.is_ended:
        # The bell is heard only by this loop, so not before the next await.
        future = loop.create_future()
        bell.futures[number] = future
        try:
            await future
        except BaseException:
            wait.cancel()
            raise
    return wait.finish()
