"""What the stress scripts have in common: their command line, and how they end."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Sequence

# How much longer than usual things take here, as children.slowness() has measured.
SLOWNESS = float(os.environ.get("ATOLL_SLOWNESS", "1"))
PATIENCE_SECONDS = 100 * SLOWNESS  # beyond those that were asked for


def run(
    main: Callable[[float, int, int], tuple[str, Sequence[str]]], threads: int, seconds: float = 10
) -> int:
    """Be a script with the arguments [SECONDS [THREADS [SEED]]]; return its exit status.

    `main` is called with these; without a seed, or with 0, with a random one. It returns a summary
    and what has failed.
    """
    import faulthandler  # other interpreters, which import this module too, cannot load it

    given = [*map(float, sys.argv[1:]), *(seconds, threads, 0)[len(sys.argv) - 1 :]]
    seed = int(given[2]) or random.SystemRandom().randrange(10**6)
    faulthandler.enable()
    faulthandler.dump_traceback_later(given[0] + PATIENCE_SECONDS, exit=True)
    print(f"{sys.version.split()[0]}: seed {seed}", flush=True)
    summary, failures = main(given[0], int(given[1]), seed)
    print(summary)
    return conclude(failures)


def conclude(failures: Sequence[str]) -> int:
    """Report; return the exit status."""
    for failure in failures[:3]:
        print(failure, file=sys.stderr)
    print("FAILED" if failures else "OK")
    return 1 if failures else 0
