"""What the collector of garbage cycles between interpreters costs those who are not garbage."""

from __future__ import annotations

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
SHARE_BOUND = Bound(5.0, of="value")  # percent
CHURNED_PAIRS = 30_000
SMALL_OBJECTS = 100_000
DELAY_SECONDS = 5.0
MILLISECONDS, PERCENT = 1e3, 100


class Pair:
    """Two interpreters, and the module gc_targets in each."""

    def __init__(self, objects: int) -> None:
        self.interpreters = [atoll.Interpreter(name) for name in ("one", "two")]
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
def pair_of(objects: int) -> Iterator[Pair]:
    pair = Pair(objects)
    atoll.gc.disable()
    try:
        yield pair
    finally:
        atoll.gc.enable()
        pair.close()


def measure_pauses(rounds: int) -> list[Figure]:
    """What a collection holds up, with many objects in each interpreter."""
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


def longest_gap(pair: Pair, is_collected: bool) -> float:
    """Of a thread that computes in one interpreter, while long calls in C run in the other."""
    deadline = time.monotonic() + DELAY_SECONDS
    gaps: list[float] = []
    threads = [
        threading.Thread(target=lambda: gaps.append(pair.one.longest_gap(deadline))),
        threading.Thread(target=lambda: pair.two.compute_in_c(deadline)),
    ]
    for thread in threads:
        thread.start()
    while is_collected and time.monotonic() < deadline:
        pair.make_cycle()
        atoll.gc.collect()
    for thread in threads:
        thread.join()
    return gaps[0] * MILLISECONDS


def measure_delay() -> list[Figure]:
    with pair_of(0) as pair:
        alone = longest_gap(pair, False)
        delay = longest_gap(pair, True)
    against = Figure("without collections", alone, "ms")
    name = "longest delay, with long C calls elsewhere"
    return [Figure(name, delay, "ms", against, DELAY_BOUND)]


def churn(pair: Pair, is_automatic: bool) -> float:
    """Make cycles and proxies that come and go; the seconds that it takes."""
    (atoll.gc.enable if is_automatic else atoll.gc.disable)()
    start = time.perf_counter()
    for _ in range(CHURNED_PAIRS):
        pair.make_cycle()
        pair.one.Node()
    taken = time.perf_counter() - start
    atoll.gc.disable()
    return taken


def measure_share(rounds: int) -> list[Figure]:
    with pair_of(SMALL_OBJECTS) as pair:
        atoll.gc.collect()
        off = on = float("inf")
        held, runs = 0.0, 0
        for _ in range(rounds):
            off = min(off, churn(pair, False))
            atoll.gc.collect()
            before = atoll.gc.statistics()
            taken = churn(pair, True)
            after = atoll.gc.statistics()
            on = min(on, taken)
            held = max(held, (after.seconds - before.seconds) / taken)
            runs += after.automatic - before.automatic
            atoll.gc.collect()
    against = Figure("with collections off", off, "s")
    return [
        Figure("interpreters held, of the run time", held * PERCENT, "%", bound=SHARE_BOUND),
        Figure("cycles made, collections by themselves", on, "s", against),
        Figure("how many of those there were", runs, ""),
    ]


def main() -> int:
    options = parser(__doc__, rounds=5).parse_args()
    figures: list[Any] = [
        *measure_pauses(options.rounds),
        *measure_delay(),
        *measure_share(options.rounds),
    ]
    return finish("garbage cycles between interpreters", figures, options)


if __name__ == "__main__":
    sys.exit(main())
