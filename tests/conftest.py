"""Fixtures: interpreters, scripts in their own process, and a check that nothing is left over."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from children import environment, limit
from hypothesis import given
from hypothesis import strategies as st

# Without bytecode in files each of the many processes and interpreters compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

import atoll  # noqa: E402
from atoll import _core  # noqa: E402

# All tests run with shared values in read-only memory: whoever writes to one ends the process there.
_core.seal_heap()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the tests of whole folders in two processes: single files begin sooner without."""
    return min(2, os.process_cpu_count() or 1) if any(map(os.path.isdir, config.args)) else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scale the time that a test may take, as those of its processes; but not `--timeout`."""
    assert not [each.nodeid for each in items if " at 0x" in each.nodeid], "see naming.label"
    if config.option.collectonly or config.getoption("timeout") is not None:
        return
    usual = float(config.getini("timeout"))
    for item in items:
        own = item.get_closest_marker("timeout")
        item.add_marker(pytest.mark.timeout(limit(own.args[0] if own else usual)), append=False)


@given(st.none())
def _begin_hypothesis(unused: None) -> None:
    """Have Hypothesis make its generator of random numbers."""


def pytest_collection_finish() -> None:
    """Have Hypothesis begin: it asks the collector for what refers to its generator."""
    _begin_hypothesis()


@pytest.fixture(scope="module", autouse=True)
def nothing_old_is_looked_through() -> None:
    """Have no collection of this module's look through what pytest and other modules hold.

    There are many collections, and that is much.
    """
    for each in atoll.interpreters():
        each.exec("import gc; gc.collect(); gc.freeze()")


@pytest.fixture(scope="session")
def shared_interpreter() -> Iterator[atoll.Interpreter]:
    """An interpreter for tests that leave it as they found it."""
    with atoll.Interpreter("shared") as interpreter:
        yield interpreter


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail the test that leaves an interpreter or a thread behind."""
    interpreters, threads = set(atoll.interpreters()), set(threading.enumerate())
    yield
    for each in set(threading.enumerate()) - threads:
        with contextlib.suppress(RuntimeError):  # not of the module threading
            each.join(limit(10))  # it may have done its work, and be about to end
    assert set(threading.enumerate()) <= threads
    for each in set(atoll.interpreters()) - interpreters:
        _run_deferred(each)
    assert set(atoll.interpreters()) <= interpreters


def _run_deferred(interpreter: atoll.Interpreter) -> None:
    """Have an interpreter drop what others have let go: one whose thread has ended is then gone."""
    gc.collect()
    with contextlib.suppress(atoll.InterpreterClosedError):
        interpreter.statistics()


@pytest.fixture
def interpreter(nothing_is_left: None) -> Iterator[atoll.Interpreter]:
    """A fresh interpreter."""
    with atoll.Interpreter("fresh") as interpreter:
        yield interpreter


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("workloads")


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs source code as a script in a new process."""

    def run(source: str, *options: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, "-W", "error", *options, str(path)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=limit(100),
            cwd=tmp_path,
        )

    return run


@pytest.fixture
def run_cleanly(run_script: Callable[..., Any]) -> Callable[..., str]:
    """As `run_script`, but the exit status must be 0 and stderr empty; returns stdout."""

    def run(source: str, *options: str) -> str:
        done = run_script(source, *options)
        assert (done.returncode, done.stderr) == (0, "")
        return str(done.stdout)

    return run
