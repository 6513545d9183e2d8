"""joblib: interpreters against loky's processes, with 2 jobs.

    uv run --group bench --with joblib python benchmarks/bench_joblib.py

Times are the best of turns that both take in one process, with their workers warm. Memory is the
peak of the PSS of a program and its processes while it makes the calls with the big argument.
"""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

try:
    import joblib_calls
    import numpy
    from joblib import Parallel
except ImportError as error:
    sys.exit(f"This benchmark needs {error.name}: pip install 'atoll[joblib]' numpy")

from measure import best_in_turns
from processes import family, pss
from report import Bound, Figure, finish, parser

import atoll.joblib  # noqa: F401 - registers the backend

WARM_BOUND, ARRAYS_BOUND, MEMORY_BOUND = Bound(1.0), Bound(0.5), Bound(1.0)
PAUSE = 0.01  # seconds between two looks at the memory


def times(rounds: int) -> list[Figure]:
    array = numpy.ones(joblib_calls.ITEMS)
    works = {
        "16 calls that compute": (joblib_calls.run_computing, WARM_BOUND, ()),
        "4,000 trivial calls": (joblib_calls.run_trivial, WARM_BOUND, ()),
        "80 MB argument, 12 calls": (joblib_calls.run_arrays, ARRAYS_BOUND, (array,)),
    }
    figures = []
    ours, theirs = (Parallel(n_jobs=2, backend=name) for name in ("atoll", "loky"))
    with ours, theirs:
        for name, (work, bound, arguments) in works.items():
            turns = {
                "atoll": partial(work, ours, *arguments),
                "loky": partial(work, theirs, *arguments),
            }
            best_in_turns(turns, 1)  # they import, and find the size of batches
            taken = best_in_turns(turns, rounds)
            against = Figure("loky", taken["loky"], "ms")
            figures.append(Figure(f"{name}, warm", taken["atoll"], "ms", against, bound))
    return figures


def peak(backend: str) -> float:
    """Return how much memory a program of its own takes with a backend, in MB."""
    program = Path(__file__).with_name("joblib_calls.py")
    process = subprocess.Popen([sys.executable, str(program), backend])
    found = 0.0
    while process.poll() is None:
        found = max(found, pss(family(process.pid)))
        time.sleep(PAUSE)
    if process.returncode:
        raise RuntimeError(f"{program.name} {backend} has failed")
    return found


def main() -> int:
    options = parser(__doc__, rounds=7).parse_args()
    figures = times(options.rounds)
    against = Figure("loky", peak("loky"), "MB")
    figures.append(Figure("the same, memory", peak("atoll"), "MB", against, MEMORY_BOUND))
    return finish("joblib", figures, options)


if __name__ == "__main__":
    sys.exit(main())
