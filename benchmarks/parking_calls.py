"""What calls cost in this process, whose ATOLL_PARKING is set: `python parking_calls.py ROUNDS`.

Prints nanoseconds as JSON: of loops in the main interpreter and in another one, and of the turns of
two threads that call into one interpreter in strict alternation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from measure import Loop, interleave
from targets import Counter

import atoll

TURNS = 20_000


def add_one(value: int) -> int:
    return value + 1


def measure_here(where: str, remote: Any, rounds: int) -> dict[str, float]:
    """The loops in the interpreter that this runs in."""
    loops = [
        Loop(f"{where}: {name}", statement, {"p": target, "f": add_one})
        for name, statement, target in (
            ("local add(1)", "p.add(1)", Counter()),
            ("p.add(1)", "p.add(1)", remote),
            ("p.n", "p.n", remote),
            ("p.call(f, 1)", "p.call(f, 1)", remote),
        )
    ]
    return interleave(loops, rounds)


def take_turns(remote: Any, turn: atoll.AtomicInt, own: int, turns: int) -> None:
    for _ in range(turns):
        while turn.load() != own:
            pass
        remote.add(1)
        turn.store(1 - own)


def measure_turns(remote: Any, rounds: int) -> Iterator[float]:
    turn = atoll.AtomicInt(atoll.Buffer(8))
    with (
        atoll.Interpreter("even") as even,
        atoll.Interpreter("odd") as odd,
        ThreadPoolExecutor(2) as pool,
    ):
        for _ in range(rounds):
            start = time.perf_counter_ns()
            for done in [
                pool.submit(each.call, take_turns, remote, turn, own, TURNS)
                for own, each in enumerate((even, odd))
            ]:
                done.result()
            yield (time.perf_counter_ns() - start) / (2 * TURNS)


def main(rounds: int) -> None:
    with atoll.Interpreter("target") as target, atoll.Interpreter("worker") as worker:
        remote = target.call(Counter)
        costs = measure_here("main", remote, rounds)
        costs |= atoll.copy(worker.call(measure_here, "worker", remote, rounds))
        costs["a turn of two threads"] = min(measure_turns(remote, rounds))
    print(json.dumps(costs))


if __name__ == "__main__":
    main(int(sys.argv[1]))
