"""Closing all interpreters when the process ends."""

from __future__ import annotations

import atexit
import threading

from . import _core

# How long a thread that is stuck inside an interpreter (a daemon, a C call) may hold up the exit.
_PATIENCE_SECONDS = 1.0

_is_registered = False


def register() -> None:
    """Have all interpreters closed at exit; in the main interpreter only, and once.

    Raises:
        RuntimeError: If Python is ending and calls no functions any more that are registered now.
    """
    global _is_registered
    if not _is_registered and _core.current().id == 0:
        try:
            # Before it calls atexit's functions, Python makes what pending calls there are: for
            # ever, if one of ours has let the GIL go meanwhile. These functions come first of all.
            threading._register_atexit(_core.stop_asking)  # type: ignore[attr-defined]
        except RuntimeError:
            if threading.current_thread() is threading.main_thread():
                raise RuntimeError("an exit handler cannot make the first interpreter") from None
            _core.stop_asking()
        atexit.register(close_all)
        _is_registered = True


def close_all() -> None:
    """Close every interpreter; in those that cannot be closed no thread runs on."""
    from . import _warm

    _warm.end()
    _core.prepare_exit()
    _core.stop_janitor()
    _core.stop_alarm()
    stuck: set[int] = set()
    while left := [each for each in _core.interpreters() if each.id not in stuck | {0}]:
        if not _close(left[-1]):
            stuck.add(left[-1].id)
    if stuck:
        _core.forget_interpreters()


def _close(interpreter: _core.Handle) -> bool:
    try:
        _core.close(interpreter, _PATIENCE_SECONDS)
    except TimeoutError:
        if _core.visitor_count(interpreter):
            return _break_off(interpreter)
        # Its own threads are still at work, and Python waits for such at exit.
        return _close_patiently(interpreter)
    except (BufferError, RuntimeError):
        return False
    return True


def _break_off(interpreter: _core.Handle) -> bool:
    """Close an interpreter in which a daemon thread computes, or is stuck in a C call.

    If it does not end, it must not run on: what it works with is being taken apart.
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
    except (BufferError, RuntimeError, KeyboardInterrupt):
        return False
    return True
