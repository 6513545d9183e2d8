"""What is said where nobody could catch an exception."""

from __future__ import annotations

import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import _core


def report(error: BaseException, where: str) -> None:
    """Report an exception as one that is ignored."""
    from types import SimpleNamespace

    arguments: Any = SimpleNamespace(
        exc_type=type(error),
        exc_value=error,
        exc_traceback=error.__traceback__,
        err_msg=f"Exception ignored in {where}",
        object=None,
    )
    sys.unraisablehook(arguments)


def warn(text: str, category: type[Warning], stacklevel: int = 2) -> None:
    """Warn of something that has happened, and raise nothing in any case."""
    try:
        warnings.warn(text, category, stacklevel=stacklevel + 1)
    except Warning as warning:
        report(warning, "atoll")


def warn_left_behind(interpreter: _core.Handle, who: str) -> None:
    """Warn of an interpreter that is closed, but stays in memory; `who` is stuck there."""
    text = f"interpreter {interpreter.name!r} stays in memory: its {who}"
    warn(text, ResourceWarning, 3)
