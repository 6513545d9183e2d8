"""The exceptions of atoll, each of which inherits what users already catch; remote tracebacks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    type Frame = tuple[str, int, str]  # file name, line, function

    # One exception of a chain as it is printed: how it follows from the one before, the name of its
    # interpreter, its frames, its last lines, and the members of a group.
    type Block = tuple[str, str, tuple[Frame, ...], tuple[str, ...], tuple[Blocks, ...]]
    type Blocks = tuple[Block, ...]


class AtollError(Exception):
    """The base of all exceptions of atoll's own.

    Example:
        >>> try:
        ...     proxy.append(1)
        ... except atoll.AtollError as error:
        ...     print(error)
        interpreter 'worker' is closed [docs: explanation/lifetimes]
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
        atoll.InterpreterClosedError: interpreter 'worker' is closed [docs: explanation/lifetimes]
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
    text += " [docs: how-to/timeouts]"
    return TimeoutError(text) if is_here else DeadlineExceeded(text)


def closed_error(name: str, is_forgotten: int) -> InterpreterClosedError:
    """Make the error for an interpreter that cannot be entered any more; called by the core."""
    why = " (interpreters do not survive os.fork())" if is_forgotten else ""
    return InterpreterClosedError(
        f"interpreter {name!r} is closed{why} [docs: explanation/lifetimes]"
    )


class ExtensionWarning(AtollError, RuntimeWarning):
    """An extension module is not used as one would expect; the text says how to change that.

    Example:
        >>> warnings.filterwarnings("error", category=atoll.ExtensionWarning)
    """


# ---- remote tracebacks: what is kept of one, and how it is printed ----

_KEPT = 50  # of the oldest, and of the newest, of an exception that crossed many times


def shortened(blocks: Blocks) -> Blocks:
    """Leave out the middle of a long chain."""
    if len(blocks) <= 2 * _KEPT:
        return blocks
    left_out = ("", "...", (), ("[some interpreters left out]",), ())
    return (*blocks[:_KEPT], left_out, *blocks[1 - _KEPT :])


def format_blocks(blocks: Blocks) -> str:
    """Format a remote traceback as `traceback` formats a local one."""
    return "\n" + "".join(map(_format, blocks)).rstrip("\n")


def _format(block: Block) -> str:
    import traceback

    words, interpreter, frames, last, members = block
    summary = traceback.StackSummary.from_list(
        [traceback.FrameSummary(file, line, name) for file, line, name in frames]
    )
    lines = [f"\n{words}\n\n"] if words else []
    lines.append(f"Traceback in interpreter {interpreter!r} (most recent call last):\n")
    lines += summary.format()
    lines += [f"{line}\n" for line in last]
    for member in members:
        inner = "".join(map(_format, member)).splitlines(keepends=True)
        lines += [f"  | {line}" for line in inner]
    return "".join(lines)
