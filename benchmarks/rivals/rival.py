"""What every rival has in common: the tasks, and how each is written for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

TASKS = {
    "call": "method call: add(1)",
    "text": "argument: str of 100",
    "attribute": "attribute read",
    "bulk": "result: str of 100,000",
    "exception": "an exception, caught",
}
TEXT = "x" * 100
BULK = 100_000

Names = Mapping[str, object]  # what the statements may use


@dataclass(frozen=True)
class Rival:
    """A way to use an object that lives elsewhere."""

    name: str
    open: Callable[[], AbstractContextManager[Names]]
    statements: Mapping[str, str]  # by task
    missing: str | None = None  # why it cannot be used on this Python


def caught(expression: str) -> str:
    return f"try: {expression}\nexcept Exception: pass"


# where the remote object is used as if it were local
TRANSPARENT = {
    "call": "target.add(1)",
    "text": "target.take(text)",
    "attribute": "target.n",
    "bulk": "target.bulk()",
    "exception": caught("target.fail()"),
}
