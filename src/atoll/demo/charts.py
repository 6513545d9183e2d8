"""Charts as HTML and SVG: horizontal bars, columns, and lanes on a common time axis.

All text is HTML, so that it keeps its size however narrow the page is; SVG is what may stretch.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from atoll._page.markup import Markup, element, join
from atoll.demo.run import Span

LANE_UNITS = 10_000
"""The width of a lane in the units of its SVG."""
MOST_TICKS = 6


class Bar(NamedTuple):
    """A labelled value, and how the value is written."""

    label: str
    value: float
    text: str


class Bin(NamedTuple):
    """The values from `begin` on, up to where the next bin begins."""

    begin: int
    label: str


class Lane(NamedTuple):
    """What one interpreter did over time."""

    label: str
    spans: Sequence[Span]


def bar_chart(title: str, bars: Sequence[Bar]) -> Markup:
    """Return horizontal bars, each with its label before and its value behind it."""
    largest = max((bar.value for bar in bars), default=0) or 1
    rows = [
        element(
            "div",
            element("span", bar.label, class_="label"),
            element("span", _filled("bar", bar.value / largest), class_="track"),
            element("span", bar.text, class_="value"),
            class_="row",
        )
        for bar in bars
    ]
    return _figure(title, element("div", join(rows), class_="bars"))


def column_chart(title: str, bars: Sequence[Bar]) -> Markup:
    """Return columns side by side, each with its value on top and its label below it."""
    largest = max((bar.value for bar in bars), default=0) or 1
    columns = [
        element(
            "div",
            element("span", bar.text, class_="value"),
            _filled("column", bar.value / largest),
            element("span", bar.label, class_="label"),
            class_="cell",
        )
        for bar in bars
    ]
    return _figure(title, element("div", join(columns), class_="columns"))


def lane_chart(title: str, lanes: Sequence[Lane]) -> Markup:
    """Return one lane for each interpreter, filled while it was at work, above a time axis."""
    seconds = max((span.ended for lane in lanes for span in lane.spans), default=0) or 1
    rows = [
        element(
            "div",
            element("span", lane.label, class_="label"),
            _lane_svg(lane.spans, seconds),
            class_="row",
        )
        for lane in lanes
    ]
    return _figure(title, element("div", join([*rows, _axis(seconds)]), class_="lanes"))


def binned(values: Iterable[int], bins: Sequence[Bin]) -> list[Bar]:
    """Count values in bins; no value may be less than the first bin's."""
    begins = [each.begin for each in bins]
    counts = Counter(bisect_right(begins, value) - 1 for value in values)
    return [Bar(each.label, counts[place], f"{counts[place]:,}") for place, each in enumerate(bins)]


def _figure(title: str, chart: Markup) -> Markup:
    return element("figure", element("figcaption", title), chart)


def _filled(class_: str, share: float) -> Markup:
    return element("span", class_=class_, style=f"--share:{share:.4f}")


def _lane_svg(spans: Sequence[Span], seconds: float) -> Markup:
    """Return the spans as two paths, taken in turn, so that neighbours can be told apart."""
    scale = LANE_UNITS / seconds
    boxes = [
        f"M{span.started * scale:.0f} 0h{max(1, (span.ended - span.started) * scale):.0f}v10H"
        f"{span.started * scale:.0f}z"
        for span in spans
    ]
    return element(
        "svg",
        element("path", d="".join(boxes[0::2]), class_="even"),
        element("path", d="".join(boxes[1::2]), class_="odd"),
        viewBox=f"0 0 {LANE_UNITS} 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _axis(seconds: float) -> Markup:
    step = _axis_step(seconds)
    ticks = [
        element("span", f"{number * step:g} s", style=f"--share:{number * step / seconds:.4f}")
        for number in range(int(seconds / step) + 1)
    ]
    return element("div", join(ticks), class_="axis")


def _axis_step(seconds: float) -> float:
    """Return the smallest of ..., 0.1, 0.2, 0.5, 1, 2, 5, ... that makes few enough ticks."""
    power = 10.0 ** math.floor(math.log10(seconds / MOST_TICKS))
    steps = (power, 2 * power, 5 * power, 10 * power)
    return next(step for step in steps if seconds <= MOST_TICKS * step)
