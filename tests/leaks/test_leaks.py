"""Nothing is left behind: each workload against a control run, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from children import environment, limit

MEASURE = Path(__file__).with_name("measure.py")
MEGABYTE = 1 << 20
HAS_COUNTS = hasattr(sys, "gettotalrefcount")


# Bytes that malloc has given out: what leaks in C leaves 16 or more a round, each of them.
NOISE_BYTES = 200  # a round
NOISE_BYTES_OF_INTERPRETERS = 4000  # each has 400,000, which CPython forgets


class Left(NamedTuple):
    """What rounds leave behind, after a warm-up."""

    resident: int
    in_use: int
    blocks: int
    references: int


@cache
def measure(workload: str, rounds: int) -> Left:
    done = subprocess.run(
        [sys.executable, str(MEASURE), workload, str(rounds)],
        # A fixed threshold: glibc otherwise adapts its own, and RSS jumps by what it keeps.
        env=environment(MALLOC_ARENA_MAX="1"),
        capture_output=True,
        text=True,
        timeout=limit(110),
    )
    assert done.returncode == 0, done.stderr
    return Left(*map(int, done.stdout.split()))


@pytest.mark.parametrize(
    ("workload", "control", "rounds"),
    [
        ("calls", "control_pass", 40),
        ("proxies", "control_pass", 40),
        ("exceptions", "control_pass", 40),
        ("classes", "control_pass", 40),
        ("cycles", "control_pass", 100),
        ("names", "control_pass", 40),
        ("queues", "control_pass", 300),
        ("buffers", "control_pass", 150),
        ("threads", "control_threads", 150),
        ("tasks", "control_pass", 100),
    ],
)
def test_leaves_nothing(workload: str, control: str, rounds: int) -> None:
    """A workload leaves no more behind than its control, within the allocator's noise."""
    left, usual = measure(workload, rounds), measure(control, rounds)
    assert left.resident - usual.resident < MEGABYTE
    assert left.in_use - usual.in_use < NOISE_BYTES * rounds
    # One block or reference a round would be a leak; a few are caches that fill up.
    assert left.blocks - usual.blocks < rounds
    if HAS_COUNTS:
        assert left.references - usual.references < rounds


@pytest.mark.parametrize(
    ("workload", "each"),
    [("interpreters", 1), ("busy_interpreters", 1), ("own_threads", 2), ("executors", 2)],
)
def test_interpreters_leave_no_more_than_plain_ones(workload: str, each: int) -> None:
    """Interpreters made and closed leave what CPython's own leave, plus 5 %; one may be closing."""
    number = 16
    left, usual = measure(workload, number // each), measure("control_interpreters", number)
    assert left.resident <= usual.resident * 1.05 + 3 * MEGABYTE
    assert left.in_use <= usual.in_use + NOISE_BYTES_OF_INTERPRETERS * number + 2 * MEGABYTE
