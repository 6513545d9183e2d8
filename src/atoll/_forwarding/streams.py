"""The standard streams of an interpreter: whatever those of the main one are at the moment.

So a redirection there (pytest's capture, a notebook, `contextlib.redirect_stdout`) is seen here.
"""

from __future__ import annotations

import _thread
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


def attribute(name: str, attribute: str, default: Any) -> Any:
    """Return an attribute of the main interpreter's stream of that name; runs there."""
    return getattr(getattr(sys, name), attribute, default)


def read(name: str, method: str, size: int | None) -> str:
    """Read from the main interpreter's stream of that name; runs there."""
    text: str = getattr(getattr(sys, name), method)(size)
    return text


def reconfigure(name: str, **options: Any) -> None:
    """Set how the main interpreter's stream of that name is used, if it can; runs there."""
    change = getattr(getattr(sys, name), "reconfigure", None)
    if change is not None:  # a notebook's stream has none
        change(**options)


_main_thread = _thread._get_main_thread_ident()  # type: ignore[attr-defined]
_OPTIONS = frozenset({"encoding", "errors", "newline", "line_buffering", "write_through"})


class _Forwarded(io.TextIOBase):
    """A text stream that stands for the main interpreter's of that name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _in_main(self, function: str, *args: Any, **options: Any) -> Any:
        return _core.invoke(
            None, f"atoll._forwarding.streams:{function}", (self._name, *args), options
        )

    def reconfigure(self, **options: Any) -> None:
        """Set how main's stream is used, as `TextIOWrapper.reconfigure` does."""
        if unknown := options.keys() - _OPTIONS:
            raise TypeError(f"reconfigure() got an unexpected keyword argument {min(unknown)!r}")
        self.flush()
        self._in_main("reconfigure", **options)

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._in_main("attribute", "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return self._in_main("attribute", "errors", None) or "strict"

    @property
    def line_buffering(self) -> bool:
        return bool(self._in_main("attribute", "line_buffering", False))

    @property
    def write_through(self) -> bool:
        return bool(self._in_main("attribute", "write_through", False))

    def isatty(self) -> bool:
        stream = self._in_main("current_stream")
        return stream is not None and bool(stream.isatty())

    def fileno(self) -> int:
        return int(self._in_main("current_stream").fileno())

    @property
    def buffer(self) -> Any:
        self.flush()
        return self._in_main("current_stream").buffer


class ForwardedInput(_Forwarded):
    """A text stream that reads from the main interpreter's: each line goes to who asks first."""

    mode = "r"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        return str(self._in_main("read", "read", size))

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        return str(self._in_main("read", "readline", size))


class ForwardedStream(_Forwarded):
    """A text stream that writes to the main interpreter's.

    Whole lines at a time, so that lines of several interpreters do not mix; stderr at once. So is
    what the process's main thread writes: what that writes next, in main, comes after it.
    """

    mode = "w"
    _pending = ""  # on the class: __del__ reads it even if __init__ has failed

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._is_at_once = name == "stderr"

    def reconfigure(self, **options: Any) -> None:
        super().reconfigure(**options)
        if options.get("write_through") is not None:
            self._is_at_once = bool(options["write_through"]) or self._name == "stderr"

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._pending += text
        is_whole = "\n" in text or "\r" in text
        if is_whole or self._is_at_once or _thread.get_ident() == _main_thread:
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
