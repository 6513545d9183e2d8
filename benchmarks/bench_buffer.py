"""Buffers: passing memory against a plain call, copies against memcpy, AtomicInt against Proxy."""

from __future__ import annotations

import sys
from typing import Any

import targets
from measure import Loop, best_in_turns, interleave
from report import Bound, Figure, finish, parser

import atoll

try:
    import numpy
except ImportError:  # there is none yet for a new Python
    numpy = None

SIZE = 100_000_000  # bytes
PASS_BOUND = Bound(600, of="value")
COPY_BOUND = Bound(1.3)
HANDED_BOUND = Bound(0.05)
CELL_BOUND = Bound(0.5)


def measure_passing(there: atoll.Interpreter, rounds: int) -> list[Figure]:
    """A call that gets a Buffer and drops it, and one that gives it back."""
    names = {"p": there.call(targets.Counter), "queue": atoll.Queue()}
    large, small = names | {"x": atoll.Buffer(SIZE)}, names | {"x": atoll.Buffer(8)}
    plain = names | {"x": 1}
    taken = interleave(
        [
            Loop("int", "p.take(x)", plain),
            Loop("small", "p.take(x)", small),
            Loop("large", "p.take(x)", large),
            Loop("echo int", "p.echo(x)", plain),
            Loop("echo", "p.echo(x)", large),
            Loop("queue int", "queue.put(x); queue.get()", plain),
            Loop("queue", "queue.put(x); queue.get()", large),
        ],
        rounds,
    )
    call, back = Figure("an int", taken["int"]), Figure("an int", taken["echo int"])
    return [
        Figure("an argument, Buffer of 100 MB", taken["large"], "ns", call, PASS_BOUND),
        Figure("an argument, Buffer of 8 bytes", taken["small"], "ns", call),
        Figure("there and back, Buffer of 100 MB", taken["echo"], "ns", back, PASS_BOUND),
        Figure(
            "put and get, Buffer of 100 MB",
            taken["queue"],
            "ns",
            Figure("an int", taken["queue int"]),
        ),
    ]


def measure_copies(rounds: int) -> list[Figure]:
    """A numpy array by value, against one memcpy into new memory, and into used memory."""
    if numpy is None:
        return []
    array, queue = numpy.ones(SIZE, "u1"), atoll.Queue()
    old = array.copy()

    def by_value() -> Any:
        queue.put(atoll.copy(array))
        return queue.get()

    lying = numpy.asarray(atoll.Buffer(SIZE))

    def handed_on() -> Any:
        queue.put(atoll.copy(lying))
        return queue.get()

    taken = best_in_turns(
        {
            "memcpy": array.copy,
            "memcpy into old": lambda: numpy.copyto(old, array),
            "by value": by_value,
            "handed on": handed_on,
            "copy_of": lambda: atoll.Buffer.copy_of(array),
        },
        rounds,
    )
    new = Figure("memcpy, new memory", taken["memcpy"], "ms")
    used = Figure("memcpy, used memory", taken["memcpy into old"], "ms")
    return [
        Figure("copy(array) of 100 MB, through a queue", taken["by value"], "ms", new, COPY_BOUND),
        Figure("the same", taken["by value"], "ms", used),
        Figure("the same, if it lies in a Buffer", taken["handed on"], "ms", new, HANDED_BOUND),
        Figure("Buffer.copy_of(array) of 100 MB", taken["copy_of"], "ms", new, COPY_BOUND),
    ]


def measure_cells(there: atoll.Interpreter, rounds: int) -> list[Figure]:
    """Counting: in an AtomicInt, by Proxy, in a local object."""
    taken = interleave(
        [
            Loop("cell", "p.add(1)", {"p": atoll.AtomicInt(atoll.Buffer(8))}),
            Loop("proxy", "p.add(1)", {"p": there.call(targets.Counter)}),
            Loop("local", "p.add(1)", {"p": targets.Counter()}),
        ],
        rounds,
    )
    proxy, local = Figure("p.add(1)", taken["proxy"]), Figure("local add(1)", taken["local"])
    return [
        Figure("AtomicInt.add(1)", taken["cell"], "ns", proxy, CELL_BOUND),
        Figure("the same", taken["cell"], "ns", local),
    ]


def main() -> int:
    options = parser(__doc__, rounds=25).parse_args()
    with atoll.Interpreter("there") as there:
        figures = [
            *measure_passing(there, options.rounds),
            *measure_cells(there, options.rounds),
            *measure_copies(options.rounds),
        ]
    return finish("buffer", figures, options)


if __name__ == "__main__":
    sys.exit(main())
