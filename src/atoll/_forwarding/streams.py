"""The standard streams of an interpreter: whatever those of the main one are at the moment.

So a redirection there (pytest's capture, a notebook, `contextlib.redirect_stdout`) is seen here.
"""

from __future__ import annotations

import io
import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def current_stream(name: str) -> Any:
    """Return the main interpreter's stream of that name; runs there."""
    return getattr(sys, name)


def write(name: str, text: str) -> None:
    """Write to the main interpreter's stream of that name; runs there."""
    stream = getattr(sys, name)
    if stream is not None:
        stream.write(text)


def flush(name: str) -> None:
    """Flush the main interpreter's stream of that name; runs there."""
    stream = getattr(sys, name)
    if stream is not None:
        stream.flush()


class ForwardedStream(io.TextIOBase):
    """A text stream that writes to the main interpreter's.

    Whole lines at a time, so that lines of several interpreters do not mix; stderr at once.
    """

    _pending = ""  # on the class: __del__ reads it even if __init__ has failed

    def __init__(self, name: str) -> None:
        self._name = name

    def _in_main(self, function: str, *args: str) -> Any:
        return _core.invoke(
            None, f"atoll._forwarding.streams:{function}", (self._name, *args), None
        )

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._pending += text
        if self._name == "stderr" or "\n" in text or "\r" in text:
            self._write_pending()
        return len(text)

    def _write_pending(self) -> None:
        # Taken out first: another thread may write during the call.
        pending, self._pending = self._pending, ""
        if pending:
            self._in_main("write", pending)

    def flush(self) -> None:
        self._write_pending()
        self._in_main("flush")

    def __del__(self) -> None:
        # IOBase's __del__ would always flush. Enter main only if there is text: a signal handler
        # may run there and raise an exception here.
        if self._pending:
            self.flush()

    def writable(self) -> bool:
        return True

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._in_main("current_stream"), "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        return bool(self._in_main("current_stream").isatty())

    def fileno(self) -> int:
        return int(self._in_main("current_stream").fileno())

    @property
    def buffer(self) -> Any:
        self._write_pending()
        return self._in_main("current_stream").buffer
