"""The workers of executors: threads that run calls in interpreters of their own, and their end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from concurrent.futures._base import LOGGER

from .. import _core
from .._interpreter import deadline, exit, green, recursion, standby
from .._interpreter.interpreter import make
from .call import LOST, Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, cast

    from .._interpreter.interpreter import Interpreter
else:
    from .._typing import cast

EXITING, BROKEN = 2, 3  # as WorkerPool.end() takes them, too

# How long a call that is not wanted any more may be in a C function before its worker is left
# behind; how long a worker that was killed may be in one; and how often, after as long, it is asked
# again to end.
_PATIENCE_SECONDS, _KILLED_SECONDS, _CHANCES = 2.0, 1.0, 2


class Setup:
    """How the workers of an executor make their interpreters, and when new ones.

    Args:
        imports: The modules that each imports first.
        initializer: What each calls then, packed.
        limit: After how many tasks a worker makes a new interpreter; -1: never.
        is_replaced: Is a lost interpreter replaced by a new one? Else the pool is broken.
    """

    __slots__ = ("imports", "initializer", "is_replaced", "limit")

    def __init__(
        self,
        imports: tuple[str, ...],
        initializer: tuple[Any, Any] | None,
        limit: int = -1,
        is_replaced: bool = False,
    ) -> None:
        self.imports = imports
        self.initializer = initializer
        self.limit = limit
        self.is_replaced = is_replaced


class Worker(threading.Thread):
    """A thread that runs calls in an interpreter of its own."""

    interpreter: Interpreter | None = None
    patience: float | None = None  # how long to wait for it at its end; None: without end
    chances: int | None = None  # how often a killed one may be asked to end
    is_left = False
    is_closing = False  # its interpreter, which cannot be broken off and will not take long

    def stop(self) -> None:
        """Raise SystemExit in the call that it runs."""
        if self.interpreter is not None and self.ident is not None:
            with contextlib.suppress(RuntimeError, ReferenceError):  # it closes
                _core.interrupt(self.interpreter, SystemExit(), self.ident)

    def poke(self) -> None:
        """Ask for a sign of life, for `is_stuck`."""
        if self.interpreter is not None:
            _core.poke(self.interpreter)

    def is_stuck(self) -> bool:
        """Tell whether no bytecode has run in its interpreter since."""
        return self.interpreter is not None and _core.is_poked(self.interpreter)

    def is_given_up(self) -> bool:
        """Tell whether it was killed and had all its chances; it gets one more now, if not."""
        if self.chances is None or self.is_closing:
            return False
        self.chances -= 1
        self.stop()
        return self.chances < 0

    def leave(self) -> None:
        """Let the process end without it."""
        if self.is_left or self.interpreter is None:
            return
        from .._interpreter.complaints import warn

        self.is_left = self._daemonic = True
        exit.left_behind.add(self.interpreter.id)
        activity = ", ".join(filter(None, _core.visitor_activities(self.interpreter)))
        warn(
            f"worker {self.name!r} is left behind: its call is in {activity or 'C code'}, and "
            "cannot be stopped",
            RuntimeWarning,
        )


# ---- at exit ----

_pools: weakref.WeakKeyDictionary[Worker, _core.WorkerPool] = weakref.WeakKeyDictionary()
_exit_lock = threading.RLock()
_is_exiting = False


def _finish_all() -> None:
    """Have all workers run what is pending and end, before Python waits for threads."""
    global _is_exiting
    with _exit_lock:
        _is_exiting = True
        found = list(_pools.items())
    for _, pool in found:
        pool.end(EXITING)
    join([worker for worker, _ in found])


threading._register_atexit(_finish_all)  # type: ignore[attr-defined]
# Functions in C: nothing breaks them off.
os.register_at_fork(after_in_child=_exit_lock._at_fork_reinit)  # type: ignore[attr-defined]
os.register_at_fork(after_in_child=_pools.data.clear)  # type: ignore[attr-defined]


# ---- many workers ----


def start(
    workers: set[Worker],
    name: str,
    pool: _core.WorkerPool,
    executor: weakref.ref[Any],  # its callback ends the pool
    setup: Setup,
) -> None:
    """Start one more of an executor's workers, for which there is a place in the pool.

    Raises:
        RuntimeError: If the process ends, no thread can be started, or it would be a greenlet. The
            place is given back.
    """
    # start() may fail after the thread has begun: whoever has the claim keeps or gives back the
    # place in the pool.
    claim = threading.Lock()
    worker = None
    try:
        green.refuse("an executor")
        recursion.refuse_in_import()
        with _exit_lock:
            if _is_exiting:
                raise RuntimeError("cannot schedule new futures after interpreter shutdown")
            arguments = claim, pool, executor, setup
            # A daemon, so that only join() waits for it at exit.
            worker = Worker(target=_work, args=arguments, name=name, daemon=True)
            workers.add(worker)
            _pools[worker] = pool
            worker.start()
    except BaseException:
        if claim.acquire(blocking=False):
            pool.expect_none()
            workers.discard(worker)
        raise


def join(workers: Iterable[Worker]) -> None:
    """Wait until workers have ended; those that are not wanted any more are left if stuck."""
    left = []
    for each in workers:
        if each.patience is None:
            deadline.join(each)
        else:
            left.append(each)
    while left := [each for each in left if each.is_alive() and not each.is_left]:
        for each in left:
            each.poke()
        until = time.monotonic() + max(each.patience or 0 for each in left)
        for each in left:
            deadline.join(each, max(0.0, until - time.monotonic()))
        for each in left:
            if each.is_alive() and (each.is_stuck() or each.is_given_up()):
                each.leave()


def expect_soon(workers: Iterable[Worker]) -> None:
    """Note that what workers still run is not wanted any more."""
    for each in workers:
        if each.patience is None:
            each.patience = _PATIENCE_SECONDS


def stop(workers: Iterable[Worker], is_killed: bool) -> None:
    """Raise SystemExit in what workers run; if they are killed nothing waits for them for long."""
    for each in workers:
        each.patience = _KILLED_SECONDS if is_killed else _PATIENCE_SECONDS
        if is_killed:
            each.chances = _CHANCES
        if each.is_alive():
            each.stop()


# ---- the life of a worker ----


def _work(
    claim: threading.Lock, pool: _core.WorkerPool, executor: weakref.ref[Any], setup: Setup
) -> None:
    if not claim.acquire(blocking=False):
        return  # start() has given it up
    worker = cast("Worker", threading.current_thread())
    worker._daemonic = False  # for threads that callbacks start
    _work_in_one(worker, pool, setup)
    while pool.needs_worker():  # in place of this one, which has left
        _work_in_one(worker, pool, setup)
    if pool.phase != EXITING:
        standby.keep_one()  # not earlier: the standby thread would compete with the workers


def _work_in_one(worker: Worker, pool: _core.WorkerPool, setup: Setup) -> None:
    """Run calls in a new interpreter until the end, or until it is worn or lost."""
    try:
        interpreter = worker.interpreter = make(worker.name)
        worker.is_closing = False
    except BaseException:
        LOGGER.critical("Exception in starting an interpreter:", exc_info=True)
        _give_up(pool)
        return
    what = "imports"
    try:
        for name in setup.imports:
            interpreter.import_module(name)
        what = "initializer"
        if setup.initializer is not None:
            Call(*setup.initializer).run(interpreter)
    except BaseException:
        LOGGER.critical("Exception in %s:", what, exc_info=True)
        _give_up(pool)
    else:
        if pool.work(interpreter, setup.limit) == LOST and not setup.is_replaced:
            pool.end(BROKEN)
            _fail_pending(pool)
    worker.is_closing = True
    # If others use the interpreter, they or the exit will close it.
    with contextlib.suppress(BufferError, RuntimeError):
        interpreter.close()


def _give_up(pool: _core.WorkerPool) -> None:
    pool.expect_none()
    pool.end(BROKEN)
    _fail_pending(pool)


def _fail_pending(pool: _core.WorkerPool) -> None:
    while (future := pool.drop_pending(True)) is not None:
        future.fail()
