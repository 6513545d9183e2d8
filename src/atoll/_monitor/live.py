"""`atoll top PID`: the live view, in a terminal."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from . import keys, rates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import Any

    from .client import Client
    from .view import View

_REFRESH_SECONDS = 0.5  # how soon a changed size of the terminal is noticed
_PATIENCE_SECONDS = 2.0  # how late a document may be before that is said

# By attributes and the terminal's own colours, so that dark and light ones both are readable.
_STYLES = {
    "title": "bold reverse",
    "figures": "bold",
    "head": "reverse",
    "sorted": "bold underline reverse",
    "key": "bold reverse",
    "busy": "bold",
    "closing": "red",
    "held": "magenta",
    "idle": "dim",
    "more": "dim",
}


class _Screen:
    """The screen of the terminal, as long as it is ours."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = self._make()

    def _make(self) -> Live:
        return Live(console=self._console, screen=True, auto_refresh=False)

    def open(self) -> None:
        self._live = self._make()
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def draw(self, view: View) -> None:
        width, height = self._console.size
        made = Text(no_wrap=True, overflow="crop")
        for number, pieces in enumerate(view.lines(width, height)):
            made.append("\n" if number else "")
            for text, kind in pieces:
                made.append(text, _STYLES.get(kind))
        self._live.update(made, refresh=True)


def run(client: Client, view: View, interval: float) -> bool:
    """Show the documents of a client, one after each interval, until a key says to quit.

    Returns:
        False if the process has ended.
    """
    terminal = sys.stdin.fileno()
    screen = _Screen()
    with _ending_by_signal():
        while not view.is_over:
            with keys.unbuffered(terminal):
                screen.open()
                try:
                    reason = _watch(client, view, screen, terminal, interval)
                finally:
                    screen.close()
            if reason == "ended":
                return False
            if reason == "suspend":
                os.kill(0, signal.SIGTSTP)  # the shell's job; goes on here when it is continued
    return True


def _watch(client: Client, view: View, screen: _Screen, terminal: int, interval: float) -> str:
    """Show documents; return why that has stopped: "quit", "suspend" or "ended"."""
    before: dict[str, Any] | None = None
    latest = time.monotonic()
    while not view.is_over:
        silence = time.monotonic() - latest
        view.silence = silence if silence > interval + _PATIENCE_SECONDS else None
        screen.draw(view)
        ready, _, _ = select.select([client.fileno(), terminal], [], [], _REFRESH_SECONDS)
        if terminal in ready:
            for key in keys.read(terminal):
                if key == "suspend":
                    return "suspend"
                view.press(key)
        if client.fileno() in ready:
            try:
                document = client.take()
            except EOFError:
                return "ended"
            if document is not None:
                latest = time.monotonic()
                if before is not None:
                    view.show(rates.between(before, document))
                before = document
    return "quit"


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the view as an exception, so that the terminal is restored."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
