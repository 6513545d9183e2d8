"""What the system tells about processes: whose they are, what they run, if they use atoll."""

from __future__ import annotations

import os
import re
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

type Version = tuple[int, int]

_CORE = re.compile(rb"/atoll/_core\.cpython-3(\d+)")
_PYTHON = re.compile(rb"/(?:lib)?python\d?[^/\n]*$", re.MULTILINE)


def exists(pid: int) -> bool:
    """Is there such a process?"""
    return os.path.isdir(f"/proc/{pid}")


def is_ours(pid: int) -> bool:
    """Is it one of this user's?"""
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.getuid()
    except OSError:
        return False


def command(pid: int) -> str:
    """Return its command line, without what terminals could obey."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").decode(errors="replace").split("\0")
    except OSError:
        return "?"
    return "".join(each if each.isprintable() else "?" for each in " ".join(words)) or "?"


def _maps(pid: int) -> bytes:
    with open(f"/proc/{pid}/maps", "rb") as file:
        return file.read()


def is_python(pid: int) -> bool:
    """Does it run Python?

    Raises:
        OSError: If the system does not tell.
    """
    return _PYTHON.search(_maps(pid)) is not None


def version(pid: int) -> Version | None:
    """Return the version of a process's Python, if atoll is loaded there.

    Raises:
        OSError: If the system does not tell.
    """
    found = _CORE.search(_maps(pid))
    return None if found is None else (3, int(found[1]))


def with_atoll() -> Iterator[tuple[int, Version]]:
    """Yield this user's other processes that have loaded atoll."""
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid() and is_ours(int(name)):
            with suppress(OSError):
                found = version(int(name))
                if found is not None:
                    yield int(name), found


def shift(pid: int, address: int) -> int | None:
    """Return how much further another process has what this one has at an address.

    That can be said if it has loaded the same file; else None.

    Raises:
        OSError: If the system does not tell.
    """
    mine = _mappings(os.getpid())
    name = next((each for first, last, each in mine if first <= address < last), b"")
    starts = [
        min((first for first, _, each in maps if each == name), default=None)
        for maps in (mine, _mappings(pid))
    ]
    ours, theirs = starts
    return None if b"/" not in name or ours is None or theirs is None else theirs - ours


def _mappings(pid: int) -> list[tuple[int, int, bytes]]:
    """List what a process has mapped: from where, to where, the file (by number and name)."""
    found = []
    for line in _maps(pid).splitlines():
        fields = line.split(None, 5)
        first, last = (int(each, 16) for each in fields[0].split(b"-"))
        found.append((first, last, b" ".join(fields[3:])))
    return found
