"""`atoll.timeout`: limits how long calls into other interpreters may take."""

from __future__ import annotations

import time

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class timeout(_core.Deadline):  # named as asyncio.timeout is
    """Limit how long calls into other interpreters within a `with` block may take, together.

    It also limits what waits in atoll: `Future.result()`, `Queue.get()`, `Queue.join()`,
    `Thread.join()`, `shutdown()`, `Interpreter.close()`, `gc.collect()`, `prewarm(wait=True)`.

    When the time is over, the running call raises `TimeoutError` in the caller. If it waits to
    enter a busy interpreter, it stops waiting. If Python code runs there, `DeadlineExceeded` (a
    `BaseException`) is raised in that code, so that its `finally` blocks run, and reaches the
    caller as the `TimeoutError`. Both interpreters stay usable. Code of the block itself, between
    the calls, is not interrupted; the next call then raises at once.

    It is raised once: calls that the block makes while handling it are not limited. A callee that
    swallows `BaseException` goes on, and returns normally.

    What cannot be interrupted: a C function that does not return (`time.sleep`, `lock.acquire`, a
    long computation in an extension module), and a call that waits to enter an interpreter which
    such a function keeps busy. The error is raised when the function returns.

    Crosses: nothing. The limit holds for the calls of this thread, with nested calls and callbacks.
    The object may be used again after the block, and by one thread at a time.

    Args:
        seconds: 0 or more; None for no limit.

    Raises:
        ValueError: If the number is negative or not a number.
        RuntimeError: If it is running already.

    Threads: any.

    Source: cancel scopes (trio), `asyncio.timeout`.

    Example:
        >>> with atoll.timeout(0.1):
        ...     worker.call(train)
        TimeoutError: interpreter 'worker' has been running train() at model.py:41 for 0.1 s
        [docs: how-to/timeouts]
    """

    def __new__(cls, seconds: float | None) -> Self:
        return super().__new__(cls, float("inf") if seconds is None else seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


# ---- waits that are not the core's ----


def wait(step: Callable[[float | None], bool], timeout: float | None, what: str) -> None:
    """Wait, for so long at most, and for no longer than an `atoll.timeout` allows.

    Args:
        step: Waits for so many seconds; returns whether there is nothing to wait for any more.
        timeout: Seconds; None: without end.
        what: What the error says: "to wait for...".

    Raises:
        TimeoutError: If the time of an `atoll.timeout` is over.
    """
    while (limit := _core.wait_limit()) is not None and (timeout is None or limit < timeout):
        began = time.monotonic()
        if step(limit):
            return
        _core.check_wait(what)
        if timeout is not None:
            timeout -= time.monotonic() - began
    step(timeout)


def join(thread: threading.Thread, timeout: float | None = None) -> None:
    """Join a thread so, by the `join` of `threading.Thread`."""
    from threading import Thread

    def step(seconds: float | None) -> bool:
        Thread.join(thread, seconds)
        return not thread.is_alive()

    wait(step, timeout, f"to wait for thread {thread.name!r}")
