"""The object itself, in the same interpreter: nothing can be faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import workload
from rival import TEXT, TRANSPARENT, Names, Rival


@contextmanager
def opened() -> Iterator[Names]:
    yield {"target": workload.Target(), "text": TEXT}


RIVAL = Rival("local object", opened, TRANSPARENT)
