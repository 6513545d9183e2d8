"""Greenlets in place of threads: what gevent's `patch_all()` and eventlet's `monkey_patch()` do."""

from __future__ import annotations

import _thread
from types import BuiltinFunctionType


def refuse(who: str) -> None:
    """Raise an error if threads that are started here would be greenlets.

    Call it where a thread is started that lives in another interpreter: all greenlets of its thread
    would wait for that, and those that it waits for would never run.

    Raises:
        RuntimeError: If they would be.
    """
    if not isinstance(_thread.start_new_thread, BuiltinFunctionType):
        raise RuntimeError(
            f"{who} needs threads of the system, and gevent or eventlet has replaced them by "
            "greenlets: leave them out, by patch_all(thread=False) or monkey_patch(thread=False) "
            "[docs: explanation/extensions]"
        )
