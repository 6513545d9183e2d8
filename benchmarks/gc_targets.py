"""The module that bench_gc.py imports in each of its interpreters."""

from __future__ import annotations

import gc
import time
from typing import Any

kept: list[Any] = []


class Node:
    """An object that may refer to another."""

    def __init__(self, other: Any = None) -> None:
        self.other = other

    def refer(self, other: Any) -> None:
        self.other = other


def fill(objects: int) -> None:
    """Make so many objects here that the collector visits."""
    for number in range(objects // 4):
        node = Node([number])
        node.other.append({"node": node, "others": [None]})
        kept.append(node)
    gc.collect()


def time_own_collection() -> float:
    start = time.perf_counter()
    gc.collect()
    return time.perf_counter() - start


def longest_gaps(deadline: float) -> tuple[float, ...]:
    """Read the clock in a loop; return the longest gap of each quarter second."""
    found = []
    while (start := time.monotonic()) < deadline:
        longest, last = 0.0, start
        while last < start + 0.25:
            now = time.monotonic()
            longest = max(longest, now - last)
            last = now
        found.append(longest)
    return tuple(found)


def compute_in_c(deadline: float) -> None:
    """Make calls that hold the interpreter for some 40 ms each."""
    while time.monotonic() < deadline:
        sum(range(2_000_000))
