"""Nothing is left behind: each workload against a control run, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from children import environment, limit

MEASURE = Path(__file__).with_name("measure.py")
MEGABYTE = 1 << 20
HAS_COUNTS = hasattr(sys, "gettotalrefcount")


def measure(workload: str, rounds: int) -> tuple[int, int, int]:
    """Bytes, blocks and references that ROUNDS rounds leave behind, after a warm-up."""
    done = subprocess.run(
        [sys.executable, str(MEASURE), workload, str(rounds)],
        # A fixed threshold: glibc otherwise adapts its own, and RSS jumps by what it keeps.
        env=environment(MALLOC_ARENA_MAX="1"),
        capture_output=True,
        text=True,
        timeout=limit(110),
    )
    assert done.returncode == 0, done.stderr
    size, blocks, references = map(int, done.stdout.split())
    return size, blocks, references


@pytest.mark.parametrize(
    ("workload", "control", "rounds"),
    [
        ("calls", "control_pass", 100),
        ("proxies", "control_pass", 100),
        ("exceptions", "control_pass", 150),
        ("classes", "control_pass", 400),
        ("cycles", "control_pass", 400),
        ("names", "control_pass", 100),
        ("queues", "control_pass", 600),
        ("buffers", "control_pass", 200),
        ("threads", "control_threads", 300),
        ("tasks", "control_pass", 300),
    ],
)
def test_leaves_nothing(workload: str, control: str, rounds: int) -> None:
    """A workload leaves no more behind than its control, within the allocator's noise."""
    size, blocks, references = measure(workload, rounds)
    control_size, control_blocks, control_references = measure(control, rounds)
    assert size - control_size < MEGABYTE
    # One block or reference a round would be a leak; a few are caches that fill up.
    assert blocks - control_blocks < rounds
    if HAS_COUNTS:
        assert references - control_references < rounds


@pytest.mark.parametrize(
    ("workload", "rounds", "each"),
    [
        ("interpreters", 60, 1),
        ("busy_interpreters", 60, 1),
        ("own_threads", 40, 2),
        ("executors", 30, 2),
    ],
)
def test_interpreters_leave_no_more_than_plain_ones(workload: str, rounds: int, each: int) -> None:
    """Interpreters made and closed leave what CPython's own leave, plus 5 %; one may be closing."""
    size, _, _ = measure(workload, rounds)
    control_size, _, _ = measure("control_interpreters", rounds * each)
    assert size <= control_size * 1.05 + 3 * MEGABYTE
