"""The events of a trace, as the core notes them: see src/core/ground/trace/trace.h."""

from __future__ import annotations

import struct
from typing import NamedTuple

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# By number. The first nine are crossings, named by what is done there.
KINDS = (
    "enter",
    "call",
    "method",
    "special",
    "native",
    "get",
    "set",
    "delete",
    "function",
    "gil",
    "blocked",
    "submit",
    "task",
    "result",
    "timeout",
    "exceeded",
    "collection",
    "make",
    "close",
)
CROSSINGS = frozenset(KINDS[:9])

_IS_OPEN, _HAS_FAILED, _BY_ITSELF = 1, 2, 4
_EVENT = struct.Struct("=qqqiiH2xI56s")


class Event(NamedTuple):
    """Something that a thread did; times are in nanoseconds since the trace began.

    Attributes:
        kind: One of KINDS.
        begin, end: When.
        number: Of a task, a queue...: see the core.
        host: The number of the interpreter where it was done; -1: of none.
        home: Of the one that it was done from.
        text: A name.
        is_open: It was not over when the trace ended.
        has_failed: It has.
        is_automatic: Nobody asked for it.
    """

    kind: str
    begin: int
    end: int
    number: int
    host: int
    home: int
    text: str
    is_open: bool
    has_failed: bool
    is_automatic: bool


class Lane(NamedTuple):
    """What one thread did, and how many events of it were dropped."""

    thread: int
    name: str
    dropped: int
    events: Sequence[Event]


class Recording(NamedTuple):
    """All that a trace has noted."""

    nanoseconds: int
    lanes: Sequence[Lane]
    interpreters: Mapping[int, str]
    dropped: int


def unpack(result: _core._TraceResult) -> Recording:
    """Make records of what the core returns."""
    begin, end, lost, records, names = result
    lanes = [
        Lane(thread, name, dropped, sorted(_events(data, begin), key=_order))
        for thread, name, dropped, data in records
    ]
    lanes.sort(key=lambda lane: lane.thread)
    return Recording(
        end - begin, lanes, dict(sorted(names)), lost + sum(lane.dropped for lane in lanes)
    )


def _order(event: Event) -> tuple[int, int]:
    return event.begin, -event.end  # the outer one first


def _events(data: bytes, origin: int) -> Iterator[Event]:
    """Yield the events; a wait that began before the trace is cut."""
    for begin, end, number, host, home, kind, flags, text in _EVENT.iter_unpack(data):
        if end > origin:
            yield Event(
                KINDS[kind],
                max(begin - origin, 0),
                end - origin,
                number,
                host,
                home,
                text.partition(b"\0")[0].decode(errors="replace"),
                bool(flags & _IS_OPEN),
                bool(flags & _HAS_FAILED),
                bool(flags & _BY_ITSELF),
            )
