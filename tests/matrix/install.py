"""Make an environment per Python, with the packages of the matrix and atoll; run the matrix there.

    python tests/matrix/install.py 3.13 3.14 3.15 [--folder FOLDER] [-- ARGUMENTS OF run.py]

A Python is what `uv venv --python` takes: a version or a path. Packages are installed from wheels
only; those that have none for a Python are named and left out. An environment that is there already
is used again. The records go to `results/VERSION.jsonl` beside this file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from packages import PACKAGES

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
RESULTS = HERE / "results"


def environment(python: str, folder: Path) -> Path:
    """Return the Python of an environment for this one, made if it is not there."""
    place = folder / Path(python).name.removeprefix("python")
    if not place.exists():
        subprocess.run(["uv", "venv", "--quiet", "--python", python, str(place)], check=True)
    return place / "bin" / "python"


def install(python: Path) -> list[str]:
    """Install the packages and atoll; return the requirements that have no wheel."""
    command = ["uv", "pip", "install", "--quiet", "--python", str(python)]
    without_wheel = []
    requirements = dict.fromkeys(
        package.requirement or package.distribution for package in PACKAGES
    )
    for requirement in filter(None, requirements):
        done = subprocess.run(
            [*command, "--only-binary", ":all:", *requirement.split()],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            without_wheel.append(requirement)
    subprocess.run([*command, "--reinstall-package", "atoll", str(PROJECT)], check=True)
    return without_wheel


def minor_version(python: Path) -> str:
    """Ask a Python for its version: major and minor."""
    source = "import sys; print('{}.{}'.format(*sys.version_info))"
    return subprocess.check_output([python, "-c", source], text=True).strip()


def main() -> None:
    """Install and run for each Python."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--folder", type=Path, help="of the environments; default: a temporary one")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    arguments, others = parser.parse_args(words[:end]), words[end + 1 :]
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.pythons:
            python = environment(name, arguments.folder or Path(temporary))
            for requirement in install(python):
                print(f"{name}: no wheel of {requirement}", file=sys.stderr)
            output = RESULTS / f"{minor_version(python)}.jsonl"
            command = [str(python), str(HERE / "run.py"), "--output", str(output)]
            subprocess.run([*command, *others], check=True)


if __name__ == "__main__":
    main()
