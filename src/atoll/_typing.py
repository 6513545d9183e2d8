"""What the package needs of `typing`, whose import would cost each interpreter milliseconds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def cast(_: str, value: Any) -> Any:
    """Stand in for `typing.cast`."""
    return value


def overload(function: Any) -> Any:
    """Stand in for `typing.overload`."""
    return function
