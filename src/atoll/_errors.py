"""The exceptions of atoll. Each also inherits what users already catch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._exceptions import Captured


class AtollError(Exception):
    """The base of all exceptions of atoll's own."""


class InterpreterClosedError(AtollError, ReferenceError):
    """The interpreter is closed, so its objects are gone.

    Raised by every operation on a Proxy into it, and by every method that would enter it. A
    `ReferenceError` too, as with a weak reference whose object is gone.
    """


class RemoteError(AtollError):
    """An exception whose type cannot be found here.

    It arrives as a subclass of this, named as its type and with its arguments; where the type
    derives from a builtin exception, so does the subclass. `remote_type` is a Proxy to the type, or
    None where that has an import name.
    """

    remote_type: type | None = None


class RemoteTraceback(Exception):
    """Where an exception was raised in another interpreter.

    Found at the end of the exception's chain of `__cause__`; its text is the remote traceback.
    """

    def __init__(self, captured: Captured | str) -> None:
        super().__init__()
        self._captured = captured

    def __str__(self) -> str:
        from ._exceptions import format_captured

        if not isinstance(self._captured, str):
            self._captured = format_captured(self._captured)
        return self._captured

    def __reduce__(self) -> tuple[type[RemoteTraceback], tuple[str]]:
        return type(self), (str(self),)


def closed_error(name: str, is_forgotten: int) -> InterpreterClosedError:
    """Make the error for an interpreter that cannot be entered any more; called by the core."""
    why = " (interpreters do not survive os.fork())" if is_forgotten else ""
    return InterpreterClosedError(f"interpreter {name!r} is closed{why}")
