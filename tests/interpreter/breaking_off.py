"""Calls that are broken off by a timeout, but not before they are where a test wants them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import atoll


def break_off(says: str, function: Callable[..., Any], *args: Any) -> TimeoutError:
    """Call until an error says so; returns it. Each timeout that says something else doubles the next."""
    seconds = 0.05
    while True:
        try:
            with atoll.timeout(seconds):
                function(*args)
        except TimeoutError as error:
            if re.search(says, str(error)):
                return error
            seconds *= 2
