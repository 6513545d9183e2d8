"""Closing all interpreters when the process ends."""

from __future__ import annotations

import _thread
import atexit
import math
import os
import sys
import threading
import time
from contextlib import suppress

from .. import _core
from .._transfer.errors import InterpreterClosedError
from . import environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# How long a thread that is stuck inside an interpreter (a daemon, a C call) may delay the exit.
_PATIENCE_SECONDS = 1.0
# How long to wait between two looks for an interpreter's own threads: at first, and after some.
_FIRST_PAUSE_SECONDS, _LAST_PAUSE_SECONDS = 0.001, 0.016
# How long to wait for an interpreter that probably cannot be closed: enough for visitors that are
# just leaving.
_FAREWELL_SECONDS = 0.2

before_closing: list[Callable[[], None]] = []  # called when no interpreter has own threads any more
after_closing: list[Callable[[], None]] = []  # called when all are closed
left_behind: set[int] = set()  # numbers of interpreters in which calls are stuck
is_closing = False  # from then on nothing waits for own threads, or makes ready interpreters
_is_registered = False


def register() -> None:
    """Prepare the process for interpreters: its environment, forks and exit.

    In the main interpreter only, and once.

    Raises:
        RuntimeError: If Python is ending and would not call a function that is registered now.
    """
    global _is_registered
    if not _is_registered and _core.current().id == 0:
        try:
            # Before atexit's functions Python runs the pending calls that there are, and never ends
            # if one of ours releases the GIL. Functions registered here run even before that.
            threading._register_atexit(_core.stop_asking)  # type: ignore[attr-defined]
        except RuntimeError:
            if threading.current_thread() is threading.main_thread():
                raise RuntimeError("an exit handler cannot make the first interpreter") from None
            _core.stop_asking()
        atexit.register(close_all)
        os.register_at_fork(
            before=_core.begin_fork,
            after_in_parent=_core.end_fork,
            after_in_child=_core.begin_child,
        )
        environment.share()
        _is_registered = True


# ---- waiting for the interpreters' own threads ----


class _Waiter:
    """A thread of main that waits inside an interpreter until that has no threads of its own.

    A visitor that does not leave may keep it from entering for ever.
    """

    __slots__ = ("_asked_at", "_thread", "has_found_some", "interpreter")

    def __init__(self, interpreter: _core.Handle) -> None:
        self.interpreter = interpreter
        self.has_found_some = False
        self._asked_at = math.inf  # not yet
        self._thread: _thread._ThreadHandle | None = None
        with suppress(RuntimeError):  # no more threads can be started
            # Not threading.Thread: users neither see it nor wait for it.
            self._thread = _thread.start_joinable_thread(self._wait, daemon=True)

    def _wait(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        self._asked_at = time.monotonic()
        with suppress(InterpreterClosedError):
            while not is_closing and _core.end_threads(self.interpreter):
                self.has_found_some = True
                time.sleep(pause)
                pause = min(2 * pause, _LAST_PAUSE_SECONDS)
                self._asked_at = time.monotonic()

    def is_done(self) -> bool:
        return self._thread is None or self._thread.is_done()

    def is_kept_out(self) -> bool:
        """Has it waited long to enter, and is a visitor the reason?"""
        has_been_long = time.monotonic() - self._asked_at > _PATIENCE_SECONDS
        return has_been_long and _core.visitor_count(self.interpreter) > 1

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)


def _wait_for_threads() -> set[int]:
    """Wait until no interpreter has threads of its own, as Python did for those of main.

    They may use any interpreter, and make more, so none is closed before. Returns the ids of the
    interpreters that could not be entered.
    """
    closed_to_us: set[int] = set()
    has_found_some = True
    while has_found_some:  # they may have started others, in interpreters that had none before
        waiters = [_Waiter(each) for each in _others() if each.id not in closed_to_us]
        closed_to_us |= _join_all(waiters)
        has_found_some = any(each.has_found_some for each in waiters if each.is_done())
    return closed_to_us


def _join_all(waiters: list[_Waiter]) -> set[int]:
    while left := [each for each in waiters if not each.is_done()]:
        promising = [each for each in left if not each.is_kept_out()]
        if not promising:
            break
        promising[0].join()
    return {each.interpreter.id for each in left}


def _others() -> list[_core.Handle]:
    return [each for each in _core.interpreters() if each.id != 0]


# ---- closing ----


def close_all() -> None:
    """Close every interpreter; freeze the threads in those that cannot be closed.

    After a Ctrl-C threads are not waited for any more.
    """
    global is_closing
    occupied: set[int] = set()
    is_hurried = False
    try:
        try:
            occupied = _wait_for_threads()
        except KeyboardInterrupt:
            is_hurried = True
        is_closing = True
        for prepare in before_closing:
            prepare()
        _core.show_all()  # hidden ones are closed too
        _core.prepare_exit()
        _core.stop_reaper()
        _core.stop_alarm()
        _close_each(occupied, is_hurried)
    finally:
        _core.shut_main(_PATIENCE_SECONDS)
        _leave_the_rest()
        _call_after_closing()
        if _was_interrupted():
            _note_interruption()


def _call_after_closing() -> None:
    while after_closing:
        function = after_closing.pop()
        try:
            function()
        except Exception as error:
            _core.write_unraisable(error, function, None)


def _was_interrupted() -> bool:
    """Has Ctrl-C ended the main script?"""
    last = getattr(sys, "last_exc", None)
    trace = getattr(last, "__traceback__", None)
    is_outermost = trace is not None and trace.tb_frame.f_back is None
    return isinstance(last, KeyboardInterrupt) and is_outermost and not hasattr(sys, "ps1")


def _note_interruption() -> None:
    """Have the process end by SIGINT.

    CPython has one flag for the process that says that Ctrl-C has ended the script, and clears it
    whenever source text is evaluated in any interpreter, for example when a named tuple is defined.
    """
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def _close_each(occupied: set[int], is_hurried: bool) -> None:
    stuck: set[int] = set()
    latest = time.monotonic() + _PATIENCE_SECONDS  # for all together
    while left := [each for each in _others() if each.id not in stuck]:
        newest = left[-1]
        if newest.id in left_behind:
            stuck.add(newest.id)  # _leave_the_rest freezes it
            continue
        is_hopeless = is_hurried or newest.id in occupied
        patience = 0.0 if is_hopeless else latest - time.monotonic()
        seconds = max(_FAREWELL_SECONDS, patience)
        try:
            is_closed = _close(newest, seconds, is_hurried)
        except KeyboardInterrupt:
            is_closed, is_hurried = False, True
        if not is_closed:
            stuck.add(newest.id)


def _close(interpreter: _core.Handle, seconds: float, is_hurried: bool) -> bool:
    try:
        _core.close(interpreter, seconds)
    except TimeoutError:
        if _core.visitor_count(interpreter):
            return _break_off(interpreter)
        # Its own threads still run. Python waits for such threads at exit, except daemons.
        if not is_hurried and _has_awaited_threads(interpreter):
            return _close_patiently(interpreter)
        return _break_off(interpreter)
    except (BufferError, RuntimeError):
        return False
    return True


def _has_awaited_threads(interpreter: _core.Handle) -> bool:
    try:
        return _core.end_threads(interpreter) > 0
    except InterpreterClosedError:
        return False


def _break_off(interpreter: _core.Handle) -> bool:
    """Close an interpreter in which a daemon thread computes, or is stuck in a C call.

    A thread that does not end is frozen: what it uses is about to be destroyed.
    """
    _core.interrupt(interpreter, SystemExit(), 0)
    try:
        _core.close(interpreter, _PATIENCE_SECONDS / 4)
    except (TimeoutError, BufferError, RuntimeError):
        _core.freeze(interpreter)
        return False
    return True


def _close_patiently(interpreter: _core.Handle) -> bool:
    try:
        _core.close(interpreter, None)
    except (BufferError, RuntimeError):
        return False
    return True


def _leave_the_rest() -> None:
    for each in _others():
        with suppress(RuntimeError):  # it is frozen already
            _core.freeze(each)
    if _core.has_left_some():
        _core.forget_interpreters()
