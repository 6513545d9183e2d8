"""The tables of `atoll top`: their columns, what is in them, in which order, and how wide."""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import NamedTuple

from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_GAP = 2  # between columns


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: What stands above it.
        text: What stands in a row.
        key: By what rows are sorted.
        is_number: Is it aligned to the right, and sorted with the largest first?
        least: How narrow it may become; 0: as wide as its widest text.
        rank: Where there is too little room, those with the highest rank are left out first.
    """

    title: str
    text: Callable[[Any], str]
    key: Callable[[Any], Any]
    is_number: bool = True
    least: int = 0
    rank: int = 0


class Table(NamedTuple):
    """One of the tables.

    Attributes:
        name: Of what it is.
        columns: From left to right.
        rows: What the document has, oldest first.
        sort: By which column it is sorted, if nobody says otherwise; None: by age.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[dict[str, Any]]
    sort: str | None


NAMES = ("interpreters", "threads", "executors", "queues")


def tables(document: dict[str, Any]) -> list[Table]:
    """Make all tables of a document with rates, in the order of NAMES."""
    names = words.Names(document)
    columns = _interpreters(names, document), _threads(names), _executors(), _queues()
    sorts = ("BUSY", "CPU", None, "LENGTH")
    return [
        Table(name, each, document[name], sort)
        for name, each, sort in zip(NAMES, columns, sorts, strict=True)
    ]


def titles() -> list[str]:
    """The titles of all columns."""
    empty = tables({name: [] for name in NAMES})
    return list(dict.fromkeys(column.title for table in empty for column in table.columns))


def _field(name: str, show: Callable[[Any], str], title: str, rank: int = 0) -> Column:
    return Column(title, lambda row: show(row[name]), lambda row: row[name], rank=rank)


def text_column(title: str, text: Callable[[Any], str], least: int = 0, rank: int = 0) -> Column:
    """A column of texts, without what a terminal would obey."""

    def printable(row: Any) -> str:
        return words.printable(text(row))

    return Column(title, printable, lambda row: printable(row).casefold(), False, least, rank)


def _named(row: dict[str, Any]) -> str:
    return row["name"] if row["state"] == "open" else f"{row['name']} ({row['state']})"


def _interpreters(names: words.Names, document: dict[str, Any]) -> Sequence[Column]:
    return (
        text_column("INTERPRETER", _named, 10),
        _field("busy", words.share, "BUSY"),
        _field("cpu", words.share, "CPU", 1),
        _field("crossings_per_second", words.count, "CROSSINGS/S"),
        _field("depth", words.count, "DEPTH", 4),
        _field("waiting", words.count, "WAITING", 2),
        _field("exports", words.count, "EXPORTS", 3),
        _field("proxies", words.count, "PROXIES", 3),
        _field("memory", words.size, "MEMORY", 5),
        text_column("INSIDE", lambda row: names.inside(row, document), 8),
    )


def _threads(names: words.Names) -> Sequence[Column]:
    return (
        text_column("THREAD", words.thread_name, 10),
        _field("cpu", words.share, "CPU"),
        _field("seconds", words.duration, "FOR"),
        text_column("WHERE", names.path, 12),
        text_column("DOING", names.doing, 12),
    )


def _executors() -> Sequence[Column]:
    return (
        text_column("EXECUTOR", _named, 10),
        _field("workers", words.count, "WORKERS"),
        _field("limit", words.count, "LIMIT", 2),
        _field("queued", words.count, "QUEUED"),
        _field("running", words.count, "RUNNING"),
        _field("done_per_second", words.count, "DONE/S"),
        _field("done", words.count, "DONE", 1),
    )


def _queues() -> Sequence[Column]:
    return (
        Column(
            "QUEUE",
            lambda row: f"{row['id']}{'' if row['state'] == 'open' else ' (shut down)'}",
            lambda row: row["id"],
        ),
        _field("length", words.count, "LENGTH"),
        _field("maxsize", words.count, "MAXSIZE"),
        _field("unfinished", words.count, "UNFINISHED", 1),
        _field("getters", words.count, "GETTERS"),
        _field("putters", words.count, "PUTTERS"),
        _field("joiners", words.count, "JOINERS", 1),
    )


# ---- rows ----


def select(table: Table, sort: str | None, is_reversed: bool, wanted: str) -> list[dict[str, Any]]:
    """Return the rows that have a text in them, sorted by a column; None: by age."""
    needle = wanted.casefold()
    rows = [
        row
        for row in table.rows
        if not needle or any(needle in each.text(row).casefold() for each in table.columns)
    ]
    for column in table.columns:
        if column.title == sort:
            known = [row for row in rows if column.key(row) is not None]
            unknown = [row for row in rows if column.key(row) is None]
            known.sort(key=column.key, reverse=column.is_number is not is_reversed)
            return known + unknown
    return rows[::-1] if is_reversed else rows


# ---- widths ----


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


def fit(text: str, width: int, is_right: bool = False) -> str:
    """Cut a text to so many cells, or fill it up."""
    size = cells(text)
    if size > width:
        while size > width - 1 and text:
            size -= cells(text[-1])
            text = text[:-1]
        text += "~"[: width - size]
        size = cells(text)
    return " " * (width - size) + text if is_right else text + " " * (width - size)


class Line(NamedTuple):
    """One line of a table.

    Attributes:
        texts: What is in the columns, as wide as they are.
        row: What it is about; None: the titles.
    """

    texts: list[str]
    row: dict[str, Any] | None


def lay_out(
    table: Table, rows: Sequence[dict[str, Any]], width: int | None
) -> tuple[list[Column], list[Line]]:
    """Lay out the titles and the rows, in so many cells; None: as many as it takes.

    Returns:
        The columns that have room, and the lines.
    """
    columns = list(table.columns)
    texts = [[each.title for each in columns], *([c.text(row) for c in columns] for row in rows)]
    widths = [max(map(cells, column)) for column in zip(*texts, strict=True)]
    kept = list(range(len(columns)))
    if width is not None:
        kept, widths = _fit_columns(columns, widths, width)
    lines = [
        Line([fit(line[at], widths[at], columns[at].is_number) for at in kept], row)
        for line, row in zip(texts, [None, *rows], strict=True)
    ]
    return [columns[at] for at in kept], lines


def _fit_columns(
    columns: Sequence[Column], widths: list[int], room: int
) -> tuple[list[int], list[int]]:
    """Choose the columns that have room, and make them fit."""
    kept = list(range(len(columns)))
    least = [
        min(width, max(each.least, len(each.title))) if each.least else width
        for each, width in zip(columns, widths, strict=True)
    ]

    def needed(of: list[int]) -> int:
        return sum(of[at] for at in kept) + _GAP * (len(kept) - 1)

    while needed(least) > room and len(kept) > 1:
        kept.remove(max(kept, key=partial(_loss, columns)))
    fitted = list(least)
    flexible = [at for at in kept if widths[at] > least[at]]
    while flexible and needed(fitted) < room:  # a cell each, as long as there are any
        for at in flexible:
            if needed(fitted) < room:
                fitted[at] += 1
        flexible = [at for at in flexible if widths[at] > fitted[at]]
    return kept, fitted


def _loss(columns: Sequence[Column], at: int) -> tuple[int, int]:
    return columns[at].rank, at


def joined(line: Line) -> str:
    """A line as plain text."""
    return (" " * _GAP).join(line.texts).rstrip()
