"""Sends warnings to the main interpreter's `warnings.showwarning`."""

from __future__ import annotations

import linecache
import warnings

from .. import _core


def send(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None
) -> None:
    """Show a warning of this interpreter in the main one."""
    if not isinstance(message, Warning):
        message = category(message)
    if line is None:
        line = linecache.getline(filename, lineno) or None
    arguments = message, _core.own_name(), filename, lineno, line
    _core.invoke(None, "atoll._forwarding.warnings:show", arguments, None)


def show(message: Warning, interpreter: str, filename: str, lineno: int, line: str | None) -> None:
    """Show a warning of another interpreter; runs in the main one.

    Calls whatever has replaced `warnings.showwarning` at this moment: `catch_warnings`, pytest,
    `logging.captureWarnings`. The attribute `interpreter` of the message is the interpreter's name.
    """
    message.__dict__["interpreter"] = interpreter
    if isinstance(message, Warning):
        warnings.showwarning(message, type(message), filename, lineno, None, line)
