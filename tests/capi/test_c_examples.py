"""The extension modules in examples/c are built, and do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from capi_modules import EXAMPLES, NEEDS_COMPILER, NEEDS_CPP_COMPILER, build, load

import atoll


@pytest.fixture(autouse=True)
def same_path() -> Iterator[None]:
    """Leave sys.path as it was."""
    path = list(sys.path)
    yield
    sys.path[:] = path


@NEEDS_COMPILER
def test_tally(tmp_path: Path) -> None:
    """Each interpreter counts for itself, and reports to an object that lives elsewhere."""
    tally: Any = load(build(EXAMPLES / "tally.c", tmp_path))
    reports: list[dict[str, int]] = []

    class Collector:
        def add(self, counts: dict[str, int]) -> None:
            reports.append(dict(counts))

    tally.count("to be or not to be")
    with atoll.Interpreter("counting") as other:
        there = other.import_module("tally")
        there.count("to do")
        for each in (tally, there):
            each.report(Collector())
        del there, each
    assert reports == [{"to": 2, "be": 2, "or": 1, "not": 1}, {"to": 1, "do": 1}]


@NEEDS_CPP_COMPILER
def test_thread_pool(tmp_path: Path) -> None:
    """Threads of C++ call functions of two interpreters; a failure ends all."""
    pool: Any = load(build(EXAMPLES / "thread_pool.cpp", tmp_path))
    with atoll.Interpreter("one") as one, atoll.Interpreter("two") as two:
        double, square = one.eval("lambda n: 2 * n"), two.eval("lambda n: n * n")
        expected = [sum(2 * n for n in range(1000)), sum(n * n for n in range(1000))]
        assert pool.run([double, square], 1000, 3) == expected
        assert pool.run([double, lambda n: 1], 100, 2)[1] == 100
        for each in (one, two):
            each.exec("import sys; sys.unraisablehook = lambda seen: None")
        with pytest.raises(RuntimeError, match="a call has failed"):
            pool.run([one.eval("lambda n: 1 / 0"), square], 1000, 3)


@NEEDS_COMPILER
def test_cython(tmp_path: Path) -> None:
    """A Cython module has atoll.pxd."""
    pytest.importorskip("Cython")
    source = tmp_path / "primes.c"
    subprocess.run(
        [
            *(sys.executable, "-m", "cython", "-3", "-I", atoll.get_include()),
            *("-o", str(source), str(EXAMPLES / "primes.pyx")),
        ],
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    options = ("-O0", "-Wno-unused-function", "-Wno-error")
    primes: Any = load(build(source, tmp_path, "primes", *options))
    with atoll.Interpreter("finding") as other:
        receiver = other.eval("[]")
        progress = atoll.AtomicInt(atoll.Buffer(8))
        primes.find(20, progress, receiver)
        assert atoll.copy(receiver) == [2, 3, 5, 7, 11, 13, 17, 19]
    assert progress.load() == 20
