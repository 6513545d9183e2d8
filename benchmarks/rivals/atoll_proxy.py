"""A Proxy to an object in an atoll interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import workload
from rival import TEXT, TRANSPARENT, Names, Rival

import atoll


@contextmanager
def opened() -> Iterator[Names]:
    with atoll.Interpreter(name="rival") as interpreter:
        yield {"target": interpreter.call(workload.Target), "text": TEXT}


RIVAL = Rival("atoll", opened, TRANSPARENT)
