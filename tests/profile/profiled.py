"""What tests of profiles run."""

from __future__ import annotations

import cProfile
import threading

import atoll


def count_this(n: int) -> int:
    return n + 1


def work(n: int) -> int:
    return sum(count_this(each) for each in range(n))


def work_in_thread(n: int) -> None:
    thread = threading.Thread(target=work, args=(n,))
    thread.start()
    thread.join()


def work_elsewhere(n: int) -> int:
    with atoll.Interpreter() as other:
        return other.call(work, n)


def keep_profiler() -> cProfile.Profile:
    profiler = cProfile.Profile()
    profiler.enable()
    return profiler
