"""Write the table of the matrix into `docs/explanation/extensions.md`, out of `results/*.jsonl`.

    python tests/matrix/table.py [--check]

What is between the markers is replaced; with `--check` nothing is written, and the status says
whether the page is as it should be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "explanation" / "extensions.md"
BEGIN, END = "<!-- matrix: begin -->\n", "<!-- matrix: end -->\n"

Record = dict[str, Any]


def load() -> dict[str, list[Record]]:
    """Return the records of each Python, by its version."""
    found = {}
    for path in sorted((HERE / "results").glob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        if records:
            found[str(records[0]["python"])] = records
    return found


def verdict(records: list[Record]) -> str:
    """Say how a package works on a Python: in which mode, or that it does not."""
    if not records:
        return "-"
    working = [record for record in records if record["works"]]
    if working:
        return str(working[0]["taken"])
    return "differs" if any(not record.get("equal", True) for record in records) else "fails"


def measured(by_python: Iterable[list[Record]], show: Callable[[Record], str]) -> str:
    """Show a number for each Python, of the mode that works there."""
    shown = []
    for records in by_python:
        working = [record for record in records if record["works"]]
        shown.append(show(working[0]) if working else "-")
    return " / ".join(shown)


def row(name: str, by_python: list[list[Record]]) -> str:
    """Return a package's line of the table."""
    records = [record for records in by_python for record in records]
    versions = dict.fromkeys(record["version"] for record in records)
    distribution = records[0]["distribution"]
    title = name if distribution in (name, None) else f"{name} ({distribution})"
    cells = [
        title,
        ", ".join(versions),
        *map(verdict, by_python),
        measured(by_python, lambda record: f"{record['speed_up']:.1f}"),
        measured(by_python, lambda record: f"{record['import_ms']}"),
        measured(by_python, lambda record: f"{record['megabytes']:.0f}"),
        measured(
            by_python, lambda record: f"{record['growth']:.1f}" if "growth" in record else "-"
        ),
    ]
    return f"| {' | '.join(cells)} |"


def table(results: dict[str, list[Record]]) -> str:
    """Return the whole table; nothing if there are no results."""
    if not results:
        return ""
    names = dict.fromkeys(record["package"] for records in results.values() for record in records)
    numbers = ("speed-up", "import, ms", "MB", "growth, MB")
    head = ["package", "version", *results, *numbers]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for name in names:
        by_python = [
            [record for record in records if record["package"] == name]
            for records in results.values()
        ]
        lines.append(row(name, by_python))
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}{table(load())}{END}{after}"
    if arguments.check:
        return int(made != page)
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
