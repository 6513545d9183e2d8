"""Shows the references between interpreters: as a table, and as an HTML page."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from atoll import gc
from atoll.demo.boards import Snapshots
from atoll.demo.diagram import Arrow, Box, diagram
from atoll.demo.html import cards, document, introduction, section, table
from atoll.demo.markup import Markup, element
from atoll.demo.totals import counted

COLUMNS = ("holder", "owner", "type", "in use", "forgotten", "collected")
MOST_TYPES = 2
"""How many types the label of an arrow names."""
IGNORED = frozenset({"module", "type"})
"""Types of objects that every program refers to: modules that it calls, classes of its Proxies."""


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
                    "interpreters": f"{len(_names(snapshots.in_use)):,}",
                    "Proxies in use": f"{_proxies(snapshots.in_use):,}",
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


def draw(graph: gc.ReferenceGraph, title: str) -> Markup:
    """Return a graph as a figure; modules and classes are left out."""
    names = _names(graph)
    places = {name: place for place, name in enumerate(names)}
    held: dict[str, list[str]] = defaultdict(list)
    for node in sorted(graph.nodes, key=lambda node: -node.objects):
        if node.type not in IGNORED:
            held[node.interpreter.name].append(f"{node.objects} {node.type}")
    between: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for edge in graph.edges:
        if edge.type not in IGNORED:
            pair = places[edge.holder.name], places[edge.owner.name]
            between[pair][edge.type] += edge.proxies
    arrows = [
        Arrow(begin, end, _text(types), types.total()) for (begin, end), types in between.items()
    ]
    return diagram([Box(name, held[name]) for name in names], arrows, title)


def rows(snapshots: Snapshots) -> list[list[str]]:
    """Return the number of Proxies for each holder, owner and type, in the three states."""
    counts = [
        {(edge.holder.name, edge.owner.name, edge.type): edge.proxies for edge in graph.edges}
        for graph in (snapshots.in_use, snapshots.forgotten, snapshots.collected)
    ]
    keys = sorted({key for each in counts for key in each if key[2] not in IGNORED})
    return [[*key, *(f"{each.get(key, 0):,}" for each in counts)] for key in keys]


def _names(graph: gc.ReferenceGraph) -> Sequence[str]:
    ends = [
        *(node.interpreter.name for node in graph.nodes),
        *(edge.holder.name for edge in graph.edges),
    ]
    return list(dict.fromkeys(ends))


def _proxies(graph: gc.ReferenceGraph) -> int:
    return sum(edge.proxies for edge in graph.edges if edge.type not in IGNORED)


def _text(types: Counter[str]) -> str:
    named = [f"{count} {name}" for name, count in types.most_common(MOST_TYPES)]
    return ", ".join(named if len(types) <= MOST_TYPES else [*named, "\u2026"])


def _conclusion(snapshots: Snapshots) -> str:
    return (
        f"One board was forgotten by all but its readers. atoll.gc.collect() found "
        f"{counted(snapshots.freed, 'object')} that only each other needed."
    )
