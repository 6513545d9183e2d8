"""The standby thread: makes interpreters in advance, and closes abandoned ones.

The standby thread belongs to the main interpreter. It sleeps until there is work. It is stopped at
exit and before a fork; a forked child has neither it nor ready interpreters. A used interpreter is
never made ready again: nothing could prove that its modules, extension modules and static C data
are unchanged.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from collections import deque
from contextlib import suppress

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# How long a thread that is stuck inside an abandoned interpreter may hold up its closing.
_PATIENCE_SECONDS = 1.0
# Work that no thread waits for is put off until there were no calls for this long, but no longer
# than the second time: it would compete with code that is starting.
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.03, 0.1


class _Request:
    """A request for interpreters with modules imported; `is_done` is a lock, released when done."""

    __slots__ = ("errors", "imports", "is_done", "is_waited_for", "left", "place")

    def __init__(
        self, count: int, imports: tuple[str, ...], place: tuple[str, int], is_waited_for: bool
    ) -> None:
        self.left = count
        self.imports = imports
        self.place = place
        self.errors: list[str] = []
        self.is_waited_for = is_waited_for
        self.is_done = _thread.allocate_lock()
        self.is_done.acquire()


_requests: deque[_Request] = deque()
_is_one_kept = False  # must the standby thread keep one ready?
os.register_at_fork(after_in_child=_requests.clear)  # a function in C: nothing breaks it off


def keep_one() -> None:
    """Keep one interpreter ready from now on; called when one was made or taken.

    Threads: any, of any interpreter.
    """
    global _is_one_kept
    if _core.current().id == 0:
        _is_one_kept = True
        _start()
    _core.call_standby()


# ---- asking for more ----


def prewarm(n: int, *, imports: Iterable[str] = (), wait: bool = False) -> None:
    """Make interpreters in the background, ready for the next `Interpreter` or `Thread`.

    Making an interpreter takes milliseconds; taking a ready one is quick. One is always kept ready,
    once an `Interpreter` or a `Thread` has been made, or an executor's workers have ended. Ready
    ones are given out once, first those that were asked for here, the oldest first, and are not
    replaced. They are hidden from `interpreters()`, get their `sys.path`, `sys.argv`,
    warnings filters and streams when they are given out, and are closed at exit. A forked child has
    none. `Interpreter(preemptive=True)` always makes a new one.

    What crosses: the names of the modules.

    Args:
        n: How many, in addition to those that are ready already. With 0 and `wait`, only wait.
        imports: Full names of modules to import in these interpreters. If one cannot be imported,
            the interpreter becomes ready all the same; there is a RuntimeWarning, or an ImportError
            if `wait` is true.
        wait: Return when these, and those asked for earlier, are ready.

    Raises:
        TypeError: If `n` is not an integer, or `imports` is not an iterable of str.
        ValueError: If `n` is negative.
        ModuleNotFoundError: If there is no such module; nothing is made then.
        ImportError: If `wait` is true and a module could not be imported in an interpreter.
        RuntimeError: If `wait` is true and CPython cannot make them.

    Threads: any, of any interpreter.

    Example:
        >>> atoll.prewarm(4, imports=["json", "decimal"])
    """
    from _operator import index

    count, names = index(n), checked_names(imports)
    if count < 0:
        raise ValueError("n must be 0 or more")
    if not _may_make():
        return
    caller = sys._getframe().f_back  # None in an exit handler
    place = (caller.f_code.co_filename, caller.f_lineno) if caller else ("<atoll>", 0)
    arguments = count, names, place, bool(wait)
    if _core.current().id == 0:
        errors = _ask(*arguments)
    else:
        errors = _core.invoke(None, "atoll._interpreter.standby:_ask", arguments, None)
    if errors:
        kind = ImportError if errors[0].startswith(_CANNOT_IMPORT) else RuntimeError
        raise kind("; ".join(dict.fromkeys(errors)))


def _may_make() -> bool:
    from . import recursion

    try:
        recursion.refuse_in_import()
    except RuntimeError:
        return False  # the module that asks for them did so in the main interpreter
    return True


def checked_names(imports: Iterable[str]) -> tuple[str, ...]:
    """Return names of modules whose packages can be found here.

    Raises:
        TypeError: If it is not an iterable of str, or a str.
        ModuleNotFoundError: If there is no such package, or module.
    """
    if isinstance(imports, str):
        raise TypeError("imports must be several names of modules, not one str")
    names = tuple(imports)
    from importlib.util import find_spec

    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"a name of a module must be str, not {type(name).__name__}")
        package, parent = name.partition(".")[0], name.rpartition(".")[0]
        known = name if parent in sys.modules else package  # without importing anything
        if known not in sys.modules and (not package or find_spec(known) is None):
            raise ModuleNotFoundError(f"No module named {known!r}", name=known)
    return names


def _ask(
    count: int, imports: tuple[str, ...], place: tuple[str, int], wait: bool
) -> tuple[str, ...]:
    """Give a request to the standby thread, in main; return the errors."""
    from . import deadline, exit  # here, as it imports `threading`

    if count == 0 and not wait:
        return ()
    try:
        exit.register()
    except RuntimeError:
        if wait:
            raise
        return ()  # Python is ending
    request = _Request(count, imports, place, wait)
    _requests.append(request)
    _start()
    _core.call_standby()
    if not wait:
        return ()
    is_done = request.is_done
    _core.await_standby(
        lambda: deadline.wait(
            lambda seconds: is_done.acquire(timeout=-1 if seconds is None else seconds),
            None,
            "to wait for ready interpreters",
        )
    )
    return tuple(request.errors)


# ---- the standby thread's life ----


def _start() -> None:
    from . import exit

    if end not in exit.before_closing:
        exit.before_closing.append(end)
    try:
        _core.start_standby()
    except RuntimeError as error:
        _dismiss_requests(str(error))


def end() -> None:
    """Stop for good: the process ends."""
    _core.stop_standby()
    _dismiss_requests("Python is ending")


def _dismiss_requests(reason: str) -> None:
    for request in tuple(_requests):
        request.errors.append(reason)
        _finish(request)


def _finish(request: _Request) -> None:
    try:
        _requests.remove(request)
    except ValueError:
        return  # dismissed meanwhile
    request.is_done.release()


# ---- the standby thread's work ----


def keep() -> None:
    """Work until told to stop; called by the core, on the standby thread.

    It ends as well if it fails: then nobody waits for it any more.
    """
    is_stopping = _core.standby_is_stopping
    heard = 0
    try:
        while not is_stopping():
            heard = _let_others_go_first(_core.wait_for_call(heard, None))
            while not is_stopping() and _do_something():
                pass
    except BaseException as error:
        _dismiss_requests(f"the standby thread has failed: {error!r}")
        raise


def _let_others_go_first(heard: int) -> int:
    """Wait for the end of a burst of calls, unless there are requests."""
    latest = time.monotonic() + _LONGEST_PAUSE_SECONDS
    before = -1
    is_stopping = _core.standby_is_stopping
    while not (is_stopping() or _requests) and heard != before and time.monotonic() < latest:
        before, heard = heard, _core.wait_for_call(heard, _PAUSE_SECONDS)
    return heard


def _do_something() -> bool:
    """Do one piece of work; False: there is none."""
    if (retired := _core.take_retired()) is not None:
        _close(retired)
        return True
    if not _requests:
        return _is_one_kept and _core.count_ready() == 0 and _make(()) is None
    request = _requests[0]
    if request.left > 0:
        request.left -= 1
        error = _make(request.imports, request)
        if error is None:
            return True
        request.errors.append(error)
    elif _is_one_kept and _core.count_ready() == 0:
        _make(())  # a prewarm(0, wait=True) waits for this one
    _finish(request)
    return True


def _make(imports: tuple[str, ...], request: _Request | None = None) -> str | None:
    """Make a ready interpreter; return an error, or None."""
    from . import inheritance

    try:
        made = _core.create_hidden("ready", inheritance.path(), inheritance.modules())
    except Exception as error:  # out of memory, or Python is ending
        return str(error)
    try:
        _core.invoke(
            made, "atoll._interpreter.inside:prepare", (*inheritance.collect(True), (), True), None
        )
        _core.invoke(made, "atoll._interpreter.inside:import_all", (_own_imports(),), None)
        failures = _core.invoke(made, "atoll._interpreter.inside:import_all", (imports,), None)
    except Exception as error:
        made.close()
        return str(error)
    _core.make_ready(made, request is not None)
    if request is not None and failures:
        _complain(request, failures)
    return None


def _own_imports() -> tuple[str, ...]:
    """Name modules that atoll itself may need there; other interpreters import them when needed."""
    usual = [
        "threading",
        "atoll._interpreter.running",
        "atoll._transfer.values",
        "atoll._thread.inside",
        "atoll._transfer.remaking",
    ]
    if "atoll._executor.executor" in sys.modules:
        usual.append("atoll._executor.tasks")
    if "atoll._transfer.cloud" in sys.modules:
        usual.append("atoll._transfer.cloud")  # with cloudpickle: 4 MB
    return tuple(usual)


_CANNOT_IMPORT = "cannot import "


def _complain(request: _Request, failures: tuple[str, ...]) -> None:
    import warnings

    from .complaints import report

    for failure in failures:
        message = f"{_CANNOT_IMPORT}{failure}"
        if request.is_waited_for:
            request.errors.append(message)
            continue
        try:
            warnings.warn_explicit(message, RuntimeWarning, *request.place)
        except RuntimeWarning as warning:  # warnings are errors, but nothing can catch it here
            report(warning, "atoll.prewarm()")


def _close(retired: _core.Handle) -> None:
    """Close an interpreter of which nothing is held, its own thread's or one that was dropped."""
    try:
        _tell(retired, _core.close_retired(retired, 2 * _PATIENCE_SECONDS))
    except BufferError:
        pass  # an object of it is held again: it will retire again
    except (TimeoutError, RuntimeError):
        # A thread is inside: wait for it in another thread. No other thread can enter meanwhile.
        _core.show(retired)
        with suppress(RuntimeError):  # no thread could be started: closed at exit
            _thread.start_new_thread(_close_patiently, (retired,))


def _close_patiently(interpreter: _core.Handle) -> None:
    with suppress(BufferError, RuntimeError):  # then it stays until the exit
        _tell(interpreter, _core.close(interpreter, None))


def _tell(interpreter: _core.Handle, who: str) -> None:
    if who:
        from .complaints import warn_left_behind

        warn_left_behind(interpreter, who)
    if not _core.is_abandoned(interpreter):
        from .complaints import warn

        warn(f"unclosed interpreter {interpreter.name!r}", ResourceWarning)
