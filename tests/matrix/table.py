"""Write the tables of the matrix into `docs/explanation/extensions.md`, out of `results/*.jsonl`.

    python tests/matrix/table.py [--check]

What is between the markers is replaced; with `--check` nothing is written, and the status says
whether the page is as it should be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from packages import USES
from records import Record, load
from run import reason

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "extensions.md"
SMALL = {each.name: each for each in USES}

type Table = Callable[[dict[str, list[Record]]], str]


def verdict(records: list[Record]) -> str:
    """Say how a package works on a Python: in which mode, or that it does not."""
    if not records:
        return "-"
    working = [record for record in records if record["works"]]
    if working:
        taken = str(working[0]["taken"])
        return "ctypes" if taken == "none" else taken  # it has no extension modules
    return "differs" if any(not record.get("equal", True) for record in records) else "fails"


def measured(by_python: Iterable[list[Record]], show: Callable[[Record], str]) -> str:
    """Show a number for each Python, of the mode that works there."""
    shown = []
    for records in by_python:
        working = [record for record in records if record["works"]]
        shown.append(show(working[0]) if working else "-")
    return " / ".join(shown)


def heads(name: str, by_python: list[list[Record]]) -> tuple[str, str]:
    """Return the title of a package's row, and the versions that were tried."""
    records = [record for records in by_python for record in records]
    versions = dict.fromkeys(record["version"] for record in records)
    distribution = records[0]["distribution"]
    is_alike = (distribution or name).lower().replace("-", "_").replace(".", "_") == name
    return name if is_alike else f"{name} ({distribution})", ", ".join(versions)


def row(name: str, by_python: list[list[Record]]) -> str:
    """Return a package's line of the table of works."""
    cells = [
        *heads(name, by_python),
        *map(verdict, by_python),
        measured(by_python, lambda record: f"{record['speed_up']:.1f}"),
        measured(by_python, lambda record: f"{record['import_ms']}"),
        measured(by_python, lambda record: f"{record['megabytes']:.0f}"),
        measured(
            by_python, lambda record: f"{record['growth']:.1f}" if "growth" in record else "-"
        ),
    ]
    return f"| {' | '.join(cells)} |"


def small_row(name: str, by_python: list[list[Record]]) -> str:
    """Return a package's line of the table of small uses."""
    title, versions = heads(name, by_python)
    cells = [title, versions, SMALL[name].built_with, *map(verdict, by_python)]
    return f"| {' | '.join(cells)} |"


def rows(
    results: dict[str, list[Record]], is_small: bool, make: Callable[[str, list[list[Record]]], str]
) -> list[str]:
    """Make a row for each package that has one in that table."""
    names = dict.fromkeys(record["package"] for records in results.values() for record in records)
    ours = [name for name in names if (name in SMALL) is is_small]
    return [
        make(
            name,
            [[each for each in records if each["package"] == name] for records in results.values()],
        )
        for name in (sorted(ours, key=str.lower) if is_small else ours)
    ]


def headed(head: list[str], lines: list[str]) -> str:
    """Return a table; nothing if it has no rows."""
    return (
        "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""])
        if lines
        else ""
    )


def works(results: dict[str, list[Record]]) -> str:
    """Return the table of what has been measured."""
    numbers = ("speed-up", "import, ms", "MB", "growth, MB")
    return headed(["package", "version", *results, *numbers], rows(results, False, row))


def uses(results: dict[str, list[Record]]) -> str:
    """Return the table of small uses, and below it why some packages are left to main."""
    table = headed(["package", "version", "built with", *results], rows(results, True, small_row))
    reasons = {
        record["package"]: reason(record)
        for records in results.values()
        for record in records
        if record["package"] in SMALL and record["mode"] != "main" and not record["works"]
    }
    lines = [f"- `{name}`: {text}\n" for name, text in sorted(reasons.items())]
    return table + ("\nWhat does not work in private copies:\n\n" if lines else "") + "".join(lines)


TABLES: dict[str, Table] = {"matrix": works, "small uses": uses}


def main() -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    page = made = PAGE.read_text()
    results = load()
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
        before, _, rest = made.partition(begin)
        made = f"{before}{begin}{table(results)}{end}{rest.partition(end)[2]}"
    if arguments.check:
        return int(made != page)
    PAGE.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
