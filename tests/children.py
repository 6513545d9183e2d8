"""Processes that tests start: where they find the modules that are beside the tests."""

from __future__ import annotations

import os
import sys


def environment(**more: str) -> dict[str, str]:
    """Make the variables of a process that finds the modules that this one finds, with some more."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more
