"""Run tests where processes are slow and may die: in an emulation of another processor.

    python tools/emulated.py SECONDS NOTES -- PYTHON [PYTEST_ARGUMENT...]

A process that dies, or whose test does not end, is begun anew behind that test. The file NOTES
keeps what each test did: with the same file the next run goes on where this one was. A test that
starts a process is skipped, since that takes a minute there. All folders get on alike, some tests
of each at a time. At the end a table is printed, and what did not pass.

As a plugin of pytest (`-p emulated`) this module writes the notes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NOTES = Path(os.environ.get("EMULATED_NOTES", os.devnull))
OUTCOMES = ("passed", "failed", "crashed", "hung", "skipped")
TOGETHER = 10
"""Tests of a folder that run one after the other, before those of the next folder."""


def note(outcome: str, tests: Iterable[str]) -> None:
    with NOTES.open("a") as file:
        file.writelines(f"{outcome} {test}\n" for test in tests)


def outcomes() -> dict[str, str]:
    """Return what the notes say of each test: an outcome, "found", or "began" if it did not end."""
    found = {}
    if NOTES.is_file():
        for line in NOTES.read_text().splitlines():
            outcome, _, test = line.partition(" ")
            found[test] = outcome
    return found


def folder_of(test: str) -> str:
    return os.path.dirname(test.partition("::")[0])


# ---- the plugin ----


def pytest_configure(config: Any) -> None:
    import children  # of tests/

    children.slowness = lambda: children.SLOWEST  # which a process would measure


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what has been run, and take turns."""
    done = {test for test, outcome in outcomes().items() if outcome in OUTCOMES}
    left = [each for each in items if each.nodeid not in done]
    note("found", (each.nodeid for each in left))
    seen: Counter[str] = Counter()
    turns = {}
    for each in left:
        folder = folder_of(each.nodeid)
        turns[each] = seen[folder] // TOGETHER
        seen[folder] += 1
    items[:] = sorted(left, key=turns.__getitem__)


def pytest_runtest_logstart(nodeid: str, location: Any) -> None:
    note("began", [nodeid])


def pytest_runtest_setup(item: Any) -> None:
    import pytest

    def start(*arguments: Any, **options: Any) -> None:
        pytest.skip("starts a process")

    subprocess.Popen.__init__ = start  # type: ignore[method-assign]


def pytest_runtest_logreport(report: Any) -> None:
    if report.when == "call" or not report.passed:
        note(report.outcome, [report.nodeid])


# ---- the driver ----


def run(command: list[str], until: float) -> int | None:
    """Run what is left; return the exit status, or None if the time is over."""
    python, *arguments = command
    options = ["-m", "pytest", "-v", "-n", "0", "-p", "emulated", "--continue-on-collection-errors"]
    process = subprocess.Popen([python, *options, *arguments], process_group=0)
    try:
        return process.wait(max(0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def run_all(command: list[str], seconds: float) -> None:
    """Run all tests, in as many processes as it takes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status = run(command, until)
        begun = [test for test, outcome in outcomes().items() if outcome == "began"]
        note(
            {None: "found", 1: "hung"}.get(status, "crashed"), begun
        )  # pytest-timeout exits with 1
        if not begun:
            break


def table() -> str:
    counts: dict[str, Counter[str]] = {}
    for test, outcome in outcomes().items():
        counts.setdefault(folder_of(test), Counter())[outcome] += 1
    lines = [f"| folder | {' | '.join(OUTCOMES)} | not reached |", "|---" * 7 + "|"]
    for folder, each in sorted(counts.items()):
        numbers = [each[outcome] for outcome in (*OUTCOMES, "found")]
        lines.append(f"| `{folder}` | {' | '.join(map(str, numbers))} |")
    bad = [f"{each} {test}" for test, each in outcomes().items() if each in OUTCOMES[1:4]]
    return "\n".join([*lines, "", *bad])


def main(seconds: str, notes: str, separator: str, *command: str) -> None:
    global NOTES
    NOTES = Path(notes).absolute()
    os.environ["EMULATED_NOTES"] = str(NOTES)
    run_all(list(command), float(seconds))
    print(table())


if __name__ == "__main__":
    main(*sys.argv[1:])
