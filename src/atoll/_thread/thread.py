"""`Thread`: `threading.Thread`, with an interpreter of its own."""

from __future__ import annotations

import threading
from contextlib import suppress

from .. import _core
from .._forwarding import forwarding
from .._interpreter import deadline, exit, green, recursion, signals, standby
from .._interpreter.interpreter import Interpreter, made_exception, take_unprepared
from .._transfer.errors import InterpreterClosedError, closed_error
from .._transfer.names import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .inside import Described


class Thread(threading.Thread):
    """A thread that runs in an interpreter of its own, in parallel to all others.

    In the interpreter that makes it, it is a `threading.Thread`: so `join`, `daemon`,
    `threading.enumerate()` and `threading.excepthook` are the standard library's. Its activity runs
    in a new interpreter, which exists from `start()` until the thread has ended and the last Proxy
    into it is gone. A thread also waits for the threads that its own interpreter has started, as a
    process does at its end.

    What crosses: the target as in `Interpreter.call`, by its import name if it has one, else by
    value; arguments and result by value if they are immutable, else as Proxies. `contextvars` and
    trace functions do not cross.

    A subclass may define `run`. The class crosses as a target does, and `run` is called in the
    thread's interpreter. There `self` is a stand-in, an instance of the class: what the class
    defines (methods, properties) runs there; the instance's attributes are those of the thread
    object here, and cross when they are read and set. `__init__` runs here.

    An exception that ends the thread is reported by `threading.excepthook`, with the remote
    traceback in its `__cause__`, unless a thread is waiting for it in `result()`; SystemExit is
    silent.

    Args:
        group: None.
        target: What to call; None: nothing.
        name: Also the name of its interpreter.
        args: Arguments of the target.
        kwargs: Keyword arguments of the target.
        daemon: A daemon thread does not delay the exit; if it is inside its interpreter then, it is
            left there.

    Threads: any.

    Example:
        >>> thread = atoll.Thread(target=sum, args=(range(10**6),))
        >>> thread.start()
        >>> thread.result()
        499999500000
    """

    # No __init__, so that the signature is the standard library's, in every version.
    _interpreter: Interpreter | None = None
    _outcome: tuple[Any, BaseException | None] | None = None
    if TYPE_CHECKING:  # private attributes of threading.Thread
        _initialized: bool
        _started: threading.Event
        _name: str
        _target: Callable[..., Any] | None
        _args: Iterable[Any]
        _kwargs: dict[str, Any]
        _start_mark: object
        _invoke_excepthook: Callable[[threading.Thread], None]

    @property
    def interpreter(self) -> Interpreter | None:
        """The thread's own interpreter; None before `start()`; closed some time after its end."""
        return self._interpreter

    def start(self) -> None:
        """Make the interpreter and start the thread in it.

        What crosses: the target and its arguments, as the class says. Threads: any.

        Raises:
            RuntimeError: If it has been started already, threads are greenlets here, or CPython
                cannot make the interpreter or start the thread.
            TypeError, pickle.PicklingError: If a target that goes by value cannot be pickled.
        """
        if not self._initialized or self._started.is_set():
            super().start()  # raises
        mark = object()
        if vars(self).setdefault("_start_mark", mark) is not mark:
            raise RuntimeError("threads can only be started once")
        try:
            self._start()
        except BaseException:
            if self._interpreter is None:
                del self._start_mark
            raise

    def _start(self) -> None:
        green.refuse("atoll.Thread")
        recursion.refuse_in_import()
        function, arguments = self._describe()
        keywords, own_run = self._kwargs, vars(self).get("run")
        exit.register()
        signals.install()
        forwarding.announce()

        def live() -> None:
            try:
                self._live(interpreter, inheritance, function, arguments, keywords)
            finally:
                self._set_run(own_run)

        taken, inheritance = take_unprepared(self._name)
        interpreter = self._interpreter = taken or Interpreter(self._name)
        try:
            self._set_run(live)  # the new thread calls self.run
            super().start()
        except BaseException:
            if self not in threading.enumerate():  # else it runs: only the wait for it has failed
                self._set_run(own_run)
                self._interpreter = None
                interpreter.close()
            raise
        standby.keep_one()  # not earlier: the standby thread would compete with the new thread

    def _set_run(self, run: Callable[[], None] | None) -> None:
        if run is None:
            vars(self).pop("run", None)
        else:
            vars(self)["run"] = run

    def _describe(self) -> tuple[str, tuple[Any, ...]]:
        """Return the function that runs in the thread's interpreter, and its arguments."""
        target: Any = self._target
        args = tuple(self._args)
        if "run" in vars(self):
            target, args = self.run, ()
        elif type(self).run is not Thread.run:
            described = None if target is None else _describe(target)
            return "atoll._thread.inside:run_method", (
                self._name,
                _describe(type(self)),
                self,
                described,
                args,
            )
        elif target is None:
            target, args = _nothing, ()
        return "atoll._thread.inside:run_target", (
            self._name,
            _describe(target),
            args,
        )

    def _live(
        self,
        interpreter: Interpreter,
        inheritance: tuple[Any, ...],
        function: str,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        """Run the thread: one call into its interpreter."""
        try:
            result = _core.invoke(interpreter, function, (inheritance, *arguments), keywords)
            self._outcome = result, None
        except BaseException as error:
            self._outcome = None, error
            if not vars(self).get("_waiters"):
                self._invoke_excepthook(self)
        finally:
            with suppress(AttributeError):  # as threading.Thread.run does
                del self._target, self._args, self._kwargs
            with suppress(InterpreterClosedError):
                _core.abandon(interpreter)
            del self, arguments, keywords  # a kept exception refers to this frame

    def join(self, timeout: float | None = None) -> None:
        """Wait until the thread has ended, as `threading.Thread.join`.

        What crosses: nothing. Threads: any but this one.

        Args:
            timeout: Seconds to wait; None waits without end, but for an `atoll.timeout`.

        Raises:
            TimeoutError: If the time of an `atoll.timeout` is over; not for this timeout.
            RuntimeError: If it has not been started, or this is the thread itself.
        """
        deadline.join(self, timeout)

    def result(self, timeout: float | None = None) -> Any:
        """Wait until the thread has ended, and return what its target returned.

        What crosses: nothing any more. A mutable result is a Proxy, and keeps the thread's
        interpreter open. Threads: any but this one.

        Args:
            timeout: Seconds to wait; None waits without end.

        Returns:
            What the target, or the `run` of a subclass, returned.

        Raises:
            TimeoutError: If it is still running.
            RuntimeError: If it has not been started, or this is the thread itself.
            InterpreterClosedError: If it was lost in a fork.
            BaseException: What the thread raised. If a thread was waiting here,
                `threading.excepthook` does not get it. Later calls raise it again.
        """
        waiters: list[None] = vars(self).setdefault("_waiters", [])
        waiters.append(None)
        try:
            self.join(timeout)
        finally:
            waiters.pop()
        if self.is_alive():
            raise TimeoutError(f"thread {self.name!r} is still running [docs: how-to/timeouts]")
        if self._outcome is None:
            raise closed_error(self.name, 1)
        result, error = self._outcome
        if error is None:
            return result
        try:
            raise error.with_traceback(None)
        finally:
            del self, error  # the traceback refers to this frame

    def interrupt(self, exception: BaseException | type[BaseException] = KeyboardInterrupt) -> bool:
        """Raise an exception in the thread's code, between two bytecodes.

        As `Interpreter.interrupt`, but for this thread only. Interruptions of others are kept
        beside it; a second one of this thread replaces the first.

        What crosses: the exception, as one that is raised. Threads: any.

        Args:
            exception: An exception, or a class of exceptions that can be made without arguments. If
                the code does not catch it, it ends the thread; SystemExit does so without a report.

        Returns:
            True if the thread is inside its interpreter; else False, and nothing happens.

        Raises:
            TypeError: If it is not an exception.
        """
        instance = made_exception(exception)
        if self._interpreter is None or self.ident is None or not self.is_alive():
            return False
        with suppress(InterpreterClosedError):
            return _core.interrupt(self._interpreter, instance, self.ident)
        return False


def _describe(callable_: Any) -> Described:
    if _core.is_proxy(callable_):
        return callable_  # type: ignore[no-any-return]
    if not callable(callable_):
        raise TypeError(f"a callable is required, not {type(callable_).__name__}")
    name = name_of(callable_)
    if name is not None:
        return name
    from .._transfer.functions import dump_function

    return dump_function(callable_)


def _nothing() -> None:
    """The activity of a thread without a target."""
