"""CPython's test.test_threading, executed here with atoll.Thread as threading.Thread.

A module of its own, so that the classes of threads that it defines can be imported elsewhere.
"""

from __future__ import annotations

import importlib
import sys
import threading as original_threading  # the suite binds the shorter name
import types
from pathlib import Path
from typing import Any

import atoll


class _Threading(types.ModuleType):
    """The module threading, in which Thread is another one."""

    Thread = atoll.Thread

    def __getattr__(self, name: str) -> Any:
        return getattr(original_threading, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(original_threading, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(original_threading, name)


def _execute() -> None:
    original = importlib.import_module("test.test_threading")  # and all that it imports
    sys.modules["threading"] = _Threading("threading")
    try:
        path = str(original.__file__)
        exec(compile(Path(path).read_text(encoding="utf-8"), path, "exec"), globals())
    finally:
        sys.modules["threading"] = original_threading


_execute()
