"""How interpreters import extension modules that were not made for it.

Most compiled packages refuse to be loaded in an interpreter with a GIL of its own, as their C code
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

from . import _core
from ._modules.policy import Mode

__all__ = ["Mode", "modes", "policy"]


def policy(module: str, mode: Mode) -> None:
    """Choose how interpreters import a module, or a package with all that is in it.

    It is for all interpreters that are not told otherwise when they are made, and for what they
    have not imported yet. The more specific name wins.

    What crosses: the two strings, to the main interpreter.

    Args:
        module: Its full name; "*" for all that have no policy of their own.
        mode: The mode; "auto" takes an earlier choice back.

    Raises:
        TypeError: If one of the two is no str.
        ValueError: If it is no name of a module, or no mode.

    Threads: any, of any interpreter.

    Example:
        >>> atoll.extensions.policy("numpy", "private")
    """
    from ._modules import policy

    if _core.current().id == 0:
        policy.set_policy(module, mode)
    else:
        _core.invoke(None, "atoll._modules.policy:set_policy", (module, mode), None)


def modes() -> dict[str, Mode]:
    """Return in which mode the calling interpreter has imported what.

    Extension modules, and packages of the main interpreter; those that came before the first
    import of its user's are not there. In the main interpreter there are none.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.copy(worker.call(atoll.extensions.modes))
        {'numpy._core._multiarray_umath': 'private', ...}
    """
    from ._modules import importing

    return dict(importing.taken)  # type: ignore[arg-type]
