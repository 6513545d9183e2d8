"""What is said where nobody could catch an exception."""

from __future__ import annotations

import warnings

from .. import _core


def report(error: BaseException, where: str) -> None:
    """Report an exception as one that is ignored."""
    _core.write_unraisable(error, None, f"Exception ignored in {where}")


def warn(text: str, category: type[Warning], stacklevel: int = 2) -> None:
    """Warn of something that has happened, and raise nothing in any case."""
    try:
        warnings.warn(text, category, stacklevel=stacklevel + 1)
    except Warning as warning:
        report(warning, "atoll")


def warn_left_behind(interpreter: _core.Handle, who: str) -> None:
    """Warn of an interpreter that is closed, but stays in memory; `who` is stuck there."""
    text = (
        f"interpreter {interpreter.name!r} stays in memory: its {who} [docs: explanation/lifetimes]"
    )
    warn(text, ResourceWarning, 3)
