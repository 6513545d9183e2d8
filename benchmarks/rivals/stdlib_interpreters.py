"""The standard library's concurrent.interpreters (3.14): functions called in an interpreter."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import workload
from rival import TEXT, Names, Rival, caught

MODULE = "concurrent.interpreters"

STATEMENTS = {
    "call": "call(add, 1)",
    "text": "call(take, text)",
    "attribute": "call(read)",
    "bulk": "call(bulk)",
    "exception": caught("call(fail)"),
}


@contextmanager
def opened() -> Iterator[Names]:
    interpreter = importlib.import_module(MODULE).create()
    try:
        interpreter.exec(f"import sys; sys.path[:] = {sys.path!r}")
        functions = {name: getattr(workload, name) for name in ("add", "take", "read", "bulk")}
        yield {"call": interpreter.call, "text": TEXT, "fail": workload.fail, **functions}
    finally:
        interpreter.close()


def _missing() -> str | None:
    return None if importlib.util.find_spec(MODULE) else "needs Python 3.14 or newer"


RIVAL = Rival("concurrent.interpreters", opened, STATEMENTS, _missing())
