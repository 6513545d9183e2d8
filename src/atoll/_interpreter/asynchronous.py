"""`Interpreter.acall`, and calls of async functions."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading

from .. import _core
from .._transfer.errors import DeadlineExceeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from .._transfer.pickles import Dumped


async def call_in_thread(
    interpreter: _core.Handle,
    call: Callable[..., Any],
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Await `call(fn, *args, **kwargs)`, the interpreter's method, on a thread of its own.

    The loop's default executor is not used: it has few threads, and calls that wait for a busy
    interpreter would keep them from resolving names and reading files.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.done():  # cancelled
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = context.run(call, fn, *args, **kwargs)
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)
        error = None  # break the cycle with its traceback

    thread = threading.Thread(target=work, name=f"acall into {interpreter.name}")
    thread.start()
    try:
        return await future
    except asyncio.CancelledError:
        # A call that still waits to enter goes on; its result is dropped.
        _core.interrupt(interpreter, asyncio.CancelledError(), thread.ident or 0)
        raise


class _Listener:
    """Lets what is to break off a call into an event loop that only waits.

    The loop is rung, and comes back to Python for a moment. What is raised then goes its way, but
    for what asyncio would only report: that ends the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.error: BaseException | None = None
        self._loop = loop
        self._waker = _core.EventfdWaker()
        loop.add_reader(self._waker.fileno(), self._look_up)
        loop.set_exception_handler(self._report)

    def __enter__(self) -> None:
        self._waker.listen(True)

    def __exit__(self, *exc_info: object) -> None:
        self._waker.listen(False)
        self._loop.set_exception_handler(None)  # no cycle
        error, self.error = self.error, None
        if error is not None:
            raise error

    def _look_up(self) -> None:
        try:
            self._waker.take()
        except BaseException as error:
            self._end(error)

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, (DeadlineExceeded, asyncio.CancelledError)):
            self._end(error)
        else:
            loop.default_exception_handler(context)

    def _end(self, error: BaseException) -> None:
        self.error = error
        self._loop.stop()


def run(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call an async function and run it to its end in a new event loop."""
    return run_coroutine(fn(*args, **kwargs))


def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run what an async function has returned to its end; also called by the core."""
    if asyncio._get_running_loop() is not None:
        return asyncio.run(coroutine)  # which refuses
    # What the inner `runner` does at its end, while it still listens, may be broken off too.
    with asyncio.Runner() as runner, _Listener(runner.get_loop()), runner:
        return runner.run(coroutine)


def run_named(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Run an async function that is found by its import name."""
    from .._transfer.names import resolve

    return run(resolve(name), *args, **kwargs)


def run_by_value(dumped: Dumped, /, *args: Any, **kwargs: Any) -> Any:
    """Run an async function that came by value."""
    from .._transfer.remaking import load_function

    return run(load_function(*dumped), *args, **kwargs)
