"""`Interpreter.acall`, and calls of async functions."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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


def run(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call an async function and run it to its end in a new event loop."""
    return asyncio.run(fn(*args, **kwargs))


def run_named(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Run an async function that is found by its import name."""
    from .._transfer.names import resolve

    return run(resolve(name), *args, **kwargs)


def run_by_value(dumped: Dumped, /, *args: Any, **kwargs: Any) -> Any:
    """Run an async function that came by value."""
    from .._transfer.remaking import load_function

    return run(load_function(*dumped), *args, **kwargs)
