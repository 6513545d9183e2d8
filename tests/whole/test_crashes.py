"""Scripts that do nasty things, each in a process of its own: none may crash, hang or make noise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from children import environment, limit

CRASHES = Path(__file__).parents[1] / "crashes"


@pytest.mark.parametrize("path", sorted(CRASHES.glob("*.py")), ids=lambda path: path.stem)
def test_survives(path: Path, tmp_path: Path) -> None:
    """The script ends with status 0; what it guards is said in its first line."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", str(path)],
        env=environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit(110),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    if "# stderr:" not in path.read_text():
        assert done.stderr == ""
