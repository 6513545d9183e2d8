"""How many calls get through when many threads call at once, and how parallel interpreters are."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import targets
from report import Bound, Figure, finish, parser

import atoll

THREADS = 8
IS_PARKING = os.environ.get("ATOLL_PARKING") != "0"  # which makes one thread faster, 1.4 to 1.7x
# Of one thread's calls per second:
SHARE_BOUND = Bound(0.5, side="at least")
PAIR_BOUND = Bound(0.5 if IS_PARKING else 0.7, side="at least")
SPIN_TURNS = 1_200

Caller = Callable[[Any, float], int]  # as targets.call_until


def calls_per_second(callers: Sequence[Caller], counter: Any, seconds: float) -> float:
    """Let each caller call in a thread of its own; return the rate of all together."""
    before = counter.n
    with ThreadPoolExecutor(len(callers)) as pool:
        start = time.perf_counter()
        calls: int = sum(pool.map(lambda caller: caller(counter, start + seconds), callers))
        taken = time.perf_counter() - start
    if counter.n - before != calls:
        raise AssertionError("updates were lost: two threads were in one interpreter at a time")
    return calls / taken


def compare_rates(
    few: Sequence[Caller], many: Sequence[Caller], seconds: float, rounds: int
) -> tuple[float, float]:
    """The median rates, in millions per second, of few and of many callers, in turns."""
    rates: tuple[list[float], list[float]] = ([], [])
    with atoll.Interpreter(name="target") as target:
        counter = target.call(targets.Counter)
        for _ in range(rounds):
            for callers, measured in zip((few, many), rates, strict=True):
                measured.append(calls_per_second(callers, counter, seconds) / 1e6)
    return statistics.median(rates[0]), statistics.median(rates[1])


def caller_in(interpreter: atoll.Interpreter) -> Caller:
    def call(counter: Any, deadline: float) -> int:
        calls: int = interpreter.call(targets.call_until, counter, deadline)
        return calls

    return call


def measure_visitors_from_main(seconds: float, rounds: int) -> list[Figure]:
    one, many = compare_rates([targets.call_until], [targets.call_until] * THREADS, seconds, rounds)
    single = Figure("1 thread of the main interpreter", one, "M/s")
    return [Figure(f"{THREADS} threads of the main interpreter", many, "M/s", single, SHARE_BOUND)]


def measure_visitors_from_interpreters(seconds: float, rounds: int) -> list[Figure]:
    with ExitStack() as stack:
        callers = [
            caller_in(stack.enter_context(atoll.Interpreter(name=f"caller-{number}")))
            for number in range(2)
        ]
        one, two = compare_rates(callers[:1], callers, seconds, rounds)
    single = Figure("1 thread, own interpreter", one, "M/s")
    return [Figure("2 threads, own interpreters", two, "M/s", single, PAIR_BOUND)]


def measure_speed_up(rounds: int) -> list[Figure]:
    """Pure Python in two interpreters: one after the other, then at the same time."""
    with (
        atoll.Interpreter(name="left") as left,
        atoll.Interpreter(name="right") as right,
        ThreadPoolExecutor(2) as pool,
    ):

        def spin(interpreter: atoll.Interpreter) -> int:
            total: int = interpreter.call(targets.spin, SPIN_TURNS)
            return total

        def one_after_the_other() -> None:
            list(map(spin, (left, right)))

        def at_the_same_time() -> None:
            list(pool.map(spin, (left, right)))

        taken = [[elapsed(one_after_the_other), elapsed(at_the_same_time)] for _ in range(rounds)]
    serial, parallel = (min(times) * 1e3 for times in zip(*taken, strict=True))
    together = Figure("at the same time", parallel, "ms")
    return [Figure("pure Python in 2, one after the other", serial, "ms", together)]


def elapsed(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> int:
    options_parser = parser(__doc__, rounds=7)
    options_parser.add_argument("--seconds", type=float, default=0.2, help="of each measurement")
    options = options_parser.parse_args()
    figures = [
        *measure_visitors_from_main(options.seconds, options.rounds),
        *measure_visitors_from_interpreters(options.seconds, options.rounds),
        *measure_speed_up(options.rounds),
    ]
    return finish("throughput", figures, options)


if __name__ == "__main__":
    sys.exit(main())
