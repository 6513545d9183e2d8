"""The trial of one package in a process of its own, which it may crash; `run.py` starts it.

    python trial.py PACKAGE MODE CYCLES SECONDS REPORT

What is found goes to the file REPORT, a line of JSON after each step, so that it is known how far a
trial came that has crashed.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from attempt import Attempt, main
from packages import PACKAGES

import atoll
from atoll import extensions

ROUNDS = 5
ROUND_SECONDS = 0.2
SETTLED = 5  # cycles until allocators and caches have what they keep
LINES_SHOWN = 5


def resident() -> float:
    """The resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Trial(Attempt):
    """One package in one mode."""

    def __init__(self, package: str, mode: str, report: Path) -> None:
        super().__init__(mode, report)
        self.module = f"work.{package}"
        self.is_equal = True

    def compare(self, text: str) -> None:
        """Record the first result that differs from the main interpreter's."""
        if text == self.reference or not self.is_equal:
            return
        self.is_equal = False
        pairs = zip(self.reference.splitlines(), text.splitlines(), strict=False)
        different = [f"{one} | {other}" for one, other in pairs if one != other]
        self.tell(self.step, equal=False, different=different[:LINES_SHOWN])

    def taken(self, interpreter: atoll.Interpreter) -> str:
        """Say in which mode the package's extension modules have been imported."""
        ours = next(each.modules for each in PACKAGES if f"work.{each.name}" == self.module)
        modes: dict[str, str] = atoll.copy(interpreter.call(extensions.modes))
        found = {mode for name, mode in modes.items() if name.partition(".")[0] in ours}
        return " and ".join(sorted(found)) or self.mode

    def run(self, cycles: int) -> None:
        """Take all steps."""
        self.refer()
        self.pair()
        self.cycles(cycles)

    def refer(self) -> None:
        """Work in the main interpreter, twice: what is not deterministic would be no reference."""
        module = import_module(self.module)
        self.reference = module.work()
        again = module.work()
        if again != self.reference:
            raise RuntimeError("the work itself differs from one time to the next")
        self.tell("reference", main_work_ms=round(1000 * seconds(module.work), 1))

    def pair(self) -> None:
        """Work in two interpreters, one after the other and at the same time."""
        with self.interpreter() as first:
            import_seconds = seconds(lambda: first.import_module(self.module))
            self.tell("imported", import_ms=round(1000 * import_seconds))
            self.compare(first.import_module(self.module).work())
            self.tell("first", taken=self.taken(first))
            before = resident()
            with self.interpreter() as second:
                self.compare(second.import_module(self.module).work())
                self.tell("worked", equal=self.is_equal, megabytes=round(resident() - before, 1))
                ratio = self.speed_up([each.import_module(self.module) for each in (first, second)])
                self.tell("parallel", equal=self.is_equal, speed_up=round(ratio, 2))
        self.tell("closed")

    def speed_up(self, modules: list[Any]) -> float:
        """Compare the time of two works one after the other with that of both at once."""
        count = max(1, round(ROUND_SECONDS / seconds(modules[0].work)))

        def repeat(module: Any) -> None:
            for _ in range(count):
                self.compare(module.work())

        ratios = []
        with ThreadPoolExecutor(len(modules)) as pool:
            for _ in range(ROUNDS):
                one_by_one = seconds(lambda: [repeat(each) for each in modules])
                at_once = seconds(lambda: list(pool.map(repeat, modules)))
                ratios.append(one_by_one / at_once)
        return statistics.median(ratios)

    def cycles(self, count: int) -> None:
        """Make, import, work and close, again and again; see what is left of it."""
        sizes = []
        for number in range(count):
            with self.interpreter() as interpreter:
                self.compare(interpreter.import_module(self.module).work())
            sizes.append(resident())
            self.tell("cycle", cycles=number + 1)
        if count > SETTLED:
            growth = (sizes[-1] - sizes[SETTLED - 1]) / (count - SETTLED)
            self.tell("grown", growth=round(growth, 2))
        self.tell("end", equal=self.is_equal)


if __name__ == "__main__":
    sys.exit(main(Trial))
