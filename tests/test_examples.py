"""The programs in examples/ run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        env=os.environ | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_spell_checker_words() -> None:
    """The spell checker corrects the words that it is given."""
    out = run("spell_checker.py", "functoin", "interpeter", "qqqqqqqqqqqq")
    assert "functoin -> function\n" in out
    assert "interpeter -> interpreter\n" in out
    assert "qqqqqqqqqqqq -> qqqqqqqqqqqq\n" in out


def test_spell_checker_comparison() -> None:
    """Without words it compares interpreters with processes."""
    out = run("spell_checker.py", "--number", "100", "--interpreters", "2")
    assert "2 interpreters, one shared table" in out
    assert "2 processes, a table each" in out
