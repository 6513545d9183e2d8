"""`Call`: one call as an executor makes it, by value, but on the calling thread."""

from __future__ import annotations

from .. import _core
from .future import Future

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._interpreter.interpreter import Interpreter

SHUT_DOWN = 1  # as WorkerPool.end() takes it
LOST = 2  # as WorkerPool.work() returns it: the interpreter could not be entered


class Call:
    """A task in a pool of one worker, which ends with it.

    Arguments are copied when it is made. What goes wrong with that is the call's exception.
    """

    def __init__(self, function: Any, arguments: Any) -> None:
        self._pool = _core.WorkerPool(1, Future)
        self._future = self._pool.pack(function, arguments, None)
        self._pool.submit(self._future)

    def run(self, interpreter: Interpreter) -> Any:
        """Make the call in an interpreter, and return its result; once."""
        if self._pool.needs_worker():  # else packing has failed
            self._pool.end(SHUT_DOWN)
            if self._pool.work(interpreter, -1) == LOST:
                interpreter.import_module("sys")  # says why it cannot be entered
        return self._future.result()

    def stop(self, exception: BaseException) -> None:
        """Raise an exception in the call; if it has not begun, it ends with CancelledError.

        Threads: any.
        """
        if not self._future.cancel():
            self._pool.interrupt(self._future, exception)
