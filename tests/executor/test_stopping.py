"""Stopping the calls that an executor runs."""

from __future__ import annotations

import concurrent.futures
import sys
from collections.abc import Callable
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

import pytest

import atoll


def spin(queue: atoll.Queue[str]) -> None:
    """Run for ever; tell of the beginning and the end."""
    try:
        queue.put("begun")
        while True:
            pass
    finally:
        queue.put("ended")


class Stop(Exception):
    """What calls are interrupted with."""


def test_interrupt() -> None:
    """A running call is interrupted, no other; one that does not run is not."""
    queue: atoll.Queue[str] = atoll.Queue()
    with atoll.InterpreterPoolExecutor(2) as pool:
        one, two = pool.submit(spin, queue), pool.submit(spin, queue)
        waits = pool.submit(int)
        assert [queue.get(), queue.get()] == ["begun"] * 2
        assert not pool.interrupt(waits)
        assert pool.interrupt(one, Stop("enough"))
        with pytest.raises(Stop, match="enough"):
            one.result(60)
        assert queue.get() == "ended" and waits.result(60) == 0 and two.running()
        assert not pool.interrupt(one) and not pool.interrupt(waits)
        assert pool.interrupt(two)
        with pytest.raises(KeyboardInterrupt):
            two.result(60)


def test_interrupt_hits_no_other_call() -> None:
    """What comes as a call ends is not raised in the next call of the worker."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        for _ in range(50):
            first, second = pool.submit(abs, -1), pool.submit(sum, range(100))
            pool.interrupt(first, Stop)
            assert second.result(60) == 4950
            assert first.exception(60) is None or isinstance(first.exception(), Stop)


@pytest.mark.parametrize("future", [None, concurrent.futures.Future()])
def test_interrupt_wants_our_future(future: Any) -> None:
    """Others are a TypeError."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        for ask in pool.interrupt, pool.interpreter_of:
            with pytest.raises(TypeError, match="a future of an executor"):
                ask(future)


def test_interpreter_of() -> None:
    """The interpreter of a call is known while it runs."""
    queue: atoll.Queue[str] = atoll.Queue()
    with atoll.InterpreterPoolExecutor(1, "seen") as pool:
        future = pool.submit(spin, queue)
        queue.get()
        found = pool.interpreter_of(future)
        assert found is not None and found.name == "seen_0"
        assert found.interrupt(Stop)
        assert isinstance(future.exception(60), Stop)
        assert pool.interpreter_of(future) is None


STOPS: dict[str, Callable[[atoll.InterpreterPoolExecutor], None]] = {
    "terminate": atoll.InterpreterPoolExecutor.terminate_workers,
    "kill": atoll.InterpreterPoolExecutor.kill_workers,
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_stop_workers(stop: Any) -> None:
    """What runs is broken at once, `finally` blocks run; what waits is cancelled."""
    queue: atoll.Queue[str] = atoll.Queue()
    called: list[Any] = []
    with atoll.InterpreterPoolExecutor(1) as pool:
        seen, waits = pool.submit(spin, queue), pool.submit(int)
        seen.add_done_callback(called.append)
        queue.get()
        stop(pool)
        assert isinstance(seen.exception(0), BrokenThreadPool) and called == [seen]
        assert waits.cancelled()
        assert queue.get() == "ended"
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(int)
        stop(pool)
    assert called == [seen]


def test_stop_map() -> None:
    """The results of a map() break off as well."""
    queue: atoll.Queue[str] = atoll.Queue()
    with atoll.InterpreterPoolExecutor(1) as pool:
        results = pool.map(spin, [queue, queue])
        queue.get()
        pool.kill_workers()
        with pytest.raises(BrokenThreadPool):
            next(results)


def test_stop_idle_workers() -> None:
    """With nothing to stop it is a shutdown; before the first call too."""
    for stop in STOPS.values():
        for count in range(2):
            with atoll.InterpreterPoolExecutor(1) as pool:
                for _ in range(count):
                    pool.submit(int).result()
                stop(pool)


EXITS = {
    "killed": "pool.kill_workers()",
    "terminated": "pool.terminate_workers()",
    "aborted": "pool.shutdown(wait=False, cancel_futures=True)",
}


@pytest.mark.skipif(hasattr(sys, "gettotalrefcount"), reason="debug builds assert at the end")
@pytest.mark.parametrize("how", EXITS)
def test_exit_with_a_worker_in_c(run_script: Any, how: str) -> None:
    """A process ends although a call that is not wanted any more is in C; a warning names it."""
    done = run_script(
        f"""
        import sys, threading, atoll
        def stuck(queue):
            lock, items = threading.Lock(), [1]
            lock.acquire()
            while True:
                try:
                    while items:
                        queue.put(items.pop())
                    lock.acquire()
                except SystemExit:  # it came before the lock was waited for
                    pass
        queue = atoll.Queue()
        pool = atoll.InterpreterPoolExecutor(2, "worker")
        futures = [pool.submit(stuck, queue) for _ in range(2)]
        for _ in futures:
            queue.get()
        {EXITS[how]}
        sys.exit(7)
        """,
        "-W",
        "default",
    )
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr.count("RuntimeWarning: worker 'worker_") == 2
    assert "is in stuck() at " in done.stderr


def test_exit_waits_for_what_is_wanted(run_cleanly: Any) -> None:
    """Else the process waits for calls, as with every executor; also for one that makes progress."""
    out = run_cleanly("""
        import time, atoll
        def work(queue):
            queue.put(1)
            for _ in range(30):
                time.sleep(0.1)
            print("done")
        queue = atoll.Queue()
        wanted, aborted = atoll.InterpreterPoolExecutor(1), atoll.InterpreterPoolExecutor(1)
        for each in wanted, aborted:
            each.submit(work, queue)
            queue.get()
        aborted.shutdown(wait=False, cancel_futures=True)
    """)
    assert out == "done\n" * 2


def test_executor_that_is_kept_to_the_last(run_cleanly: Any) -> None:
    """One that outlives the modules of its interpreter causes no complaints."""
    run_cleanly("""
        import atoll
        def keep():
            global kept
            import atoll
            kept = atoll.InterpreterPoolExecutor(1)
            kept.submit(int).result()
        interpreter = atoll.Interpreter()
        interpreter.call(keep)
        interpreter.close()
    """)
