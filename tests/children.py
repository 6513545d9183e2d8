"""Processes that tests start: where they find modules, and how long they may take."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache

USUAL_SECONDS = 0.25  # that MEASURED takes where the limits in the tests are those that hold
MEASURED = "import atoll; atoll.Interpreter().close()"
SLOWEST = 10.0


def environment(**more: str) -> dict[str, str]:
    """Make the variables of a process that finds the modules that this one finds, with some more."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more


def limit(seconds: float) -> float:
    """How long something may take here that takes no more than so many seconds elsewhere."""
    return seconds * slowness()


@cache
def slowness() -> float:
    """How much longer than usual a process takes on this machine, with this Python: 1 to 10 times."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", MEASURED], env=environment(), check=True)
    return min(max(1.0, (time.monotonic() - began) / USUAL_SECONDS), SLOWEST)
