"""Processes that tests start: where they find modules, how long they may take, how often they repeat."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from functools import cache

USUAL_SECONDS = 0.1  # that MEASURED takes where the limits in the tests are those that hold
MEASURED = "import atoll; atoll.Interpreter().close()"
FASTEST, SLOWEST = 4.0, 10.0  # the machine may be idle only as long as it is measured

THOROUGHNESS = float(os.environ.get("ATOLL_THOROUGHNESS", "1"))


def environment(**more: str) -> dict[str, str]:
    """Make the variables of a process that finds the modules that this one finds, with some more."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more


def limit(seconds: float) -> float:
    """How long something may take here that takes no more than so many seconds elsewhere."""
    return seconds * slowness()


@cache
def slowness() -> float:
    """How much longer than usual a process takes on this machine, with this Python: 4 to 10 times."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", MEASURED], env=environment(), check=True)
    return min(max(FASTEST, (time.monotonic() - began) / USUAL_SECONDS), SLOWEST)


def times(usual: int) -> int:
    """How often to do what is done so often in the suite, and more often in a long campaign."""
    return max(1, round(usual * THOROUGHNESS))


def open_files() -> dict[str, str]:
    """What each descriptor of this process refers to; other threads open and close files meanwhile."""
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
    return found
