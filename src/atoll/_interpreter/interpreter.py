"""`Interpreter`: an isolated interpreter with its own GIL, and functions about interpreters."""

from __future__ import annotations

from itertools import count

from .. import _core
from .._transfer.names import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Any, ParamSpec, Self, TypeVar, overload

    from .._core import Statistics
    from .._modules.importing import Modes
    from .._modules.policy import Mode

    P = ParamSpec("P")
    T = TypeVar("T")
else:
    from .._typing import overload

_numbers = count(1)


class Interpreter(_core.Handle):
    """An interpreter of its own in this process: own GIL, own modules, own objects.

    Code runs in it on the calling thread: a call moves the thread over, runs to completion there
    and moves back. Inside, one thread runs at a time and is never preempted: others enter only
    where the running one ends, waits or calls out. So objects in it need no locks.

    It inherits `sys.path`, `sys.argv`, the recursion limit and other settings. The environment, the
    warnings filters and the log levels are those of the main interpreter, as are `sys.stdin`,
    `sys.stdout` and `sys.stderr`; its log records and warnings are handled there. It lives until
    `close()`, or until the process ends. A handle may be passed to other interpreters; in each
    there is one handle object per interpreter.

    Args:
        name: Shown in messages and by `repr`; cut to 63 bytes.
        extensions: How extension modules are imported: a mode for all of them, or a mapping of
            modules and packages to modes, with "*" for all others. "native": as they are, if they
            declare that they support it; "private": from copies of their shared objects for this
            interpreter alone; "main": as a Proxy to the main interpreter's module; "refuse": not at
            all; "auto": the first of these that is known to work (see `atoll.extensions`).
        preemptive: Keep CPython's switching between threads; then visitors enter promptly, between
            two bytecodes of the running thread.
        forward_logging: Have the main interpreter handle log records, by its loggers of the same
            names (their field `interpreter` says where they are from), warnings, by its
            `warnings.showwarning`, and unraisable exceptions, by its `sys.unraisablehook` if that
            has been replaced. Inside, `logging.basicConfig()` then does nothing, as the root logger
            has a handler. False leaves all three to the interpreter itself.

    Raises:
        RuntimeError: If CPython cannot make it (out of memory, no threads), or is ending.
        TypeError, ValueError: If `extensions` is neither a mode nor a mapping of names to modes.

    Threads: any. Making one takes 6 to 20 ms; a ready one (see `prewarm`) is taken at once.

    Source: PEP 684 (a GIL per interpreter), PEP 734; LRPC [Bershad et al. 1990] for the crossing.

    Example:
        >>> with atoll.Interpreter("worker") as worker:
        ...     worker.call(pow, 2, 10)
        1024
    """

    __slots__ = ()

    def __new__(
        cls,
        name: str | None = None,
        *,
        extensions: Mode | Mapping[str, Mode] = "auto",
        preemptive: bool = False,
        forward_logging: bool = True,
    ) -> Self:
        if name is None:
            name = f"interpreter-{next(_numbers)}"
        elif not isinstance(name, str):
            raise TypeError(f"name must be str, not {type(name).__name__}")
        if _core.is_ending():  # and nothing can be imported any more
            raise RuntimeError(f"cannot make interpreter {name!r}: Python is ending")
        modes: Modes = ()
        if extensions != "auto":
            from .._modules.policy import checked_modes

            modes = checked_modes(extensions)
        interpreter = make(name, modes, bool(preemptive), bool(forward_logging))
        from . import standby

        standby.keep_one()
        return interpreter if cls is Interpreter else _core.handle_as(interpreter, cls)  # type: ignore[return-value]

    def __init__(
        self,
        name: str | None = None,
        *,
        extensions: Mode | Mapping[str, Mode] = "auto",
        preemptive: bool = False,
        forward_logging: bool = True,
    ) -> None:
        """Take the arguments of `__new__`, for subclasses that pass them on."""

    @overload
    def call(
        self, fn: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...
    @overload
    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...  # noqa: F811
    def call(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: F811
        """Call a function in this interpreter, on this thread.

        An async function runs to its end there, in a new event loop, as by `asyncio.run`. An async
        method of a Proxy is awaited here instead (`await proxy.method()`).

        What crosses: the function by its import name if it has one, else by value (lambdas,
        closures and what is defined in `__main__`, with copies of what they refer to; a Proxy in a
        closure stays a reference); arguments and result by value if they are immutable, else as
        Proxies.

        Args:
            fn: The function. A Proxy to a function of this interpreter is called as it is.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            The result. A mutable one comes as a Proxy; `atoll.copy` fetches it.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            TypeError, pickle.PicklingError: If a function that goes by value cannot be pickled.
            Exception: What `fn` raises, with the same type, and with its traceback in `__cause__`.

        Threads: any.

        Example:
            >>> interpreter.call(lambda a, b: a + b, 1, b=2)
            3
        """
        if not callable(fn):
            raise TypeError(f"a callable is required, not {type(fn).__name__}")
        if _core.is_proxy(fn):
            return self._invoke("atoll._interpreter.running:call_object", (fn, *args), kwargs)
        is_async = _is_async(fn)
        if self is _core.current():
            if is_async:
                from .asynchronous import run

                return run(fn, *args, **kwargs)
            return fn(*args, **kwargs)
        if (name := name_of(fn)) is not None:
            if is_async:
                return self._invoke(
                    "atoll._interpreter.asynchronous:run_named", (name, *args), kwargs
                )
            return self._invoke(name, args, kwargs)
        if self.is_closed:  # at exit, what follows can be imported no more
            return self._invoke("", ())
        from .._transfer.functions import dump_function
        from .contexts import unfolded

        fn, args = unfolded(fn, args)
        by_value = (dump_function(fn), *args)
        if is_async:
            return self._invoke("atoll._interpreter.asynchronous:run_by_value", by_value, kwargs)
        return self._invoke("atoll._interpreter.running:call_by_value", by_value, kwargs)

    @overload
    async def acall(
        self, fn: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...
    @overload
    async def acall(  # noqa: F811
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...
    async def acall(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: F811
        """Call a function in this interpreter, on a thread made for it, and await the result.

        What crosses: as with `call`. The context variables of the task are those of the call, as
        with `asyncio.to_thread`.

        Args:
            fn: The function; an async one runs to its end there.
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            The result. A mutable one comes as a Proxy.

        Raises:
            asyncio.CancelledError: If the task is cancelled; that also interrupts the call.
            Exception: As `call`.

        Threads: those that run an asyncio event loop. Other loops: `InterpreterPoolExecutor`.

        Example:
            >>> results = await asyncio.gather(*(each.acall(work) for each in interpreters))
        """
        from .asynchronous import call_in_thread

        return await call_in_thread(self, self.call, fn, args, kwargs)

    def exec(self, source: str, /) -> None:
        """Run source code in this interpreter's `__main__`.

        What crosses: the source. Threads: any.

        Args:
            source: Statements.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            SyntaxError: If it is not Python.
            Exception: What the code raises.
        """
        self._invoke("atoll._interpreter.running:exec_source", (_checked_source(source),))

    def eval(self, expression: str, /) -> Any:
        """Evaluate an expression in this interpreter's `__main__`.

        What crosses: the source, and the value as a call's result. Threads: any.

        Args:
            expression: An expression.

        Returns:
            Its value; a Proxy if it is mutable.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            SyntaxError: If it is not an expression.
            Exception: What the code raises.

        Example:
            >>> interpreter.exec("import os")
            >>> interpreter.eval("os.getpid()") == os.getpid()
            True
        """
        return self._invoke(
            "atoll._interpreter.running:eval_source", (_checked_source(expression),)
        )

    def import_module(self, name: str, /) -> Any:
        """Import a module in this interpreter.

        What crosses: the name, and a Proxy to the module. Threads: any.

        Args:
            name: Its full name.

        Returns:
            A Proxy to the module: `interpreter.import_module("json").loads("[1]")`.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            ImportError: If it cannot be imported there.
        """
        return self._invoke("importlib:import_module", (name,))

    def run_path(
        self,
        path: str | PathLike[str],
        *,
        run_name: str = "__main__",
        argv: Iterable[str] | None = None,
    ) -> Any:
        """Run a script in this interpreter, as `runpy.run_path` does.

        What crosses: the arguments, and a Proxy to the script's globals. Threads: any.

        Args:
            path: A Python file, or a folder or zip file with a `__main__.py`.
            run_name: Its `__name__`.
            argv: The interpreter's `sys.argv` from now on; None leaves it.

        Returns:
            A Proxy to the dict of the script's globals.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            OSError: If the file cannot be read.
            BaseException: What the script raises, SystemExit included.
        """
        arguments = None if argv is None else tuple(map(str, argv))
        return self._invoke("atoll._interpreter.running:run_path", (str(path), run_name, arguments))

    def run_module(
        self, name: str, *, run_name: str = "__main__", argv: Iterable[str] | None = None
    ) -> Any:
        """Run a module in this interpreter, as `python -m` does.

        What crosses: the arguments, and a Proxy to the module's globals. Threads: any.

        Args:
            name: Its full name; for a package its `__main__` is run.
            run_name: Its `__name__`.
            argv: The interpreter's `sys.argv` from now on; None leaves it.

        Returns:
            A Proxy to the dict of the module's globals.

        Raises:
            InterpreterClosedError: If the interpreter is closed.
            ImportError: If there is no such module.
            BaseException: What the module raises, SystemExit included.
        """
        arguments = None if argv is None else tuple(map(str, argv))
        return self._invoke("atoll._interpreter.running:run_module", (name, run_name, arguments))

    def interrupt(self, exception: BaseException | type[BaseException] = KeyboardInterrupt) -> bool:
        """Raise an exception in the code that runs in this interpreter, between two bytecodes.

        It is for the threads that are inside or entering at this moment: the first of them that
        runs gets it, and threads that come later do not. Without visitors it is for the
        interpreter's own threads; in the main interpreter only for the main thread. The call does
        not wait until the exception is raised. A second call before that replaces the first
        exception; one for a single thread (`Thread.interrupt`, a cancelled `acall`) is kept beside
        it.

        What crosses: the exception, as one that is raised. What cannot be interrupted: a C function
        that does not return (`time.sleep`, `lock.acquire`); the exception is raised when it does.

        Args:
            exception: An exception, or a class of exceptions that can be made without arguments.

        Returns:
            True if a thread is inside, which will get it unless its call ends first. False if none
            is; then nothing happens. An executor's worker that waits for a task is not inside.

        Raises:
            TypeError: If it is not an exception.

        Threads: any.

        Example:
            >>> worker.interrupt(Cancelled("no longer needed"))
            True
        """
        return _core.interrupt(self, made_exception(exception), 0)

    def statistics(self) -> Statistics:
        """Return what the interpreter has done so far.

        Crosses: into the interpreter for a moment (not counted), so it waits if that is busy.
        Threads: any.

        Returns:
            A record: `crossings` (entries since it was made), `visitors` (threads inside now),
            `thread_states`, `exports`, `proxies`, `buffers` (counts); and, as attributes only,
            `parked` and `revoked` (how often its GIL was not released between two crossings, and
            how often another thread, or time, took it away then: see `ATOLL_PARKING`).

        Raises:
            InterpreterClosedError: If the interpreter is closed.
        """
        return _core.statistics(self)

    def close(self, timeout: float | None = None) -> None:
        """End the interpreter.

        Waits until the threads that are inside have left; new ones are refused meanwhile. Then it
        ends as a process does: idle threads of executors end, its own threads are waited for, its
        exit handlers run, its objects are dropped, and every Proxy into it raises
        `InterpreterClosedError`. Closing a closed interpreter does nothing.

        Daemon threads are told to end (SystemExit). One that is still in a C function after a
        second (`Queue.get`, `time.sleep`) is left behind, with a ResourceWarning that names it: the
        interpreter is closed, its memory stays, and the thread never runs again.

        Args:
            timeout: Seconds to wait; None waits without end, but for an `atoll.timeout`.

        Raises:
            TimeoutError: If the threads are still there. The interpreter is open again, though its
                executors and exit handlers may have come to their end.
            BufferError: If buffers of its objects are in use elsewhere; it stays open.
            RuntimeError: If it is the main interpreter, or this thread is inside it, or two closing
                interpreters would wait for each other.
            KeyboardInterrupt: If Ctrl-C ends the wait; it stays open.
            ValueError: If the timeout is negative.

        Threads: any that is not inside the interpreter.
        """
        if who := _core.close(self, timeout):
            from .complaints import warn_left_behind

            warn_left_behind(self, who)

    def _invoke(
        self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self is _core.current():
            from .._transfer.names import resolve

            return resolve(function)(*args, **(kwargs or {}))
        return _core.invoke(self, function, args, kwargs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[[int], Interpreter], tuple[int]]:
        return _by_id, (self.id,)

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "open"
        return f"<atoll.Interpreter {self.name!r} id={self.id} {state}>"


def make(
    name: str, modes: Modes = (), is_preemptive: bool = False, forwards_logging: bool = True
) -> Interpreter:
    """Take a ready interpreter or make one; does not make another ready one in its place."""
    from .._forwarding import forwarding
    from . import exit, recursion, signals

    recursion.refuse_in_import()
    exit.register()
    signals.install()
    if forwards_logging:
        forwarding.announce()
    is_usual = forwards_logging and not is_preemptive and not modes
    ready = _take(name) if is_usual else None
    return ready or _make(name, modes, is_preemptive, forwards_logging)


def _make(name: str, modes: Modes, is_preemptive: bool, forwards_logging: bool) -> Interpreter:
    from . import inheritance

    modules = inheritance.modules()
    interpreter = _core.create(name, is_preemptive, inheritance.path(), modules)
    try:
        inherited = *inheritance.collect(forwards_logging), modes, forwards_logging
        _core.invoke(interpreter, "atoll._interpreter.inside:prepare", inherited, None)
    except BaseException:
        interpreter.close()
        raise
    return interpreter


def _take(name: str) -> Interpreter | None:
    """Take a ready interpreter and give it what a new one would inherit now; None: there is none.

    Threads: any, of any interpreter.
    """
    interpreter, inheritance = take_unprepared(name)
    if interpreter is not None:
        try:
            _core.invoke(interpreter, "atoll._interpreter.inside:adopt", inheritance, None)
        except BaseException:
            interpreter.close()
            raise
    return interpreter


def take_unprepared(name: str) -> tuple[Interpreter | None, tuple[Any, ...]]:
    """Take a ready interpreter, if there is one; return it and the arguments of `inside.adopt`."""
    from . import inheritance

    interpreter = _core.take_ready(name)
    return interpreter, () if interpreter is None else inheritance.collect_anew()


def made_exception(exception: BaseException | type[BaseException]) -> BaseException:
    """Return an exception, or make one of the class."""
    instance = exception() if isinstance(exception, type) else exception
    if not isinstance(instance, BaseException):
        raise TypeError(f"an exception is required, not {type(instance).__name__}")
    return instance


def _is_async(fn: Any) -> bool:
    """Tell whether a function, or that of a partial or a method, was defined by `async def`."""
    while type(fn).__name__ == "partial" and hasattr(fn, "func"):
        fn = fn.func
    code = getattr(fn, "__code__", None)
    flags: int = getattr(code, "co_flags", 0)
    return bool(flags & 0x80)  # inspect.CO_COROUTINE, whose import takes milliseconds


def _checked_source(source: str) -> str:
    if not isinstance(source, str):
        raise TypeError(f"source must be str, not {type(source).__name__}")
    return source


def _by_id(number: int) -> Interpreter:
    """Find an open interpreter; for pickled handles, which are valid only in this process."""
    for interpreter in _core.interpreters():
        if interpreter.id == number:
            return interpreter
    from .._transfer.errors import closed_error

    raise closed_error(f"#{number}", 0)


def current() -> Interpreter:
    """Return the interpreter that the calling code runs in.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.current().name
        'main'
        >>> interpreter.call(lambda: atoll.current().name)
        'worker'
    """
    return _core.current()


def main() -> Interpreter:
    """Return the main interpreter: the one that the process began with. It cannot be closed.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.current() is atoll.main()
        True
    """
    return _core.interpreters()[0]


def interpreters() -> list[Interpreter]:
    """Return all interpreters that are open or closing, the main one first, then by age.

    Crosses: nothing. Threads: any.

    Example:
        >>> [each.name for each in atoll.interpreters()]
        ['main', 'worker']
    """
    return _core.interpreters()


def owner(proxy: object) -> Interpreter:
    """Return the interpreter of the original.

    Crosses: nothing. Threads: any. Works for closed interpreters too.

    Args:
        proxy: A Proxy.

    Raises:
        TypeError: If it is not a Proxy.
        AttributeError: If the Proxy is restricted.

    Example:
        >>> atoll.owner(interpreter.eval("[1, 2]")).name
        'worker'
    """
    return _core.owner(proxy)


def checkpoint() -> None:
    """Let other threads into this interpreter, from a long loop.

    Inside an interpreter threads are not preempted: a loop that runs for seconds keeps visitors out
    that long. If threads wait to enter, this lets them in and waits until they have finished or
    wait themselves; if none does, it takes well under a microsecond.

    Crosses: nothing. Threads: any.

    Example:
        >>> def train(batches):
        ...     for batch in batches:
        ...         learn(batch)
        ...         atoll.checkpoint()
    """
    _core.checkpoint()
