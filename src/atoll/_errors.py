"""The exceptions of atoll. Each also inherits what users already catch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._exceptions import Blocks


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

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(blocks)
        self.blocks = blocks

    def __str__(self) -> str:
        from ._exceptions import format_blocks

        return format_blocks(self.blocks)


def closed_error(name: str, is_forgotten: int) -> InterpreterClosedError:
    """Make the error for an interpreter that cannot be entered any more; called by the core."""
    why = " (interpreters do not survive os.fork())" if is_forgotten else ""
    return InterpreterClosedError(f"interpreter {name!r} is closed{why}")
