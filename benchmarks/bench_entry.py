"""How long a visitor waits to get into an interpreter that is busy with pure Python."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any

import targets
from measure import percentile
from report import Bound, Figure, finish, parser

import atoll

ENTRY_BOUND = Bound(50.0, "value")  # microseconds, median
PAUSE = 0.0005  # seconds between two visits, so that the busy thread is at work again
SLOW_VISITS = 40  # of the kind that takes a whole switch interval each


Visits = Sequence[int]  # nanoseconds of each
KeptBusy = Callable[[Any], AbstractContextManager[None]]


@contextmanager
def own_thread_busy(target: Any) -> Iterator[None]:
    """Let a thread of the interpreter of `target` (a Busy) run until the end of the block."""
    target.start()
    try:
        yield
    finally:
        target.stop()
        target.join()


@contextmanager
def visitor_busy(target: Any) -> Iterator[None]:
    """Let a thread of this interpreter run in that of `target` until the end of the block."""
    thread = Thread(target=target.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        target.stop()
        thread.join()


def enter_preemptive(visits: int, kept_busy: KeptBusy) -> tuple[Visits, Visits]:
    """From the main interpreter into a preemptive one, idle and busy."""
    with atoll.Interpreter(name="busy", preemptive=True) as interpreter:
        target = interpreter.call(targets.Busy)
        idle = targets.visit(target, visits, PAUSE)
        with kept_busy(target):
            busy = targets.visit(target, visits, PAUSE)
    return idle, busy


def enter_main(visits: int) -> tuple[Visits, Visits]:
    """From another interpreter into the main one, idle and busy."""
    with atoll.Interpreter(name="visitor") as visitor:
        target = targets.Busy()
        idle = visitor.call(targets.visit, target, visits, PAUSE)
        with own_thread_busy(target):
            busy = visitor.call(targets.visit, target, visits, PAUSE)
    return idle, busy


def take_gil_in_main(visits: int) -> tuple[Visits, Visits]:
    """For comparison: an ordinary thread that releases the GIL and takes it from a busy thread."""
    target = targets.Yielding()
    idle = targets.visit(target, visits, PAUSE)
    with own_thread_busy(targets.Busy()):
        busy = targets.visit(target, visits, PAUSE)
    return idle, busy


def figures_of(name: str, idle: Visits, busy: Visits, bound: Bound | None = None) -> list[Figure]:
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
    visits = options.rounds
    figures = [
        *figures_of(
            "preemptive, own thread busy", *enter_preemptive(visits, own_thread_busy), ENTRY_BOUND
        ),
        *figures_of("main, own thread busy", *enter_main(visits), ENTRY_BOUND),
        *figures_of("preemptive, a visitor busy", *enter_preemptive(SLOW_VISITS, visitor_busy)),
        *figures_of("no atoll: GIL taken from a busy thread", *take_gil_in_main(SLOW_VISITS)),
    ]
    return finish("entry", figures, options)


if __name__ == "__main__":
    sys.exit(main())
