"""`atoll.profile`: one profile of what many interpreters run."""

from __future__ import annotations

import marshal
import threading
from itertools import count

from .._interpreter.interpreter import Interpreter, current, interpreters
from .._transfer.errors import InterpreterClosedError
from . import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from types import TracebackType
    from typing import Any, Self

    type Place = tuple[str, int, str]
    type Counts = tuple[int, int, float, float, dict[Place, tuple[int, int, float, float]]]

_numbers = count(1)
_running: dict[int, profile] = {}


class profile:  # named as timeout and watchdog are
    """Profile what interpreters run within a `with` block, as `cProfile` does in each of them.

    After the block `stats` has the functions of all of them together. It can be given to
    `pstats.Stats`, as a `cProfile.Profile` can. Used for several blocks, it adds them up.

    A call into another interpreter counts in both: as a call here, and as its functions there. Of
    functions that threads run in one interpreter in turns, or side by side in the main one,
    `cProfile` counts the calls rightly but may add times to the wrong one.

    Crosses: what was counted, by value. Beginning and ending enter each interpreter, so they may
    wait for what runs there.

    Args:
        *interpreters: The interpreters. None given: this one, all others that are open, and those
            that are made within the block by one that is profiled.

    Raises:
        ValueError: On entering, if another profiler is running in one of them.
        RuntimeError: On entering, if it is running already.
        InterpreterClosedError: On entering, if one that was given is closed.

    Threads: any; one at a time.

    Example:
        >>> with atoll.profile() as profile, atoll.InterpreterPoolExecutor(4) as pool:
        ...     list(pool.map(work, range(100)))
        >>> profile.print_stats("cumulative")
    """

    stats: dict[Place, Counts]

    def __init__(self, *interpreters: Interpreter) -> None:
        for each in interpreters:
            if not isinstance(each, Interpreter):
                raise TypeError(f"an Interpreter is required, not {type(each).__name__}")
        self.stats = {}
        self._chosen = interpreters
        self._number = 0
        self._parts: dict[tuple[int, int], bytes] = {}
        self._taking_part: set[int] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with self._lock:
            if self._number:
                raise RuntimeError("the profile is running already")
            self._number = next(_numbers)
        _running[self._number] = self
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _start(self) -> None:
        here = current()
        # This one last, so that it does not count the work of starting the others.
        for each in sorted(self._chosen or interpreters(), key=lambda each: each is here):
            try:
                arguments = self._number, here, not self._chosen
                each.call(inside.start, *arguments)
                self._taking_part.add(each.id)
            except InterpreterClosedError:
                if self._chosen:
                    raise

    def _end(self) -> None:
        here, number = current(), self._number
        for each in sorted(interpreters(), key=lambda each: each is not here):
            if each.id in self._taking_part:
                try:
                    found = each.call(inside.stop, number, here)
                except InterpreterClosedError:
                    continue  # it has handed over what it had
                if found is not None:
                    self._parts[number, each.id] = found
        del _running[number]
        self._taking_part.clear()
        self._number = 0
        self.create_stats()

    def create_stats(self) -> None:
        """Make `stats` anew; called by `pstats.Stats`, and at the end of a block.

        Crosses: nothing. Threads: any.
        """
        self.stats = _added_up(map(marshal.loads, tuple(self._parts.values())))

    def print_stats(self, sort: str | int | tuple[str | int, ...] = -1) -> None:
        """Print a table to `sys.stdout`, as `cProfile.Profile.print_stats` does.

        Crosses: nothing. Threads: any.

        Args:
            sort: What to sort by, as `pstats.Stats.sort_stats` has it.
        """
        import pstats

        keys: tuple[Any, ...] = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()  # type: ignore[arg-type]

    def dump_stats(self, file: str | PathLike[str]) -> None:
        """Write a file that `pstats` and other tools read, as `cProfile.Profile.dump_stats` does.

        Crosses: nothing. Threads: any.

        Args:
            file: Its path.

        Raises:
            OSError: If it cannot be written.
        """
        self.create_stats()  # `pstats.Stats` takes them away
        with open(file, "wb") as stream:
            marshal.dump(self.stats, stream)

    def __repr__(self) -> str:
        state = "running" if self._number else f"{len(self.stats)} functions"
        return f"<atoll.profile: {state}>"


# ---- called from the interpreters that take part ----


def admit(number: int, who: int) -> bool:
    """Tell whether that profile still runs; an interpreter that asks takes part."""
    asked = _running.get(number)
    if asked is not None:
        asked._taking_part.add(who)
    return asked is not None


def accept(number: int, who: int, found: bytes) -> None:
    """Keep what an interpreter has found; a later answer of the same one replaces it."""
    asked = _running.get(number)
    if asked is not None:
        asked._parts[number, who] = found


# ---- adding up ----


class _Part:
    """What `pstats.Stats` takes."""

    def __init__(self, stats: dict[Place, Counts]) -> None:
        self.stats = stats

    def create_stats(self) -> None:
        pass


def _added_up(parts: Iterable[dict[Place, Counts]]) -> dict[Place, Counts]:
    import pstats

    total = None
    for each in filter(None, parts):
        one: Any = pstats.Stats(_Part(each))  # type: ignore[arg-type]
        total = one if total is None else total.add(one)
    stats: dict[Place, Counts] = {} if total is None else total.stats
    return stats
