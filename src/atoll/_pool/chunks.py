"""What a Pool's workers call: a function with each item of a chunk."""

from __future__ import annotations

from itertools import starmap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def call_each(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Call it with each item."""
    return list(map(function, items))


def call_each_starred(function: Callable[..., Any], items: Iterable[Iterable[Any]]) -> list[Any]:
    """Call it with the arguments that each item is."""
    return list(starmap(function, items))
