"""A profile's part inside an interpreter: switched on and off by whoever made the profile."""

from __future__ import annotations

import atexit
import marshal
from contextlib import suppress
from cProfile import Profile

from .. import _core
from .._interpreter import ending, inheritance
from .._transfer.errors import InterpreterClosedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_running: tuple[int, _core.Handle, Profile] | None = None  # its number, who made it, and ours
_is_registered = False


def start(number: int, maker: _core.Handle, is_inherited: bool) -> None:
    """Switch profiling on; if `is_inherited`, also in interpreters that this one makes.

    Raises:
        ValueError: If another profiler is running.
    """
    global _running, _is_registered
    profiler = Profile()
    profiler.enable()
    _running = number, maker, profiler
    if is_inherited:
        inheritance.also.append(_joining(number, maker))
    if not _is_registered and _core.current() is not maker:
        atexit.register(lambda: _deliver(is_last=True))
        ending.thread_ends.append(lambda: _deliver(is_last=False))
        _is_registered = True


def join(number: int, maker: _core.Handle) -> None:
    """Take part in a profile, if that still runs; called by an interpreter that is new."""
    with suppress(InterpreterClosedError, ValueError):  # of a closed maker; another one is running
        if _core.invoke(maker, "atoll._profile.profile:admit", (number, _core.own_id()), None):
            start(number, maker, True)


def stop(number: int, maker: _core.Handle) -> bytes | None:
    """Switch profiling off; return what it has found, or None if it was not on."""
    global _running
    with suppress(ValueError):
        inheritance.also.remove(_joining(number, maker))
    if _running is None or _running[0] != number:
        return None
    profiler = _running[2]
    profiler.disable()
    _running = None
    return _found(profiler)


def _joining(number: int, maker: _core.Handle) -> tuple[str, tuple[Any, ...]]:
    return "atoll._profile.inside:join", (number, maker)


def _found(profiler: Profile) -> bytes:
    profiler.snapshot_stats()
    return marshal.dumps(profiler.stats)


def _deliver(is_last: bool) -> None:
    """Hand over what was found so far: this interpreter ends, or its own thread does."""
    if _running is None:
        return
    number, maker, profiler = _running
    found = stop(number, maker) if is_last else _found(profiler)
    with suppress(InterpreterClosedError):
        arguments = number, _core.own_id(), found
        _core.invoke(maker, "atoll._profile.profile:accept", arguments, None)
