"""What C code pays by atoll.h, next to the same from Python, and to bare swaps of thread states."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

os.environ["ATOLL_PARKING"] = "0"  # a bare swap would wait for a GIL that is parked

from compiled import build

import atoll

COUNT = 2000
ROUNDS = 60
ADDER = "type('Adder', (), {'add': lambda self, other: other})()"


def call_from_python(proxy: Any) -> float:
    start = time.perf_counter_ns()
    for _ in range(COUNT):
        proxy.add(1)
    return (time.perf_counter_ns() - start) / COUNT


def main() -> int:
    """Print the minima of alternate rounds; 1 if a ratio is beyond its bound."""
    loops = build("capi_loops")
    python, c, visits, swaps = [], [], [], []
    with atoll.Interpreter("benchmark") as interpreter:
        proxy = interpreter.eval(ADDER)
        for _ in range(ROUNDS):
            python.append(call_from_python(proxy))
            c.append(loops.call(proxy, COUNT))
            visit, swap = loops.visit(interpreter, COUNT)
            visits.append(visit)
            swaps.append(swap)
        del proxy
    call_ratio, visit_ratio = min(c) / min(python), min(visits) / min(swaps)
    print(f"Atoll_Call       {min(c):6.1f} ns, p.add(1) {min(python):6.1f} ns: {call_ratio:.2f}")
    print(
        f"enter and leave  {min(visits):6.1f} ns, two swaps {min(swaps):5.1f} ns: {visit_ratio:.2f}"
    )
    return call_ratio > 1.0 or visit_ratio > 1.15


if __name__ == "__main__":
    sys.exit(main())
