"""Draws a trace as an HTML page that needs no other file: one row a thread, and tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import NamedTuple

from .._page.document import cards, document, introduction, section, table
from .._page.markup import Markup, element, join, printable
from .script import SCRIPT, STYLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .reading import Span, Timeline

MOST_ROWS = 25
"""How many kinds of spans the table has, those that took the longest."""
LONGEST_NAME = 70
OPENED_LATER = 0.05
"""Of a trace that lacks events: the share of spans that may begin before what the page shows first,
where the threads that did most have lost all of theirs."""

SPAN_COLUMNS = ("span", "interpreter", "count", "mean", "longest", "total")
PLACE_COLUMNS = ("interpreter", "crossings into it", "tasks", "time inside", "waits to enter")


def page(timeline: Timeline, title: str) -> str:
    """Return the HTML document."""
    spans = [span for row in timeline.rows for span in row.spans]
    crossings = [span for span in spans if span.category == "crossing"]
    interpreters = _interpreters(spans)
    numbers = {
        "long": duration_text(timeline.end - timeline.begin),
        "threads": count_text(len(timeline.rows)),
        "interpreters": count_text(len(interpreters)),
        "crossings": count_text(len(crossings)),
        "spans": count_text(len(spans)),
    }
    if timeline.dropped:
        numbers["events dropped"] = count_text(timeline.dropped)
    return document(
        f"atoll timeline: {title}",
        [
            introduction("Timeline", "of ", element("code", title)),
            cards(numbers),
            _drawing(timeline, interpreters),
            section("What took time", table(SPAN_COLUMNS, _span_rows(spans), 2, class_="wide")),
            section("Interpreters", table(PLACE_COLUMNS, _place_rows(timeline, interpreters), 1)),
            element(
                "footer",
                "The time of a span includes that of the spans within it; that of a crossing, its "
                "wait to enter. Threads are in the order in which they were first seen. Of threads "
                "that did more than the trace keeps, the oldest events were dropped.",
            ),
        ],
        style=STYLE,
        script=SCRIPT,
    )


def duration_text(microseconds: float) -> str:
    """Return a duration with three digits and its unit."""
    for limit, unit in ((1e3, "\u00b5s"), (1e6, "ms")):
        if microseconds < limit:
            return f"{microseconds / (limit / 1e3):.3g} {unit}"
    return f"{microseconds / 1e6:,.3f} s" if microseconds < 1e8 else f"{microseconds / 1e6:,.0f} s"


def count_text(number: int) -> str:
    """Return a number as a card has room for it."""
    return f"{number:,}" if number < 1e6 else f"{number / 1e6:,.1f} M"


def _interpreters(spans: Iterable[Span]) -> list[str]:
    """Return the names of all, the main one first."""
    found = dict.fromkeys(span.interpreter for span in spans if span.interpreter)
    return sorted(found, key=lambda name: name != "main")


# ---- the drawing ----


def _drawing(timeline: Timeline, interpreters: Sequence[str]) -> Markup:
    buttons = join(
        [
            element("button", text, type="button", id=f"zoom-{name}", aria_label=label)
            for name, text, label in (
                ("in", "+", "Zoom in"),
                ("out", "\u2212", "Zoom out"),
                ("all", "All", "Show all"),
            )
        ]
    )
    hint = (
        "Drag to move. Ctrl and the wheel, + and \u2212, or two fingers zoom. "
        "Click a span to zoom to it."
    )
    if _opening(timeline)[0] > 0:
        hint += " It opens where most spans are: All shows the rest."
    return section(
        "Threads",
        element(
            "div",
            element("div", id="legend"),
            element("div", buttons, class_="buttons"),
            class_="bar-above",
        ),
        element(
            "div",
            element("canvas", id="timeline", tabindex="0", role="img", aria_label=hint),
            element("div", id="tip", hidden="hidden"),
            id="frame",
        ),
        element("p", hint, class_="quiet hint"),
        element("noscript", element("p", "The drawing needs JavaScript; the tables do not.")),
        element(
            "script",
            Markup(_data(timeline, interpreters)),
            type="application/json",
            id="data",
        ),
    )


class _Numbers:
    """Numbers for texts that occur many times."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}

    def of(self, text: str) -> int:
        return self.texts.setdefault(text, len(self.texts))


def _opening(timeline: Timeline) -> tuple[float, float]:
    """Return what the page shows first: all of it, or the part of which most is known."""
    length = timeline.end - timeline.begin
    begins = sorted(span.begin - timeline.begin for row in timeline.rows for span in row.spans)
    first = begins[int(len(begins) * OPENED_LATER)]
    if not timeline.dropped or first < length / 4:
        return 0.0, length
    return first - (length - first) / 50, length


def _data(timeline: Timeline, interpreters: Sequence[str]) -> str:
    """Return what the script draws, as JSON that is safe within HTML."""
    places = {name: place for place, name in enumerate(interpreters)}
    texts = _Numbers()
    rows = []
    for row in timeline.rows:
        columns: list[list[float]] = [[] for _ in range(7)]
        for span in row.spans:
            values = (
                round(span.begin - timeline.begin, 3),
                round(span.duration, 3),
                span.depth,
                texts.of(printable(span.name)),
                texts.of(span.category),
                places.get(span.interpreter, -1),
                texts.of(_details(span)),
            )
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        known_from = min(span.begin + span.duration for span in row.spans) - timeline.begin
        rows.append(
            {
                "name": printable(row.name),
                "columns": columns,
                "dropped": row.dropped,
                "known_from": round(known_from, 3),
            }
        )
    arrows = [
        (row, round(time - timeline.begin, 3), depth, to, round(end - timeline.begin, 3), to_depth)
        for row, time, depth, to, end, to_depth in timeline.arrows
    ]
    data = {
        "length": timeline.end - timeline.begin,
        "opening": _opening(timeline),
        "interpreters": [printable(name) for name in interpreters],
        "texts": list(texts.texts),
        "rows": rows,
        "arrows": arrows,
    }
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _details(span: Span) -> str:
    """Return the lines that are shown beside a span's name."""
    shown = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in span.arguments.items()
        if name not in ("id", "home", "task") and not isinstance(value, dict | list)
    ]
    return printable("\x1f".join(shown)).replace("\\x1f", "\n")


# ---- the tables ----


class _Sum(NamedTuple):
    spans: int = 0
    total: float = 0.0
    longest: float = 0.0

    def plus(self, duration: float) -> _Sum:
        return _Sum(self.spans + 1, self.total + duration, max(self.longest, duration))


def _span_rows(spans: Iterable[Span]) -> list[list[str]]:
    sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for span in spans:
        key = span.name, span.interpreter
        sums[key] = sums[key].plus(span.duration)
    longest = sorted(sums.items(), key=lambda item: -item[1].total)[:MOST_ROWS]
    return [
        [
            name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}\u2026",
            interpreter,
            f"{each.spans:,}",
            duration_text(each.total / each.spans),
            duration_text(each.longest),
            duration_text(each.total),
        ]
        for (name, interpreter), each in longest
    ]


def _place_rows(timeline: Timeline, interpreters: Sequence[str]) -> list[list[str]]:
    inside = _times_inside(timeline)
    counts: Counter[tuple[str, str]] = Counter()
    waited: dict[str, float] = defaultdict(float)
    for span in (span for row in timeline.rows for span in row.spans):
        is_run = span.category == "task" and not span.name.startswith(("submit ", "result "))
        if is_run or span.category == "crossing":
            counts[span.interpreter, span.category] += 1
        if span.name.startswith("wait: enter "):
            waited[span.interpreter] += span.duration
    return [
        [
            name,
            f"{counts[name, 'crossing']:,}",
            f"{counts[name, 'task']:,}",
            duration_text(inside[name]),
            duration_text(waited[name]),
        ]
        for name in interpreters
    ]


def _times_inside(timeline: Timeline) -> dict[str, float]:
    """Return for how long threads of others were inside, by the interpreter's name."""
    times: dict[str, float] = defaultdict(float)
    for row in timeline.rows:
        ends: dict[str, float] = {}
        for span in row.spans:
            is_outermost = span.begin >= ends.get(span.interpreter, 0.0)
            if span.category == "crossing" and is_outermost:
                times[span.interpreter] += span.duration
                ends[span.interpreter] = span.begin + span.duration
    return times
