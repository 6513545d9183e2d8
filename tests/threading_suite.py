"""CPython's test.test_threading, executed here with atoll.Thread as threading.Thread.

A module of its own, so that the classes of threads that it defines can be imported elsewhere.
"""

from __future__ import annotations

import importlib
import sys
import threading
import types

import atoll


def _execute() -> None:
    original = importlib.import_module("test.test_threading")  # and all that it imports
    changed = types.ModuleType("threading")
    vars(changed).update(vars(threading) | {"Thread": atoll.Thread})
    sys.modules["threading"] = changed
    try:
        code = original.__loader__.get_code("test.test_threading")  # type: ignore[union-attr]
        exec(code, globals())
    finally:
        sys.modules["threading"] = threading


_execute()
