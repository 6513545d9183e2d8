"""`atoll.dump_traceback` and `atoll.watchdog`: where every thread of every interpreter is."""

from __future__ import annotations

import os
import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Protocol, Self

    class Writable(Protocol):
        """A text file."""

        def write(self, text: str, /) -> object: ...


_STDERR = 2


class _DumpTraceback:
    __slots__ = ()
    __name__ = __qualname__ = "dump_traceback"

    def __call__(self, file: Writable | int | None = None) -> None:
        """Write where all threads of all interpreters are, and what they wait for.

        As `faulthandler.dump_traceback`, across interpreters: for each thread the interpreters that
        it has entered, innermost first, with its Python frames in each, most recent first; and what
        it waits for, if that is part of atoll: an interpreter, with the thread that holds it and
        the function that runs there; a queue; an executor; an interpreter that closes.

        No thread is stopped or asked, and nothing is waited for: threads that are stuck, for
        example in C code that holds the interpreter, are shown too. A running thread is read while
        it runs: its innermost frames then show where it was at about that time. C code below the
        innermost Python frame is not shown, nor what `threading`'s locks wait for; only the frame
        that waits.

        `dump_traceback.register(signum)` writes one whenever a signal comes,
        `dump_traceback.unregister(signum)` ends that, and `atoll.watchdog` writes one when a call
        takes too long.

        Crosses: nothing.

        Args:
            file: A file, or the number of an open one; None is `sys.stderr`, and in interpreters
                other than the main one the standard error of the process. A file without a
                descriptor (`io.StringIO`) gets the text by `write()`.

        Raises:
            OSError: If it cannot be written.

        Threads: any, at any moment.

        Source: faulthandler; the offsets that CPython publishes for debuggers (PEP 768).

        Example:
            >>> atoll.dump_traceback()
            Current thread 0x00007fd3c4a4b740 [MainThread] (most recent call first):
              in interpreter 'main', which it holds:
                File "script.py", line 12 in <module>
            <BLANKLINE>
            Thread 0x00007fd3c31ff6c0 [asker] (most recent call first):
              waits to get into interpreter 'worker', held by ... running train() at model.py:41
              in interpreter 'main':
                File "script.py", line 7 in ask
        """
        text = _core.format_traceback(_names())
        descriptor = _descriptor_or_none(file)
        if descriptor is None:
            (sys.stderr if file is None else file).write(text)  # type: ignore[union-attr]
            return
        data = text.encode()
        while data:
            data = data[os.write(descriptor, data) :]

    __doc__ = __call__.__doc__

    def register(self, signum: int, file: Writable | int | None = None) -> None:
        """Write a dump whenever a signal comes.

        As `faulthandler.register`. A thread of atoll's own writes it, so it is written wherever
        other threads are stuck, even while the process ends. It replaces the signal's handler; a
        second call replaces the first. It stays registered in a forked child.

        Crosses: nothing.

        Args:
            signum: The signal, for example `signal.SIGUSR1`.
            file: A file with a descriptor, or the number of an open one, which may be closed
                afterwards; None as for `dump_traceback`.

        Raises:
            OSError: If the file or the signal cannot be used, or no thread can be started.
            io.UnsupportedOperation: If the file has no descriptor; an OSError and a ValueError.

        Threads: any.

        Example:
            >>> atoll.dump_traceback.register(signal.SIGUSR1)
            # then: kill -USR1 PID
        """
        _core.register_traceback(signum, _descriptor(file))

    def unregister(self, signum: int) -> bool:
        """Stop writing dumps when a signal comes, and restore the handler that `register` replaced.

        Crosses: nothing. Threads: any.

        Args:
            signum: The signal.

        Returns:
            True if it was registered.
        """
        return _core.unregister_traceback(signum)

    def __repr__(self) -> str:
        return "<function atoll.dump_traceback>"


dump_traceback = _DumpTraceback()


class watchdog(_core.Watchdog):  # named as timeout is
    """Write a dump when a call into another interpreter takes too long.

    As `faulthandler.dump_traceback_later`, for calls: every call of every thread into an
    interpreter, begun before or while the watchdog runs, is reported once if it lasts longer than
    the limit, which includes the time that it waits to enter; nested calls that still run are
    reported with it. Each call of an executor counts by itself; the activity of an `atoll.Thread`
    is not a call.

    While a watchdog runs, each crossing reads the clock. Any number may run. Calls are not
    interrupted: `atoll.timeout` does that.

    Crosses: nothing.

    Args:
        seconds: The limit, above 0; less than a millisecond counts as one.
        file: A file with a descriptor, or the number of an open one, which may be closed once the
            watchdog runs; None as for `dump_traceback`.

    Raises:
        ValueError: If the number is not above 0.
        RuntimeError: If it is running already, or no thread can be started.
        OSError: If the file cannot be used.

    Threads: any; it watches the calls of all threads.

    Example:
        >>> with atoll.watchdog(5.0):
        ...     worker.call(train)
        Thread 0x00007fd3c4a4b740 [MainThread] has been visiting interpreter 'worker' for 5.0 s
        <BLANKLINE>
        Thread 0x00007fd3c4a4b740 [MainThread] (most recent call first):
          in interpreter 'worker', which it holds:
            File "model.py", line 41 in train
          in interpreter 'main':
            File "script.py", line 12 in <module>
    """

    _file: Writable | int | None

    def __new__(cls, seconds: float, file: Writable | int | None = None) -> Self:
        self = super().__new__(cls, seconds)
        self._file = file
        return self

    def start(self) -> None:
        """Start watching, until `stop()`.

        Crosses: nothing. Threads: any.

        Raises:
            RuntimeError: If it is running already, or no thread can be started.
            OSError: If the file cannot be used.
        """
        self.begin(_descriptor(self._file))

    def stop(self) -> None:
        """Stop watching. It may be called twice; then the watchdog can be started again.

        Crosses: nothing. Threads: any.
        """
        self.end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _names() -> dict[int, str]:
    """Return the names of this interpreter's threads in `threading`, by thread id."""
    threading = sys.modules.get("threading")
    active = {} if threading is None else dict(threading._active)
    return {ident: str(thread._name) for ident, thread in active.items()}


def _descriptor(file: Writable | int | None) -> int:
    if isinstance(file, int):
        return file
    if file is None:
        # In other interpreters sys.stderr calls into main, which may be stuck.
        if _core.current().id != 0:
            return _STDERR
        file = sys.stderr
        if file is None:
            raise RuntimeError("sys.stderr is None")
    stream: Any = file
    if not hasattr(stream, "fileno"):
        raise TypeError(f"a file or a descriptor is required, not {type(file).__name__}")
    descriptor: int = stream.fileno()
    stream.flush()
    return descriptor


def _descriptor_or_none(file: Writable | int | None) -> int | None:
    """Return the descriptor of a file; None if it has none, but a `write` method."""
    try:
        return _descriptor(file)
    except (OSError, TypeError):
        if file is not None and not hasattr(file, "write"):
            raise
        return None
