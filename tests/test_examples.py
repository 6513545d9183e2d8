"""The programs in examples/ and the code in the README run."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        env=os.environ | {"COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_spell_checker_words() -> None:
    """The spell checker corrects the words that it is given."""
    out = run(EXAMPLES / "spell_checker.py", "functoin", "interpeter", "qqqqqqqqqqqq")
    assert "functoin -> function\n" in out
    assert "interpeter -> interpreter\n" in out
    assert "qqqqqqqqqqqq -> qqqqqqqqqqqq\n" in out


def test_spell_checker_comparison() -> None:
    """Without words it compares interpreters with processes."""
    out = run(EXAMPLES / "spell_checker.py", "--number", "100", "--interpreters", "2")
    assert "2 interpreters, one shared table" in out
    assert "2 processes, a table each" in out


@pytest.mark.skipif(not importlib.util.find_spec("sklearn"), reason="needs scikit-learn")
def test_digit_reader() -> None:
    """Interpreters read the digits as one does, and most of them right."""
    out = run(EXAMPLES / "digit_reader.py", "--parts", "3", "--interpreters", "2")
    right = re.match(r"(1,\d\d\d) of 1,797 digits are read", out)
    assert right is not None
    assert right[1] > "1,600"
    assert "2 interpreters, their imports included" in out


@pytest.mark.skipif(bool(importlib.util.find_spec("sklearn")), reason="scikit-learn is there")
def test_digit_reader_without() -> None:
    """Without scikit-learn the reader of digits says what it needs."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "digit_reader.py")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This example needs scikit-learn (No module named ")


def test_readme(tmp_path: Path) -> None:
    """The README's code, as one script, does what its comments say."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    last = "1999998.0 1000000\n"
    if importlib.util.find_spec("numpy"):
        last += "(250001,)\n"
    else:
        blocks = [each for each in blocks if "import numpy" not in each]
    path = tmp_path / "readme.py"
    path.write_text("\n".join(blocks))
    out = run(path)
    assert out.startswith("['alpha', 'beta', 'gamma'] 1024\n4000\n")
    assert out.endswith(last)
