"""Fork in the main interpreter while other threads call, close and make interpreters.

    python tests/stress/stress_fork.py SECONDS [THREADS] [SEED]

Forks by os.fork (also in a call-back out of another interpreter), multiprocessing's fork method and
preexec_fn. The child must work: it computes, finds its proxies closed, has the answer of an
executor that was there before, makes an interpreter of its own, and ends with status 0 within ten
seconds.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures import Future
from typing import Any

import running
import targets

import atoll

PATIENCE = round(20 * running.SLOWNESS)  # seconds that a child may take
pools: list[atoll.InterpreterPoolExecutor] = []  # one, in use while processes fork


def child(slot: Any, thorough: bool) -> None:
    """What the child checks; any exception is its failure."""
    assert atoll.interpreters() == [atoll.main()], atoll.interpreters()
    try:
        slot.add(1)
    except atoll.InterpreterClosedError as error:
        assert "fork" in str(error)
    else:
        raise AssertionError("a proxy of the parent answered")
    assert sum(range(10)) == 45
    del slot
    gc.collect()
    if thorough:
        with atoll.Interpreter("of the child") as own:
            counter = own.import_module("targets").counter
            assert counter.add(2) == 2
            thread = threading.Thread(target=counter.add, args=(1,))
            thread.start()
            thread.join()
            assert counter.n == 3


def done_future() -> Future[int]:
    future = pools[0].submit(pow, 2, 3)
    while not future.done():
        time.sleep(0)
    return future


def use_forgotten(future: Future[int]) -> None:
    """Answers that were there can be had, all else is refused."""
    assert future.result() == 8
    assert "finished" in repr(future)
    try:
        pools[0].submit(int)
    except RuntimeError as error:
        assert "fork" in str(error)
    else:
        raise AssertionError("an executor of the parent took a call")
    pools[0].shutdown()


def run_child(slot: Any, thorough: bool, future: Future[int]) -> None:
    """In the child: never returns."""
    status = 1
    try:
        signal.alarm(PATIENCE)  # kills the child if it hangs
        child(slot, thorough)
        use_forgotten(future)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def fork(slot: Any, thorough: bool) -> None:
    future = done_future()
    pid = os.fork()
    if pid == 0:
        run_child(slot, thorough, future)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise AssertionError(f"child: exit {os.waitstatus_to_exitcode(status)}")


def square(number: int) -> int:
    return number * number


def one(choose: random.Random, slot: Any) -> str:
    match choose.randrange(6):
        case 0 | 1:
            fork(slot, thorough=True)
            return "fork"
        case 2:
            fork(slot, thorough=False)
            return "fork"
        case 3:
            slot.call(fork, slot, choose.randrange(2) == 0)
            return "fork in a call-back"
        case 4:
            with multiprocessing.get_context("fork").Pool(1) as pool:
                assert pool.map_async(square, [1, 2, 3]).get(PATIENCE) == [1, 4, 9]
            return "multiprocessing"
        case _:
            done = subprocess.run(
                [sys.executable, "-S", "-c", "print(7)"],
                preexec_fn=gc.collect,
                capture_output=True,
                timeout=PATIENCE,
                check=True,
            )
            assert done.stdout == b"7\n", done
            return "preexec_fn"


def disturber(stop: threading.Event, stable: Any, seed: int, failures: list[str]) -> None:
    """Calls, visits by new threads, closes and makes, all the time."""
    choose = random.Random(seed)
    try:
        while not stop.is_set():
            match choose.randrange(10):
                case 0:
                    with atoll.Interpreter() as short:
                        short.import_module("targets").counter.add(1)
                case 1 | 2:
                    thread = threading.Thread(target=stable.add, args=(1,))
                    thread.start()
                    thread.join()
                case 3:
                    stable.numbers(100)
                case 4 | 5:
                    assert list(pools[0].map(abs, range(100), chunksize=1)) == list(range(100))
                case 6:
                    future = pools[0].submit(pow, 2, 3)
                    future.add_done_callback(id)
                    assert future.result() == 8
                case _:
                    for _ in range(100):
                        stable.add(1)
    except BaseException:
        failures.append(traceback.format_exc())


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
    choose = random.Random(seed)
    stable = atoll.Interpreter("stable")
    counter = stable.import_module("targets").counter
    assert targets.counter is not counter
    stop = threading.Event()
    failures: list[str] = []
    pools.append(atoll.InterpreterPoolExecutor(2))
    disturbers = [
        threading.Thread(target=disturber, args=(stop, counter, seed + n, failures))
        for n in range(threads)
    ]
    for thread in disturbers:
        thread.start()
    done: dict[str, int] = {}
    stop_at = time.monotonic() + seconds
    try:
        while time.monotonic() < stop_at and not failures:
            what = one(choose, counter)
            done[what] = done.get(what, 0) + 1
    except BaseException:
        failures.append(traceback.format_exc())
    stop.set()
    for thread in disturbers:
        thread.join()
    pools.pop().shutdown()
    stable.close()
    return f"{done}", failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=3))
