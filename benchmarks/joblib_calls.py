"""What bench_joblib has called; as a program: `python joblib_calls.py BACKEND` for its memory."""

from __future__ import annotations

import sys
from typing import Any

import numpy
from joblib import Parallel, delayed

ITEMS = 10_000_000  # of 8 bytes: 80 MB


def compute(number: int) -> int:
    total = 0
    for n in range(200_000):
        total += n ^ number
    return total


def trivial(number: int) -> int:
    return number + 1


def look(array: Any, first: int) -> float:
    return float(array[first::4096].sum())


def run_computing(parallel: Parallel) -> None:
    parallel(delayed(compute)(n) for n in range(16))


def run_trivial(parallel: Parallel) -> None:
    parallel(delayed(trivial)(n) for n in range(4_000))


def run_arrays(parallel: Parallel, array: Any) -> None:
    parallel(delayed(look)(array, n) for n in range(12))


if __name__ == "__main__":
    import atoll.joblib  # noqa: F401

    array = numpy.ones(ITEMS)
    with Parallel(n_jobs=2, backend=sys.argv[1]) as parallel:
        for _ in range(5):
            run_arrays(parallel, array)
