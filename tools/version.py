"""Check that the version in all places is the one that is given, as a tag says it.

python tools/version.py 0.1.0
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

PLACES = {
    "pyproject.toml": r'^version = "(.*)"$',
    "src/atoll/__init__.py": r'^__version__ = "(.*)"$',
    "CHANGELOG.md": r"^## \[?([\d.]+\S*?)\]?(?: |$)",
}


def versions() -> dict[str, str]:
    """Return the version that each place names; the changelog's is that of its top section."""
    found = {}
    for name, pattern in PLACES.items():
        match = re.search(pattern, (ROOT / name).read_text(), re.MULTILINE)
        found[name] = match[1] if match else "none"
    return found


def main(expected: str) -> int:
    wrong = {name: found for name, found in versions().items() if found != expected}
    for name, found in wrong.items():
        print(f"{name} says {found}, not {expected}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
