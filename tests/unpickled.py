"""Values that call a function when they are unpickled; quickly imported in other interpreters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Unpickled:
    """Unpickling it calls a function where that happens."""

    calls: Callable[[], object] = int

    def __reduce__(self) -> Any:
        return unpickle, ()


def unpickle() -> str:
    Unpickled.calls()
    return "unpickled"


def make_unpickled(*_: Any) -> Any:
    return Unpickled()


class WithArguments(Exception):
    """Its arguments are unpickled where it arrives."""


def fail_with_unpickled() -> None:
    raise WithArguments(Unpickled())
