"""Draws what `atoll.gc.graph()` returns."""

from __future__ import annotations

from collections import Counter, defaultdict

from .diagram import Arrow, Box, diagram
from .document import cards, document, introduction, section, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from .markup import Markup

type Graph = Any  # atoll.gc.ReferenceGraph, which is above this room

COLUMNS = ("holder", "owner", "type", "Proxies")
MOST_TYPES = 2
"""How many types the label of an arrow names."""
IGNORED = frozenset({"module", "type"})
"""Types of objects that every program refers to: modules that it calls, classes of its Proxies."""
CAPTION = (
    "An arrow leads from the Proxies to their objects. Those that are part of a circle stand out"
)


def page(graph: Graph, made_at: datetime) -> str:
    """Return a graph as an HTML document."""
    shown = [edge for edge in graph.edges if edge.type not in IGNORED]
    rows = sorted(
        [edge.holder.name, edge.owner.name, edge.type, f"{edge.proxies:,}"] for edge in shown
    )
    return document(
        "atoll graph",
        [
            introduction(
                "References between interpreters",
                f"as atoll.gc.graph() saw them on {made_at:%d %B %Y, %H:%M}",
            ),
            cards(
                {
                    "interpreters": f"{len(names_of(graph)):,}",
                    "Proxies": f"{proxies_in(graph):,}",
                    "types": f"{len({edge.type for edge in shown}):,}",
                }
            ),
            section("Who holds what", draw(graph, CAPTION)),
            section("All of it", table(COLUMNS, rows, numbers_from=3)),
        ],
    )


def draw(graph: Graph, title: str) -> Markup:
    """Return a graph as a figure; modules and classes are left out."""
    names = names_of(graph)
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


def names_of(graph: Graph) -> Sequence[str]:
    """Return the names of all interpreters in it, the oldest first."""
    ends = [
        *(node.interpreter for node in graph.nodes),
        *(edge.holder for edge in graph.edges),
    ]
    return list(dict.fromkeys(each.name for each in sorted(ends, key=lambda each: each.id)))


def proxies_in(graph: Graph) -> int:
    """Return how many Proxies there are, but for those of every program."""
    return sum(edge.proxies for edge in graph.edges if edge.type not in IGNORED)


def _text(types: Counter[str]) -> str:
    named = [f"{count} {name}" for name, count in types.most_common(MOST_TYPES)]
    return ", ".join(named if len(types) <= MOST_TYPES else [*named, "\u2026"])
