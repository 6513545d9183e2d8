"""What collecting garbage cycles between interpreters costs, and how long it pauses others."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from report import Bound, Figure, finish, parser

import atoll

OBJECTS = 1_000_000  # in each of two interpreters
SUMMARY_BOUND = Bound(2.5)
STOP_BOUND = Bound(1.0, of="value")  # ms
DELAY_BOUND = Bound(20.0, of="value")  # ms
CHURN_BOUND = Bound(1.05)
SHARE_BOUND = Bound(5.0, of="value")  # percent
SMALL_OBJECTS = 100_000  # in each interpreter of the measurement with many new Proxies
PROXIES_PER_CYCLE = 100
CHURN_TURNS, CHURN_ROUNDS = 5, 12_000
DELAY_SECONDS = 5.0
MILLISECONDS, PERCENT = 1e3, 100


class Pair:
    """Two interpreters, and the module gc_targets in each."""

    def __init__(self, objects: int, preemptive: bool) -> None:
        self.interpreters = [
            atoll.Interpreter(name, preemptive=preemptive) for name in ("one", "two")
        ]
        self.one, self.two = (each.import_module("gc_targets") for each in self.interpreters)
        self.one.fill(objects)
        self.two.fill(objects)

    def make_cycle(self) -> None:
        first = self.one.Node()
        second = self.two.Node()
        first.refer(second)
        second.refer(first)

    def close(self) -> None:
        del self.one, self.two
        for each in self.interpreters:
            each.close()


@contextmanager
def pair_of(objects: int, preemptive: bool = False) -> Iterator[Pair]:
    pair = Pair(objects, preemptive)
    atoll.gc.disable()
    try:
        yield pair
    finally:
        atoll.gc.enable()
        pair.close()


def measure_pauses(rounds: int) -> list[Figure]:
    """How long a collection pauses interpreters that have many objects."""
    own = best = whole = float("inf")
    with pair_of(OBJECTS) as pair:
        for _ in range(rounds):
            own = min(own, pair.one.time_own_collection(), pair.two.time_own_collection())
            pair.make_cycle()
            before, start = atoll.gc.statistics().seconds, time.perf_counter()
            freed = atoll.gc.collect()
            whole = min(whole, time.perf_counter() - start)
            if freed != 2:
                raise AssertionError(f"{freed} objects were freed instead of 2")
            best = min(best, (atoll.gc.statistics().seconds - before) / 2)
        stopped = atoll.gc.statistics().longest_stop
    against = Figure("its own gc.collect()", own * MILLISECONDS, "ms")
    return [
        Figure("pause of one interpreter", best * MILLISECONDS, "ms", against, SUMMARY_BOUND),
        Figure("longest stop of both", stopped * MILLISECONDS, "ms", bound=STOP_BOUND),
        Figure("atoll.gc.collect() as a whole", whole * MILLISECONDS, "ms"),
    ]


def longest_gaps(pair: Pair, is_collected: bool) -> float:
    """The longest gaps of a thread that computes, while long C calls run in the other interpreter.

    The median over many short periods of the longest gap in each, in milliseconds. A maximum would
    show other programs: they can stop a thread for longer than any collection.
    """
    deadline = time.monotonic() + DELAY_SECONDS
    gaps: list[float] = []
    threads = [
        threading.Thread(target=lambda: gaps.extend(pair.one.longest_gaps(deadline))),
        threading.Thread(target=lambda: pair.two.compute_in_c(deadline)),
    ]
    for thread in threads:
        thread.start()
    while is_collected and time.monotonic() < deadline:
        pair.make_cycle()
        atoll.gc.collect()
    for thread in threads:
        thread.join()
    return statistics.median(gaps) * MILLISECONDS


def measure_delay() -> list[Figure]:
    with pair_of(0, preemptive=True) as pair:
        alone = longest_gaps(pair, False)
        before = atoll.gc.statistics()
        delay = longest_gaps(pair, True)
        after = atoll.gc.statistics()
    against = Figure("without collections", alone, "ms")
    name = "the pause of a thread, long C calls elsewhere"
    return [
        Figure(name, delay, "ms", against, DELAY_BOUND),
        Figure("collections meanwhile", after.collections - before.collections, ""),
        Figure("stops that were given up", after.abandoned - before.abandoned, ""),
    ]


def churn(pair: Pair, rounds: int) -> float:
    """Make and drop Proxies, and some garbage cycles; return the seconds that it takes."""
    start = time.perf_counter()
    for _ in range(rounds):
        pair.make_cycle()
        for _ in range(PROXIES_PER_CYCLE):
            pair.one.Node()
    return time.perf_counter() - start


def measure_share() -> list[Figure]:
    """In turns without automatic collections and with them."""
    off = on = held = 0.0
    freed = runs = 0
    with pair_of(SMALL_OBJECTS) as pair:
        for _ in range(CHURN_TURNS):
            off += churn(pair, CHURN_ROUNDS)
            atoll.gc.collect()
            before = atoll.gc.statistics()
            atoll.gc.enable()
            on += churn(pair, CHURN_ROUNDS)
            atoll.gc.disable()
            after = atoll.gc.statistics()
            held += (after.seconds - before.seconds) / 2
            freed += after.freed - before.freed
            runs += after.automatic - before.automatic
            atoll.gc.collect()
    against = Figure("with collections off", off, "s")
    return [
        Figure("churning, collections by themselves", on, "s", against, CHURN_BOUND),
        Figure("an interpreter held, of that time", held / on * PERCENT, "%", bound=SHARE_BOUND),
        Figure("how many of those there were", runs, ""),
        Figure("freed by them", freed, ""),
    ]


def main() -> int:
    options = parser(__doc__, rounds=5).parse_args()
    figures: list[Any] = [
        *measure_pauses(options.rounds),
        *measure_delay(),
        *measure_share(),
    ]
    return finish("garbage cycles between interpreters", figures, options)


if __name__ == "__main__":
    sys.exit(main())
