"""Write the registry of packages, `src/atoll/_modules/registry.json`, out of `results/*.jsonl`.

    python tests/matrix/registry.py [--check]

What has worked in private copies on each Python becomes an entry, with the versions that were
tried (parts that mypyc made need none). Entries about what is not in the results stay. With
`--check` nothing is written, and the status says whether the file is as it should be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from records import Record, load

FILE = Path(__file__).parents[2] / "src" / "atoll" / "_modules" / "registry.json"
REASON = "works unmodified in private copies"

type Entry = dict[str, object]


def normalized(distribution: str) -> str:
    """Return the name as package indexes compare it."""
    return distribution.lower().replace("_", "-").replace(".", "-")


def tried_in(records: Iterable[Record]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return what has worked: packages with their distributions, and these with their versions."""
    distributions: dict[str, str] = {}
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        if record["distribution"]:
            versions[normalized(record["distribution"])].add(record["version"])
        for package, (distribution, version) in record.get("packages", {}).items():
            distributions[package] = distribution
            versions[normalized(distribution)].add(version)
    return distributions, versions


def failing(records: Iterable[Record]) -> set[str]:
    """Return the distributions that have not worked in private copies, on one Python at least."""
    return {
        normalized(record["distribution"])
        for record in records
        if record["mode"] != "main" and not record["works"]
    }


def made(entries: Iterable[Entry], records: list[Record]) -> list[Entry]:
    """Return all entries, each with what was tried."""
    good = [record for record in records if record["works"] and record["mode"] != "main"]
    distributions, versions = tried_in(good)
    bad = failing(records)
    known = {str(entry["package"]): entry for entry in entries}
    for package, distribution in distributions.items():
        if normalized(distribution) not in bad and not package.endswith("__mypyc"):
            known.setdefault(package, entry(package, distribution))
    for each in known.values():
        found = versions.get(normalized(str(each["distribution"])), set())
        each["tried"] = sorted(found, key=lambda version: [*map(number, version.split("."))])
    return sorted(known.values(), key=lambda entry: str(entry["package"]).lower())


def entry(package: str, distribution: str) -> Entry:
    """Return an entry of a package that works in private copies."""
    return {
        "package": package,
        "distribution": distribution,
        "versions": "",
        "mode": "private",
        "reason": REASON,
    }


def number(part: str) -> int:
    """Return the number that a part of a version begins with."""
    digits = "".join(each for each in part if each.isdigit())
    return int(digits or 0)


def main() -> int:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    text = FILE.read_text()
    records = [record for each in load().values() for record in each]
    lines = ",\n".join(json.dumps(each) for each in made(json.loads(text), records))
    if arguments.check:
        return int(text != f"[\n{lines}\n]\n")
    FILE.write_text(f"[\n{lines}\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
