"""Interruptions that are meant for one thread of an interpreter, and for one call."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll
from atoll import _core


@pytest.fixture
def pool(nothing_is_left: None) -> Any:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def start(
    pool: ThreadPoolExecutor, interpreter: atoll.Interpreter, fn: Any, *args: Any
) -> tuple[Future[Any], int]:
    """Call in a thread; returns once the function has begun, with the thread's number."""
    entered, idents = threading.Event(), atoll.Queue()

    def call() -> Any:
        idents.put(threading.get_ident())
        return interpreter.call(fn, entered, *args)

    future = pool.submit(call)
    entered.wait()
    return future, idents.get()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_each_gets_its_own(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor, order: tuple[int, ...]
) -> None:
    """Two threads that sleep inside and one that runs are each hit by what is for it."""
    locks = [interpreter.eval("__import__('threading').Lock()") for _ in range(2)]
    for lock in locks:
        lock.acquire()
    calls = [start(pool, interpreter, workloads.enter_acquire_and_spin, each) for each in locks]
    calls.append(start(pool, interpreter, workloads.enter_and_spin))
    for each in order:
        error = workloads.CustomError(each)
        assert _core.interrupt(interpreter, error, calls[each][1]) is True
    with pytest.raises(workloads.CustomError) as caught:
        calls[2][0].result()
    assert caught.value.args == (2,)
    for each, lock in enumerate(locks):
        lock.release()
        with pytest.raises(workloads.CustomError) as caught:
            calls[each][0].result()
        assert caught.value.args == (each,)
    assert interpreter.call(pow, 2, 3) == 8


def test_the_later_one_counts(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """A second interruption of a thread that has not got the first takes its place."""
    lock = interpreter.eval("__import__('threading').Lock()")
    lock.acquire()
    future, ident = start(pool, interpreter, workloads.enter_acquire_and_spin, lock)
    for number in range(2):
        assert _core.interrupt(interpreter, workloads.CustomError(number), ident) is True
    lock.release()
    with pytest.raises(workloads.CustomError) as caught:
        future.result()
    assert caught.value.args == (1,)


def test_one_for_all_and_one_for_one(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """What is for whoever runs, and what is for one thread, do not displace each other."""
    lock = interpreter.eval("__import__('threading').Lock()")
    lock.acquire()
    sleeper, ident = start(pool, interpreter, workloads.enter_acquire_and_spin, lock)
    assert _core.interrupt(interpreter, KeyError("one"), ident) is True
    spinner, _ = start(pool, interpreter, workloads.enter_and_spin)
    assert interpreter.interrupt(ValueError("all")) is True
    with pytest.raises(ValueError, match="all"):
        spinner.result()
    lock.release()
    with pytest.raises(KeyError, match="one"):
        sleeper.result()


def test_who_comes_back_when_another_leaves(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor
) -> None:
    """Who waits for the running thread to let him run again is hit as soon as he does."""
    lock = interpreter.eval("__import__('threading').Lock()")
    flag = atoll.AtomicInt(atoll.Buffer(8))
    lock.acquire()
    sleeper, ident = start(pool, interpreter, workloads.enter_acquire_and_return, lock)
    runner = pool.submit(interpreter.call, workloads.release_and_spin_until_above, lock, flag, 0)
    while not interpreter_is_busy(interpreter):
        pass
    assert _core.interrupt(interpreter, workloads.CustomError(), ident) is True
    flag.add(1)
    runner.result()
    with pytest.raises(workloads.CustomError):
        sleeper.result()


def interpreter_is_busy(interpreter: atoll.Interpreter) -> bool:
    return _core.visitor_count(interpreter) == 2


def test_not_inside(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """A thread that is not inside, or is none, is not interrupted, then or later."""
    ident = pool.submit(threading.get_ident).result()
    assert _core.interrupt(interpreter, KeyError(), ident) is False
    assert _core.interrupt(interpreter, KeyError(), 1) is False
    assert pool.submit(interpreter.call, workloads.count_to, 1000).result() == 1000


def test_a_call_that_ends_before(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """What comes too late for a call is not for the thread's next one."""
    for _ in range(100):
        lock = threading.Lock()
        with lock:
            future, ident = start(pool, interpreter, workloads.enter_and_acquire, lock)
        _core.interrupt(interpreter, workloads.CustomError(), ident)
        assert future.exception() is None or isinstance(future.exception(), workloads.CustomError)
        assert interpreter.call(workloads.count_to, 1000) == 1000
        assert pool.submit(interpreter.call, workloads.count_to, 1000).result() == 1000


def test_idle_worker(nothing_is_left: None) -> None:
    """What comes for a worker that waits for a task, inside or not, is not for its next one."""
    with atoll.InterpreterPoolExecutor(1) as executor:
        worker = executor.submit(atoll.current).result()
        for _ in range(200):
            future = executor.submit(workloads.count_to, 10)
            while not future.done():
                pass
            worker.interrupt(workloads.CustomError)
            assert executor.submit(workloads.count_to, 1000).result() == 1000


@pytest.mark.parametrize("first", [0, 1])
def test_two_cancelled_acalls(interpreter: atoll.Interpreter, first: int) -> None:
    """Of two acalls into one interpreter that are cancelled both are broken off."""
    lock = interpreter.eval("__import__('threading').Lock()")
    lock.acquire()
    left = [atoll.Queue(), atoll.Queue()]

    async def main() -> None:
        entered = [threading.Event(), threading.Event()]
        tasks = []
        for work, more, each in (
            ("enter_acquire_and_spin", (lock,), 0),
            ("enter_and_spin", (), 1),
        ):
            tasks.append(
                asyncio.create_task(
                    interpreter.acall(
                        workloads.call_and_tell, left[each], work, entered[each], *more
                    )
                )
            )
            await asyncio.to_thread(entered[each].wait)
        tasks[first].cancel()
        tasks[1 - first].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in results] == [asyncio.CancelledError] * 2

    asyncio.run(main())
    assert left[1].get() == "CancelledError"
    lock.release()
    assert left[0].get() == "CancelledError"
