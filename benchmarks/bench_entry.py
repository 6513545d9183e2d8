"""How long a visitor waits to get into an interpreter whose own thread is busy with pure Python."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import targets
from measure import percentile
from report import Bound, Figure, finish, parser

import atoll

ENTRY_BOUND = 50.0  # microseconds, median
PAUSE = 0.0005  # seconds between two visits, so that the busy thread is at work again
SLOW_VISITS = 40  # of the kind that takes a whole switch interval each


@contextmanager
def kept_busy(target: Any) -> Iterator[None]:
    """Run `target` (a Busy) on a thread of its own until the end of the block."""
    thread = Thread(target=target.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        target.stop()
        thread.join()


def enter_preemptive(visits: int) -> tuple[Sequence[int], Sequence[int]]:
    """Nanoseconds of each visit from the main interpreter, idle and busy."""
    with atoll.Interpreter(name="busy", preemptive=True) as interpreter:
        target = interpreter.call(targets.Busy)
        idle = targets.visit(target, visits, PAUSE)
        with kept_busy(target):
            busy = targets.visit(target, visits, PAUSE)
    return idle, busy


def enter_main(visits: int) -> tuple[Sequence[int], Sequence[int]]:
    """Nanoseconds of each visit to the main interpreter from another one, idle and busy."""
    with atoll.Interpreter(name="visitor") as visitor:
        target = targets.Busy()
        idle = visitor.call(targets.visit, target, visits, PAUSE)
        with kept_busy(target):
            busy = visitor.call(targets.visit, target, visits, PAUSE)
    return idle, busy


def take_gil_in_main(visits: int) -> tuple[Sequence[int], Sequence[int]]:
    """For comparison: an ordinary thread that gives the GIL up and takes it from a busy one."""
    target = targets.Yielding()
    idle = targets.visit(target, visits, PAUSE)
    with kept_busy(targets.Busy()):
        busy = targets.visit(target, visits, PAUSE)
    return idle, busy


def figures_of(
    name: str, idle: Sequence[int], busy: Sequence[int], bound: Bound | None
) -> list[Figure]:
    """Median and 95th percentile in microseconds, busy against idle."""
    resting, working = ([taken / 1e3 for taken in times] for times in (idle, busy))
    idle_median = Figure("idle, median", statistics.median(resting), "us")
    idle_late = Figure("idle, p95", percentile(resting, 95), "us")
    return [
        Figure(f"{name}: median", statistics.median(working), "us", idle_median, bound),
        Figure(f"{name}: p95", percentile(working, 95), "us", idle_late),
    ]


def main() -> int:
    options = parser(__doc__, rounds=500).parse_args()
    bound = Bound(ENTRY_BOUND, "value")
    figures = [
        *figures_of("busy preemptive=True", *enter_preemptive(options.rounds), bound),
        *figures_of("busy main interpreter", *enter_main(options.rounds), bound),
        *figures_of("an ordinary thread, busy GIL", *take_gil_in_main(SLOW_VISITS), None),
    ]
    return finish("entry", figures, options)


if __name__ == "__main__":
    sys.exit(main())
