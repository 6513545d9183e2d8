"""`atoll.trace`: notes what threads do, and writes it into a file."""

from __future__ import annotations

import atexit
import operator
import os
import warnings

from .. import _core
from . import events, writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import IO, Self

VARIABLE = "ATOLL_TRACE"


class trace:  # named as atoll.timeout is
    """Note what all threads do between interpreters, and write it into a file that Perfetto opens.

    Spans: crossings (which interpreter, what is done there, the function's name if it is known),
    waits (to enter an interpreter, at queues, for results, for threads that end), tasks of
    executors from submit to result, blocks of `atoll.timeout`, collections, and interpreters that
    are made and closed. Open the file at https://ui.perfetto.dev, or draw it with `atoll timeline`.

    It is Chrome's trace event JSON: plain if the name ends with ".json", else packed by gzip.

    It costs nothing while no trace is on; while one is, some 80 ns a crossing. Each
    thread keeps its latest events only, 96 bytes each; the file tells how many were dropped.
    There is one trace at a time in a process, of all its interpreters. If the interpreter that has
    started it ends, or the process does, the file is written then. A forked child has no trace.

    Crosses: nothing.

    Args:
        path: The file. It is replaced.
        events: How many events each thread keeps, 1,000 to 100,000,000.

    Raises:
        ValueError: If `events` is too small or too large.
        TypeError: If `path` is no path, or `events` no integer.

    Threads: any.

    Source: flight recorders; Chrome's tracing.

    Example:
        >>> with atoll.trace("run.json.gz"):
        ...     list(executor.map(work, range(100)))
    """

    def __init__(self, path: str | os.PathLike[str], *, events: int = 50_000) -> None:
        self.path: str = os.fspath(path)
        if not isinstance(self.path, str):
            raise TypeError(f"the path must be a str or a path, not {type(path).__name__}")
        self._capacity = operator.index(events)
        if not 1_000 <= self._capacity <= 100_000_000:
            raise ValueError(f"a thread can keep 1000 to 100000000 events, not {self._capacity}")
        self._number: int | None = None
        self._file: IO[bytes] | None = None

    def __repr__(self) -> str:
        state = "stopped" if self._number is None else "running"
        return f"<atoll.trace into {self.path!r}, {state}>"

    def start(self) -> Self:
        """Open the file, and note from now on.

        Raises:
            OSError: If the file cannot be written.
            RuntimeError: If a trace is running, this one or another.
        """
        if self._number is not None:
            raise RuntimeError(f"this trace is running already: {self!r}")
        number = _core.trace_begin(self._capacity)
        try:
            self._file = open(self.path, "wb")  # noqa: SIM115 - stop() closes it
            _stop_at_exit(self)
        except BaseException:
            _core.trace_end(number)
            raise
        self._number = number
        return self

    def stop(self) -> None:
        """Write the file. It does nothing if the trace is not running.

        Raises:
            OSError: If that fails: the disk is full, for example.
        """
        number, file = self._number, self._file
        if number is None or file is None:
            return
        self._number = self._file = None
        _do_not_stop_at_exit(self)
        result = _core.trace_end(number)
        if result is None:  # this is a forked child: the file is its parent's
            file.close()
            return
        writing.write(file, events.unpack(result), is_plain=self.path.endswith(".json"))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def obey_variable() -> trace | None:
    """Start the trace that ATOLL_TRACE asks for; called when atoll is imported.

    A program does not fail because it cannot be traced.
    """
    path = os.environ.get(VARIABLE, "").replace("{pid}", str(os.getpid()))
    if not path:
        return None
    try:
        return trace(path).start()
    except (OSError, RuntimeError) as error:
        warnings.warn(f"{VARIABLE} has no effect: {error}", RuntimeWarning, stacklevel=3)
        return None


def _stop_at_exit(running: trace) -> None:
    """In main it is stopped when all other interpreters have been closed, so that it shows that."""
    if _core.current().id == 0:
        from .._interpreter import exit

        exit.register()
        exit.after_closing.append(running.stop)
    else:
        atexit.register(running.stop)


def _do_not_stop_at_exit(running: trace) -> None:
    if _core.current().id != 0:
        atexit.unregister(running.stop)
        return
    from .._interpreter import exit

    if running.stop in exit.after_closing:
        exit.after_closing.remove(running.stop)
