"""`atoll top --once`: the tables as plain text."""

from __future__ import annotations

from . import words
from .tables import joined, lay_out, select, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def summary(document: dict[str, Any]) -> str:
    """What the process as a whole is doing, in one line."""
    parts = (
        f"CPU {words.share(document['cpu'])}",
        words.size(document["memory"]),
        f"{words.count(document['crossings_per_second'])} crossings/s",
        f"{words.count(document['gc']['collections'])} collections",
        f"{document['ready']} ready",
    )
    return "  ".join(parts)


def left_out(document: dict[str, Any], name: str) -> str:
    """How many rows the process itself has left out of a table; empty if none."""
    number = document["left_out"][name]
    return f"and {words.count(number)} more" if number else ""


def lines(document: dict[str, Any], command: str, sort: str | None, wanted: str) -> Iterator[str]:
    """Yield the lines of a document with rates.

    Args:
        document: It.
        command: The command line of the process.
        sort: The title of the column by which tables that have it are sorted.
        wanted: A text that all rows have.
    """
    yield f"process {document['pid']}: {command}"
    yield f"CPython {document['python']}  {summary(document)}"
    for table in tables(document):
        titles = {column.title for column in table.columns}
        rows = select(table, sort if sort in titles else table.sort, False, wanted)
        if rows:
            yield ""
            yield from map(joined, lay_out(table, rows, None)[1])
            if more := left_out(document, table.name):
                yield more
