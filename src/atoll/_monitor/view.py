"""What the live view shows, and what keys change: without a terminal."""

from __future__ import annotations

from . import plain, words
from .tables import NAMES, Line, Table, cells, fit, joined, lay_out, select, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HELP = (
    ("q", "quit"),
    ("space", "freeze"),
    ("tab", "table"),
    ("s", "sort"),
    ("/", "filter"),
    ("r", "reverse"),
    ("up/down", "scroll"),
)
_LEAST_ROWS = 2  # of a table, where all are shown
_HEAD, _FOOT = 2, 1  # lines


class View:
    """The state of the view.

    Args:
        command: The command line of the process.
        sort: The title of a column by which the tables that have it are sorted at first.
        wanted: A text that all rows have at first.
    """

    def __init__(self, command: str, sort: str | None = None, wanted: str = "") -> None:
        self._command = command
        self._first_sort = sort
        self._sorts: dict[str, str | None] = {}
        self._reversed: set[str] = set()
        self._alone: str | None = None  # the only table shown; None: all are
        self._top = 0  # the first row of that one
        self._wanted = wanted
        self._is_typing = False
        self._document: dict[str, Any] | None = None
        self.is_frozen = False
        self.is_over = False
        self.silence: float | None = None  # for so many seconds a document has been overdue

    def show(self, document: dict[str, Any]) -> None:
        """Take a document with rates, unless the view is frozen."""
        if not self.is_frozen:
            self._document = document

    # ---- keys ----

    def press(self, key: str) -> None:
        """Do what a key says."""
        if key == "interrupt":
            self.is_over = True
        elif self._is_typing:
            self._type(key)
        else:
            self._command_by(key)

    def _type(self, key: str) -> None:
        self._top = 0
        match key:
            case "enter":
                self._is_typing = False
            case "escape":
                self._is_typing, self._wanted = False, ""
            case "clear":
                self._wanted = ""
            case "backspace":
                self._wanted = self._wanted[:-1]
            case "space":
                self._wanted += " "
            case _ if len(key) == 1:
                self._wanted += key

    def _command_by(self, key: str) -> None:
        match key:
            case "q" | "Q":
                self.is_over = True
            case "space" | "f":
                self.is_frozen = not self.is_frozen
            case "tab" | "back tab":
                self._change_table(1 if key == "tab" else -1)
            case "escape" | "0":
                self._wanted, self._alone, self._top = "", None, 0
            case "1" | "2" | "3" | "4":
                self._alone, self._top = NAMES[int(key) - 1], 0
            case "s" | "S":
                self._change_sort(1 if key == "s" else -1)
            case "r":
                self._reversed ^= {self._sorted_one}
            case "/":
                self._is_typing = True
            case "up" | "k":
                self._top -= 1
            case "down" | "j":
                self._top += 1
            case "page up":
                self._top -= 10
            case "page down":
                self._top += 10
            case "home":
                self._top = 0
            case "end":
                self._top = 1 << 30  # lines() knows how many there are
        self._top = max(0, self._top)

    def _change_table(self, step: int) -> None:
        places = (None, *NAMES)
        self._alone = places[(places.index(self._alone) + step) % len(places)]
        self._top = 0

    @property
    def _sorted_one(self) -> str:
        return self._alone or NAMES[0]

    def _change_sort(self, step: int) -> None:
        if self._document is not None:
            table = tables(self._document)[NAMES.index(self._sorted_one)]
            places = (None, *(each.title for each in table.columns))
            at = places.index(self._sort_of(table))
            self._sorts[table.name] = places[(at + step) % len(places)]

    def _sort_of(self, table: Table) -> str | None:
        if table.name in self._sorts:
            return self._sorts[table.name]
        titles = [each.title for each in table.columns]
        return self._first_sort if self._first_sort in titles else table.sort

    # ---- lines ----

    def lines(self, width: int, height: int) -> list[list[tuple[str, str]]]:
        """Return the lines, each as pieces: their texts and what they are.

        Kinds of pieces: "title", "figures", "head", "sorted", "key", "help", "busy", "closing",
        "held", "idle", "more", and "" for all else.
        """
        if self._document is None:
            return [[("waiting for the process...", "")]]
        room = max(0, height - _HEAD - _FOOT)
        made = [*self._head(self._document, width), *self._body(self._document, width, room)]
        made = made[: height - _FOOT]
        made += [[]] * (height - _FOOT - len(made))
        return [*made, self._foot(width)]

    def _head(self, document: dict[str, Any], width: int) -> list[list[tuple[str, str]]]:
        mark = ""
        if self.silence is not None:
            mark = f"  NO ANSWER FOR {words.duration(self.silence)} "
        elif self.is_frozen:
            mark = "  FROZEN "
        title = f" atoll top  process {document['pid']}  {self._command}"
        return [
            [(fit(title, max(0, width - len(mark))) + mark, "title")],
            [
                (
                    fit(
                        f" CPython {document['python']}  {plain.summary(document)}", width
                    ).rstrip(),
                    "figures",
                )
            ],
        ]

    def _foot(self, width: int) -> list[tuple[str, str]]:
        if self._is_typing:
            return [(fit(f" filter: {self._wanted}_", width), "title")]
        pieces: list[tuple[str, str]] = []
        filtered = f"filter: {self._wanted}  " if self._wanted else ""
        left = width - len(filtered)
        for key, what in HELP:
            left -= len(key) + len(what) + 4
            if left >= 0:
                pieces += [(f" {key} ", "key"), (f" {what} ", "help")]
        return [*([(filtered, "sorted")] if filtered else []), *pieces]

    def _body(self, document: dict[str, Any], width: int, room: int) -> list[list[tuple[str, str]]]:
        chosen = [each for each in tables(document) if self._alone in (None, each.name)]
        rows = {
            each.name: select(each, self._sort_of(each), each.name in self._reversed, self._wanted)
            for each in chosen
        }
        if self._alone is None:
            chosen = [each for each in chosen if rows[each.name]]
        heights = _share_out([len(rows[each.name]) for each in chosen], room - len(chosen))
        made: list[list[tuple[str, str]]] = []
        for table, most in zip(chosen, heights, strict=True):
            made += self._table(table, rows[table.name], width, most, document)
        return made

    def _table(
        self,
        table: Table,
        rows: list[dict[str, Any]],
        width: int,
        most: int,
        document: dict[str, Any],
    ) -> list[list[tuple[str, str]]]:
        """A table's titles, and at most so many lines: rows, and how many more there are."""
        hidden = document["left_out"][table.name]
        is_cut = most > 1 and len(rows) + hidden > most
        room = most - is_cut
        if self._alone is not None:
            self._top = min(self._top, max(0, len(rows) - room))
        first = 0 if self._alone is None else self._top
        columns, lines = lay_out(table, rows[first : first + room], width)
        sort = self._sort_of(table)
        head: list[tuple[str, str]] = []
        for column, text in zip(columns, lines[0].texts, strict=True):
            head += [(text, "sorted" if column.title == sort else "head"), ("  ", "head")]
        used = sum(cells(text) for text, _ in head[:-1])
        head[-1] = (" " * max(0, width - used), "head")
        made = [head, *([(joined(each), _kind(table, each))] for each in lines[1:])]
        if is_cut:
            beyond = words.count(len(rows) + hidden - room)
            made.append([(fit(f"and {beyond} more", width).rstrip(), "more")])
        return made


def _kind(table: Table, line: Line) -> str:
    row = line.row or {}
    if row.get("state", "open") != "open":
        return "closing"
    if table.name == "interpreters" and (row["busy"] or 0) >= 0.9:
        return "busy"
    if table.name == "threads" and row["waits"] is not None:
        return "held" if row["waits"]["for"] in ("enter", "return") else "idle"
    return ""


def _share_out(wanted: list[int], room: int) -> list[int]:
    """Share rows out among tables: some to each, then one by one to those that want more."""
    given = [min(each, _LEAST_ROWS) for each in wanted]
    while sum(given) > max(0, room):
        given[given.index(max(given))] -= 1
    while sum(given) < room and given != wanted:
        for at, each in enumerate(wanted):
            if given[at] < each and sum(given) < room:
                given[at] += 1
    return given
