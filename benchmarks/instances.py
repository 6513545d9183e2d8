"""Classes whose instances cross element by element."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

Triple = namedtuple("Triple", "x y z")


@dataclass(frozen=True)
class Frozen:
    x: int
    y: int
    z: int
