"""What `trial.py` and `brief.py` share: a package in one mode, and a report that outlives a crash.

Both are started as `python SCRIPT PACKAGE MODE CYCLES SECONDS REPORT`. A step that takes longer
ends the process.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import atoll


class Attempt(ABC):
    """One package in one mode, tried step by step."""

    def __init__(self, mode: str, report: Path) -> None:
        self.mode = mode
        self.report = report
        self.reference = ""
        self.step = "begin"
        self.limit = 0.0

    def tell(self, step: str, **found: object) -> None:
        """Record that a step has been taken, and what it has found; the next one begins."""
        faulthandler.dump_traceback_later(self.limit, exit=True)
        self.step = step
        with self.report.open("a") as file:
            file.write(json.dumps({"step": step, **found}) + "\n")

    def interpreter(self) -> atoll.Interpreter:
        """Make an interpreter in the mode that is tried."""
        return atoll.Interpreter(extensions=self.mode)

    @abstractmethod
    def run(self, cycles: int) -> None:
        """Take all steps."""


def main(make: Callable[[str, str, Path], Attempt]) -> int:
    """Try the package; the status tells whether Python raised something."""
    package, mode, cycles, limit, report = sys.argv[1:]
    attempt = make(package, mode, Path(report))
    attempt.limit = float(limit)
    attempt.tell("begin")
    try:
        attempt.run(int(cycles))
    except Exception:
        attempt.tell(attempt.step, error=traceback.format_exc())
        return 1
    faulthandler.cancel_dump_traceback_later()
    return 0
