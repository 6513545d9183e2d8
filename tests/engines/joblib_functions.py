"""What the tests of the joblib backend call in workers."""

from __future__ import annotations

from typing import Any


def look_at(*arrays: Any) -> list[tuple[int, bool]]:
    """Return where the memory of arrays is, and whether it can be written to."""
    return [(each.__array_interface__["data"][0], each.flags.writeable) for each in arrays]


def fail_at(number: int, last: int) -> int:
    if number == last:
        raise ZeroDivisionError(number)
    return number


def read(descriptor: int, queue: Any) -> bytes:
    """Wait in C code."""
    import os

    queue.put("begun")
    try:
        return os.read(descriptor, 1)
    finally:
        queue.put("ended")


def fail_after(queue: Any) -> None:
    queue.get()
    raise ZeroDivisionError


def nested(number: int) -> list[int]:
    """Call Parallel in a worker: joblib uses threads there."""
    from joblib import Parallel, delayed

    return list(Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(number)))


def interpreter_name() -> str:
    import atoll

    return atoll.current().name
