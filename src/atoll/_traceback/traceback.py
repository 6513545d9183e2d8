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
        """A text file; only one with a descriptor can be written to at any moment."""

        def write(self, text: str, /) -> object: ...


_STDERR = 2


class _DumpTraceback:
    __slots__ = ()
    __name__ = __qualname__ = "dump_traceback"

    def __call__(self, file: Writable | int | None = None) -> None:
        """Write where all threads of all interpreters are, and who waits for whom.

        As `faulthandler.dump_traceback`, through interpreters: for each thread the interpreters
        that it has crossed, innermost first, with its Python frames in each, most recent first; and
        what it waits for, if that is atoll's: to get into an interpreter, and who holds that and
        what runs there; a queue; an executor; an interpreter that closes.

        No thread is stopped or asked, nothing is waited for: threads that are stuck, in C code with
        the interpreter held, say, are shown as well. A thread that is running is read while it
        runs: its innermost frames are then where it was at about that time. What C code does below
        the innermost Python frame is not shown, nor what `threading`'s locks wait for: the frame
        that waits is.

        `dump_traceback.register(signum)` has it written whenever a signal comes, and
        `dump_traceback.unregister(signum)` no more; `atoll.watchdog` when a call takes too long.

        Crosses: nothing.

        Args:
            file: A file, or the number of an open one; None is `sys.stderr`, and in interpreters
                other than the main one the standard error of the process. One without a descriptor
                (`io.StringIO`) gets the text by `write()`.

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

        As `faulthandler.register`. A thread of atoll's own writes it, so that it comes wherever the
        threads are stuck, also while the process ends. It takes the place of a handler that is
        there; a second call, of the first. It holds in a forked child.

        Crosses: nothing.

        Args:
            signum: The signal, `signal.SIGUSR1` say.
            file: A file with a descriptor, or the number of an open one, which may be closed
                afterwards; None as for `dump_traceback`.

        Raises:
            OSError: If the file or the signal is none that can be used, or there is no thread.
            io.UnsupportedOperation: If the file has no descriptor; an OSError and a ValueError.

        Threads: any.

        Example:
            >>> atoll.dump_traceback.register(signal.SIGUSR1)
            # then: kill -USR1 PID
        """
        _core.register_traceback(signum, _descriptor(file))

    def unregister(self, signum: int) -> bool:
        """Write nothing any more when a signal comes; what `register` has replaced is back.

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
    the limit, the time that it waits to get in included; with it those that it has made in turn and
    that last as well. Each call of an executor counts for itself; what an `atoll.Thread` runs is no
    call.

    While a watchdog runs each crossing reads the clock. Any number may run. Nothing is broken off:
    `atoll.timeout` does that.

    Crosses: nothing.

    Args:
        seconds: The limit, above 0; less than a millisecond counts as one.
        file: A file with a descriptor, or the number of an open one, which may be closed once the
            watchdog runs; None as for `dump_traceback`.

    Raises:
        ValueError: If the number is not above 0.
        RuntimeError: If it is running already, or no thread can be started.
        OSError: If the file is none that can be used.

    Threads: any; it watches all, whoever has started it.

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
        """Watch from now on, until `stop()`.

        Crosses: nothing. Threads: any.

        Raises:
            RuntimeError: If it is running already, or no thread can be started.
            OSError: If the file is none that can be used.
        """
        self.begin(_descriptor(self._file))

    def stop(self) -> None:
        """Watch no more. May be called again; afterwards it can be started again.

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
    """Return what this interpreter's `threading` calls its threads."""
    threading = sys.modules.get("threading")
    active = {} if threading is None else dict(threading._active)
    return {ident: str(thread._name) for ident, thread in active.items()}


def _descriptor(file: Writable | int | None) -> int:
    if isinstance(file, int):
        return file
    if file is None:
        # Elsewhere sys.stderr asks the main interpreter, which may be what is stuck.
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
    """Return the descriptor of a file; None if it has none, but can be written to."""
    try:
        return _descriptor(file)
    except (OSError, TypeError):
        if file is not None and not hasattr(file, "write"):
            raise
        return None
