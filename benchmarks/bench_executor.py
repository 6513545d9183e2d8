"""What a task costs in atoll's executor and in the standard library's, and how they scale."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import targets
from report import Bound, Figure, finish, parser

import atoll

WORKERS = 2
ITEMS = 10_000
PROCESS_ITEMS = 1_000  # fewer, since they are slow
SUBMITS = 500
PARTS = 50  # tasks that make up the work of a second
MICROSECONDS = 1e6

Kind = Callable[[int], Executor]


def kinds() -> dict[str, Kind]:
    """The executors by name, atoll's first."""
    found: dict[str, Kind] = {
        "atoll": atoll.InterpreterPoolExecutor,
        "threads": ThreadPoolExecutor,
        "processes": ProcessPoolExecutor,
    }
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        found["standard library's interpreters"] = concurrent.futures.InterpreterPoolExecutor
    return found


def elapsed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def prepare(pool: Executor) -> Executor:
    """Start all workers, and let them import what the tasks need."""
    list(pool.map(timed_spin, [100] * 4 * WORKERS, chunksize=1))
    return pool


# ---- one task ----


def submit_and_wait(pool: Executor) -> float:
    """Microseconds of one submit().result() of a call that does nothing."""

    def run() -> None:
        for _ in range(SUBMITS):
            pool.submit(abs, 1).result()

    return elapsed(run) / SUBMITS * MICROSECONDS


def map_each(pool: Executor, **arguments: int) -> float:
    """Microseconds of one item of a map() of calls that do nothing."""
    count = PROCESS_ITEMS if isinstance(pool, ProcessPoolExecutor) else ITEMS
    return elapsed(lambda: list(pool.map(abs, range(count), **arguments))) / count * MICROSECONDS


def measure_tasks(rounds: int) -> list[Figure]:
    """The best times of all executors, in turns."""
    pools = {name: prepare(make(WORKERS)) for name, make in kinds().items()}
    best: dict[tuple[str, str], float] = {}

    def keep(what: str, name: str, value: float) -> None:
        best[what, name] = min(value, best.get((what, name), float("inf")))

    for _ in range(rounds):
        for name, pool in pools.items():
            keep("submit().result()", name, submit_and_wait(pool))
            keep("map, chunksize=1, per item", name, map_each(pool, chunksize=1))
        keep("map, per item", "atoll", map_each(pools["atoll"]))
    for pool in pools.values():
        pool.shutdown()
    return [
        *_compare(best, "submit().result()", {"threads": Bound(1.0)}),
        *_compare(
            best,
            "map, chunksize=1, per item",
            {"threads": Bound(0.5), "processes": Bound(0.1)},
        ),
        Figure(
            "map, per item",
            best["map, per item", "atoll"],
            "us",
            Figure("with chunksize=1", best["map, chunksize=1, per item", "atoll"], "us"),
            Bound(1 / 3),
        ),
    ]


def _compare(
    best: dict[tuple[str, str], float], what: str, bounds: dict[str, Bound]
) -> list[Figure]:
    return [
        Figure(what, best[what, "atoll"], "us", Figure(name, value, "us"), bounds.get(name))
        for (each, name), value in best.items()
        if each == what and name != "atoll"
    ]


# ---- work on all processors ----


def calibrate() -> int:
    """Return how many turns one part of a second's work has."""
    turns = 100
    while (seconds := elapsed(partial(targets.spin, turns))) < 0.5 / PARTS:
        turns *= 2
    return int(turns / seconds / PARTS)


def timed_spin(turns: int) -> float:
    """Compute; return the seconds that it took."""
    start = time.perf_counter()
    targets.spin(turns)
    return time.perf_counter() - start


def work(pool: Executor, count: int) -> float:
    """Do a second's work; return the seconds that its parts took, added up."""
    futures = [pool.submit(timed_spin, count) for _ in range(PARTS)]
    return sum(future.result() for future in futures)


def measure_use(pool: Executor, count: int) -> float:
    """How many workers were busy, on average; other programs do not change this much."""
    start = time.perf_counter()
    added_up = work(pool, count)
    return added_up / (time.perf_counter() - start)


def work_in_new_pool(make: Kind, count: int) -> None:
    with make(WORKERS) as pool:
        work(pool, count)


def measure_scaling(rounds: int) -> list[Figure]:
    """A second of work: alone, with workers that are ready, and from their start to their end."""
    count = calibrate()
    pools = {name: prepare(make(WORKERS)) for name, make in kinds().items()}
    best: dict[str, float] = {}
    use = 0.0
    for _ in range(rounds):
        use = max(use, measure_use(pools["atoll"], count))
        runs: dict[str, Callable[[], object]] = {
            "alone": lambda: [targets.spin(count) for _ in range(PARTS)]
        }
        for name, make in kinds().items():
            runs[f"{name}, ready"] = lambda pool=pools[name]: work(pool, count)
            runs[f"{name}, start and end included"] = lambda make=make: work_in_new_pool(
                make, count
            )
        for name, run in runs.items():
            best[name] = min(elapsed(run), best.get(name, float("inf")))
    for pool in pools.values():
        pool.shutdown()
    bounds = {"atoll, ready": Bound(1.9, "value", "at least")}
    return [
        Figure("atoll's workers at work", use, "of 2", bound=Bound(1.9, "value", "at least")),
        *_speed_ups(best, bounds),
    ]


def measure_first(rounds: int) -> list[Figure]:
    """The same with the first executor of a process, when no interpreter is ready."""
    command = [sys.executable, str(Path(__file__)), "--as-first", str(calibrate())]
    best = {"alone": float("inf"), "atoll, the first pool of a process": float("inf")}
    for _ in range(rounds):
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        for name, seconds in zip(best, map(float, printed.split()), strict=True):
            best[name] = min(best[name], seconds)
    return _speed_ups(best, dict.fromkeys(best, Bound(1.8, "value", "at least")))


def print_first(count: int) -> None:
    """Run as a process of `measure_first`."""
    first = elapsed(partial(work_in_new_pool, atoll.InterpreterPoolExecutor, count))
    print(elapsed(lambda: [targets.spin(count) for _ in range(PARTS)]), first)


def _speed_ups(best: dict[str, float], bounds: dict[str, Bound]) -> list[Figure]:
    return [
        Figure(f"speed-up: {name}", best["alone"] / seconds, "x", bound=bounds.get(name))
        for name, seconds in best.items()
        if name != "alone"
    ]


def main() -> int:
    options_parser = parser(__doc__, rounds=5)
    options_parser.add_argument("--as-first", type=int, help="for measure_first")
    options = options_parser.parse_args()
    if options.as_first:
        print_first(options.as_first)
        return 0
    figures = [
        *measure_tasks(options.rounds),
        *measure_scaling(options.rounds),
        *measure_first(2 * options.rounds),
    ]
    return finish("executor", figures, options)


if __name__ == "__main__":
    sys.exit(main())
