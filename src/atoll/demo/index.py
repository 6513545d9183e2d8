"""The one object that all workers share. It lives in an interpreter of its own.

One thread at a time runs there and none is preempted, so no method here needs a lock.
"""

from collections import deque
from collections.abc import Iterable

from atoll.demo.measure import PlainMeasurement

type PlainSpan = tuple[int, float, float]
"""Which worker had a file, and when it took it up and was done, in `time.perf_counter` seconds."""


class Index:
    """Hands out paths in the order given, and keeps what the workers found.

    What crosses: strings, numbers and exact tuples only, all by value.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._waiting = deque(paths)
        self._measurements: dict[str, PlainMeasurement] = {}
        self._failures: dict[str, str] = {}
        self._spans: list[PlainSpan] = []

    def next_path(self) -> str | None:
        """Return a path that nobody else gets, None if there is none left."""
        return self._waiting.popleft() if self._waiting else None

    def stop(self) -> None:
        """Hand out no more paths."""
        self._waiting.clear()

    def add_measurement(self, path: str, measurement: PlainMeasurement, span: PlainSpan) -> None:
        """Keep what a file holds."""
        self._measurements[path] = measurement
        self._spans.append(span)

    def add_failure(self, path: str, reason: str, span: PlainSpan) -> None:
        """Keep why a file could not be measured."""
        self._failures[path] = reason
        self._spans.append(span)

    def finished_count(self) -> int:
        """Return how many files are done, measured or not."""
        return len(self._spans)

    def measurements(self) -> tuple[tuple[str, PlainMeasurement], ...]:
        """Return every path that was measured, with its measurement, in the order of the paths."""
        return tuple(sorted(self._measurements.items()))

    def failures(self) -> tuple[tuple[str, str], ...]:
        """Return every path that could not be measured, with the reason, in their order."""
        return tuple(sorted(self._failures.items()))

    def spans(self) -> tuple[PlainSpan, ...]:
        """Return who worked when, in the order in which the work was done."""
        return tuple(self._spans)
