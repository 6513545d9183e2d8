"""Sends unraisable exceptions to the main interpreter's `sys.unraisablehook`."""

from __future__ import annotations

import sys

from .. import _core
from .._transfer.errors import DeadlineExceeded


class _Shown:
    """Stands for the object of an unraisable exception, which may be half destroyed: its repr."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def is_raised_again(unraisable: sys.UnraisableHookArgs) -> bool:
    """Raise a timeout again that a finalizer has lost."""
    return isinstance(unraisable.exc_value, DeadlineExceeded) and _core.unheed_deadline()


def send(unraisable: sys.UnraisableHookArgs) -> bool:
    """Pass an exception to the main interpreter's hook.

    Returns:
        False if main's hook is the default one: the one here prints more, as it has the traceback.
    """
    if sys.is_finalizing() or not _core.invoke(
        None, "atoll._forwarding.unraisable:is_hooked", (), None
    ):
        return False
    exception = unraisable.exc_value
    if exception is None:
        exception = unraisable.exc_type()
    text = "" if unraisable.object is None else repr(unraisable.object)
    arguments = exception, text, unraisable.err_msg
    _core.invoke(None, "atoll._forwarding.unraisable:report", arguments, None)
    return True


def is_hooked() -> bool:
    """Tell whether the hook has been replaced; runs in the main interpreter."""
    return sys.unraisablehook is not sys.__unraisablehook__


def report(exception: BaseException, text: str, message: str | None) -> None:
    """Call the hook; runs in the main interpreter."""
    if message is not None and text:
        message = f"{message}: {text}"
    _core.write_unraisable(exception, _Shown(text) if text else None, message)
