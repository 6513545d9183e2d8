"""The results of a Pool's calls: `AsyncResult`, and the iterators of `imap`."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import CancelledError, Future
from itertools import count
from multiprocessing.context import TimeoutError as PoolTimeoutError

from .._interpreter import deadline as deadlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Self


def _error_of(future: Future[Any], timeout: float | None = None) -> BaseException | None:
    """Wait for a future; return its exception: CancelledError if the pool was terminated."""
    try:
        return future.exception(timeout)
    except CancelledError as error:
        return error


def failed(error: BaseException) -> Future[Any]:
    """Return the future of a call that cannot be made."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


class AsyncResult:
    """The result of `apply_async`; of `map_async` and `starmap_async` a list.

    Crosses: nothing. Threads: any.

    Example:
        >>> result = pool.apply_async(pow, (2, 10))
        >>> result.get(timeout=10)
        1024
    """

    def __init__(
        self,
        futures: Sequence[Future[Any]],
        join: Callable[[list[Any]], Any],
        callback: Callable[[Any], object] | None,
        error_callback: Callable[[BaseException], object] | None,
    ) -> None:
        self._futures = futures
        self._join = join  # the value, made of the values of the futures
        self._outcome: tuple[Any, BaseException | None] | None = None
        self._callbacks = callback, error_callback
        self._told: threading.Event | None = None  # the callbacks have run
        if futures and (callback or error_callback):
            self._told = threading.Event()
            self._count_down = count(1 - len(futures)).__next__
            for each in futures:
                each.add_done_callback(self._hear)

    def _hear(self, future: Future[Any]) -> None:
        """Run the callbacks after the last call; called on the worker's thread."""
        if self._count_down() < 0:
            return
        callback, error_callback = self._callbacks
        try:
            value, error = self._finish()
            if error is None:
                if callback:
                    callback(value)
            elif error_callback:
                error_callback(error)
        finally:
            assert self._told is not None
            self._told.set()

    def _finish(self) -> tuple[Any, BaseException | None]:
        """Return the value, or the first exception; all calls have ended."""
        futures = self._futures  # before: another thread may finish, and drop them
        if self._outcome is None:
            error = next(filter(None, map(_error_of, futures)), None)
            value = None if error else self._join([each.result() for each in futures])
            self._outcome = value, error
            self._futures = ()
        return self._outcome

    def ready(self) -> bool:
        """Tell whether the call has ended, and the callback too."""
        if self._told is not None:
            return self._told.is_set()
        return all(each.done() for each in self._futures)

    def successful(self) -> bool:
        """Tell whether the call has raised no exception.

        Raises:
            ValueError: If it has not ended.
        """
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._finish()[1] is None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the call has ended, and the callback too; for so many seconds at most."""
        if self._told is not None:
            deadlines.wait(self._told.wait, timeout, "to wait for the result of a call")
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        for each in self._futures:
            try:
                _error_of(each, _left(deadline))
            except TimeoutError:
                return

    def get(self, timeout: float | None = None) -> Any:
        """Wait as `wait()` does, and return the result.

        Raises:
            multiprocessing.TimeoutError: If the call has not ended by then.
            Exception: What the call has raised; of many calls, the first one in order.
            concurrent.futures.CancelledError: If the pool was terminated before the call began.
            BrokenInterpreterPool: If it was terminated during the call.
        """
        self.wait(timeout)
        if not self.ready():
            raise PoolTimeoutError
        value, error = self._finish()
        try:
            if error is not None:
                raise error
        finally:
            error = None  # break the cycle with its traceback
        return value


# ---- imap ----


class Results:
    """An iterator over results, in the order of the items; others feed it meanwhile.

    Crosses: nothing. Threads: any.
    """

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Future[Any] | None] = queue.SimpleQueue()  # None: the end
        self._lock = threading.Lock()
        self._head: Future[Any] | None = None
        self._is_over = False

    def add(self, future: Future[Any]) -> None:
        """Take the next call; for the feeder, as the others."""
        self._items.put(future)

    def end(self) -> None:
        """Take no more."""
        self._items.put(None)

    def __iter__(self) -> Self:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """Return the next result; wait so many seconds for it at most.

        Raises:
            multiprocessing.TimeoutError: If it is not there by then.
            StopIteration: If there are no more.
            Exception: What the call has raised, or the iterable.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            try:
                future = self._take(deadline)
            except TimeoutError:
                raise PoolTimeoutError from None
        if future is None:
            raise StopIteration
        return future.result()

    __next__ = next

    def _take(self, deadline: float | None) -> Future[Any] | None:
        """Return the next call, which has ended; None: there are no more."""
        if self._head is None and not self._is_over:
            self._head = self._get(deadline)
            self._is_over = self._head is None
        future = self._head
        if future is not None:
            _error_of(future, _left(deadline))
            self._head = None
        return future

    def _get(self, deadline: float | None) -> Future[Any] | None:
        got: list[Future[Any] | None] = []

        def step(seconds: float | None) -> bool:
            with contextlib.suppress(queue.Empty):
                got.append(self._items.get(timeout=seconds))
            return bool(got)

        deadlines.wait(step, _left(deadline), "to wait for the result of a call")
        if not got:
            raise TimeoutError
        return got[0]


class UnorderedResults(Results):
    """An iterator over results, in the order in which they come."""

    def __init__(self) -> None:
        super().__init__()
        self._added = self._taken = 0

    def add(self, future: Future[Any]) -> None:
        self._added += 1
        future.add_done_callback(self._items.put)

    def _take(self, deadline: float | None) -> Future[Any] | None:
        while not (self._is_over and self._taken == self._added):
            future = self._get(deadline)
            if future is not None:
                self._taken += 1
                return future
            self._is_over = True
        return None


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
