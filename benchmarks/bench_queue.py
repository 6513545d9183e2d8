"""Queues: between two interpreters against queue.Queue between two threads of one."""

from __future__ import annotations

import importlib
import importlib.util
import queue
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import targets
from compiled import build
from measure import Loop, interleave
from report import Bound, Figure, finish, parser

import atoll

ROUND_TRIPS = 200  # of one measurement
SLOW_ROUND_TRIPS = 3  # with a queue that polls every 10 ms
ITEMS = 5000
TRIP_BOUND = Bound(1.5)
FLOOR_BOUND = Bound(1.2)  # of two threads that wake each other, in C
POLLING_BOUND = Bound(0.01)
STANDARD = "concurrent.interpreters"  # 3.14

Measure = Callable[[], float]  # nanoseconds


@contextmanager
def running(function: Callable[..., Any], *args: Any) -> Iterator[None]:
    """Run the function in a thread of this interpreter; wait for it at the end of the block."""
    thread = Thread(target=function, args=args)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def trip(make: Callable[[], Any], here: Callable[..., Any], there: Callable[..., Any]) -> float:
    """One round trip; `here` and `there` call a function, each in its place."""
    requests, replies = make(), make()
    with running(there, targets.echo_items, requests, replies):
        try:
            here(targets.round_trips, requests, replies, ROUND_TRIPS // 4)  # not counted
            taken: float = here(targets.round_trips, requests, replies, ROUND_TRIPS)
        finally:
            requests.put(None)
    return taken


def slow_trip(make: Callable[[], Any], there: Callable[..., Any]) -> float:
    requests, replies = make(), make()
    with running(there, targets.echo_items, requests, replies):
        taken = targets.round_trips(requests, replies, SLOW_ROUND_TRIPS)
        requests.put(None)
    return taken


def one_way(make: Callable[[], Any], there: Callable[..., Any]) -> float:
    """One item of many that a thread puts and this one gets."""
    items = make()
    start = time.perf_counter_ns()
    with running(there, targets.put_items, items, ITEMS):
        for _ in range(ITEMS):
            items.get()
    return (time.perf_counter_ns() - start) / ITEMS


def call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def in_turns(measures: dict[str, Measure], rounds: int) -> dict[str, float]:
    """The median of each, in microseconds."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            taken[name].append(measure() / 1e3)
    return {name: statistics.median(values) for name, values in taken.items()}


def measure_trips(rounds: int) -> list[Figure]:
    bare = build("futex_trips")
    with atoll.Interpreter("here") as here, atoll.Interpreter("there") as there:
        taken = in_turns(
            {
                "standard": lambda: trip(queue.Queue, call, call),
                "threads": lambda: trip(atoll.Queue, call, call),
                "main": lambda: trip(atoll.Queue, call, there.call),
                "two": lambda: trip(atoll.Queue, here.call, there.call),
                "floor": lambda: bare.run(ROUND_TRIPS),
                "standard one way": lambda: one_way(queue.Queue, call),
                "one way": lambda: one_way(atoll.Queue, there.call),
            },
            rounds,
        )
    standard = Figure("queue.Queue, two threads", taken["standard"], "us")
    floor = Figure("two wake-ups in C", taken["floor"], "us")
    flow = Figure("queue.Queue, two threads", taken["standard one way"], "us")
    return [
        Figure("round trip, two interpreters", taken["two"], "us", standard, TRIP_BOUND),
        Figure("round trip, two interpreters", taken["two"], "us", floor, FLOOR_BOUND),
        Figure("round trip, main and another", taken["main"], "us", standard, TRIP_BOUND),
        Figure("round trip, two threads of one", taken["threads"], "us", standard),
        Figure("one way, per item, two interpreters", taken["one way"], "us", flow),
    ]


def measure_polling(rounds: int) -> list[Figure]:
    """Against the queue of concurrent.interpreters, if this Python has it."""
    if importlib.util.find_spec(STANDARD) is None:
        return []
    library = importlib.import_module(STANDARD)
    with ExitStack() as stack:
        there = stack.enter_context(atoll.Interpreter("there"))
        theirs = library.create()
        stack.callback(theirs.close)
        theirs.exec(f"import sys; sys.path[:] = {sys.path!r}")
        taken = in_turns(
            {
                "polling": lambda: slow_trip(library.create_queue, theirs.call),
                "ours": lambda: trip(atoll.Queue, call, there.call),
            },
            max(rounds // 4, 2),
        )
    polling = Figure(f"{STANDARD} queue", taken["polling"], "us")
    return [Figure("round trip, main and another", taken["ours"], "us", polling, POLLING_BOUND)]


def measure_alone(rounds: int) -> list[Figure]:
    """Put and get without waiting, in one thread."""
    statement = "q.put(1); q.get()"
    text, put_text = "x" * 100, "q.put(text); q.get()"
    taken = interleave(
        [
            Loop("standard", statement, {"q": queue.Queue()}),
            Loop("ours", statement, {"q": atoll.Queue()}),
            Loop("text", put_text, {"q": atoll.Queue(), "text": text}),
            Loop("list", put_text, {"q": atoll.Queue(), "text": [text]}),
        ],
        rounds,
    )
    standard = Figure("queue.Queue", taken["standard"])
    return [
        Figure("put and get, an int", taken["ours"], "ns", standard),
        Figure("put and get, 100 characters", taken["text"], "ns", standard),
        Figure("put and get, a list (by reference)", taken["list"], "ns", standard),
    ]


def main() -> int:
    options = parser(__doc__, rounds=15).parse_args()
    figures = [
        *measure_alone(options.rounds),
        *measure_trips(options.rounds),
        *measure_polling(options.rounds),
    ]
    return finish("queue", figures, options)


if __name__ == "__main__":
    sys.exit(main())
