"""An interpreter that serves, with the thread that is in it, as the supervisor sees them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from itertools import count

from .. import _core
from .._interpreter.interpreter import Interpreter
from .._queue.queue import Queue
from .._transfer.errors import InterpreterClosedError
from .._transfer.values import copy
from .logs import logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ids = count(1)
_STEPS = (("end", 1.0), ("interrupt", 1.0), ("interrupt", 5.0))
"""What makes a worker end that has had its time, and seconds until the next step."""
KEEP_ALIVE = 5.0
"""uvicorn's default."""
CLEANUP = 5.0
"""Seconds that the application gets to shut down, once its requests have finished."""


class Worker:
    """An interpreter that serves.

    It puts `(event, id)` into a queue: "started" when it accepts, "ended" when it is over.

    Args:
        name: The interpreter's.
        target: "module:attribute".
        options: Arguments of `uvicorn.Config`.
        fileno: The listening socket.
        events: The queue.
        grace: Seconds that running requests get to finish.
    """

    def __init__(
        self,
        name: str,
        target: str,
        options: dict[str, Any],
        fileno: int,
        events: Queue[tuple[str, int]],
        grace: float,
    ) -> None:
        self.id = next(_ids)
        self.name = name
        self.error: BaseException | None = None
        self.started_at: float | None = None
        self.deadline: float | None = None  # when `press` is due
        self._grace = grace
        self._keep_alive = float(options.get("timeout_keep_alive", KEEP_ALIVE))
        self._steps = iter(_STEPS)
        self._events = events
        self._orders: Queue[str] = Queue()
        self._interpreter: Interpreter | None = None
        arguments = target, options, fileno
        threading.Thread(target=self._live, args=arguments, name=name, daemon=True).start()

    def _live(self, target: str, options: dict[str, Any], fileno: int) -> None:
        try:
            self._interpreter = Interpreter(self.name, forward_logging=False)
            arguments = target, copy(options), fileno, self._orders, self._events, self.id
            _core.invoke(self._interpreter, "atoll._serve.inside:serve", arguments, None)
        except BaseException as error:
            self.error = error.with_traceback(None)  # what happened inside is in its cause
        try:
            if self._interpreter is not None:
                self._interpreter.close(self._grace + CLEANUP)
        except TimeoutError as error:
            logger.warning("%s; it stays until the process ends", error)
        self._events.put(("ended", self.id))

    def order(self, order: str) -> None:
        """Tell the worker to "drain" or "stop"; it gets the time that is meant for that."""
        self._orders.put(order)
        patience = self._keep_alive if order == "drain" else 0.0
        self.deadline = time.monotonic() + patience + self._grace + CLEANUP

    def press(self) -> bool:
        """Make a worker end that has had its time; tell whether there is anything left to try."""
        step, seconds = next(self._steps, ("", 0.0))
        if not step:
            logger.error("%s does not end, and is left behind", self.name)
            self.deadline = None
            return False
        if step == "end":
            self._orders.put("end")
        elif self._interpreter is not None:
            with suppress(InterpreterClosedError):
                self._interpreter.interrupt(SystemExit)
        self.deadline = time.monotonic() + seconds
        return True
