"""Writes a trace in Chrome's format, which Perfetto and chrome://tracing open.

The format: "Trace Event Format" of the Chromium project. Times are in microseconds.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from itertools import pairwise
from typing import IO

from .events import CROSSINGS, Event, Lane, Recording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

# By the number in thread.h (blocked_kind). {}: the number of the queue, or the interpreter's name.
_BLOCKED = (
    "wait",
    "wait: get from queue {}",
    "wait: put into queue {}",
    "wait: join queue {}",
    "wait: visitors of {} leave",
    "wait: threads of {} end",
    "wait: another thread closes {}",
    "wait: result",
    "idle",
)
_FIRST_OF_INTERPRETERS, _LAST_OF_INTERPRETERS = 4, 6

_COMPRESSION = 3


def write(file: IO[bytes], recording: Recording, is_plain: bool) -> None:
    """Write a trace, and close the file.

    Args:
        file: Where to.
        recording: What.
        is_plain: Whether it is not compressed.

    Raises:
        OSError: If it cannot be written.
    """
    with file:
        if is_plain:
            file.writelines(_chunks(recording))
            return
        with gzip.GzipFile("", "wb", _COMPRESSION, file) as packed:
            for chunk in _chunks(recording):
                packed.write(chunk)


def _chunks(recording: Recording) -> Iterator[bytes]:
    yield b'{"displayTimeUnit":"ns","otherData":'
    yield json.dumps(_about(recording)).encode()
    yield b',"traceEvents":[\n'
    separator = ""
    for event in _all(recording):
        yield (separator + json.dumps(event, separators=(",", ":"))).encode()
        separator = ",\n"
    yield b"\n]}\n"


def _about(recording: Recording) -> dict[str, Any]:
    from .. import __version__

    return {
        "atoll": __version__,
        "python": sys.version.partition(" ")[0],
        "seconds": recording.nanoseconds / 1e9,
        "dropped": recording.dropped,
        "dropped_by_thread": {
            str(lane.thread): lane.dropped for lane in recording.lanes if lane.dropped
        },
        "interpreters": {str(number): name for number, name in recording.interpreters.items()},
    }


def _all(recording: Recording) -> Iterator[dict[str, Any]]:
    process = os.getpid()
    yield _metadata("process_name", process, 0, "python (atoll)")
    for lane in recording.lanes:
        name = lane.name or _unnamed(lane)
        yield _metadata("thread_name", process, lane.thread, name)
    tasks = _Tasks(recording)
    for lane in recording.lanes:
        where = {"pid": process, "tid": lane.thread}
        for event in lane.events:
            yield {**_described(event, recording.interpreters, tasks), **where}
    yield from tasks.links(process)


def _unnamed(lane: Lane) -> str:
    """Tell what a thread that has no name does."""
    kinds = {event.kind for event in lane.events}
    if "collection" in kinds:
        return "atoll: collector"
    is_helper = all(event.text == "visit" or event.kind == "gil" for event in lane.events)
    return f"atoll: helper {lane.thread}" if is_helper else f"thread {lane.thread}"


def _metadata(what: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _micro(nanoseconds: int) -> float:
    return nanoseconds / 1000


# ---- one event ----


def _described(event: Event, names: Mapping[int, str], tasks: _Tasks) -> dict[str, Any]:
    name, category, arguments = _told(event, names, tasks)
    if event.host >= 0:
        arguments = {"interpreter": _name_of(event.host, names), "id": event.host, **arguments}
    if event.home >= 0:
        arguments["from"] = _name_of(event.home, names)
        arguments["home"] = event.home
    if event.is_open:
        arguments["unfinished"] = True
    if event.has_failed:
        arguments["failed"] = True
    told = {"name": name, "cat": category, "ts": _micro(event.begin), "args": arguments}
    if event.kind == "exceeded":
        return {"ph": "i", "s": "t", **told}
    return {"ph": "X", "dur": _micro(event.end - event.begin), **told}


def _name_of(number: int, names: Mapping[int, str]) -> str:
    return names.get(number, f"interpreter {number}")


def _told(event: Event, names: Mapping[int, str], tasks: _Tasks) -> tuple[str, str, dict[str, Any]]:
    """Return the name, the category and arguments of an event."""
    if event.kind in CROSSINGS:
        return _crossing_name(event.text), "crossing", {"operation": event.kind}
    host = _name_of(event.host, names)
    match event.kind:
        case "gil":
            return f"wait: enter {host}", "wait", {}
        case "blocked":
            return _blocked(event.number, names), "wait", {}
        case "submit" | "task" | "result":
            return tasks.told(event)
        case "timeout":
            limit = {"limit_seconds": event.number / 1e9} if event.number >= 0 else {}
            return "timeout", "timeout", limit
        case "exceeded":
            return "timeout exceeded", "timeout", {"elapsed_seconds": event.number / 1e9}
        case "collection":
            detail = {"freed": event.number, "automatic": event.is_automatic}
            return "collection", "collection", detail
        case _:  # make, close
            name = host if event.host in names else event.text
            return f"{event.kind} {name}", "interpreter", {}


def _crossing_name(text: str) -> str:
    """Leave out the modules of functions of atoll's own."""
    module, colon, function = text.partition(":")
    return f"{function} (atoll)" if colon and module.startswith("atoll.") else text


def _blocked(packed: int, names: Mapping[int, str]) -> str:
    kind, number = packed & 0xFF, packed >> 8
    of_interpreter = _FIRST_OF_INTERPRETERS <= kind <= _LAST_OF_INTERPRETERS
    return _BLOCKED[kind].format(_name_of(number, names) if of_interpreter else number)


# ---- tasks ----


class _Tasks:
    """The tasks of executors: where they were submitted, run, and their results taken."""

    def __init__(self, recording: Recording) -> None:
        self._steps: dict[int, dict[str, tuple[Lane, Event]]] = {}
        for lane in recording.lanes:
            for event in lane.events:
                if event.number and event.kind in ("submit", "task", "result"):
                    self._steps.setdefault(event.number, {})[event.kind] = lane, event

    def _name(self, number: int) -> str:
        steps = self._steps.get(number, {})
        texts = [steps[kind][1].text for kind in ("task", "submit") if kind in steps]
        return next(filter(None, texts), "task")

    def told(self, event: Event) -> tuple[str, str, dict[str, Any]]:
        name = self._name(event.number) if event.number else event.text or "task"
        arguments: dict[str, Any] = {"task": event.number} if event.number else {}
        submitted = self._steps.get(event.number, {}).get("submit")
        if event.kind == "task" and submitted is not None:
            arguments["queued_us"] = _micro(event.begin - submitted[1].end)
        return (name if event.kind == "task" else f"{event.kind} {name}"), "task", arguments

    def links(self, process: int) -> Iterator[dict[str, Any]]:
        """Yield arrows from step to step, and a span from the first to the last."""
        for number, steps in self._steps.items():
            row = [steps[kind] for kind in ("submit", "task", "result") if kind in steps]
            for place, ((lane, event), (next_lane, next_event)) in enumerate(pairwise(row)):
                arrow = {"cat": "task", "name": "task", "id": f"{number}.{place}", "pid": process}
                leaves = event.begin if event.kind == "submit" else max(event.begin, event.end - 1)
                yield {"ph": "s", "ts": _micro(leaves), "tid": lane.thread, **arrow}
                arrives = {"ts": _micro(next_event.begin), "tid": next_lane.thread}
                yield {"ph": "f", "bp": "e", **arrives, **arrow}
            if len(row) > 1:
                span = {"cat": "task", "name": self._name(number), "id": number, "pid": process}
                yield {"ph": "b", "ts": _micro(row[0][1].begin), "tid": row[0][0].thread, **span}
                yield {"ph": "e", "ts": _micro(row[-1][1].end), "tid": row[0][0].thread, **span}
