"""`Interpreter.interrupt`: an exception for what runs there."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll


@pytest.fixture
def pool(nothing_is_left: None) -> Any:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def preemptive(nothing_is_left: None) -> Iterator[atoll.Interpreter]:
    """Where one may start a thread that runs without end, and still get out."""
    with atoll.Interpreter("preemptive", preemptive=True) as interpreter:
        yield interpreter


def start(
    pool: ThreadPoolExecutor, interpreter: atoll.Interpreter, fn: Any, *args: Any
) -> Future[Any]:
    """Call in a thread; returns once the function has begun."""
    entered = threading.Event()
    future = pool.submit(interpreter.call, fn, entered, *args)
    entered.wait()
    return future


def test_instance(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """The exception arrives in the running code, and from there at its caller, with arguments."""
    future = start(pool, interpreter, workloads.enter_and_spin)
    assert interpreter.interrupt(workloads.CustomError("stop", 7)) is True
    with pytest.raises(workloads.CustomError) as caught:
        future.result()
    assert caught.value.args == ("stop", 7)
    assert "in enter_and_spin" in str(caught.value.__cause__)
    assert interpreter.call(pow, 2, 3) == 8


def test_class_and_default(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """A class is called without arguments; without any it is KeyboardInterrupt."""
    future = start(pool, interpreter, workloads.enter_and_spin)
    assert interpreter.interrupt(ValueError)
    with pytest.raises(ValueError):
        future.result()
    future = start(pool, interpreter, workloads.enter_and_spin)
    assert interpreter.interrupt()
    assert isinstance(future.exception(), KeyboardInterrupt)


def test_nobody_there(interpreter: atoll.Interpreter) -> None:
    """Where nobody is inside nothing happens, then or later."""
    assert interpreter.interrupt() is False
    assert interpreter.call(pow, 2, 3) == 8


def test_late(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """Who is abroad gets the exception when it comes back; others do not get it later."""
    lock = threading.Lock()
    with lock:
        future = start(pool, interpreter, workloads.enter_and_acquire, lock)
        assert interpreter.interrupt(workloads.CustomError)
        # It waits for a lock of main's.
    with pytest.raises(workloads.CustomError):
        future.result()
    for _ in range(3):
        assert interpreter.call(pow, 2, 3) == 8


def test_only_one_is_hit(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """Of several threads inside one gets the exception; the others go on."""
    flag = interpreter.call(workloads.Flag)
    futures = [
        start(pool, interpreter, workloads.enter_and_wait_for, flag, atoll.checkpoint)
        for _ in range(3)
    ]
    assert interpreter.interrupt(workloads.CustomError)
    while not any(each.done() for each in futures):
        pass
    flag.set()
    ends = [type(each.exception()) for each in futures]
    assert sorted(ends, key=str) == sorted([workloads.CustomError, type(None), type(None)], key=str)


def test_newcomers_are_not_meant(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """Who enters after it was asked for is not hit, even while the one who is meant sleeps."""
    lock = interpreter.eval("__import__('threading').Lock()")
    lock.acquire()
    future = start(pool, interpreter, workloads.enter_acquire_and_spin, lock)
    assert interpreter.interrupt(workloads.CustomError)
    for _ in range(100):
        assert interpreter.call(workloads.count_to, 1000) == 1000
    lock.release()
    with pytest.raises(workloads.CustomError):
        future.result()


def test_own_thread(preemptive: atoll.Interpreter) -> None:
    """A thread of the interpreter's own is hit if nobody visits."""
    caught = preemptive.eval("[]")
    entered = threading.Event()
    there = preemptive.import_module("workloads")
    thread = there.start_thread(there.spin_and_note, entered, caught)
    entered.wait()
    while not preemptive.interrupt(KeyError):
        pass
    thread.join()
    assert list(caught) == ["KeyError"]


def test_own_thread_in_an_import(preemptive: atoll.Interpreter) -> None:
    """One that is in code of importlib's, where an exception may be swallowed, is hit afterwards."""
    caught = preemptive.eval("[]")
    entered = threading.Event()
    may_leave = atoll.AtomicInt(atoll.Buffer(8))
    there = preemptive.import_module("workloads")
    thread = there.start_thread(there.import_and_note, entered, may_leave, caught)
    entered.wait()
    while not preemptive.interrupt(KeyError):
        pass
    preemptive.eval("1")  # somebody gets in: the thread has looked up
    may_leave.store(1)
    thread.join()
    assert list(caught) == ["left", "KeyError"]


def test_busy_main(preemptive: atoll.Interpreter) -> None:
    """The main interpreter can be interrupted from another one."""
    there = preemptive.import_module("workloads")
    with pytest.raises(KeyError):
        there.start_thread(there.interrupt_until, atoll.main(), KeyError)
        workloads.spin_for_ever()
    for thread in there.threads():
        thread.join()


def test_swallowed(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """Code that catches the exception goes on."""
    future = start(pool, interpreter, workloads.enter_and_catch)
    assert interpreter.interrupt(workloads.CustomError)
    assert future.result() == "caught"


def test_waiting_one_keeps_nobody_busy(pool: ThreadPoolExecutor) -> None:
    """While an exception waits for C code to end, other interpreters are looked after."""
    reader, writer = os.pipe()
    with atoll.Interpreter() as one, atoll.Interpreter() as two:
        first, other = sorted((one, two), key=lambda each: each.id)
        future = pool.submit(first.call, os.read, reader, 1)
        try:
            workloads.interrupt_until(first, KeyError)
            log: queue.SimpleQueue[str] = queue.SimpleQueue()
            dropped = other.call(workloads.Finalized, workloads.Appendable(log.put))
            del dropped
            assert log.get(timeout=60) == other.name
        finally:
            os.write(writer, b"x")
        assert future.exception() is None or isinstance(future.exception(), KeyError)
    os.close(reader)
    os.close(writer)


def test_closing(pool: ThreadPoolExecutor) -> None:
    """What runs in an interpreter can be interrupted while somebody waits to close it."""
    short = atoll.Interpreter()
    future = start(pool, short, workloads.enter_and_catch)
    closing = pool.submit(short.close)
    with pytest.raises(atoll.InterpreterClosedError):
        while True:
            short.eval("1")
    assert short.interrupt(workloads.CustomError)
    assert future.result() == "caught"
    closing.result()


def test_closed(interpreter: atoll.Interpreter) -> None:
    """A closed interpreter runs nothing."""
    with atoll.Interpreter() as short:
        pass
    assert short.interrupt() is False


@pytest.mark.parametrize("wrong", [1, "x", int, None])
def test_bad_exception(interpreter: atoll.Interpreter, wrong: Any) -> None:
    """Only exceptions can be raised."""
    with pytest.raises(TypeError, match="an exception is required"):
        interpreter.interrupt(wrong)
