"""The matrix of compiled packages, for those that the test environment has; few cycles."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from children import limit

RUN = Path(__file__).with_name("run.py")
TABLE = RUN.with_name("table.py")


def is_installed(distribution: str) -> bool:
    """Tell whether a package is in this environment."""
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("package", "distribution"),
    [
        ("stdlib", "atoll"),
        ("numpy", "numpy"),
        ("lxml", "lxml"),
        ("orjson", "orjson"),
        ("pydantic", "pydantic"),
        ("yaml", "pyyaml"),
        ("cffi", "cffi"),
        ("greenlet", "greenlet"),
    ],
)
def test_package_works_in_interpreters(package: str, distribution: str, tmp_path: Path) -> None:
    """A compiled package gives the same results in each interpreter, at once too, and ends well."""
    if not is_installed(distribution):
        pytest.skip(f"{distribution} is not installed")
    output = tmp_path / "records"
    command = [sys.executable, str(RUN), package, "--cycles", "3", "--output", str(output)]
    done = subprocess.run(
        [*command, "--timeout", str(limit(150))],
        capture_output=True,
        text=True,
        timeout=limit(390),
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(output.read_text().splitlines()[0])
    assert record["works"], record


def test_page_has_the_results() -> None:
    """The table in docs/explanation/extensions.md is made of the results of the last run."""
    done = subprocess.run([sys.executable, str(TABLE), "--check"], timeout=limit(60))
    assert done.returncode == 0
