"""`Future`: what an executor returns; a `concurrent.futures.Future` whose state the core keeps."""

from __future__ import annotations

import concurrent.futures
import threading

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Base = concurrent.futures.Future[Any]
else:
    Base = concurrent.futures.Future


class Future(_core.Task, Base):  # type: ignore[override, misc, unused-ignore]
    """A Future whose state is kept by the core, without a lock of its own until it is observed.

    `wait()`, `as_completed()` and asyncio take the condition before they look; from then on the
    state they see changes under it, as they expect, when a worker has called `_settle`.
    """

    @property
    def _condition(self) -> threading.Condition:  # type: ignore[override]
        if "_lock" not in self.__dict__:
            self.__dict__.setdefault("_lock", threading.Condition())
        condition: threading.Condition = self.__dict__["_lock"]
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

    def _settle(self) -> None:
        """Tell those who wait, and run the callbacks."""
        condition: threading.Condition | None = self.__dict__.get("_lock")
        if condition is None:
            return
        with condition:
            self._mark_settled()
            for waiter in self._waiters:
                if self.cancelled():
                    waiter.add_cancelled(self)
                elif self._exception is not None:
                    waiter.add_exception(self)
                else:
                    waiter.add_result(self)
            condition.notify_all()
        self._invoke_callbacks()  # type: ignore[attr-defined]

    def cancel(self) -> bool:
        """Cancel the call if nobody has begun it; returns whether it is cancelled."""
        if self._withdraw():
            self._settle()
            return True
        return self.cancelled()

    def _refuse(self, *args: object) -> NoReturn:
        raise concurrent.futures.InvalidStateError("only its executor sets this future")

    set_running_or_notify_cancel = set_result = set_exception = _refuse  # type: ignore[assignment]
