"""share(): what a shared value costs to make, to pass on, to look up in and to keep."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import targets
from measure import Loop, best_in_turns, interleave
from report import Bound, Figure, finish, parser

import atoll

ENTRIES = 1_000_000
PASSING_BOUND = Bound(60, of="value")  # nanoseconds more than None
MAKING_BOUND = Bound(0.25)
LOOKUP_BOUND = Bound(1.8 if sys.version_info >= (3, 15) else 3.2)
MEMORY_BOUND = Bound(1.0)
KEY = "key 500000"

Table = dict[str, int]


def make_table() -> Table:
    return {f"key {i}": i for i in range(ENTRIES)}


def make_triples() -> tuple[tuple[int, float, str], ...]:
    return tuple((i, i * 1.5, f"text {i}") for i in range(ENTRIES))


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value, 5))


def measure_making(name: str, value: Any, rounds: int) -> Figure:
    taken = best_in_turns(
        {"share": lambda: atoll.share(value), "pickle": lambda: pickled(value)}, rounds
    )
    against = Figure("pickled and unpickled", taken["pickle"], "ms")
    return Figure(f"share, {name}", taken["share"], "ms", against, MAKING_BOUND)


def size_of(table: Table) -> int:
    """The memory of a dict of strings to ints, rounded as allocators do."""
    objects = sum(
        (sys.getsizeof(each) + 15) & ~15
        for pair in table.items()
        for each in pair
        if not atoll.is_shared(each)
    )
    return sys.getsizeof(table) + objects


def measure_memory(table: Table) -> Figure:
    before = atoll.share.statistics().bytes
    atoll.share(table)
    taken = (atoll.share.statistics().bytes - before) / 1e6
    original = Figure("the original", size_of(table) / 1e6, "MB")
    return Figure("memory, dict of 1M", taken, "MB", original, MEMORY_BOUND)


def measure_passing(shared: Any, rounds: int) -> list[Figure]:
    small = atoll.share({KEY: 1})
    with atoll.Interpreter() as interpreter:
        interpreter.import_module("targets")
        there = interpreter.call(targets.Counter)
        names = {"p": there, "shared": shared, "small": small}
        taken = interleave(
            [
                Loop("none", "p.take(None)", names),
                Loop("shared", "p.take(shared)", names),
                Loop("small", "p.take(small)", names),
                Loop("echo none", "p.echo(None)", names),
                Loop("echo", "p.echo(shared)", names),
            ],
            rounds,
        )
    none = Figure("passing None", taken["none"])
    back = Figure("passing None and back", taken["echo none"])
    return [
        Figure("passing a dict of 1M", taken["shared"], "ns", none),
        Figure("... more than None", taken["shared"] - taken["none"], bound=PASSING_BOUND),
        Figure("passing a dict of 1", taken["small"], "ns", none),
        Figure("passing a dict of 1M and back", taken["echo"], "ns", back),
    ]


def measure_lookup(table: Table, shared: Any, rounds: int) -> list[Figure]:
    """Look up the original dict's own key; only the shared dict has to compare it with another."""
    names = {"table": table, "shared": shared, "key": next(key for key in table if key == KEY)}
    statements = {"subscript": "{}[key]", "get": "{}.get(key)", "in": "key in {}"}
    loops = [
        Loop(f"{what} {way}", statement.format(what), names)
        for way, statement in statements.items()
        for what in ("table", "shared")
    ]
    taken = interleave(loops, rounds)
    return [
        Figure(
            f"shared dict, {way}",
            taken[f"shared {way}"],
            "ns",
            Figure(f"dict, {way}", taken[f"table {way}"]),
            LOOKUP_BOUND,
        )
        for way in statements
    ]


def main() -> int:
    options = parser(__doc__, rounds=3).parse_args()
    table = make_table()
    shared = atoll.share(table)
    figures = [
        *measure_passing(shared, 100 * options.rounds),
        *measure_lookup(table, shared, 100 * options.rounds),
        measure_memory(table),
        measure_making("dict of 1M", table, options.rounds),
        measure_making("tuple of 1M triples", make_triples(), options.rounds),
    ]
    return finish("share", figures, options)


if __name__ == "__main__":
    sys.exit(main())
