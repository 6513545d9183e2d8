"""What processes use, from Linux's /proc."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """Return the ids of a process and of all that it has started."""
    found, ahead = [], [pid]
    while ahead:
        each = ahead.pop()
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            ahead += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
            found.append(each)
    return found


def pss(pids: Iterable[int]) -> float:
    """Return the megabytes of processes; pages that several of them have count in parts."""
    total = 0
    for pid in set(pids):
        with suppress(FileNotFoundError, ProcessLookupError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(text.partition("\nPss:")[2].split()[0])
    return total / 1024
