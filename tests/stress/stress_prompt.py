"""Preemptive interpreters whose own threads are busy, a busy main one, visitors everywhere.

    python tests/stress/stress_prompt.py SECONDS [THREADS] [SEED]

Nothing is timed: what is checked is that visitors get in at all while the owner never waits, that a
method which is called while the owner's thread runs is not interrupted by other visitors (no lost
updates), that `checkpoint()` lets visitors in, and that closing works in the middle of it.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import traceback
from typing import Any

import running

import atoll


class Busy:
    """Its interpreter has threads of its own that never wait."""

    def __init__(self) -> None:
        self.stopped = False
        self.n = 0
        self.rounds = 0
        self.threads: list[threading.Thread] = []

    def start(self, count: int, with_checkpoints: bool) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self.loop, args=(with_checkpoints,))
            thread.start()
            self.threads.append(thread)

    def loop(self, with_checkpoints: bool) -> None:
        while not self.stopped:
            for _ in range(500):
                self.rounds += 1
            if with_checkpoints:
                atoll.checkpoint()

    def stop(self) -> None:
        self.stopped = True

    def add(self) -> int:
        n = self.n
        for _ in range(20):
            pass
        self.n = n + 1
        return n

    def call(self, function: Any) -> Any:
        return function()


def visitor(busy: list[Any], stop_at: float, seed: int, results: list[Any]) -> None:
    choose = random.Random(seed)
    counts = [0] * len(busy)
    try:
        while time.monotonic() < stop_at or not all(counts):  # one that starves hangs
            index = choose.randrange(len(busy))
            if choose.randrange(10) == 0:
                busy[index].call(lambda: sum(range(50)))
            busy[index].add()
            counts[index] += 1
    except BaseException:
        results.append(traceback.format_exc())
    results.append(counts)


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    import stress_prompt

    # A run-to-completion one whose loop checkpoints, a preemptive one whose loop does not, and idle.
    kinds = [(False, 1, True), (True, 2, False), (False, 0, False)]
    interpreters = [atoll.Interpreter(preemptive=preemptive) for preemptive, _, _ in kinds]
    busy = [i.import_module("stress_prompt").Busy() for i in interpreters]
    for each, (_, count, with_checkpoints) in zip(busy, kinds, strict=True):
        each.start(count, with_checkpoints)
    mine = stress_prompt.Busy()
    mine.start(1, False)
    stop_at = time.monotonic() + seconds
    results: list[Any] = []
    visitors = [
        threading.Thread(target=visitor, args=(busy, stop_at, seed + n, results))
        for n in range(threads)
    ]
    closed = 0
    for thread in visitors:
        thread.start()
    # another busy one comes and goes meanwhile
    while time.monotonic() < stop_at or not (closed and mine.rounds):
        with atoll.Interpreter(preemptive=True) as short:
            one = short.import_module("stress_prompt").Busy()
            one.start(1, False)
            one.add()
            one.stop()
        closed += 1
    for thread in visitors:
        thread.join()
    failures = [result for result in results if isinstance(result, str)]
    counts = [
        sum(column) for column in zip(*(r for r in results if isinstance(r, list)), strict=True)
    ]
    mine.stop()
    found = []
    for each, interpreter in zip(busy, interpreters, strict=True):
        found.append(each.n)
        each.stop()
        interpreter.close()
    # With preemption two visitors may well lose an update between them only if one is interrupted.
    for index, (preemptive, _, _) in enumerate(kinds):
        if found[index] != counts[index] and not preemptive:
            failures.append(f"interpreter {index}: {counts[index]} calls, {found[index]} counted")
    home = f"home ran {mine.rounds:,} rounds"
    return f"{sum(counts):,} calls {counts}, {home}, {closed} closed", failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=4))
