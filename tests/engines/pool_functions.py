"""What the tests of pools call in workers; this module imports little there."""

from __future__ import annotations

import time
from typing import Any, ClassVar


def square(x: int, wait: float = 0.0, event: Any = None) -> int:
    """As the suite's own, without the imports of its module."""
    until = time.monotonic() + wait
    while time.monotonic() < until:
        time.sleep(0.01)  # a longer one could not be interrupted
    return x * x


def product(x: int, y: int) -> int:
    return x * y


def same(x: Any) -> Any:
    return x


def fail() -> None:
    raise RuntimeError("foo")


def fail_by_key() -> None:
    raise KeyError("key")


class Counted:
    """Counts its instances."""

    n_instances: ClassVar = 0

    def __new__(cls) -> Counted:
        cls.n_instances += 1
        return super().__new__(cls)

    def __del__(self) -> None:
        type(self).n_instances -= 1


def spin(queue: Any) -> None:
    """Run for ever; tell of the beginning and the end."""
    try:
        queue.put("begun")
        while True:
            pass
    finally:
        queue.put("ended")


def interpreter_id() -> int:
    import atoll

    return atoll.current().id
