"""Draws the references between interpreters as SVG: boxes in a ring, and arrows."""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from .markup import Markup, element, join

LEAST_WIDTH, LEAST_HEIGHT = 960, 640
"""Of a ring with few boxes."""
BOX_WIDTH, LINE_HEIGHT = 150, 17
MOST_LINES = 4
"""How many types a box lists."""
BOX_HEIGHT = LINE_HEIGHT * (MOST_LINES + 1) + 10
LONGEST_TEXT = 18
"""How many characters have room in a box; wide ones count twice."""
READABLE = 0.75
"""To what share of its size a figure is made smaller where there is too little room."""
BEND = 26
"""How far an arrow bends to its left; so the arrow in the other direction lies beside it."""


class Box(NamedTuple):
    """An interpreter, and which of its objects others hold."""

    name: str
    lines: Sequence[str]


class Ring(NamedTuple):
    """The ellipse on which the centres of the boxes are."""

    width: float
    height: float
    boxes: int

    @property
    def size(self) -> tuple[int, int]:
        """Of the drawing; beside the boxes there is room for arrows that bend outwards."""
        return round(self.width + BOX_WIDTH + 20), round(self.height + 130)

    def centre(self, place: int) -> tuple[float, float]:
        """Return the centre of a box."""
        angle = 2 * math.pi * place / max(self.boxes, 1) - math.pi / 2
        width, height = self.size
        return (
            width / 2 + self.width / 2 * math.cos(angle),
            height / 2 + self.height / 2 * math.sin(angle),
        )


def _ring(boxes: int) -> Ring:
    """Make a ring in which no box covers another."""
    apart = boxes * math.sqrt(2) / math.pi  # on a slope neighbours are apart in both directions
    return Ring(
        max(LEAST_WIDTH - BOX_WIDTH - 20, apart * (BOX_WIDTH + 30)),
        max(LEAST_HEIGHT - 130, apart * (BOX_HEIGHT + 20)),
        boxes,
    )


class Arrow(NamedTuple):
    """References from one box to another; boxes are given by their places."""

    begin: int
    end: int
    text: str
    weight: int


def diagram(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str) -> Markup:
    """Return a figure with the boxes in a ring. Arrows that are part of a circle stand out."""
    ring = _ring(len(boxes))
    width, height = ring.size
    centres = [ring.centre(place) for place in range(len(boxes))]
    circular = _circular(len(boxes), arrows)
    drawn = [
        _arrow(centres[arrow.begin], centres[arrow.end], arrow, arrow in circular)
        for arrow in arrows
    ]
    parts = [
        *(line for line, _ in drawn),
        *(_box(box, centre) for box, centre in zip(boxes, centres, strict=True)),
        *(label for _, label in drawn),
    ]
    svg = element(
        "svg",
        _arrowheads(),
        join(parts),
        viewBox=f"0 0 {width} {height}",
        class_="diagram",
        role="img",
        aria_label=title,
        style=f"min-width: {READABLE * width:.0f}px",
    )
    return element("figure", element("figcaption", title), element("div", svg, class_="scrolled"))


def _circular(count: int, arrows: Sequence[Arrow]) -> set[Arrow]:
    """Return the arrows that are part of a circle."""
    ends: dict[int, set[int]] = defaultdict(set)
    for arrow in arrows:
        ends[arrow.begin].add(arrow.end)
    reached = {place: _reachable(place, ends) for place in range(count)}
    return {arrow for arrow in arrows if arrow.begin in reached[arrow.end]}


def _reachable(place: int, ends: dict[int, set[int]]) -> set[int]:
    found: set[int] = set()
    work = [place]
    while work:
        for end in ends[work.pop()] - found:
            found.add(end)
            work.append(end)
    return found


def _arrow(
    begin: tuple[float, float], end: tuple[float, float], arrow: Arrow, is_circular: bool
) -> tuple[Markup, Markup]:
    """Return the line and its label."""
    length = math.dist(begin, end) or 1
    left = (end[1] - begin[1]) / length * BEND, (begin[0] - end[0]) / length * BEND
    middle = (begin[0] + end[0]) / 2 + 2 * left[0], (begin[1] + end[1]) / 2 + 2 * left[1]
    first, last = _edge_of_box(begin, middle, arrow), _edge_of_box(end, middle, arrow)
    class_ = "circular" if is_circular else "single"
    line = element(
        "path",
        d=f"M{first[0]:.0f} {first[1]:.0f}Q{middle[0]:.0f} {middle[1]:.0f} "
        f"{last[0]:.0f} {last[1]:.0f}",
        class_=f"arrow {class_}",
        marker_end=f"url(#{class_})",
        stroke_width=f"{1 + math.log10(arrow.weight + 1):.1f}",
    )
    # A third of the way, where arrows of several boxes do not meet.
    share = 0.36
    x, y = (
        (1 - share) ** 2 * first[axis]
        + 2 * share * (1 - share) * middle[axis]
        + share**2 * last[axis]
        for axis in (0, 1)
    )
    label = element("text", arrow.text, x=f"{x:.0f}", y=f"{y:.0f}", class_=f"note {class_}")
    return line, label


def _edge_of_box(
    centre: tuple[float, float], towards: tuple[float, float], arrow: Arrow
) -> tuple[float, float]:
    """Return where a line from the centre leaves the box."""
    across, down = towards[0] - centre[0], towards[1] - centre[1]
    half_width, half_height = BOX_WIDTH / 2 + 4, BOX_HEIGHT / 2 + 4
    share = min(
        half_width / abs(across) if across else math.inf,
        half_height / abs(down) if down else math.inf,
        1.0,
    )
    return centre[0] + across * share, centre[1] + down * share


def _box(box: Box, centre: tuple[float, float]) -> Markup:
    lines = [*box.lines[:MOST_LINES]]
    if len(box.lines) > MOST_LINES:
        lines[-1] = "\u2026"
    shown = (box.name, *lines)
    first = centre[1] - LINE_HEIGHT * (len(shown) / 2 - 0.75)
    texts = [
        element(
            "text",
            _fitting(text),
            x=f"{centre[0]:.0f}",
            y=f"{first + LINE_HEIGHT * place:.0f}",
            class_="line" if place else "name",
        )
        for place, text in enumerate(shown)
    ]
    frame = element(
        "rect",
        x=f"{centre[0] - BOX_WIDTH / 2:.0f}",
        y=f"{centre[1] - BOX_HEIGHT / 2:.0f}",
        width=str(BOX_WIDTH),
        height=str(BOX_HEIGHT),
        rx="8",
        class_="box",
    )
    return element("g", element("title", ", ".join((box.name, *box.lines))), frame, join(texts))


def _fitting(text: str) -> str:
    """Cut a text that is longer than a box is wide."""
    if _length(text) <= LONGEST_TEXT:
        return text
    while _length(text) >= LONGEST_TEXT:
        text = text[:-1]
    return text + "\u2026"


def _length(text: str) -> int:
    return len(text) + sum(unicodedata.east_asian_width(each) in "WF" for each in text)


def _arrowheads() -> Markup:
    heads = [
        element(
            "marker",
            element("path", d="M0 0L10 5L0 10z", class_=f"head {class_}"),
            id=class_,
            viewBox="0 0 10 10",
            refX="9",
            refY="5",
            markerWidth="9",
            markerHeight="9",
            markerUnits="userSpaceOnUse",
            orient="auto",
        )
        for class_ in ("single", "circular")
    ]
    return element("defs", join(heads))
