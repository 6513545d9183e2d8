"""What a log record costs in an interpreter of its own, against the same call in the main one."""

from __future__ import annotations

import logging
import sys
import time

from report import Bound, Figure, finish, parser

import atoll

BELOW_BOUND, FORWARDED_BOUND = Bound(1.3), Bound(6.0)
CALLS = 5_000


def nanoseconds(level: int, calls: int = CALLS) -> float:
    """What one call to log at a level costs, in the interpreter that this runs in."""
    log = logging.getLogger("bench").log
    start = time.perf_counter()
    for number in range(calls):
        log(level, "number %d", number)
    return (time.perf_counter() - start) / calls * 1e9


def compare(name: str, level: int, rounds: int, bound: Bound, worker: atoll.Interpreter) -> Figure:
    """The best times of both, in turns."""
    here, there = [], []
    for _ in range(rounds):
        here.append(nanoseconds(level))
        there.append(worker.call(nanoseconds, level))
    return Figure(name, min(there), "ns", Figure("in main", min(here), "ns"), bound)


def main() -> int:
    options = parser(__doc__, rounds=20).parse_args()
    logger = logging.getLogger("bench")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    with atoll.Interpreter() as worker:
        figures = [
            compare("a record below the level", logging.DEBUG, options.rounds, BELOW_BOUND, worker),
            compare(
                "a record handled by main", logging.ERROR, options.rounds, FORWARDED_BOUND, worker
            ),
        ]
    return finish("logging", figures, options)


if __name__ == "__main__":
    sys.exit(main())
