"""joblib's backend "atoll": `Parallel` runs its calls in interpreters of this process.

`import atoll.joblib` registers it; then `Parallel(n_jobs=2, backend="atoll")` and
`parallel_config("atoll")` find it. It needs joblib: pip install 'atoll[joblib]'.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures.thread import BrokenThreadPool
from itertools import count

try:
    import joblib
except ImportError as error:
    if error.name != "joblib":
        raise
    raise ModuleNotFoundError(
        "atoll.joblib needs joblib: pip install 'atoll[joblib]'", name="joblib"
    ) from None
from joblib._parallel_backends import (
    AutoBatchingMixin,
    FallbackToBackend,
    ParallelBackendBase,
    SequentialBackend,
)
from joblib.externals.loky.process_executor import TerminatedWorkerError

from . import _core
from ._executor import tasks
from ._executor.executor import InterpreterPoolExecutor
from ._memory import arrays
from ._transfer import functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pickle
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from ._memory.buffer import Buffer

__all__ = ["AtollBackend", "register"]

_INTERRUPTED_SECONDS = 5.0  # how long calls that were interrupted may take to end

_numbers = count()


# ---- workers, kept for the next Parallel ----


class _Workers:
    """An executor as one Parallel uses it.

    joblib, and its users, tell by it that a Parallel has begun anew.
    """

    def __init__(
        self,
        n_jobs: int,
        initializer: Any = None,
        initargs: tuple[Any, ...] = (),
        executor: InterpreterPoolExecutor | None = None,
    ) -> None:
        self.n_jobs = n_jobs
        self.is_kept = initializer is None
        # Each imports joblib before any call, so that no abort interrupts that.
        self.executor = executor or InterpreterPoolExecutor(
            n_jobs, f"joblib-{next(_numbers)}", initializer, initargs, imports=("joblib",)
        )
        self.executor._setup.is_replaced = True

    def end(self) -> None:
        """End them, though calls run: at its end the process waits for none that is in C code."""
        self.is_kept = False
        self.executor.terminate_workers()


_lock = threading.Lock()
_free: list[_Workers] = []
# Functions in C: nothing breaks them off.
os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined]
os.register_at_fork(after_in_child=_free.clear)


def _take(n_jobs: int) -> _Workers:
    """Return free workers, or new ones; those for another n_jobs end, to free their memory."""
    with _lock:
        found, _free[:] = list(_free), []
    taken = None
    for each in found:
        if each.n_jobs == n_jobs and taken is None and not each.executor._shutdown:
            taken = _Workers(n_jobs, executor=each.executor)
        else:
            each.end()
    return taken or _Workers(n_jobs)


def _give_back(workers: _Workers) -> None:
    if workers.is_kept:
        with _lock:
            _free.append(workers)
    else:
        workers.executor.shutdown(wait=False)


# ---- arrays ----

_TAKE_ARRAY = {"r": arrays.lent, "r+": arrays.shared, "w+": arrays.shared}  # else copied


class _Arrays:
    """The arrays of one Parallel call: one copy of a big one for all tasks, none of a Buffer's."""

    def __init__(self, max_nbytes: int | None, mmap_mode: str | None) -> None:
        self._limit = max_nbytes if mmap_mode in ("r", "r+", "w+") else None
        self._is_read_only = mmap_mode == "r"
        self.take = _TAKE_ARRAY.get(mmap_mode or "", arrays.copied)
        self._kept: dict[tuple[int, int], tuple[object, Buffer]] = {}

    def buffer_of(self, buffer: pickle.PickleBuffer) -> Buffer:
        """Return a copy of an array's memory, the same one each time if it is big."""
        with memoryview(buffer) as view:
            owner, nbytes = view.obj, view.nbytes
        if self._limit is None or nbytes < self._limit:
            return _core.buffer_copy(buffer.raw())
        interface = getattr(owner, "__array_interface__", None)
        address = interface["data"][0] if interface else id(owner)
        if (address, nbytes) not in self._kept:
            copied = _core.buffer_copy(buffer.raw())
            kept = copied.toreadonly() if self._is_read_only else copied
            self._kept[address, nbytes] = owner, kept  # the owner, so that its address stays its
        return self._kept[address, nbytes][1]


# ---- the backend ----


class AtollBackend(AutoBatchingMixin, ParallelBackendBase):  # type: ignore[misc]
    """Runs batches of joblib's calls in interpreters, which are kept for the next Parallel.

    What crosses: arguments and results by value; arrays from `max_nbytes` on once for each call of
    Parallel, into memory that all workers see, read-only (`mmap_mode="r"`); those that lie in a
    Buffer are that memory, uncopied. Buffers, queues and Proxies stay the same ones.

    An abort (an exception, a timeout, Ctrl-C) interrupts the calls that run, and keeps the
    interpreters with all that they have imported. A worker that is lost is a TerminatedWorkerError,
    as with loky, and the next Parallel has a new one.

    Threads: any. A forked child makes workers of its own.

    Example:
        >>> import atoll.joblib
        >>> Parallel(n_jobs=2, backend="atoll")(delayed(pow)(n, 2) for n in range(4))
        [0, 1, 4, 9]
    """

    supports_retrieve_callback = True
    supports_inner_max_num_threads = False
    MIN_IDEAL_BATCH_DURATION = 0.01  # a call costs microseconds, not a message between processes

    _workers: _Workers | None = None

    def effective_n_jobs(self, n_jobs: int | None) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return how many workers n_jobs means."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        return n_jobs if n_jobs > 0 else max(joblib.cpu_count() + 1 + n_jobs, 1)

    def configure(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        n_jobs: int = 1,
        parallel: Any = None,
        prefer: str | None = None,
        require: str | None = None,
        **options: Any,
    ) -> int:
        """Make ready for calls; called by joblib, as what follows."""
        n_jobs = self.effective_n_jobs(n_jobs)
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        self.parallel = parallel
        self._begin(n_jobs, **{**self.backend_kwargs, **options})
        return n_jobs

    def _begin(
        self,
        n_jobs: int,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        max_nbytes: int | None = None,
        mmap_mode: str | None = "r",
        # Of no use here: there are no files, processes and messages.
        temp_folder: str | None = None,
        idle_worker_timeout: float | None = None,
        context: object = None,
        verbose: int = 0,
    ) -> None:
        self._workers = (
            _take(n_jobs) if initializer is None else _Workers(n_jobs, initializer, initargs)
        )
        self._futures: set[Future[Any]] = set()  # until their callbacks have run
        self._changed = threading.Condition()  # of these, which it guards
        self._array_options = max_nbytes, mmap_mode
        self.start_call()

    def submit(
        self, func: Callable[[], Any], callback: Callable[[Future[Any]], object] | None = None
    ) -> Future[Any]:
        assert self._workers is not None
        dumped = functions.dump_by_value(
            func,
            tasks.is_reference,
            copy=self._arrays.buffer_of,
            take_array=self._arrays.take,
        )
        future: Future[Any] = self._workers.executor.submit(tasks.call, dumped)
        with self._changed:
            self._futures.add(future)
            self._changed.notify_all()
        if callback is not None:
            future.add_done_callback(callback)
        future.add_done_callback(self._forget)  # the last one
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._changed:
            self._futures.discard(future)
            self._changed.notify_all()

    def retrieve_result_callback(self, future: Future[Any]) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        try:
            return future.result()
        except BrokenThreadPool as error:
            raise TerminatedWorkerError(f"a worker of atoll's has ended: {error}") from error

    def start_call(self) -> None:
        self._arrays = _Arrays(*self._array_options)

    stop_call = start_call  # frees the copies

    def terminate(self) -> None:
        workers, self._workers = self._workers, None
        if workers is not None:
            _give_back(workers)
        self.reset_batch_stats()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        if self._workers is not None:
            if not self._stop_calls(self._workers.executor):
                self._workers.end()
            self.terminate()
        if ensure_ready:
            self.configure(
                n_jobs=self.parallel.n_jobs,
                parallel=self.parallel,
                **self.parallel._backend_kwargs,
            )

    def _stop_calls(self, executor: InterpreterPoolExecutor) -> bool:
        """End all calls and their callbacks, which may make calls; tell whether all have ended."""
        asked: set[Future[Any]] = set()
        until = time.monotonic() + _INTERRUPTED_SECONDS
        while True:
            with self._changed:
                while self._futures and self._futures <= asked:
                    if not self._changed.wait(max(0.0, until - time.monotonic())):
                        break
                new = self._futures - asked
                if not new:
                    return not self._futures
            for each in new:
                if not each.cancel():
                    executor.interrupt(each)
            asked |= new


def register(make_default: bool = False) -> None:
    """Register the backend "atoll"; `import atoll.joblib` does it.

    Args:
        make_default: Whether Parallel takes it if no backend is named.

    Crosses: nothing. Threads: any.
    """
    joblib.register_parallel_backend("atoll", AtollBackend, make_default=make_default)


register()
