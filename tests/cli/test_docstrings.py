"""The examples in docstrings of public names run, or are named here as sketches and compile."""

from __future__ import annotations

import ast
import asyncio
import doctest
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

import atoll
import atoll.extensions
import atoll.gc

SKETCHES = {
    # They use a function of the reader's, or a package.
    "atoll.AtollError",
    "atoll.BaseRemoteError",
    "atoll.Buffer",
    "atoll.Buffer.copy_of",
    "atoll.Buffer.map_file",
    "atoll.DeadlineExceeded",
    "atoll.Interpreter.acall",
    "atoll.Interpreter.interrupt",
    "atoll.InterpreterPoolExecutor.interrupt",
    "atoll.PriorityQueue",
    "atoll.Queue.aget",
    "atoll.Queue.aput",
    "atoll.Queue.get",
    "atoll.extensions.choices",
    "atoll.extensions.forget",
    "atoll.extensions.modes",
    "atoll.extensions.policy",
    "atoll.extensions.statistics",
    "atoll.ref",
    "atoll.restrict",
    "atoll.share",
    "atoll.share.load",
    "atoll.share.save",
    "atoll.Monitor",
    "atoll.timeout",
    "atoll.watchdog",
    # What they print depends on the moment, or they change the whole process.
    "atoll.BufferStatistics",
    "atoll.RemoteTraceback",
    "atoll.ShareStatistics",
    "atoll.Statistics",
    "atoll.dump_traceback",
    "atoll.dump_traceback.register",
    "atoll.extensions.code_statistics",
    "atoll.gc.collect",
    "atoll.gc.graph",
    "atoll.interpreters",
    "atoll.monitor",
    "atoll.prewarm",
    "atoll.register_value_type",
    "atoll.gc.ReferenceGraph.write_html",
    "atoll.metrics",
    "atoll.trace",
}

MODULES = (atoll, atoll.gc, atoll.extensions)


def docstrings(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name in module.__all__:
        value = getattr(module, name)
        full = f"{module.__name__}.{name}"
        cls = value if isinstance(value, type) else type(value)
        yield full, value.__doc__ or ""
        if cls.__module__.partition(".")[0] == "atoll":
            for attribute, inside in vars(cls).items():
                if not attribute.startswith(("_", "n_")):
                    yield f"{full}.{attribute}", getattr(inside, "__doc__", None) or ""


EXAMPLES = {
    name: examples
    for module in MODULES
    for name, text in docstrings(module)
    if (examples := doctest.DocTestParser().get_examples(text))
}


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - SKETCHES))
def test_docstring(name: str) -> None:
    """The example prints what it says."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST
    flags |= doctest.IGNORE_EXCEPTION_DETAIL
    names = {
        **{"atoll": atoll, "asyncio": asyncio, "os": os, "signal": signal},
        **{"threading": threading, "warnings": warnings, "dataclass": dataclass},
    }
    said: list[str] = []
    with (
        atoll.Interpreter("worker") as worker,
        atoll.InterpreterPoolExecutor(1) as pool,
        warnings.catch_warnings(),
    ):
        names |= {"worker": worker, "interpreter": worker, "pool": pool, "jobs": atoll.Queue()}
        example = doctest.DocTest(EXAMPLES[name], names, name, None, 0, None)
        doctest.DocTestRunner(optionflags=flags).run(example, out=said.append)
        names.clear()
        del example
    assert "".join(said) == ""


@pytest.mark.parametrize("name", sorted(SKETCHES))
def test_sketch(name: str) -> None:
    """A sketch is an example of a public name, and Python, with `await` where there is one."""
    for each in EXAMPLES[name]:
        compile(each.source, name, "single", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
