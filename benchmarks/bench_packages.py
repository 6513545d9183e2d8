"""Work of pandas, of Pillow and OpenCV, and of scikit-learn by two workers, against processes.

The speed-up of two warm workers over one, of atoll's executor and of the standard library's with
processes, in turns. It needs two processors that do nothing else, and the packages; those that are
not installed are left out. BLAS and OpenMP use one thread, as two workers would share the
processors with all that they started otherwise.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from importlib.util import find_spec
from multiprocessing import get_context

import package_work
from report import Bound, Figure, finish, parser

import atoll

WORKERS = 2
SECONDS = 0.25  # that a piece of work takes
BOUND = Bound(0.97, side="at least")  # 1, and some noise

Work = Callable[[int], float]


def elapsed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turn(pool: Executor, work: Work, turns: int) -> None:
    """Do a piece of work as often as there are workers, one after the other."""
    for _ in range(WORKERS):
        pool.submit(work, turns).result()


def at_once(pool: Executor, work: Work, turns: int) -> None:
    """The same with all workers."""
    for future in [pool.submit(work, turns) for _ in range(WORKERS)]:
        future.result()


def warm(pool: Executor, work: Work) -> None:
    """Have each worker import what the work needs, and make what it works on."""
    for _ in range(3):
        wait([pool.submit(work, 2) for _ in range(WORKERS)])


def turns_of(pool: Executor, work: Work) -> int:
    """Return how many turns take `SECONDS`."""
    taken = min(elapsed(lambda: pool.submit(work, 1).result()) for _ in range(3))
    return max(1, round(SECONDS / taken))


def compare(name: str, work: Work, pools: dict[str, Executor], rounds: int) -> list[Figure]:
    """Return the speed-up of each executor, medians of all rounds, and the time of one worker."""
    for pool in pools.values():
        warm(pool, work)
    turns = turns_of(pools["processes"], work)
    alone: dict[str, list[float]] = {each: [] for each in pools}
    ratios: dict[str, list[float]] = {each: [] for each in pools}
    for _ in range(rounds):
        for each, pool in pools.items():
            one_by_one = elapsed(lambda pool=pool: in_turn(pool, work, turns))
            alone[each].append(one_by_one * 1000)
            ratios[each].append(one_by_one / elapsed(lambda pool=pool: at_once(pool, work, turns)))
    speed_up = {each: statistics.median(found) for each, found in ratios.items()}
    taken = {each: statistics.median(found) for each, found in alone.items()}
    processes = Figure("2 processes", speed_up["processes"], "x")
    one_process = Figure("1 process", taken["processes"], "ms")
    return [
        Figure(f"{name}: 2 interpreters", speed_up["atoll"], "x", processes, BOUND),
        Figure("the same: 1 interpreter", taken["atoll"], "ms", one_process),
    ]


def main() -> int:
    options = parser(__doc__, rounds=15).parse_args()
    figures = []
    for name, (work, packages) in package_work.PIECES.items():
        if missing := [each for each in packages if find_spec(each) is None]:
            print(f"needs {', '.join(missing)}: {name}")
            continue
        with (
            ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as processes,
            atoll.InterpreterPoolExecutor(WORKERS) as interpreters,
        ):
            pools = {"atoll": interpreters, "processes": processes}
            figures += compare(name, work, pools, options.rounds)
    return finish("packages", figures, options)


if __name__ == "__main__":
    sys.exit(main())
