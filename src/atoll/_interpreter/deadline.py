"""`atoll.timeout`: a limit to how long calls into other interpreters may take."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class timeout(_core.Deadline):  # named as asyncio.timeout is
    """Limit how long the calls into other interpreters within a `with` block may take, together.

    When the time is over, the call that is under way raises `TimeoutError` in the caller, wherever
    it has got to. While it waits to get into a busy interpreter, it turns back. While Python code
    runs there, `DeadlineExceeded` (a `BaseException`) is raised in that code, so that its `finally`
    blocks run, and arrives as the `TimeoutError`. Both interpreters stay usable. Code of the block
    itself, between the calls, is not interrupted; the next call then raises at once.

    It is raised once: calls made while the block handles it are not limited any more. A callee that
    swallows `BaseException` goes on, and returns normally.

    What cannot be interrupted: a C function that does not return (`time.sleep`, `lock.acquire`, a
    long computation in an extension module), and who holds the interpreter meanwhile. The error is
    raised as soon as it returns.

    Crosses: nothing. The limit holds for the calls of this thread, nested ones and call-backs
    included. It may be used again once the block is left, and by one thread at a time.

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
