"""The end of an interpreter: what CPython does at its exit, in its order, step by step.

First the functions that are registered with `threading._register_atexit`, the latest first: those
of executors have idle threads end. Then the threads that are no daemons are waited for; then exit
handlers are run. Last, daemon threads are told to end.

Such functions may take any time: each runs on a thread of its own, so that whoever closes the
interpreter waits elsewhere, and can be interrupted.

gevent and eventlet may have replaced what `_thread` and `threading` hold. What is taken from
`_thread` here is CPython's own, as this module is imported first. Green threads end with the thread
that runs them.
"""

from __future__ import annotations

import atexit
import sys
import time
from _thread import get_ident, start_joinable_thread

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import _ThreadHandle
    from collections.abc import Callable
    from typing import Any

# How long a daemon thread may take to end, once it was told to.
_PATIENCE_SECONDS = 1.0

_running: _ThreadHandle | None = None  # what the latest of these functions runs on
_own_handlers = 0  # exit handlers of ours: these may run on the thread that closes
_told: dict[int, float] = {}  # when daemon threads were told to end, by their numbers


def register(handler: Callable[[], object]) -> None:
    """Register an exit handler that takes no time."""
    global _own_handlers
    _own_handlers += 1
    atexit.register(handler)


def end_threads(is_ending: bool) -> int | str:
    """Take the next step; called by the core, until no threads are left or they are stuck.

    Args:
        is_ending: Whether this interpreter ends now. If not, the process ends, and other
            interpreters may still need this one: no exit handlers are run.

    Returns:
        How many threads are waited for. 0: none but daemons. A text: those are stuck, which ones
        and where.
    """
    if _running is not None and not _running.is_done():
        return 1
    threading = sys.modules.get("threading")
    if threading is not None:
        if threading._threading_atexits:
            return _run_registered(threading._threading_atexits)
        if left := len(_awaited(threading)):
            return left
    if not is_ending:
        return 0
    if threading is not None:
        _drop_green(threading)
    if atexit._ncallbacks() > _own_handlers:
        return _run(atexit._run_exitfuncs)
    return _tell_daemons()


def finish_threads() -> None:
    """Do the same on this thread, whose own interpreter this is, but for daemons and handlers."""
    threading: Any = sys.modules["threading"]
    while registered := threading._threading_atexits:
        registered.pop()()
    while left := _awaited(threading):
        left[0].join()


def _drop_green(threading: Any) -> None:
    """Have nothing switch greenlets when CPython ends the interpreter, after greenlet's handler.

    gevent does in `threading._shutdown`. CPython's own has no more thread to wait for.
    """
    if getattr(threading._shutdown, "__module__", None) != "threading":
        threading._shutdown = lambda: None


def _run_registered(functions: list[Callable[[], object]]) -> int:
    function = functions.pop()
    try:
        return _run(function)
    except BaseException:  # no thread could be started
        functions.append(function)
        raise


def _run(function: Callable[[], object]) -> int:
    global _running
    _core.begin_turns()  # it has to get in beside a thread that computes
    try:
        _running = start_joinable_thread(lambda: _help(function), daemon=True)
    except BaseException:
        _core.end_turns()
        raise
    return 1


def _help(function: Callable[[], object]) -> None:
    try:
        function()
    finally:
        _core.end_turns()


def _awaited(threading: Any) -> list[Any]:
    """Return the threads that this interpreter has started, but for visitors and daemons.

    One that was interrupted in `threading` itself has ended, and may be listed there all the same.
    """
    strange = threading._DummyThread | threading._MainThread
    own = {ident for ident, _ in _core.own_threads()}
    return [
        each
        for each in threading.enumerate()
        if not (
            each.daemon
            or isinstance(each, strange)
            or each.ident == get_ident()
            or not (each.ident is None or each.ident in own)
            or (each._started.is_set() and not threading.Thread.is_alive(each))
        )
    ]


def _tell_daemons() -> int | str:
    left, now = dict(_core.own_threads()), time.monotonic()
    for ident in _told.keys() - left.keys():
        del _told[ident]
    for ident in left.keys() - _told.keys():
        _told[ident] = now
        _core.raise_in_thread(ident, SystemExit)
    if not left or now - max(_told.values()) < _PATIENCE_SECONDS:
        return len(left)
    return ", ".join(_describe(*each) for each in left.items())


def _describe(ident: int, activity: str) -> str:
    threading = sys.modules.get("threading")
    thread = None if threading is None else threading._active.get(ident)
    name = f"thread {ident}" if thread is None else f"thread {thread.name!r}"
    return f"{name} is stuck in {activity or 'C code'}"
