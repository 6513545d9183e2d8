"""Reads the file of a trace: Chrome's trace event JSON, plain or packed by gzip."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from bisect import bisect_right
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_GZIP = b"\x1f\x8b"


class TraceFileError(ValueError):
    """The file is no trace, or has nothing to show; the message says why, in one line."""


class Span(NamedTuple):
    """A span; times are in microseconds.

    Attributes:
        begin: When it began.
        duration: 0: it is a mark.
        depth: How many spans of its thread it lies in.
        name, category: As in the file.
        interpreter: Its name; "": none.
        arguments: As in the file.
    """

    begin: float
    duration: float
    depth: int
    name: str
    category: str
    interpreter: str
    arguments: Mapping[str, Any]


class Row(NamedTuple):
    """The spans of one thread, by their begin; outer ones first.

    Attributes:
        name: The thread's.
        spans: Those that the file has.
        dropped: How many it does not have: those that ended before all of these.
    """

    name: str
    spans: Sequence[Span]
    dropped: int


type Arrow = tuple[int, float, int, int, float, int]


class Timeline(NamedTuple):
    """What a file shows.

    Attributes:
        begin, end: In microseconds.
        rows: The threads.
        arrows: (row, time, depth, row, time, depth) of a task's steps.
        dropped: How many events the file does not have.
    """

    begin: float
    end: float
    rows: Sequence[Row]
    arrows: Sequence[Arrow]
    dropped: int


def read(path: Path) -> Timeline:
    """Read a trace.

    Raises:
        OSError: If the file cannot be read.
        TraceFileError: If it is no trace, or is empty.
    """
    document = _parsed(path, path.read_bytes())
    events = document.get("traceEvents") if isinstance(document, dict) else document
    if not isinstance(events, list):
        raise TraceFileError(f"{str(path)!r} is no trace: it has no list of trace events")
    about = document.get("otherData") if isinstance(document, dict) else None
    timeline = _timeline(
        [each for each in events if isinstance(each, dict)],
        about if isinstance(about, dict) else {},
    )
    if timeline is None:
        raise TraceFileError(f"the trace {str(path)!r} has no spans: nothing happened meanwhile")
    return timeline


def _parsed(path: Path, data: bytes) -> object:
    if not data:
        raise TraceFileError(f"{str(path)!r} is empty: its trace was not stopped")
    try:
        document: object = json.loads(gzip.decompress(data) if data.startswith(_GZIP) else data)
    except (OSError, EOFError, zlib.error) as error:
        raise TraceFileError(f"{str(path)!r} is damaged: {error}") from None
    except (ValueError, RecursionError) as error:
        raise TraceFileError(f"{str(path)!r} is no trace: it is not JSON ({error})") from None
    return document


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _timeline(events: Sequence[dict[str, Any]], about: Mapping[str, Any]) -> Timeline | None:
    threads: dict[tuple[object, object], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event.get("ph") in ("X", "i", "I") and _is_timed(event):
            threads[_thread(event)].append(event)
    names = _names(events)
    order = sorted(threads, key=lambda thread: min(each["ts"] for each in threads[thread]))
    dropped = about.get("dropped_by_thread")
    dropped = dropped if isinstance(dropped, dict) else {}
    rows = [
        Row(
            names.get(each, f"thread {each[1]}"),
            _spans(threads[each]),
            _number(dropped.get(each[1])),
        )
        for each in order
    ]
    spans = [span for row in rows for span in row.spans]
    if not spans:
        return None
    begin = min(0.0, *(span.begin for span in spans)) if _is_relative(spans) else spans[0].begin
    end = max(span.begin + span.duration for span in spans)
    places = {thread: place for place, thread in enumerate(order)}
    return Timeline(
        begin,
        max(end, begin + 1),
        rows,
        _arrows(events, places, rows),
        _number(about.get("dropped")),
    )


def _is_relative(spans: Sequence[Span]) -> bool:
    """Do the times begin with the trace, as in those of atoll?"""
    first = min(span.begin for span in spans)
    return first < 10 * (max(span.begin + span.duration for span in spans) - first)


def _is_timed(event: Mapping[str, Any]) -> bool:
    times = [event.get("ts"), event.get("dur", 0)]
    return all(isinstance(each, int | float) and math.isfinite(each) for each in times)


def _thread(event: Mapping[str, Any]) -> tuple[str, str]:
    return str(event.get("pid")), str(event.get("tid"))


def _names(events: Iterable[Mapping[str, Any]]) -> dict[tuple[object, object], str]:
    found: dict[tuple[object, object], str] = {}
    for event in events:
        arguments = event.get("args")
        if event.get("name") == "thread_name" and isinstance(arguments, dict):
            found[_thread(event)] = str(arguments.get("name", ""))
    return found


def _spans(events: list[dict[str, Any]]) -> list[Span]:
    events.sort(key=lambda each: (each["ts"], -each.get("dur", 0)))
    ends: list[float] = []  # of the spans that the next one may lie in
    spans = []
    for event in events:
        begin, duration = float(event["ts"]), max(float(event.get("dur", 0)), 0.0)
        while ends and ends[-1] <= begin:
            ends.pop()
        arguments = event.get("args")
        arguments = arguments if isinstance(arguments, dict) else {}
        spans.append(
            Span(
                begin,
                duration,
                len(ends),
                str(event.get("name", "")),
                str(event.get("cat", "")),
                str(arguments.get("interpreter", arguments.get("from", ""))),
                arguments,
            )
        )
        ends.append(begin + duration)
    return spans


def _arrows(
    events: Iterable[Mapping[str, Any]],
    places: Mapping[tuple[object, object], int],
    rows: Sequence[Row],
) -> list[Arrow]:
    tasks = [[span for span in row.spans if span.category == "task"] for row in rows]
    begun: dict[tuple[str, str], tuple[int, float, int]] = {}
    arrows: list[Arrow] = []
    for event in events:
        phase, key = event.get("ph"), (str(event.get("cat")), str(event.get("id")))
        place = places.get(_thread(event))
        if phase not in ("s", "f") or place is None or not _is_timed(event):
            continue
        time = float(event["ts"])
        tip = place, time, _depth_at(tasks[place], time)
        if phase == "s":
            begun[key] = tip
        elif key in begun:
            arrows.append((*begun.pop(key), *tip))
    return arrows


def _depth_at(tasks: Sequence[Span], time: float) -> int:
    latest = bisect_right(tasks, time, key=lambda span: span.begin) - 1
    return tasks[latest].depth if latest >= 0 else 0
