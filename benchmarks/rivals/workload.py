"""The object that every rival serves; also as functions, for rivals that only call functions."""

from __future__ import annotations

from rival import BULK
from targets import Counter


class Target(Counter):
    """A Counter that can return a large text too."""

    def __init__(self) -> None:
        super().__init__()
        self.text = "x" * BULK

    def bulk(self) -> str:
        return self.text


shared = Target()


def add(k: int) -> int:
    return shared.add(k)


def take(value: object) -> None:
    shared.take(value)


def read() -> int:
    return shared.n


def bulk() -> str:
    return shared.bulk()


def fail() -> None:
    shared.fail()
