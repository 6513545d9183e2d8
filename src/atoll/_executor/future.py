"""`Future`: the result of `submit()`; a `concurrent.futures.Future` whose state the core keeps."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from concurrent.futures._base import LOGGER
from functools import partial

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Base = concurrent.futures.Future[Any]
else:
    Base = concurrent.futures.Future


# In a forked child a thread that is not here may hold the condition that there is.
_forks = bytearray()
os.register_at_fork(after_in_child=partial(_forks.append, 0))  # a function in C


class Future(_core.Task, Base):  # type: ignore[override, misc, unused-ignore]
    """A Future whose state is kept by the core, without a lock of its own until it is observed.

    `wait()`, `as_completed()` and callbacks take the condition before they read the state. From
    then on the state changes only under the condition, as they expect: in `cancel`, and in
    `_settle`, which a worker calls.
    """

    @property
    def _condition(self) -> threading.Condition:  # type: ignore[override]
        name = f"_condition_{len(_forks)}"
        if name not in self.__dict__:
            self.__dict__.setdefault(name, threading.Condition())
        condition: threading.Condition = self.__dict__[name]
        self._observe()
        return condition

    @property
    def _waiters(self) -> list[Any]:  # type: ignore[override]
        waiters: list[Any] = self.__dict__.setdefault("_waiting", [])
        return waiters

    @property
    def _done_callbacks(self) -> list[Callable[[concurrent.futures.Future[Any]], object]]:
        callbacks: list[Any] = self.__dict__.setdefault("_callbacks", [])
        return callbacks

    def _tell(self, how: str) -> None:
        for waiter in self._waiters:
            getattr(waiter, how)(self)
        self._condition.notify_all()

    def _settle(self) -> None:
        """Notify waiters and run callbacks; called at home by the worker that ran the call."""
        try:
            has_failed = self._unpack()  # runs user code: not under the condition
            with self._condition:
                self._mark_done()
                self._tell("add_exception" if has_failed else "add_result")
            self._invoke_callbacks()  # type: ignore[attr-defined]
        except BaseException:
            LOGGER.critical("Exception in worker", exc_info=True)

    def _drop(self, withdraw: Callable[[], bool], how: str) -> bool:
        """Settle a call that has not begun; return whether that is so."""
        with self._condition:
            if not withdraw():
                return False
            self._tell(how)
        self._invoke_callbacks()  # type: ignore[attr-defined]
        return True

    def cancel(self) -> bool:
        """Cancel the call if it has not begun; return whether it is cancelled."""
        return self._drop(self._withdraw, "add_cancelled") or self.cancelled()

    def fail(self) -> bool:
        """Settle a call that has not begun as one that will never run; for its executor."""
        return self._drop(self._break, "add_exception")

    def _refuse(self, *args: object) -> NoReturn:
        raise concurrent.futures.InvalidStateError("only its executor sets this future")

    set_running_or_notify_cancel = set_result = set_exception = _refuse  # type: ignore[assignment]
