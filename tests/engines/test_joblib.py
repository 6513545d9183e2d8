"""The joblib backend "atoll"."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import joblib_functions
import pool_functions
import pytest
from children import environment

import atoll

joblib = pytest.importorskip("joblib")

import atoll.joblib  # noqa: E402
from atoll.joblib import _free, _take  # noqa: E402

delayed = joblib.delayed


@pytest.fixture(scope="module", autouse=True)
def workers() -> Iterator[None]:
    """Two workers, which all tests here use; both have begun."""
    made = _take(2)
    gate: atoll.Queue[int] = atoll.Queue()
    waiting = made.executor.submit(gate.get)
    made.executor.submit(int).result()
    gate.put(1)
    waiting.result()
    _free.append(made)
    yield
    while _free:
        _free.pop().executor.shutdown()


def parallel(**options: Any) -> Any:
    return joblib.Parallel(n_jobs=2, backend="atoll", **options)


def test_calls() -> None:
    """Results come in order, or as the generator that is asked for; functions may be lambdas."""
    calls = [delayed(lambda n: n * n)(n) for n in range(20)]
    squares = [n * n for n in range(20)]
    assert parallel()(calls) == squares
    assert list(parallel(return_as="generator")(calls)) == squares
    assert sorted(parallel(return_as="generator_unordered")(calls)) == squares
    with joblib.parallel_config("atoll", n_jobs=2):
        assert joblib.Parallel()(calls) == squares


def test_interpreters_are_kept() -> None:
    """Calls run in the same interpreters, also after an exception."""
    names = {each.name for each in atoll.interpreters()}
    for last in 3, 30:
        with pytest.raises(ZeroDivisionError):
            parallel()(delayed(joblib_functions.fail_at)(n, last) for n in range(40))
    found = parallel()(delayed(joblib_functions.interpreter_name)() for _ in range(40))
    assert set(found) <= names - {"main"}
    assert {each.name for each in atoll.interpreters()} == names


def test_timeout_and_nesting() -> None:
    """A timeout interrupts a loop that never ends; then the workers are free for nested calls."""
    queue: atoll.Queue[str] = atoll.Queue()
    with pytest.raises(multiprocessing.TimeoutError):
        parallel(timeout=0.01)(delayed(pool_functions.spin)(queue) for _ in range(4))
    nested = parallel()(delayed(joblib_functions.nested)(n) for n in range(3))
    assert nested == [[], [0], [0, 1]]


@pytest.mark.parametrize(
    ("options", "is_one", "is_writable"),
    [
        ({}, True, False),
        ({"mmap_mode": "r+"}, True, True),
        ({"mmap_mode": "c"}, False, True),
        ({"max_nbytes": None}, False, True),
        ({"max_nbytes": "2M"}, False, True),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_big_arrays(order: str, options: dict[str, Any], is_one: bool, is_writable: bool) -> None:
    """From max_nbytes on an array crosses once, read-only if mmap_mode says so."""
    numpy = pytest.importorskip("numpy")
    array = numpy.ones((160, 1000), order=order)
    # Both arguments of a call are there at the same time.
    calls = [delayed(joblib_functions.look_at)(array, array[:]) for _ in range(2)]
    for first, second in parallel(batch_size=1, **options)(calls):
        assert (first[0] == second[0]) is is_one
        assert first[1] is second[1] is is_writable


def test_calls_that_cannot_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """An abort leaves workers behind whose call is in C code; the process does not wait for it."""
    monkeypatch.setattr(atoll.joblib, "_free", [])
    monkeypatch.setattr(atoll.joblib, "_INTERRUPTED_SECONDS", 0.0)
    queue: atoll.Queue[str] = atoll.Queue()
    ours, theirs = os.pipe()
    reads = delayed(joblib_functions.read)(ours, queue)
    with pytest.raises(ZeroDivisionError):
        parallel(batch_size=1)([reads, delayed(joblib_functions.fail_after)(queue)])
    assert not atoll.joblib._free
    os.write(theirs, b"1")
    queue.get()
    os.close(theirs)
    os.close(ours)


def test_big_arrays_of_each_call() -> None:
    """Each call of a Parallel that is a context manager has one copy of a big array."""
    numpy = pytest.importorskip("numpy")
    array = numpy.ones((160, 1000))
    with parallel() as calls:
        for _ in range(2):
            found = calls([delayed(joblib_functions.look_at)(array) for _ in range(2)])
            assert found[0] == found[1]
            assert found[0][0][1] is False


@pytest.mark.parametrize(
    ("mode", "is_one", "is_writable"), [("r", True, False), ("r+", True, True), ("c", False, True)]
)
def test_arrays_of_buffers(mode: str, is_one: bool, is_writable: bool) -> None:
    """An array that lies in a Buffer is not copied, of whatever size, unless mmap_mode says so."""
    numpy = pytest.importorskip("numpy")
    array = numpy.asarray(atoll.Buffer(80))[::2]
    call = delayed(joblib_functions.look_at)(array, array)
    address = array.__array_interface__["data"][0]
    for found in parallel(mmap_mode=mode, max_nbytes=None)([call, call]):
        assert [each[0] == address for each in found] == [is_one, is_one]
        assert [each[1] for each in found] == [is_writable, is_writable]


def test_n_jobs() -> None:
    """It is read as loky's."""
    backend = atoll.joblib.AtollBackend()
    assert backend.effective_n_jobs(None) == 1
    assert backend.effective_n_jobs(-1) == joblib.cpu_count()
    assert backend.effective_n_jobs(-1000) == 1
    with pytest.raises(ValueError, match="n_jobs == 0"):
        backend.effective_n_jobs(0)


def test_unknown_options() -> None:
    """An option that there is not is a TypeError, as with loky."""
    with (
        joblib.parallel_config("atoll", n_jobs=2, wrong=1),
        pytest.raises(TypeError, match="'wrong'"),
    ):
        joblib.Parallel()([delayed(abs)(1)])


def test_lost_worker() -> None:
    """A call whose worker has ended is reported as loky does."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = atoll.InterpreterPoolExecutor(1)
    queue: atoll.Queue[str] = atoll.Queue()
    future: Future[None] = pool.submit(pool_functions.spin, queue)
    queue.get()
    pool.terminate_workers()
    with pytest.raises(TerminatedWorkerError):
        atoll.joblib.AtollBackend().retrieve_result_callback(future)
    pool.shutdown()


def test_without_joblib() -> None:
    """The error says what to install."""
    code = "import sys; sys.modules['joblib'] = None; import atoll.joblib"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True
    )
    assert "atoll.joblib needs joblib: pip install 'atoll[joblib]'" in done.stderr
