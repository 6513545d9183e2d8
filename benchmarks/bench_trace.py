"""What a crossing costs while a trace is on, against one while none is; the two take turns."""

from __future__ import annotations

import os
import sys

import targets
from measure import NANOSECONDS, Batch, Loop
from report import Bound, Figure, finish, parser

import atoll

EVENTS = 10_000  # of a buffer
BATCHES = 20  # of each kind in turn: the first ones fill the buffer, whose memory is new
NEW_BATCHES = 5  # which do not fill a buffer of the usual size
ADDED_BOUND = Bound(100.0, "value")  # nanoseconds


def measure(interpreter: atoll.Interpreter, rounds: int) -> list[Figure]:
    counter = interpreter.call(targets.Counter)
    batches = {
        name: Batch(Loop(name, "p.add(1)", {"p": counter})) for name in ("none", "one is on", "new")
    }
    for _ in range(rounds):
        for _ in range(BATCHES):
            batches["none"].run()
        with atoll.trace(os.devnull, events=EVENTS):
            for _ in range(BATCHES):
                batches["one is on"].run()
        with atoll.trace(os.devnull):
            for _ in range(NEW_BATCHES):
                batches["new"].run()
    off, on, new = (batch.best * NANOSECONDS for batch in batches.values())
    without = Figure("p.add(1), no trace", off)
    return [
        without,
        Figure("p.add(1), a trace is on", on, against=without),
        Figure("added by the trace", on - off, bound=ADDED_BOUND),
        Figure("p.add(1), its buffer is not full yet", new, against=without),
        Figure("added by that trace", new - off, bound=ADDED_BOUND),
    ]


def main() -> int:
    options = parser(__doc__, rounds=15).parse_args()
    with atoll.Interpreter("traced") as interpreter:
        return finish("Traces", measure(interpreter, options.rounds), options)


if __name__ == "__main__":
    sys.exit(main())
