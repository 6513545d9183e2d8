"""Proxies dropped by many threads, in all interpreters, while the cycle collector runs.

    python tests/stress/stress_drop.py SECONDS [THREADS] [SEED]

At the end every object must have been let go: `statistics().exports` and `.proxies` of every
interpreter are what they were before, and all instances have been finalized.
"""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
import traceback
import weakref
from typing import Any

import running

import atoll

INTERPRETERS = 3


class Node:
    """Counts its finalizers; may be part of a cycle."""

    alive = 0
    lock = threading.Lock()

    def __init__(self) -> None:
        with Node.lock:
            Node.alive += 1
        self.others: list[Any] = []

    def __del__(self) -> None:
        with Node.lock:
            Node.alive -= 1

    def echo(self, value: Any) -> Any:
        return value

    def cycle(self) -> Node:
        node = Node()
        node.others.append(node)
        return node


def alive() -> int:
    """How many there are in this interpreter."""
    gc.collect()
    return Node.alive


def hold_and_drop(makers: Any, rounds: int, seed: int) -> int:
    """Runs in some interpreter: gets proxies from everywhere, drops them in every way."""
    choose = random.Random(seed)
    held: list[Any] = []
    gone: list[object] = []
    made = 0
    for _ in range(rounds):
        node = choose.choice(makers)()
        made += 1
        match choose.randrange(8):
            case 0:
                held.append(node)
            case 1:
                held.append(node.cycle())
            case 2:
                cycle = [node]
                cycle.append(cycle)
            case 3:
                node.others.append(Node())
            case 4:
                held.append(weakref.ref(node, gone.append))
            case 5:
                assert node.echo(node) is node
            case 6:
                held.append(node.echo)
            case 7:
                other = choose.choice(makers)()
                other.others.append(node)
                held.append(other)
        if len(held) > 100:
            choose.shuffle(held)
            del held[20:]
        if choose.randrange(200) == 0:
            gc.collect()
    return made


def worker(
    places: list[Any], makers: tuple[Any, ...], stop_at: float, seed: int, results: list[Any]
) -> None:
    choose = random.Random(seed)
    made = 0
    try:
        while time.monotonic() < stop_at:
            place = choose.choice(places)
            made += place(makers, choose.randrange(200), choose.randrange(10**9))
    except BaseException:
        results.append(traceback.format_exc())
    results.append(made)


def settle(interpreters: list[atoll.Interpreter]) -> list[tuple[int, int]]:
    """Collect everywhere until nothing changes any more; return exports and proxies."""
    before = None
    for _ in range(50):
        gc.collect()
        now = [(s.exports, s.proxies) for s in (i.statistics() for i in interpreters)]
        for interpreter in interpreters[1:]:
            interpreter.call(gc.collect)
        if now == before:
            break
        before = now
    return now


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    import stress_drop  # this module under its own name, as the interpreters have it

    others = [atoll.Interpreter(f"drop-{i}") for i in range(INTERPRETERS)]
    everywhere = [atoll.main(), *others]
    modules = [stress_drop, *(i.import_module("stress_drop") for i in others)]
    makers = tuple(module.Node for module in modules)
    places = [module.hold_and_drop for module in modules]
    for place in places:  # where a machine is busy, the first round may not get everywhere
        place(makers, 200, seed)
    baseline: list[tuple[int, int]] = []
    for measured in (False, True):  # the first round makes what is kept: classes, names
        results: list[Any] = []
        stop_at = time.monotonic() + (seconds if measured else min(2, seconds))
        workers = [
            threading.Thread(target=worker, args=(places, makers, stop_at, seed + n, results))
            for n in range(threads)
        ]
        for thread in workers:
            thread.start()
        for thread in workers:
            thread.join()
        after = settle(everywhere)
        left = [module.alive() for module in modules]
        if not measured:
            baseline = after
    failures = [result for result in results if isinstance(result, str)]
    if after != baseline:
        failures.append(f"exports, proxies were {baseline} and are {after}")
    # Cycles that span interpreters are not collected yet, and the test makes none.
    if any(left):
        failures.append(f"objects left over: {left}")
    made = sum(result for result in results if isinstance(result, int))
    for interpreter in others:
        interpreter.close()
    return f"{made:,} objects made and dropped, {after}", failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=6))
