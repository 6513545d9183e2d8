"""`atoll.timeout`: a limit for calls into other interpreters."""

from __future__ import annotations

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads
from breaking_off import break_off

import atoll

SOON = 0.05  # seconds


@pytest.fixture
def interpreter(interpreter: atoll.Interpreter) -> atoll.Interpreter:
    """A fresh interpreter that need not import anything first."""
    interpreter.import_module("workloads")
    return interpreter


@pytest.fixture
def busy(interpreter: atoll.Interpreter) -> Any:
    """A Flag in the fresh interpreter, on which another thread spins until the test ends."""
    flag = interpreter.call(workloads.Flag)
    entered = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        spinning = pool.submit(interpreter.call, workloads.spin_until_set, entered, flag)
        entered.wait()
        yield flag
        interpreter.interrupt(workloads.CustomError("the test is over"))
        with pytest.raises(workloads.CustomError):
            spinning.result()


def test_spinning_callee(interpreter: atoll.Interpreter) -> None:
    """A callee that spins in pure Python is broken off; the error says what and where."""
    says = (
        r"^interpreter 'fresh' has been running spin_for_ever\(\) at workloads.py:\d+ for \d+\.\d s "
        r"\[docs: how-to/timeouts\]$"
    )
    break_off(says, interpreter.call, workloads.spin_for_ever)
    assert interpreter.call(pow, 2, 3) == 8


@pytest.mark.parametrize("name", ["\u4e2d" * 60, "x" + "\u4e2d" * 60, "xx" + "\u4e2d" * 60])
def test_long_name(interpreter: atoll.Interpreter, name: str) -> None:
    """What a long text says is cut between two characters."""
    interpreter.exec(f"def {name}():\n    while True: pass")
    break_off("has been running x*\u4e2d{50}", interpreter.eval, f"{name}()")


def test_remote_traceback(interpreter: atoll.Interpreter) -> None:
    """The traceback below the cause shows the frames that were broken off."""
    error = break_off("has been running spin_for_ever", interpreter.call, workloads.spin_for_ever)
    assert "in spin_for_ever" in str(error.__cause__)


def test_method_of_a_proxy(interpreter: atoll.Interpreter) -> None:
    """A method called by Proxy is broken off as well."""
    flag = interpreter.call(workloads.Flag)
    break_off(r"Flag.spin\(\)", flag.spin)
    assert flag.is_set is False


def test_waiting_to_get_in(interpreter: atoll.Interpreter, busy: Any) -> None:
    """A call that waits for a busy interpreter turns back, and says who holds it."""
    says = r"has been running Flag.spin\(\) at workloads.py:\d+ for"
    break_off(says, interpreter.call, pow, 2, 3)


def test_waiting_to_get_in_disturbs_nobody(interpreter: atoll.Interpreter) -> None:
    """While visitors turn back one after another, the running thread loses no update."""
    counter = interpreter.call(workloads.Counter)
    with ThreadPoolExecutor(5) as pool:
        working = pool.submit(counter.add_many, 2_000_000)

        def knock() -> None:
            while not working.done():
                try:
                    with atoll.timeout(0.001):
                        counter.add(1_000_000_000)
                        counter.add(-1_000_000_000)
                except TimeoutError:
                    pass

        for each in [pool.submit(knock) for _ in range(4)]:
            each.result()
        working.result()
    assert counter.n % 1_000_000_000 == 2_000_000


def test_finally_runs(interpreter: atoll.Interpreter) -> None:
    """What is broken off runs its finally blocks, which may call out, also back home."""
    log: list[str] = []
    while not log:
        with pytest.raises(TimeoutError), atoll.timeout(SOON):
            interpreter.call(workloads.spin_with_finally, log.append)
    assert log == ["finally"]


def test_except_exception_does_not_swallow(interpreter: atoll.Interpreter) -> None:
    """`except Exception` in the callee does not hold it up: DeadlineExceeded is none."""
    with pytest.raises(TimeoutError), atoll.timeout(SOON):
        interpreter.call(workloads.spin_and_swallow)


def test_caught_in_the_block(interpreter: atoll.Interpreter) -> None:
    """Inside the block it is a TimeoutError already, and raised once: then calls work again."""
    with atoll.timeout(SOON) as limit:
        with pytest.raises(TimeoutError):
            interpreter.call(workloads.spin_for_ever)
        assert limit.is_expired
        assert interpreter.call(pow, 2, 3) == 8


def test_zero_raises_at_the_next_call(interpreter: atoll.Interpreter) -> None:
    """A limit that has passed in the block's own code is raised by the next call, undone."""
    numbers = interpreter.eval("[]")
    with pytest.raises(TimeoutError), atoll.timeout(0) as limit:
        while not limit.is_expired:
            pass
        numbers.append(1)
    assert list(numbers) == []


def test_in_time(interpreter: atoll.Interpreter) -> None:
    """Calls that are quick enough are as without it."""
    with atoll.timeout(100) as limit:
        assert interpreter.call(pow, 2, 3) == 8
    assert not limit.is_expired
    with atoll.timeout(None):
        assert interpreter.call(pow, 2, 3) == 8


def test_again(interpreter: atoll.Interpreter) -> None:
    """One timeout can be used many times, one after another."""
    limit = atoll.timeout(SOON)
    for _ in range(3):
        with pytest.raises(TimeoutError), limit:
            interpreter.call(workloads.spin_for_ever)
    while limit.is_expired:  # a busy machine may well need longer
        with contextlib.suppress(TimeoutError), limit:
            assert interpreter.call(pow, 2, 3) == 8


def test_running_already() -> None:
    """A timeout that is running cannot be entered again."""
    with atoll.timeout(100) as limit, pytest.raises(RuntimeError, match="running already"), limit:
        pass


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_bad_number(seconds: float) -> None:
    """Negative seconds, and none at all, are errors."""
    with pytest.raises(ValueError, match="0 or more"):
        atoll.timeout(seconds)


def test_bad_type() -> None:
    """Seconds must be a number."""
    with pytest.raises(TypeError):
        atoll.timeout("1")  # type: ignore[arg-type]


def test_nested_interpreters(interpreter: atoll.Interpreter) -> None:
    """The limit holds for what the callee calls in a third interpreter; both stay usable."""
    with atoll.Interpreter("third") as third:
        spin = third.import_module("workloads").spin_for_ever
        break_off("interpreter 'third' has been", interpreter.call, workloads.call, spin)
        assert third.call(pow, 2, 3) == interpreter.call(pow, 2, 3) == 8


def test_callback(interpreter: atoll.Interpreter) -> None:
    """A call-back that spins at home is broken off: a call is under way."""
    says = "interpreter 'main' has been"
    break_off(says, interpreter.call, workloads.call, workloads.spin_for_ever)


def test_inner_limit(interpreter: atoll.Interpreter) -> None:
    """The shorter limit inside a longer one is the one that is raised."""
    with atoll.timeout(100) as outer:
        with pytest.raises(TimeoutError), atoll.timeout(SOON):
            interpreter.call(workloads.spin_for_ever)
        assert interpreter.call(pow, 2, 3) == 8
    assert not outer.is_expired


def test_outer_limit(interpreter: atoll.Interpreter) -> None:
    """The shorter limit around a longer one is the one that is raised."""
    with pytest.raises(TimeoutError), atoll.timeout(SOON) as outer, atoll.timeout(100) as inner:
        interpreter.call(workloads.spin_for_ever)
    assert outer.is_expired
    assert not inner.is_expired


def test_limit_set_inside(interpreter: atoll.Interpreter) -> None:
    """A limit set by the callee is raised in the callee."""
    with atoll.Interpreter("third") as third:
        spin = third.import_module("workloads").spin_for_ever
        said, seconds = "", SOON
        while not said.startswith("interpreter 'third' has been running spin_for_ever()"):
            said = interpreter.call(workloads.call_with_limit, spin, seconds)
            seconds *= 2


def test_set_inside_while_one_is_outside(interpreter: atoll.Interpreter) -> None:
    """When the callee's limit and the caller's have both passed, each raises where it was set."""
    with atoll.Interpreter("third") as third:
        spin = third.import_module("workloads").spin_for_ever
        with pytest.raises(TimeoutError), atoll.timeout(2 * SOON):
            interpreter.call(workloads.call_with_limit_and_again, spin, SOON)


def test_other_threads_are_not_limited(interpreter: atoll.Interpreter) -> None:
    """A limit is this thread's: others in the same interpreter go on."""
    numbers = interpreter.eval("[]")
    append = numbers.append
    with ThreadPoolExecutor(1) as pool, atoll.timeout(0) as limit:
        while not limit.is_expired:
            pass
        pool.submit(append, 1).result()
    assert list(numbers) == [1]


def test_many_threads(interpreter: atoll.Interpreter) -> None:
    """Limits of many threads, each in an interpreter of its own, all hold."""

    def spin(_: int) -> TimeoutError:
        with atoll.Interpreter() as own:
            return break_off("spin_for_ever", own.import_module("workloads").spin_for_ever)

    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(spin, range(8)))) == 8


def test_abandoned_in_a_generator(interpreter: atoll.Interpreter) -> None:
    """A limit whose block is never left ends with its generator, on another thread too."""

    def generate() -> Any:
        with atoll.timeout(0):
            yield

    generator: list[Any] = [generate()]
    thread = threading.Thread(target=lambda: next(generator[0]))
    thread.start()
    thread.join()
    generator.clear()
    assert interpreter.call(pow, 2, 3) == 8


def test_finalizers_are_not_broken_off(interpreter: atoll.Interpreter) -> None:
    """A limit that passes while dropped objects are finalized is raised by the call itself."""
    log = interpreter.eval("[]")
    slow = interpreter.call(workloads.SlowlyFinalized, log, 10 * SOON)
    del slow
    with pytest.raises(TimeoutError), atoll.timeout(SOON):
        interpreter.call(workloads.spin_for_ever)
    assert list(log) == ["finalized"]


@pytest.mark.parametrize("forward_logging", [True, False])
def test_lost_in_a_finalizer(forward_logging: bool, nothing_is_left: None, capfd: Any) -> None:
    """What a finalizer swallows is raised again afterwards, and not reported."""
    with atoll.Interpreter("finalizing", forward_logging=forward_logging) as interpreter:
        with pytest.raises(TimeoutError), atoll.timeout(SOON):
            interpreter.call(workloads.drop_slowly_and_spin, 10 * SOON)
    assert capfd.readouterr() == ("", "")


FIND_SLOWLY = """
import _imp, os, sys
from _thread import get_ident

acquire, spinner = _imp.acquire_lock, None

def acquire_lock():
    if get_ident() == spinner:
        os.write(writer, b"x")
    acquire()

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "nowhere":
            ask()

def spin():
    global spinner
    spinner = get_ident()
    start()
    while True:
        pass

_imp.acquire_lock = acquire_lock
sys.meta_path.append(Finder)
"""


def test_an_exception_waits_for_an_import() -> None:
    """A thread that returns in the midst of an import is let in while another one makes its
    exception, which may have to wait for the import.
    """
    asked, answer, started = threading.Event(), threading.Event(), threading.Event()
    reader, writer = os.pipe()
    with atoll.Interpreter("importing") as importing, ThreadPoolExecutor(2) as pool:
        there = importing.import_module("__main__")
        there.ask, there.start = lambda: [asked.set(), answer.wait()][0], started.set
        there.writer = writer
        importing.exec(FIND_SLOWLY)
        finding = pool.submit(importing.exec, "try: import nowhere\nexcept ImportError: pass")
        asked.wait()
        spinning = pool.submit(there.spin)
        started.wait()
        importing.interrupt(workloads.CustomError("now"))  # its module is not imported there yet
        os.read(reader, 1)
        answer.set()
        with pytest.raises(workloads.CustomError):
            spinning.result()
        finding.result()
        importing.exec("_imp.acquire_lock = acquire")
    os.close(reader)
    os.close(writer)
