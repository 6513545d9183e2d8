"""Sends warnings to the main interpreter's `warnings.showwarning`."""

from __future__ import annotations

import linecache
import warnings

from .. import _core
from .._transfer.exceptions import capture, rebuild_alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._transfer.exceptions import Captured


def send(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None
) -> None:
    """Show a warning of this interpreter in the main one."""
    if not isinstance(message, Warning):
        message = category(message)
    if line is None:
        line = linecache.getline(filename, lineno) or None
    arguments = capture(message), _core.own_name(), filename, lineno, line
    _core.invoke(None, "atoll._forwarding.warnings:show", arguments, None)


def show(
    captured: Captured, interpreter: str, filename: str, lineno: int, line: str | None
) -> None:
    """Show a warning of another interpreter; runs in the main one.

    Calls whatever has replaced `warnings.showwarning` at this moment: `catch_warnings`, pytest,
    `logging.captureWarnings`. The attribute `interpreter` of the message is the interpreter's name.
    """
    message = rebuild_alone(captured)
    message.__dict__["interpreter"] = interpreter
    if isinstance(message, Warning):
        warnings.showwarning(message, type(message), filename, lineno, None, line)
