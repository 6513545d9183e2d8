"""The keyboard of a terminal, key by key."""

from __future__ import annotations

import contextlib
import os
import termios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LFLAG, _CC = 3, 6  # places in what tcgetattr returns

_SEQUENCES = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1b[Z": "back tab",
}
_SINGLE = {
    "\x1b": "escape",
    "\r": "enter",
    "\n": "enter",
    "\t": "tab",
    " ": "space",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x03": "interrupt",
    "\x1a": "suspend",
    "\x0c": "redraw",
    "\x15": "clear",
}


@contextlib.contextmanager
def unbuffered(terminal: int) -> Iterator[None]:
    """Have a terminal give each key at once, without showing it; also Ctrl-C and Ctrl-Z."""
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[_LFLAG] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    changed[_CC][termios.VMIN], changed[_CC][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSADRAIN, changed)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def read(terminal: int) -> list[str]:
    """Return the keys that were pressed; the terminal must have some.

    Raises:
        EOFError: If the terminal is gone.
    """
    try:
        data = os.read(terminal, 1024)
    except OSError:
        data = b""
    if not data:
        raise EOFError
    return parse(data.decode(errors="replace"))


def parse(text: str) -> list[str]:
    """Split what a terminal sends into keys: characters, and the names of others."""
    found = []
    while text:
        sequence = next((each for each in _SEQUENCES if text.startswith(each)), None)
        if sequence is not None:
            found.append(_SEQUENCES[sequence])
            text = text[len(sequence) :]
        elif text.startswith(("\x1b[", "\x1bO")):  # one that is not known
            end = next((at for at in range(2, len(text)) if "@" <= text[at] <= "~"), len(text) - 1)
            text = text[end + 1 :]
        else:
            found.append(_SINGLE.get(text[0], text[0]))
            text = text[1:]
    return [each for each in found if len(each) > 1 or each.isprintable()]
