"""Ctrl-C, and other signals, while the main thread is inside another interpreter.

CPython runs signal handlers in the main interpreter only. The core is told of each signal that gets
a handler; when the signal comes, it has the main thread return to main for a moment to run that.

A C handler may have replaced Python's for such a signal before (faulthandler.register). Then the
core wraps that one, until faulthandler restores what it has replaced.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal costs an import of enum
import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_is_installed = False


def install() -> None:
    """Watch the signals that have a handler or get one later; in the main interpreter only."""
    global _is_installed
    if _is_installed or _core.current().id != 0:
        return
    _is_installed = True
    for number in _signal.valid_signals():
        if callable(_signal.getsignal(number)):
            _core.watch_signal(number)
    _watch_new_handlers()
    if "faulthandler" in sys.modules:
        _watch_restored_handlers(sys.modules["faulthandler"])


def _watch_new_handlers() -> None:
    set_handler = _signal.signal

    def signal(signalnum: int, handler: Any, /) -> Any:
        before = set_handler(signalnum, handler)
        if callable(handler):
            _core.watch_signal(signalnum)
        return before

    signal.__doc__ = set_handler.__doc__
    _signal.signal = signal  # signal.signal() calls this


def _watch_restored_handlers(faulthandler: Any) -> None:
    restore = faulthandler.unregister

    def unregister(signum: int) -> Any:
        was_watched = isinstance(signum, int) and _core.is_watched_signal(signum)
        was_registered = restore(signum)
        if was_watched:
            _core.watch_signal(signum)
        return was_registered

    unregister.__doc__ = restore.__doc__
    faulthandler.unregister = unregister
