"""Ctrl-C, and other signals, while the main thread is inside another interpreter.

CPython runs signal handlers in the main interpreter only. The core is told of each signal that gets
a handler, and sees to it that the main thread comes back for a moment to run it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal costs an import of enum

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_is_installed = False


def install() -> None:
    """Watch the signals that have a handler, and those that get one; in the main interpreter."""
    global _is_installed
    if _is_installed or _core.current().id != 0:
        return
    _is_installed = True
    for number in _signal.valid_signals():
        if callable(_signal.getsignal(number)):
            _core.watch_signal(number)
    _install_hook()


def _install_hook() -> None:
    set_handler = _signal.signal

    def signal(signalnum: int, handler: Any, /) -> Any:
        before = set_handler(signalnum, handler)
        if callable(handler):
            _core.watch_signal(signalnum)
        return before

    signal.__doc__ = set_handler.__doc__
    _signal.signal = signal  # what signal.signal() calls
