"""`InterpreterPoolExecutor`: tasks by value, in interpreters of their own."""

from __future__ import annotations

import concurrent.futures
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from .. import _core
from .._forwarding import warning_filters
from .._interpreter import recursion, signals, standby
from .._interpreter.interpreter import made_exception
from .._transfer.names import name_of
from . import workers
from .call import SHUT_DOWN
from .future import Future

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ParamSpec, TypeVar, cast

    from .._interpreter.interpreter import Interpreter

    P = ParamSpec("P")
    T = TypeVar("T")
else:
    from .._typing import cast

try:
    from concurrent.futures.interpreter import (  # type: ignore[import-not-found, unused-ignore]
        BrokenInterpreterPool,
    )
except ImportError:  # 3.13
    from concurrent.futures.thread import BrokenThreadPool

    class BrokenInterpreterPool(BrokenThreadPool):  # type: ignore[no-redef]
        """An initializer has failed, or a worker's interpreter was closed."""


_CHUNKS_PER_WORKER = 8  # for balance: the last chunk delays the end by an eighth at most
_numbers = count()


def broken_error() -> BrokenInterpreterPool:
    """Make the error of tasks that never run; called by the core."""
    return BrokenInterpreterPool(
        "an initializer or an import failed, an interpreter was closed or the workers were "
        "terminated: the pool is not usable any more [docs: how-to/executor]"
    )


# ---- functions ----


class _Functions:
    """Packs functions for the core: by name, or pickled."""

    def __init__(self) -> None:
        # The latest function that went by name, its module's namespace, its name there, its full
        # name.
        self._latest: tuple[object, dict[str, Any], str, str] = (None, {}, "", "")

    def pack(self, fn: object, args: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return what `WorkerPool.pack` takes: function and arguments; or None and an exception."""
        latest, namespace, qualname, name = self._latest
        if fn is latest and namespace.get(qualname) is fn:
            return name, args
        if _core.is_reference(fn):
            return "atoll._interpreter.running:call_object", (fn, *args)
        found = name_of(fn)
        if found is not None:
            self._remember(fn, found)
            return found, args
        from .._interpreter.contexts import unfolded
        from .tasks import dump_by_value

        before = _core.disturbances()
        try:
            fn, args = unfolded(fn, args)
            dumped = dump_by_value(fn)
        except Exception as error:
            if _core.disturbances() != before:  # this thread was interrupted
                raise
            return None, error
        data, *beside = dumped
        return ("atoll._executor.tasks:call", (dumped, *args)) if any(beside) else (data, args)

    def _remember(self, fn: object, name: str) -> None:
        module, _, qualname = name.partition(":")
        if "." not in qualname:
            self._latest = fn, vars(sys.modules[module]), qualname, name


# ---- map ----


def _failing(items: Iterator[Any], error: BaseException) -> Iterator[Any]:
    """Raise at the first item, as if its call had failed; yield nothing."""
    for _ in items:
        raise error
    yield from ()


def _take(tasks: deque[_core.Task], deadline: float | None) -> Any:
    """Return the first task's result; cancel the task if that comes too late."""
    try:
        return tasks[0].result(None if deadline is None else deadline - time.monotonic())
    finally:
        tasks.popleft()._withdraw()


def _take_chunk(
    tasks: deque[_core.Task], deadline: float | None
) -> tuple[list[Any], BaseException | None]:
    """Return the first task's results in reverse order, and the exception that stopped it."""
    error = tasks[0].exception(None if deadline is None else deadline - time.monotonic())
    results = list(tasks.popleft().result() or ())
    results.reverse()
    return results, error


def _results(
    tasks: deque[_core.Task],
    refill: Callable[[], list[_core.Task]] | None,
    deadline: float | None,
    is_chunked: bool,
) -> Iterator[Any]:
    """Yield the results in order without keeping them; at the end cancel tasks that are left."""
    error = None
    try:
        while tasks and error is None:
            if refill is not None:
                tasks.extend(refill())
            if not is_chunked:
                yield _take(tasks, deadline)
                continue
            results, error = _take_chunk(tasks, deadline)
            take = results.pop
            for _ in range(len(results)):
                yield take()
        if error is not None:
            raise error
    finally:
        error = None  # break the cycle with its traceback
        for task in tasks:
            task._withdraw()


class InterpreterPoolExecutor(ThreadPoolExecutor):
    """Runs calls in a pool of interpreters, each with its own GIL: threads that run in parallel.

    A drop-in for the class of that name in `concurrent.futures` (3.14), and nearly one for
    `ProcessPoolExecutor`. Functions may be lambdas, closures and those of `__main__`; async ones
    run to their end, as by `Interpreter.call`. It is a `ThreadPoolExecutor`, as the standard
    library's, so that `loop.set_default_executor()` takes it.

    What crosses: arguments and results by value (copied or pickled), functions by import name or
    pickled. A Proxy stays a reference wherever it is, and so does what `atoll.ref` marks; a Buffer,
    a queue and an interpreter stay the same object. A NumPy array that lies in a Buffer is handed
    on uncopied and read-only. Exceptions arrive as from `Interpreter.call`, with their arguments by
    value.

    A worker is an interpreter and a thread, made when first needed. Callbacks run on the thread of
    the worker that has run the call; it runs no other call meanwhile.

    Args:
        max_workers: How many calls run at a time, at most; None: 4 more than CPUs, 32 at most.
        thread_name_prefix: What the names of threads and interpreters begin with.
        initializer: Called in each new interpreter before any call.
        initargs: Its arguments.
        imports: Full names of modules that each new interpreter imports before anything else. The
            first worker then begins at once. If an import fails there, the pool is broken.

    Raises:
        ValueError: If max_workers is not positive.
        TypeError: If the initializer cannot be called, or imports is not an iterable of str.
        ModuleNotFoundError: If there is no such module, or no such package, here.

    Threads: any; also in other interpreters than the main one. A forked child cannot use it.

    Example:
        >>> with atoll.InterpreterPoolExecutor() as pool:
        ...     list(pool.map(lambda n: n * n, range(4)))
        [0, 1, 4, 9]
    """

    def __init__(  # of the base it has the type, but none of its state
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        imports: Iterable[str] = (),
    ) -> None:
        if max_workers is None:
            max_workers = min(32, (os.process_cpu_count() or 1) + 4)
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        names = standby.checked_names(imports)
        signals.install()  # submit() and result() must know what interrupts them
        warning_filters.watch()  # on this thread, whose filters may be its own
        self._max_workers = max_workers
        self._functions = _Functions()
        self._setup = workers.Setup(
            names,
            None if initializer is None else self._functions.pack(initializer, tuple(initargs)),
        )
        self._name = thread_name_prefix or f"InterpreterPoolExecutor-{next(_numbers)}"
        self._threads: Any = set()  # of Workers; the base has Threads in it
        self._lock = threading.RLock()  # queueing a call and starting its worker are one step
        self._worker_pool = pool = _core.WorkerPool(
            max_workers, Future, str(self._name).encode(errors="replace").replace(b"\0", b"?")
        )
        shut_down = SHUT_DOWN  # at the interpreter's end that module may be gone first
        self._reference = weakref.ref(self, lambda _: pool.end(shut_down))
        if names and recursion.may_work_ahead() and pool.expect_one():
            self._start_worker()

    @property
    def _broken(self) -> bool:  # type: ignore[override]
        return self._worker_pool.phase == workers.BROKEN

    @property
    def _shutdown(self) -> bool:  # type: ignore[override]
        return self._worker_pool.phase != 0

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> concurrent.futures.Future[T]:
        """Call a function in an interpreter of the pool, soon.

        What crosses: see the class. Arguments are copied now.

        Args:
            fn: The function.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            A Future. If something cannot be pickled, that is its exception.

        Raises:
            RuntimeError: If the pool is shut down, the process ends or threads are greenlets.
            BrokenInterpreterPool: If an initializer or an import has failed.

        Threads: any.

        Example:
            >>> pool.submit(pow, 2, 10).result()
            1024
        """
        function, packed = self._functions.pack(fn, args)
        future = self._worker_pool.pack(function, packed, kwargs)  # runs user code
        with self._lock:
            self._worker_pool.submit(future)
            if self._worker_pool.needs_worker():
                self._start_worker(future)
        return cast("concurrent.futures.Future[T]", future)

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """Call a function with each item of the iterables; return its results in order.

        What crosses: as with `submit`; a function that goes by value is pickled once, and made once
        in each interpreter.

        Args:
            fn: The function; takes as many arguments as there are iterables.
            *iterables: Read at once, or as far as buffersize says.
            timeout: Seconds from now within which all results must be there.
            chunksize: How many items make one task, in which they run one after another. None (in
                the standard library: 1) chooses it by the length of the iterables, if they have
                one: 1 for few items, more for many. Pass 1 if calls wait for each other.
            buffersize: How many tasks may be ahead of the results; None: all.

        Returns:
            An iterator. Closing it cancels calls that have not begun.

        Raises:
            TimeoutError: By the iterator, if a result comes too late.
            Exception: By the iterator, what a call raises.
            ValueError: If chunksize or buffersize is less than 1.
            TypeError: If buffersize is not an integer.
            RuntimeError: If the pool is shut down.

        Threads: any.

        Example:
            >>> list(pool.map(pow, [2, 3], [10, 3]))
            [1024, 27]
        """
        if chunksize is not None and chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        deadline = None if timeout is None else timeout + time.monotonic()
        if chunksize is None:
            chunksize = 1 if buffersize else self._choose_chunksize(iterables)
        function, prefix = self._functions.pack(fn, ())
        items: Iterator[tuple[Any, ...]] = zip(*iterables, strict=False)
        if function is None:
            return _failing(items, prefix)
        if prefix:
            items = map(prefix.__add__, items)
        return self._map(function, items, deadline, chunksize, buffersize)

    def _map(
        self,
        function: str | bytes,
        items: Iterator[tuple[Any, ...]],
        deadline: float | None,
        chunksize: int,
        buffersize: int | None,
    ) -> Iterator[Any]:
        tasks = deque(self._submit_each(function, items, buffersize or -1, chunksize))
        reference = self._reference

        def refill() -> list[_core.Task]:
            executor = reference()
            return executor._submit_each(function, items, 1, chunksize) if executor else []

        return _results(tasks, refill if buffersize else None, deadline, chunksize > 1)

    def _submit_each(
        self, function: str | bytes, items: Iterator[tuple[Any, ...]], limit: int, chunksize: int
    ) -> list[_core.Task]:
        if limit != 1:
            # The first call starts a worker; while it starts, the others are queued.
            first = self._submit_each(function, items, 1, chunksize)
            if not first:
                return first
        else:
            first = []
        tasks = first + self._worker_pool.submit_each(
            function, items, limit - len(first), chunksize
        )
        with self._lock:
            while self._worker_pool.needs_worker():
                self._start_worker(*tasks)
        return tasks

    def _choose_chunksize(self, iterables: tuple[Iterable[Any], ...]) -> int:
        try:
            length = min(map(len, iterables), default=0)  # type: ignore[arg-type]
        except Exception:  # user code: an iterable without a length, or with one that is too large
            return 1
        return max(1, length // (_CHUNKS_PER_WORKER * self._max_workers))

    def _start_worker(self, *waiting: _core.Task) -> None:
        try:
            workers.start(
                self._threads,
                f"{self._name}_{len(self._threads)}",
                self._worker_pool,
                self._reference,
                self._setup,
            )
        except BaseException:
            for task in waiting:
                task._withdraw()
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the pool once its calls are done; it takes no new ones.

        Args:
            wait: Return when the workers have ended.
            cancel_futures: Cancel the calls that have not begun.

        Crosses: nothing. Threads: any but the pool's own. In a forked child it does nothing.
        """
        if self._worker_pool.is_forgotten:  # threads of the parent may have held its locks
            return
        with self._lock:
            self._worker_pool.end(SHUT_DOWN)
            threads = list(self._threads)
        if cancel_futures:
            while (future := self._worker_pool.drop_pending(False)) is not None:
                future.cancel()
        if wait:
            workers.join(threads)
        elif cancel_futures:
            workers.expect_soon(threads)

    # ---- what is running ----

    def interpreter_of(self, future: concurrent.futures.Future[Any]) -> Interpreter | None:
        """Return the interpreter of the worker that runs a call; None: no worker runs it.

        Crosses: nothing. Threads: any.

        Args:
            future: What `submit` has returned.

        Raises:
            TypeError: If it is no future of an executor of atoll's.
        """
        return self._worker_pool.host_of(cast("Future", future))

    def interrupt(
        self,
        future: concurrent.futures.Future[Any],
        exception: BaseException | type[BaseException] = KeyboardInterrupt,
    ) -> bool:
        """Raise an exception in a running call, between two bytecodes.

        As `Interpreter.interrupt`, for this call only. What does not catch it becomes the future's
        exception.

        What crosses: the exception, as those that are raised do. Threads: any.

        Args:
            future: What `submit` has returned.
            exception: An exception, or a class of exceptions that can be made without arguments.

        Returns:
            True if the call runs, and gets it unless it ends first; else False, and nothing
            happens.

        Raises:
            TypeError: If these are no future of an executor of atoll's, and no exception.

        Example:
            >>> future.cancel() or pool.interrupt(future)
            True
        """
        return self._worker_pool.interrupt(cast("Future", future), made_exception(exception))

    def terminate_workers(self) -> None:
        """Stop the calls that run, and shut down without waiting.

        As `ProcessPoolExecutor.terminate_workers` of 3.14. Calls that run get a SystemExit, so that
        their `finally` blocks run; their futures have failed with a BrokenInterpreterPool when this
        returns. Calls that have not begun are cancelled.

        The process waits at its end for calls that catch the SystemExit; but not, after two
        seconds, for one that is in a C function (`time.sleep`): a RuntimeWarning names it.

        Crosses: the SystemExit. Threads: any. In a forked child it does nothing.
        """
        self._stop_workers(is_killed=False)

    def kill_workers(self) -> None:
        """As `terminate_workers`, but the process waits for no call at its end, for 3 s at most.

        Crosses: the SystemExit. Threads: any. In a forked child it does nothing.
        """
        self._stop_workers(is_killed=True)

    def _stop_workers(self, is_killed: bool) -> None:
        if self._worker_pool.is_forgotten:
            return
        self.shutdown(wait=False, cancel_futures=True)
        self._worker_pool.lose_running()
        workers.stop(list(self._threads), is_killed)
