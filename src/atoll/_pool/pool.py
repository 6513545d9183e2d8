"""`Pool`: the interface of `multiprocessing.Pool`, over interpreters."""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from collections.abc import Sized
from itertools import chain, islice
from operator import itemgetter

from .._executor.executor import InterpreterPoolExecutor
from .._interpreter import deadline
from .chunks import call_each, call_each_starred
from .results import AsyncResult, Results, UnorderedResults, failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Any, NoReturn, Self

INIT, RUN, CLOSE, TERMINATE = "INIT", "RUN", "CLOSE", "TERMINATE"  # as in multiprocessing.pool

_CHUNKS_PER_WORKER = 4  # of map(), as there


def _joined(chunks: list[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(chunks))


# ---- at exit ----

_executors: weakref.WeakSet[InterpreterPoolExecutor] = weakref.WeakSet()


def _terminate_all() -> None:
    """End pools as processes' do, which are daemons: what they run is not waited for."""
    for each in list(_executors):
        each.terminate_workers()


# Registered after the executors' own, so that it runs before that.
threading._register_atexit(_terminate_all)  # type: ignore[attr-defined]


class Pool:
    """A pool of interpreters with the interface of `multiprocessing.Pool`.

    Workers are threads of this process, each with an interpreter and a GIL of its own. They begin
    when calls need them. Functions may be lambdas and closures too.

    What crosses: as with `InterpreterPoolExecutor.submit`: arguments and results by value, Buffers,
    queues and Proxies as themselves.

    Callbacks run on the thread of the worker that has made the last call, as soon as it has.

    An interpreter that is lost (closed by others, no memory to enter it) is replaced by a new one;
    the call that it was to run raises an InterpreterClosedError or a MemoryError. If an initializer
    fails, no call can be made any more: they raise a BrokenInterpreterPool. After `terminate()`
    results raise a CancelledError or a BrokenInterpreterPool, for which processes have one wait.

    Args:
        processes: How many calls run at a time, at most; None: as many as this process has CPUs.
        initializer: Called in each new interpreter before any call.
        initargs: Its arguments.
        maxtasksperchild: After how many calls (of `map`: chunks of calls) a worker makes a new
            interpreter; None: never.

    Raises:
        ValueError: If processes or maxtasksperchild is not positive.
        TypeError: If the initializer cannot be called.

    Threads: any; also in other interpreters than the main one. A forked child cannot use it.

    Example:
        >>> with atoll.Pool(2) as pool:
        ...     pool.map(lambda n: n * n, range(4))
        [0, 1, 4, 9]
    """

    _state = INIT

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
    ) -> None:
        if processes is None:
            processes = os.process_cpu_count() or 1
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if maxtasksperchild is not None and (
            not isinstance(maxtasksperchild, int) or maxtasksperchild <= 0
        ):
            raise ValueError("maxtasksperchild must be a positive int or None")
        self._processes = processes
        self._executor = InterpreterPoolExecutor(
            processes, "PoolWorker", initializer, tuple(initargs)
        )
        self._executor._setup.limit = maxtasksperchild or -1
        self._executor._setup.is_replaced = True
        _executors.add(self._executor)
        self._lock = threading.Lock()
        self._feeders: set[threading.Thread] = set()  # of imap() calls that still read their items
        self._state = RUN

    # ---- calls ----

    def apply(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
    ) -> Any:
        """Call a function in an interpreter; return its result.

        What crosses: see the class. Threads: any. Raises: as `apply_async(...).get()`.
        """
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult:
        """Call a function in an interpreter, soon.

        What crosses: see the class; arguments are copied now. Threads: any.

        Args:
            func: The function.
            args: Its arguments.
            kwds: Its keyword arguments.
            callback: Called with the result.
            error_callback: Called with the exception.

        Raises:
            ValueError: If the pool was closed or terminated.
        """
        self._check_running()
        future = self._executor.submit(func, *args, **kwds)
        return AsyncResult([future], itemgetter(0), callback, error_callback)

    def map(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int | None = None
    ) -> list[Any]:
        """Call a function with each item; return the list of results.

        What crosses: see the class. Threads: any. Raises: as `map_async(...).get()`.
        """
        return self.map_async(func, iterable, chunksize).get()  # type: ignore[no-any-return]

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult:
        """Call a function with each item, soon.

        What crosses: see the class; the items are read and copied now. Threads: any.

        Args:
            func: The function.
            iterable: The items. What it raises becomes the exception of the result.
            chunksize: How many items a worker takes at a time; None: a quarter of its share.
            callback: Called with the list of results.
            error_callback: Called with the first exception, when all calls have ended.

        Raises:
            ValueError: If the pool was closed or terminated, or chunksize is less than 1.
        """
        return self._map(call_each, func, iterable, chunksize, callback, error_callback)

    def starmap(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
    ) -> list[Any]:
        """As `map`, but each item is the arguments of its call."""
        return self.starmap_async(func, iterable, chunksize).get()  # type: ignore[no-any-return]

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> AsyncResult:
        """As `map_async`, but each item is the arguments of its call."""
        return self._map(call_each_starred, func, iterable, chunksize, callback, error_callback)

    def imap(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int = 1
    ) -> Iterator[Any]:
        """Call a function with each item; return an iterator over the results in order.

        With a chunksize of 1 the iterator also has `next(timeout)`.

        What crosses: see the class; the items are read at once: by this thread if there is a
        length, else by one of their own. Threads: any.

        Args:
            func: The function.
            iterable: The items. What it raises becomes the last result.
            chunksize: How many items a worker takes at a time.

        Raises:
            ValueError: If the pool was closed or terminated, or chunksize is less than 1.
        """
        return self._imap(Results(), func, iterable, chunksize)

    def imap_unordered(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int = 1
    ) -> Iterator[Any]:
        """As `imap`, but results come as soon as they are there."""
        return self._imap(UnorderedResults(), func, iterable, chunksize)

    # ---- what calls are made of ----

    def _check_running(self) -> None:
        if self._state != RUN:
            raise ValueError("Pool not running")

    def _check(self, chunksize: int) -> None:
        self._check_running()
        if chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize!r}")

    def _map(
        self,
        caller: Callable[..., list[Any]],
        func: Callable[..., Any],
        iterable: Iterable[Any],
        chunksize: int | None,
        callback: Callable[[list[Any]], object] | None,
        error_callback: Callable[[BaseException], object] | None,
    ) -> AsyncResult:
        self._check(1 if chunksize is None else chunksize)
        items = iterable if isinstance(iterable, Sized) else list(iterable)
        if chunksize is None:
            chunksize = -(-len(items) // (_CHUNKS_PER_WORKER * self._processes)) or 1
        futures: list[Future[Any]] = []
        calls = ((caller, func, chunk) for chunk in _chunks(items, chunksize))
        self._submit_each(calls, futures.append)
        return AsyncResult(futures, _joined, callback, error_callback)

    def _imap(
        self, results: Results, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int
    ) -> Iterator[Any]:
        self._check(chunksize)
        calls: Iterator[tuple[Any, ...]]
        if chunksize == 1:
            calls = ((func, each) for each in _each(iterable))
        else:
            calls = ((call_each, func, chunk) for chunk in _chunks(iterable, chunksize))
        if isinstance(iterable, Sized):
            self._submit_each(calls, results.add)
            results.end()
        else:
            feeder = threading.Thread(
                target=self._feed, args=(calls, results), name="PoolFeeder", daemon=True
            )
            with self._lock:
                self._feeders.add(feeder)
            feeder.start()
        return results if chunksize == 1 else chain.from_iterable(results)

    def _submit_each(
        self, calls: Iterator[tuple[Any, ...]], take: Callable[[Future[Any]], object]
    ) -> None:
        """Submit calls; what the iterator raises is taken as the result of a last one."""
        try:
            for each in calls:
                take(self._executor.submit(*each))
        except Exception as error:
            take(failed(error))

    def _feed(self, calls: Iterator[tuple[Any, ...]], results: Results) -> None:
        try:
            self._submit_each(calls, results.add)
        finally:
            results.end()
            with self._lock:
                self._feeders.discard(threading.current_thread())
                self._shut_down_if_fed()

    # ---- the end ----

    def close(self) -> None:
        """Take no more calls; the workers end when all are done.

        Crosses: nothing. Threads: any.
        """
        with self._lock:
            if self._state == RUN:
                self._state = CLOSE
                self._shut_down_if_fed()

    def _shut_down_if_fed(self) -> None:
        if self._state == CLOSE and not self._feeders:
            self._executor.shutdown(wait=False)

    def terminate(self) -> None:
        """Stop the calls that run and drop those that wait, without waiting for the workers.

        Calls get a SystemExit, so that their `finally` blocks run. `join()` waits for those that
        catch it, but not, after two seconds, for one that is in a C function (`time.sleep`): a
        RuntimeWarning names it. Leaving a `with` statement does this; so does the end of the
        process.

        Crosses: the SystemExit. Threads: any.
        """
        self._state = TERMINATE
        self._executor.terminate_workers()

    def join(self) -> None:
        """Wait until the workers have ended.

        Raises:
            ValueError: If neither `close()` nor `terminate()` was called.

        Crosses: nothing. Threads: any but the pool's own.
        """
        if self._state == RUN:
            raise ValueError("Pool is still running")
        if self._state == CLOSE:
            for each in list(self._feeders):
                deadline.join(each)
        self._executor.shutdown()

    def __enter__(self) -> Self:
        self._check_running()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.terminate()

    def __del__(self, _warn: Callable[..., None] = warnings.warn) -> None:
        if self._state == RUN:
            _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)

    def __reduce__(self) -> NoReturn:
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")

    def __repr__(self) -> str:
        return f"<atoll.Pool state={self._state} pool_size={self._processes}>"


def _each(iterable: Iterable[Any]) -> Iterator[Any]:
    """Iterate; only when asked for the first item, so that the feeder gets what iter() raises."""
    yield from iterable


def _chunks(iterable: Iterable[Any], size: int) -> Iterator[tuple[Any, ...]]:
    iterator = iter(iterable)
    while chunk := tuple(islice(iterator, size)):
        yield chunk
