"""The matrix of compiled packages, for those that the test environment has; few cycles."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from children import limit

from atoll._modules import registry

RUN = Path(__file__).with_name("run.py")
RESULTS = Path(__file__).with_name("results")


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


@pytest.mark.parametrize("script", ["table.py", "registry.py"])
def test_results_are_written_down(script: str) -> None:
    """The page and the registry say what the last run has found."""
    command = [sys.executable, str(RUN.with_name(script)), "--check"]
    assert subprocess.run(command, timeout=limit(60)).returncode == 0


def test_registry_has_the_results() -> None:
    """Whatever has worked in private copies on each Python is imported without a trial."""
    lines = [line for path in RESULTS.glob("*.jsonl") for line in path.read_text().splitlines()]
    records = [json.loads(line) for line in lines]
    bad = {each["distribution"] for each in records if not each["works"]}
    good = [each for each in records if each["distribution"] not in bad]
    used = {package for each in good for package in each.get("packages", ())}
    entries = registry.entries()
    missing = {each for each in used if registry.find(each) is None}
    assert not missing
    assert len([each for each in entries.values() if each.tried]) >= 150
