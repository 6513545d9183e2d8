"""The exceptions of atoll. Each also inherits what users already catch."""

from __future__ import annotations

from .blocks import format_blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .blocks import Blocks


class AtollError(Exception):
    """The base of all exceptions of atoll's own.

    Example:
        >>> try:
        ...     proxy.append(1)
        ... except atoll.AtollError as error:
        ...     print(error)
        interpreter 'worker' is closed
    """


class InterpreterClosedError(AtollError, ReferenceError):
    """The interpreter is closed, so its objects are gone.

    Raised by every operation on a Proxy into it, and by every method that would enter it. A
    `ReferenceError` too, as with a weak reference whose object is gone.

    Example:
        >>> with atoll.Interpreter("worker") as worker:
        ...     items = worker.eval("[1, 2]")
        >>> len(items)
        Traceback (most recent call last):
        atoll.InterpreterClosedError: interpreter 'worker' is closed
    """


class DeadlineExceeded(BaseException):
    """Unwinds what runs in other interpreters when the time of an `atoll.timeout` is over.

    Where that timeout was set it becomes a `TimeoutError`. No `Exception`, so that code on the way
    which catches those does not swallow it; its `finally` blocks and exit methods run.

    Example:
        >>> def work():  # called in another interpreter
        ...     try:
        ...         search()
        ...     except atoll.DeadlineExceeded:
        ...         clean_up()
        ...         raise
    """

    def as_timeout_error(self) -> TimeoutError:
        """Make what the caller sees of it."""
        error = TimeoutError(*self.args)
        error.__cause__, error.__context__ = self.__cause__, self.__context__
        error.__suppress_context__ = self.__suppress_context__
        return error


class BaseRemoteError(BaseException):
    """An exception whose type cannot be found here.

    It arrives as a subclass of this, named as its type and with its arguments; where the type
    derives from a builtin exception, so does the subclass. `remote_type` is a Proxy to the type, or
    None where that has an import name.

    Example:
        >>> try:
        ...     interpreter.call(run_their_code)
        ... except atoll.BaseRemoteError as error:
        ...     print(type(error).__name__, error.args)
        StopEverything ('now',)
    """

    remote_type: type | None = None


class RemoteError(AtollError, BaseRemoteError):
    """A `BaseRemoteError` whose type derives from `Exception`, as nearly all do.

    Example:
        >>> interpreter.exec("class Full(Exception): pass")
        >>> try:
        ...     interpreter.exec("raise Full('no room')")
        ... except atoll.RemoteError as error:
        ...     print(type(error).__name__, error.args)
        Full ('no room',)
    """


class RemoteTraceback(Exception):
    """Where an exception was raised in another interpreter.

    Found at the end of the exception's chain of `__cause__`; its text is the remote traceback.

    Example:
        >>> try:
        ...     interpreter.exec("1 / 0")
        ... except ZeroDivisionError as error:
        ...     print(error.__cause__)
        <BLANKLINE>
        Traceback in interpreter 'worker' (most recent call last):
          File "<interpreter worker>", line 1, in <module>
        ZeroDivisionError: division by zero
    """

    def __init__(self, blocks: Blocks) -> None:
        super().__init__(blocks)
        self.blocks = blocks

    def __str__(self) -> str:
        return format_blocks(self.blocks)


def deadline_error(
    interpreter: str, activity: str, seconds: float, is_here: int
) -> DeadlineExceeded | TimeoutError:
    """Make the error for a call, or a wait, whose time is over; called by the core.

    Args:
        interpreter: The name of the one that was called; "" for a wait.
        activity: What runs there, "" if that is not known; or what was waited for.
        seconds: How long ago the timeout was set.
        is_here: Was it set at the level where this is raised?
    """
    if not interpreter:
        text = f"no time left, after {seconds:.1f} s, {activity}"
    elif activity:
        text = f"interpreter {interpreter!r} has been running {activity} for {seconds:.1f} s"
    else:
        text = f"no time left, after {seconds:.1f} s, for a call into interpreter {interpreter!r}"
    return TimeoutError(text) if is_here else DeadlineExceeded(text)


def closed_error(name: str, is_forgotten: int) -> InterpreterClosedError:
    """Make the error for an interpreter that cannot be entered any more; called by the core."""
    why = " (interpreters do not survive os.fork())" if is_forgotten else ""
    return InterpreterClosedError(f"interpreter {name!r} is closed{why}")


class ExtensionWarning(AtollError, RuntimeWarning):
    """An extension module is not used as one would expect; the text says how to change that.

    Example:
        >>> warnings.filterwarnings("error", category=atoll.ExtensionWarning)
    """
