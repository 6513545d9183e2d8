"""One thread at a time runs inside an interpreter, and is not preempted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll


@pytest.fixture
def preemptive(nothing_is_left: None) -> Iterator[atoll.Interpreter]:
    with atoll.Interpreter("preemptive", preemptive=True) as interpreter:
        yield interpreter


@pytest.fixture
def pool(nothing_is_left: None) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def test_no_increment_is_lost(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """`self.n += 1` by many threads loses nothing, without a lock."""
    counter = interpreter.call(workloads.Counter)
    for each in [pool.submit(counter.add_many, 20_000) for _ in range(8)]:
        each.result()
    assert counter.n == 160_000


def test_no_item_assignment_is_lost(there: Any, pool: ThreadPoolExecutor) -> None:
    """Many single operations of many threads all happen."""
    table = there.evaluate("{}")

    def fill(thread: int) -> None:
        for i in range(300):
            table[thread, i] = i

    for each in [pool.submit(fill, i) for i in range(8)]:
        each.result()
    assert len(table) == 2400


def test_not_preempted(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """While one visitor runs, one that waits does not get in, for many switch intervals."""
    guarded = interpreter.call(workloads.Guarded)
    first = pool.submit(guarded.wait_then_work, 1_000_000)
    second = pool.submit(guarded.work, 1)
    assert (first.result(), second.result()) == (1, 1)


def test_preemptive_lets_visitors_in(
    preemptive: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """With preemptive=True a visitor gets into the busy loop of another."""
    flag = preemptive.call(workloads.Flag)
    spinning = pool.submit(flag.spin)
    flag.set()
    assert spinning.result() == "set"


def test_preemptive_own_thread(preemptive: atoll.Interpreter) -> None:
    """With preemptive=True a visitor gets into the busy loop of the interpreter's own thread."""
    flag = preemptive.call(workloads.Flag)
    thread = preemptive.call(workloads.start_thread, flag.spin)
    flag.set()
    thread.join()
    assert not thread.is_alive()


def test_busy_main_is_entered(interpreter: atoll.Interpreter) -> None:
    """A thread of another interpreter gets into the busy main interpreter."""
    seen: list[int] = []
    thread = interpreter.call(workloads.start_thread, seen.append, 1)
    while not seen:
        pass
    thread.join()
    assert seen == [1]


def test_busy_main_is_entered_often(interpreter: atoll.Interpreter) -> None:
    """Two threads of another interpreter make thousands of calls into the busy main one."""
    counter = workloads.Counter()
    interpreter.exec("def call(f, n):\n    for _ in range(n): f(1)")
    call = interpreter.eval("call")
    threads = [interpreter.call(workloads.start_thread, call, counter.add, 1000) for _ in range(2)]
    while counter.n < 1000:
        pass
    for each in threads:
        each.join()
    assert counter.n <= 2000
    assert not any(each.is_alive() for each in threads)


def test_checkpoint(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """checkpoint() lets visitors into a long loop."""
    flag = interpreter.call(workloads.Flag)
    spinning = pool.submit(flag.spin_with_checkpoints)
    flag.set()
    assert spinning.result() == "set"


def test_checkpoint_with_many_waiting(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """checkpoint() lets all in who are waiting."""
    counter, flag = interpreter.call(workloads.Counter), interpreter.call(workloads.Flag)
    spinning = pool.submit(flag.spin_with_checkpoints)
    for each in [pool.submit(counter.add, 1) for _ in range(100)]:
        each.result()
    flag.set()
    assert spinning.result() == "set"
    assert counter.n == 100


def test_checkpoint_when_nobody_waits() -> None:
    """checkpoint() is harmless where nobody waits, in main and elsewhere."""
    assert atoll.checkpoint() is None


def test_crossing_out_lets_others_in(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """A thread that calls out lets another in meanwhile."""
    flag = interpreter.call(workloads.Flag)
    spinning = pool.submit(flag.spin_with_calls, lambda: None)  # a builtin would be called there
    flag.set()
    assert spinning.result() == "set"


def test_waiting_lets_others_in(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """A thread that waits for a lock lets another in, which releases it."""
    lock = interpreter.eval("__import__('threading').Lock()")
    lock.acquire()
    waiting = pool.submit(lock.acquire)
    lock.release()
    assert waiting.result() is True


def test_parallel(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """Two interpreters run bytecode at the same time: each waits for the other's memory."""
    mine, yours = bytearray(1), bytearray(1)
    entered, also = threading.Event(), threading.Event()
    with atoll.Interpreter("second") as second:
        one = pool.submit(interpreter.call, workloads.spin, entered, mine)
        two = pool.submit(second.call, workloads.spin, also, yours)
        entered.wait()
        also.wait()
        mine[0] = yours[0] = 1
        assert one.result() >= 0
        assert two.result() >= 0


def test_calls_to_and_fro_by_many(
    there: Any, interpreter: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """Two interpreters that call each other from several threads do not deadlock."""
    second = interpreter.import_module("workloads")
    results = [pool.submit(there.bounce, there.bounce, second.bounce, 50) for _ in range(4)]
    results += [pool.submit(second.bounce, second.bounce, there.bounce, 50) for _ in range(4)]
    assert [each.result() for each in results] == [50] * 8


def test_callback_while_main_waits(there: Any, pool: ThreadPoolExecutor) -> None:
    """A call back into main is served while main's thread waits for the caller."""
    results = [pool.submit(there.call, threading.get_ident) for _ in range(20)]
    assert all(isinstance(each.result(), int) for each in results)
