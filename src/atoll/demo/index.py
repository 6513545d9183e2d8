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

    Args:
        sizes: every path with the size of its file in bytes.
    """

    def __init__(self, sizes: Iterable[tuple[str, int]]) -> None:
        self._sizes = dict(sizes)
        self._waiting = deque(self._sizes)
        self._measurements: dict[str, PlainMeasurement] = {}
        self._failures: dict[str, str] = {}
        self._spans: list[PlainSpan] = []
        self._finished_size = 0

    def next_path(self) -> str | None:
        """Return the next path, to one caller only; None if there is none left."""
        return self._waiting.popleft() if self._waiting else None

    def stop(self) -> None:
        """Hand out no more paths."""
        self._waiting.clear()

    def add_measurement(self, path: str, measurement: PlainMeasurement, span: PlainSpan) -> None:
        """Keep the measurement of a file."""
        self._measurements[path] = measurement
        self._finish(path, span)

    def add_failure(self, path: str, reason: str, span: PlainSpan) -> None:
        """Keep the reason why a file could not be measured."""
        self._failures[path] = reason
        self._finish(path, span)

    def finished(self) -> tuple[int, int]:
        """Return how many files are done, measured or not, and how many bytes they have."""
        return len(self._spans), self._finished_size

    def measurements(self) -> tuple[tuple[str, PlainMeasurement], ...]:
        """Return every path that was measured, with its measurement, in the order of the paths."""
        return tuple(sorted(self._measurements.items()))

    def failures(self) -> tuple[tuple[str, str], ...]:
        """Return every path that could not be measured, with the reason, in their order."""
        return tuple(sorted(self._failures.items()))

    def spans(self) -> tuple[PlainSpan, ...]:
        """Return the span of every file that is done, in the order in which they were finished."""
        return tuple(self._spans)

    def _finish(self, path: str, span: PlainSpan) -> None:
        self._spans.append(span)
        self._finished_size += self._sizes[path]
