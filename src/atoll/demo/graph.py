"""Shows the references between interpreters: as a table, and as an HTML page."""

from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from atoll._page.document import cards, document, introduction, section, table
from atoll._page.graph import IGNORED, draw, names_of, proxies_in
from atoll._page.markup import element
from atoll.demo.boards import Snapshots
from atoll.demo.totals import counted

COLUMNS = ("holder", "owner", "type", "in use", "forgotten", "collected")


def print_graph(console: Console, snapshots: Snapshots) -> None:
    """Print the number of Proxies for each holder, owner and type, in the three states."""
    shown = Table(title="Proxies between interpreters", title_justify="left")
    for place, column in enumerate(COLUMNS):
        shown.add_column(column, justify="right" if place >= 3 else "left")
    for row in rows(snapshots):
        shown.add_row(*row)
    console.print(shown)
    console.print(_conclusion(snapshots))


def write_page(path: Path, snapshots: Snapshots) -> None:
    """Write the page.

    Raises:
        OSError: if the file cannot be written.
    """
    path.write_text(page(snapshots, datetime.now()), encoding="utf-8")


def page(snapshots: Snapshots, made_at: datetime) -> str:
    """Return the graphs as an HTML document."""
    return document(
        "atoll graph",
        [
            introduction(
                "References between interpreters",
                f"A board and its readers, each in an interpreter of its own, as atoll.gc.graph() "
                f"sees them on {made_at:%d %B %Y, %H:%M}",
            ),
            cards(
                {
                    "interpreters": f"{len(names_of(snapshots.in_use)):,}",
                    "Proxies in use": f"{proxies_in(snapshots.in_use):,}",
                    "objects freed by one collection": f"{snapshots.freed:,}",
                    "milliseconds of it": f"{snapshots.seconds * 1e3:.1f}",
                }
            ),
            section(
                "Forgotten",
                draw(
                    snapshots.forgotten,
                    "The old board and its readers know "
                    "only each other; references that are part of a circle stand out",
                ),
            ),
            section(
                "Collected", draw(snapshots.collected, "What is left after atoll.gc.collect()")
            ),
            section("All of it", table(COLUMNS, rows(snapshots), numbers_from=3)),
            element("footer", _conclusion(snapshots)),
        ],
    )


def rows(snapshots: Snapshots) -> list[list[str]]:
    """Return the number of Proxies for each holder, owner and type, in the three states."""
    counts = [
        {(edge.holder.name, edge.owner.name, edge.type): edge.proxies for edge in graph.edges}
        for graph in (snapshots.in_use, snapshots.forgotten, snapshots.collected)
    ]
    keys = sorted({key for each in counts for key in each if key[2] not in IGNORED})
    return [[*key, *(f"{each.get(key, 0):,}" for each in counts)] for key in keys]


def _conclusion(snapshots: Snapshots) -> str:
    return (
        f"One board was forgotten by all but its readers. atoll.gc.collect() found "
        f"{counted(snapshots.freed, 'object')} that only each other needed."
    )
