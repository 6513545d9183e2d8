"""Time statements against each other within one run.

pyperf runs one benchmark after the other, each in processes of its own. A ratio of two costs needs
the contrary: both loops in one process, in turns, so that a slow phase of the machine affects both.
So the loops here are `timeit` timers, run for about two milliseconds each, round after round. The
result is the best batch of each loop, minus the best batch of an empty loop.
"""

from __future__ import annotations

import statistics
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

BATCH_SECONDS = 0.002
NANOSECONDS, MILLISECONDS = 1e9, 1e3


@dataclass(frozen=True)
class Loop:
    """A statement to be timed, and the names it uses."""

    name: str
    statement: str
    names: Mapping[str, object] = field(default_factory=dict)
    setup: str = "pass"
    items: int = 1  # operations that one execution of the statement stands for


class Batch:
    """A compiled loop, and its best time so far."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.best = float("inf")  # seconds per execution
        self._timer = timeit.Timer(loop.statement, _bind(loop), globals={"names": loop.names})
        self._count = self._calibrate()

    def run(self) -> None:
        """Run once more; keep the time if it is the best."""
        self.best = min(self.best, self._timer.timeit(self._count) / self._count)

    def _calibrate(self) -> int:
        """The number of executions that take about BATCH_SECONDS; runs the loop a first time."""
        count = 1
        while min(self._timer.repeat(3, count)) < BATCH_SECONDS / 2:
            count *= 2
        return count


def _bind(loop: Loop) -> str:
    """The setup code: every name becomes a local of the timed function."""
    lines = [f"{name} = names[{name!r}]" for name in loop.names]
    return "\n".join([*lines, loop.setup])


def interleave(loops: Sequence[Loop], rounds: int) -> dict[str, float]:
    """Nanoseconds per operation of each loop by name, without loop overhead."""
    empty = Batch(Loop("empty", "pass"))
    batches = [Batch(loop) for loop in loops]
    for _ in range(rounds):
        for batch in (empty, *batches):
            batch.run()
    return {
        batch.loop.name: max(batch.best - empty.best, 0.0) * NANOSECONDS / batch.loop.items
        for batch in batches
    }


def best_in_turns(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Milliseconds of each slow function by name, the best of its turns."""
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            best[name] = min(best[name], (time.perf_counter() - began) * MILLISECONDS)
    return best


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` percent of all values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
