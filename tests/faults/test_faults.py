"""Allocations that fail, and threads that cannot be started: a selection of faults.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import faults
import pytest
from children import limit
from compiling import HAS_COMPILER, HAS_CPP_COMPILER

FAULTS = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the hook knows ELF only")


def run(*arguments: str) -> str:
    """What went wrong."""
    done = subprocess.run(
        [sys.executable, str(FAULTS / "faults.py"), "--seconds", str(limit(60)), *arguments],
        capture_output=True,
        text=True,
        timeout=limit(110),
    )
    assert done.stderr == ""
    return done.stdout


def test_python_allocations() -> None:
    """Calls, exceptions, queues: every 23rd allocation of Python's fails once, and does no harm."""
    assert run("--kind", "python", "--every", "23", "call_with_copies", "exception", "queue") == ""


def test_python_allocations_for_proxies() -> None:
    """Proxies, and what is copied or narrowed: every 19th allocation fails once."""
    names = ("call_with_proxies", "restrict", "buffer", "copy")
    assert run("--kind", "python", "--every", "19", *names) == ""


def test_executor_and_new_threads() -> None:
    """An executor's calls, and the first call of a thread: every 5th allocation fails once."""
    names = ("executor", "call_on_new_thread")
    assert run("--kind", "python", "--every", "5", *names) == ""


def test_c_allocations() -> None:
    """Each allocation that the core makes of the C library fails once."""
    names = ("call_on_new_thread", "queue", "buffer", "make_and_close")
    assert run("--kind", "c", *names) == ""


@pytest.mark.skipif(not (HAS_COMPILER and HAS_CPP_COMPILER), reason="needs compilers for modules")
def test_c_allocations_for_private_copies() -> None:
    """Each allocation that importing and unloading private copies makes of the C library fails."""
    assert run("--kind", "c", "private_import") == ""


def test_threads_that_do_not_start() -> None:
    """Each thread that the core starts fails once."""
    names = ("timeout", "dump_traceback", "collect_garbage", "drop")
    assert run("--kind", "thread", *names) == ""


@pytest.mark.parametrize("name", ["Py_NewInterpreterFromConfig", *faults.EXCUSED])
def test_control(name: str, tmp_path: Path) -> None:
    """What is left out ends the process without atoll too: it is CPython's."""
    hook = faults.compile_hook(tmp_path, ())
    done = subprocess.run(
        [sys.executable, str(FAULTS / "control.py"), str(hook), name, "300"],
        capture_output=True,
        text=True,
        timeout=limit(110),
    )
    assert done.returncode != 0
