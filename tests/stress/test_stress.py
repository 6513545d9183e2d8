"""The stress scripts, for a moment each, in processes of their own. `.ci/run` lets them run longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from children import environment, limit, slowness

STRESS = Path(__file__).parent


@pytest.mark.parametrize(
    "command",
    [
        ("stress_calls.py", "1", "6"),
        ("stress_drop.py", "1"),
        ("stress_prompt.py", "1"),
        ("stress_fork.py", "1"),
        ("stress_interrupt.py", "1"),
        ("stress_exit.py", "3"),
        ("stress_queue.py", "1"),
        ("stress_executor.py", "1"),
        ("stress_gc.py", "1", "4"),
        ("stress_programs.py", "1"),
        ("stress_parking.py", "1", "3"),
        ("fuzz_share_file.py", "2000", "500"),
    ],
    ids=lambda command: command[0].removesuffix(".py"),
)
def test_stress(command: tuple[str, ...]) -> None:
    """The script ends with status 0; its output names the seed."""
    script, *arguments = command
    done = subprocess.run(
        [sys.executable, str(STRESS / script), *arguments],
        env=environment(ATOLL_SLOWNESS=str(slowness())),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit(110),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
