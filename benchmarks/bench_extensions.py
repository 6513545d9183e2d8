"""NumPy in every interpreter: two at once, arrays without a copy, the import and its memory.

OpenBLAS would do the matrix products of one interpreter on all processors, with threads of its own;
a second interpreter could not make that faster. So it is told to use one thread, before NumPy loads
it.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import gc
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from measure import MILLISECONDS, NANOSECONDS, Loop, best_in_turns, interleave
from report import Bound, Figure, finish, parser

import atoll

try:
    import numeric
    import numpy
except ImportError:  # there is none yet for a new Python
    numpy = None

PARALLEL_BOUND = Bound(1.9, side="at least")
PASS_BOUND = Bound(1000, side="at least")
IMPORT_BOUND = Bound(2.0)
SIZE = 100_000_000  # bytes
MEBIBYTE, MICROSECONDS = 2**20, 1e6


# ---- two at once ----


def measure_parallel(rounds: int) -> list[Figure]:
    """Two pieces of work: in turn in main, in two interpreters, and in two threads of main."""
    runs: dict[str, Callable[[], object]] = {}
    with (
        ThreadPoolExecutor(2) as pool,
        atoll.Interpreter() as one,
        atoll.Interpreter() as two,
    ):
        for name, (work, turns) in numeric.PIECES.items():
            for each in (one, two):
                assert each.call(work, 1) == work(1)  # also imports NumPy there
            runs |= ways(name, partial(work, turns), pool, (one, two))
        taken = best_in_turns(runs, rounds)
    return [figure for name in numeric.PIECES for figure in compare(name, taken)]


def ways(
    name: str,
    piece: Callable[[], float],
    pool: ThreadPoolExecutor,
    interpreters: tuple[atoll.Interpreter, atoll.Interpreter],
) -> dict[str, Callable[[], object]]:
    """The three ways to do a piece of work twice."""
    return {
        f"{name}, in turn": lambda: (piece(), piece()),
        f"{name}, interpreters": lambda: list(pool.map(lambda it: it.call(piece), interpreters)),
        f"{name}, threads": lambda: list(pool.map(lambda _: piece(), range(2))),
    }


def compare(name: str, taken: dict[str, float]) -> list[Figure]:
    in_two = Figure("at once, 2 interpreters", taken[f"{name}, interpreters"], "ms")
    in_threads = Figure("at once, 2 threads of one", taken[f"{name}, threads"], "ms")
    bound = None if name in numeric.WITHOUT_GIL else PARALLEL_BOUND
    in_turn = taken[f"{name}, in turn"]
    return [
        Figure(f"{name}, in turn", in_turn, "ms", in_two, bound),
        Figure("the same", in_turn, "ms", in_threads),
    ]


# ---- arrays without a copy ----


def measure_arrays(rounds: int) -> list[Figure]:
    """NumPy in another interpreter uses 100 MB of this one in place, and the other way round."""
    with atoll.Interpreter() as there:
        arrays = there.call(numeric.Arrays, SIZE)
        old = numeric.Arrays(SIZE).array
        new = old.copy()
        buffer = atoll.Buffer.copy_of(old)
        assert arrays.look(buffer) == numpy.asarray(arrays.array)[-1] == 1
        taken = interleave(
            [
                Loop("buffer", "arrays.look(buffer)", {"arrays": arrays, "buffer": buffer}),
                Loop(
                    "proxy",
                    "asarray(array)[-1]",
                    {"asarray": numpy.asarray, "array": arrays.array},
                ),
            ],
            rounds,
        )
        memcpy = best_in_turns({"memcpy": partial(numpy.copyto, new, old)}, rounds)["memcpy"]
        del arrays, buffer
        gc.collect()  # views of its memory keep the interpreter from closing
    names = {"buffer": "an argument, in a Buffer", "proxy": "numpy.asarray(proxy)"}
    return [
        Figure(
            "memcpy of 100 MB",
            memcpy * MICROSECONDS / MILLISECONDS,
            "us",
            Figure(name, taken[each] * MICROSECONDS / NANOSECONDS, "us"),
            PASS_BOUND,
        )
        for each, name in names.items()
    ]


# ---- the import ----


def measure_import(rounds: int) -> list[Figure]:
    """The first import in a process and in its interpreters, and the memory of one more."""
    command = [sys.executable, str(Path(__file__).with_name("first_import.py"))]
    lines = []
    for _ in range(rounds):
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        lines.append([float(each) for each in printed.split()])
    in_main, first, second, copying, grown, plain = map(min, zip(*lines, strict=True))
    control = Figure("import in main", in_main, "ms")
    without = Figure("one without", plain / MEBIBYTE, "MiB")
    return [
        Figure("import numpy in a first interpreter", first, "ms", control),
        Figure("import numpy in a second one", second, "ms", control, IMPORT_BOUND),
        Figure("of which copying", copying, "ms", control),
        Figure("memory of an interpreter with NumPy", grown / MEBIBYTE, "MiB", without),
    ]


def main() -> int:
    options = parser(__doc__, rounds=50).parse_args()
    if numpy is None:
        print("needs NumPy")
        return 0
    figures = [
        *measure_parallel(options.rounds),
        *measure_arrays(max(options.rounds // 2, 1)),
        *measure_import(max(options.rounds // 5, 1)),
    ]
    return finish("extensions", figures, options)


if __name__ == "__main__":
    sys.exit(main())
