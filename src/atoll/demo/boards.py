"""A workload for `atoll graph`: boards that know their readers, readers that know their boards.

Each is in an interpreter of its own. One board is forgotten by the program: then only its readers
refer to it, and only it refers to them. That is garbage that spans interpreters.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from atoll import Interpreter, gc

READERS = ("north", "east", "south", "west")
READERS_EACH = 6
NOTES = 20


class Board:
    """Sends each new note to its readers."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.readers: list[Any] = []

    def add(self, reader: Any) -> None:
        self.readers.append(reader)

    def publish(self, note: str) -> None:
        for reader in self.readers:
            reader.hear(note)


class Reader:
    """Gets the notes of a board, to which it keeps a reference."""

    def __init__(self, board: Any, journal: Any) -> None:
        self.board = board
        self.journal = journal
        self.heard = 0

    def hear(self, note: str) -> None:
        self.heard += 1
        self.journal.write(note)


class Journal:
    """Counts what is written to it."""

    def __init__(self) -> None:
        self.lines = 0

    def write(self, line: str) -> None:
        self.lines += 1


class Snapshots(NamedTuple):
    """The references while all is in use, after a board was forgotten, and after a collection."""

    in_use: gc.ReferenceGraph
    forgotten: gc.ReferenceGraph
    collected: gc.ReferenceGraph
    freed: int
    notes: int
    seconds: float


def run() -> Snapshots:
    """Run the workload; the graphs name interpreters that are closed by then."""
    gc.collect()  # older garbage would be counted too
    with _interpreters() as (modules, journal):
        new = _make_board(modules, "new", journal)
        old = _make_board(modules, "old", journal)
        for number in range(NOTES):
            new.publish(f"note {number}")
            old.publish(f"note {number}")
        in_use = gc.graph()
        del old
        forgotten = gc.graph()
        before = gc.statistics().seconds
        freed = gc.collect()
        seconds = gc.statistics().seconds - before
        return Snapshots(in_use, forgotten, gc.graph(), freed, journal.lines, seconds)


@contextmanager
def _interpreters() -> Iterator[tuple[dict[str, Any], Any]]:
    with ExitStack() as stack:
        modules: dict[str, Any] = {}
        for name in ("new board", "old board", *READERS, "journal"):
            interpreter = stack.enter_context(Interpreter(name))
            modules[name] = interpreter.import_module(__name__)
        journal = modules["journal"].Journal()
        yield modules, journal


def _make_board(modules: dict[str, Any], title: str, journal: Any) -> Any:
    board = modules[f"{title} board"].Board(title)
    for name in READERS:
        for _ in range(READERS_EACH):
            board.add(modules[name].Reader(board, journal))
    return board
