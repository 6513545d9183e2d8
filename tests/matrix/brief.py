"""A short trial of one package in a process of its own, which it may crash; `run.py` starts it.

    python brief.py PACKAGE MODE CYCLES SECONDS REPORT

The package is used in main, in two interpreters one after the other and at the same time, and, when
these are closed, in others, CYCLES times. What is found goes to the file REPORT, as in `trial.py`.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from attempt import Attempt, main
from packages import PACKAGES
from small._found import told

import atoll


class Trial(Attempt):
    """A small use of one package in one mode."""

    def __init__(self, package: str, mode: str, report: Path) -> None:
        super().__init__(mode, report)
        self.place = next(each.place for each in PACKAGES if each.name == package)

    def use_in(self, interpreter: atoll.Interpreter) -> None:
        """Use the package in an interpreter."""
        found = interpreter.call(told, *self.place)
        if found != self.reference:
            self.tell(self.step, equal=False, different=[f"{self.reference} | {found}"])
            raise ValueError("the results differ")

    def run(self, cycles: int) -> None:
        """Take all steps."""
        self.reference = told(*self.place)
        if told(*self.place) != self.reference:
            raise RuntimeError("the use itself differs from one time to the next")
        self.tell("reference", equal=True)
        with self.interpreter() as first, self.interpreter() as second:
            began = time.perf_counter()
            self.use_in(first)
            took = round(1000 * (time.perf_counter() - began))
            self.tell("first", import_ms=took, taken=taken(first), packages=packages_of(first))
            self.use_in(second)
            self.tell("second")
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(self.use_in, (first, second)))
            self.tell("parallel")
        self.tell("closed")
        for number in range(cycles):
            with self.interpreter() as another:
                self.use_in(another)
            self.tell("cycle", cycles=number + 1)
        self.tell("end")


def taken(interpreter: atoll.Interpreter) -> str:
    """Say in which modes packages have been imported, the standard library's left out."""
    modes: dict[str, str] = interpreter.call(atoll.extensions.modes)
    found = {
        mode
        for name, mode in modes.items()
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "atoll"}
    }
    return " and ".join(sorted(found)) or "none"


def packages_of(interpreter: atoll.Interpreter) -> list[str]:
    """Return the packages of which the interpreter has private copies."""
    importing: Any = interpreter.import_module("atoll._modules.importing")
    decided: dict[str, str] = atoll.copy(importing._decided)
    return sorted(name for name, mode in decided.items() if mode == "private")


if __name__ == "__main__":
    sys.exit(main(Trial))
