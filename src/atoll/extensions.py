"""How interpreters import extension modules that do not support it.

Most compiled packages cannot be loaded in an interpreter with its own GIL, because their C code
keeps its state in static variables. An interpreter imports each in one of these modes:

- `native`: as it is. CPython refuses modules that do not declare that they support it.
- `private`: from a copy of its shared object, and of the libraries beside it, that belongs to this
  interpreter alone, and so do its static variables. The module is not changed.
- `main`: `import` yields a Proxy to the main interpreter's module.
- `refuse`: `import` raises an ImportError.
- `auto`: what is known to work, from a registry; what is not known is tried, once, in a process of
  its own, and taken as `native`, `private`, or else as `main`, with an `ExtensionWarning`.

`Interpreter(extensions=...)` chooses for one interpreter, `policy` for all others. Objects of a
private module belong to its interpreter, like all others: they cross as a Proxy, or by value.

Source: PEP 489, PEP 684 (who declares what); docs/explanation/extensions.md says what was tried.
"""

from __future__ import annotations

from typing import NamedTuple

from . import _core
from ._modules.policy import Mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Choice",
    "CodeStatistics",
    "Mode",
    "Statistics",
    "Staying",
    "choices",
    "code_statistics",
    "forget",
    "modes",
    "policy",
    "statistics",
]


class Choice(NamedTuple):
    """What `auto` has chosen for a package, and why."""

    mode: Mode
    reason: str


class Staying(NamedTuple):
    """A library whose private copy keeps those of an ended interpreter in memory, and why.

    Attributes:
        interpreter: The interpreter's name.
        library: The path of the original; "" if the reason has gone.
        reason: Mostly a thread of the library that still runs.
    """

    interpreter: str
    library: str
    reason: str


class Statistics(NamedTuple):
    """The private copies of the calling interpreter, and what stays of others.

    Attributes:
        copies: How many shared objects the calling interpreter has copies of.
        copied_bytes: Their size.
        shared_bytes: How much of it is mapped from the originals.
        seconds: The time that loading them took.
        threads: How many threads they have started that still run.
        staying: What keeps copies of ended interpreters in memory.
    """

    copies: int
    copied_bytes: int
    shared_bytes: int
    seconds: float
    threads: int
    staying: tuple[Staying, ...]


def policy(module: str, mode: Mode) -> None:
    """Choose how interpreters import a module, or a package with all that is in it.

    It applies to all interpreters for which no other mode is set when they are made, and to modules
    that they have not imported yet. The more specific name wins.

    What crosses: the two strings, to the main interpreter.

    Args:
        module: Its full name; "*" for all that have no policy of their own.
        mode: The mode; "auto" undoes an earlier choice.

    Raises:
        TypeError: If an argument is not a str.
        ValueError: If it is not the name of a module, or not a mode.

    Threads: any, of any interpreter.

    Example:
        >>> atoll.extensions.policy("numpy", "private")
    """
    _in_main("set_policy", module, mode)


def modes() -> dict[str, Mode]:
    """Return the modes in which the calling interpreter has imported modules, by name.

    These are extension modules, and packages of the main interpreter; not those that were imported
    before any user code. In the main interpreter the dict is empty.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.copy(worker.call(atoll.extensions.modes))
        {'numpy._core._multiarray_umath': 'private', ...}
    """
    from ._modules import importing

    return dict(importing.taken)  # type: ignore[arg-type]


def choices() -> dict[str, Choice]:
    """Return what `auto` has chosen in this process so far, by package, and why.

    Crosses: the texts, from the main interpreter. Threads: any, of any interpreter.

    Example:
        >>> atoll.extensions.choices()["simplejson"]
        Choice(mode='private', reason='passed a trial')
    """
    return {name: Choice(mode, reason) for name, mode, reason in _in_main("decisions")}


def forget(package: str) -> None:
    """Forget what `auto` has chosen for a package: it is tried again when it is next imported.

    Interpreters that have imported it keep what they have. The result of a trial is also removed
    from the user's cache. What the registry knows stays.

    Args:
        package: Its import name.

    Raises:
        TypeError: If it is not a str.
        ValueError: If it is not the name of a module.

    Threads: any, of any interpreter.

    Example:
        >>> atoll.extensions.forget("simplejson")
    """
    _in_main("forget", package)


def _in_main(function: str, *arguments: object) -> Any:
    from ._modules import policy

    if _core.current().id == 0:
        return getattr(policy, function)(*arguments)
    return _core.invoke(None, f"atoll._modules.policy:{function}", arguments, None)


def statistics() -> Statistics:
    """Return what the calling interpreter has private copies of, and what stays of ended ones.

    When an interpreter ends, all its copies are unloaded together. If a thread of one still runs,
    all stay, until another interpreter is closed after that thread has ended.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.extensions.statistics().staying
        (Staying(interpreter='worker', library='/.../polars/polars.abi3.so',
                 reason='its thread 4149 (polars-0) runs'),)
    """
    import os

    copies, copied, shared, nanoseconds, threads = _core.count_private_copies()
    texts = [os.fsdecode(each) for each in _core.list_staying_copies().split(b"\0")[:-1]]
    staying = tuple(
        Staying(*texts[start : start + 3])  # name, path, reason
        for start in range(0, len(texts), 3)
    )
    return Statistics(copies, copied, shared, nanoseconds / 1e9, threads, staying)


# ---- modules of Python code ----


class CodeStatistics(NamedTuple):
    """The compiled code that is kept for interpreters; see `code_statistics`.

    Attributes:
        modules: The code of how many modules is kept.
        bytes: The memory that it takes.
        limit: How much it may take; then the oldest goes.
    """

    modules: int
    bytes: int
    limit: int


def code_statistics() -> CodeStatistics:
    """Return how much compiled code is kept.

    Where Python has no .pyc files (`PYTHONDONTWRITEBYTECODE`, folders that nobody may write to),
    what an interpreter has compiled of the modules that it imports is kept outside of all
    interpreters, and the next one need not compile it again. A file that has changed is compiled
    anew. The main interpreter takes no part in it.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.extensions.code_statistics().bytes
        4089504
    """
    return CodeStatistics(*_core.count_code())
