"""Functions that an `atoll.Thread` runs in its own interpreter."""

from __future__ import annotations

from .. import _core
from .._interpreter.ending import finish_threads
from .._interpreter.inside import adopt
from .._interpreter.running import call_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._transfer.pickles import Dumped

    # A callable: its import name, a pickle of it, or itself (a Proxy).
    type Described = str | Dumped | Callable[..., Any]


def find(described: Any) -> Any:
    """Return the callable that was described in the interpreter that made the thread."""
    if isinstance(described, str):
        from .._transfer.names import resolve

        return resolve(described)
    if isinstance(described, tuple):
        from .._transfer.remaking import load_function

        return load_function(*described)
    return described


def run_target(
    inheritance: tuple[Any, ...],
    name: str,
    target: Described,
    args: tuple[Any, ...],
    /,
    **kwargs: Any,
) -> Any:
    """Call a thread's target; `name` is the thread's."""
    _core.undisturbed(_introduce, name, inheritance)
    try:
        return call_object(find(target), *args, **kwargs)
    finally:
        finish_threads()  # as at the end of a process


def run_method(
    inheritance: tuple[Any, ...],
    name: str,
    cls: Described,
    thread: Any,
    target: Described | None,
    args: tuple[Any, ...],
    /,
    **kwargs: Any,
) -> Any:
    """Call the `run` of the thread's class; `thread` is a Proxy to the thread object."""
    _core.undisturbed(_introduce, name, inheritance)
    try:
        stand_in = _make_stand_in(find(cls), thread)
        object.__setattr__(stand_in, "_target", None if target is None else find(target))
        object.__setattr__(stand_in, "_args", args)
        object.__setattr__(stand_in, "_kwargs", kwargs)
        return stand_in.run()
    finally:
        finish_threads()  # as at the end of a process


def _introduce(name: str, inheritance: tuple[Any, ...]) -> None:
    if inheritance:  # here, so that the thread makes one visit only: interruptions are for a visit
        adopt(*inheritance)

    import threading

    threading.current_thread().name = name
    _core.stay()  # watchdogs must not report it


# ---- the stand-in for self ----

# Those of Thread's own attributes that are used here: the standard `run` needs them.
_LOCAL = frozenset({"run", "_target", "_args", "_kwargs"})
_PROXY = "_atoll_proxy"


class _StandIn:
    """`self` in the `run` of a user's Thread class: methods run here, data stay with the thread.

    Methods and other descriptors of the user's classes are taken from the class, here. All other
    attributes are read, set and deleted on the thread object, in the interpreter that made it.
    """

    def __init_subclass__(cls) -> None:
        pass  # do not call the user's __init_subclass__ for stand-ins

    def __getattribute__(self, name: str) -> Any:
        if _is_local(type(self), name):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, _PROXY), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if _is_local(type(self), name, "__set__"):
            object.__setattr__(self, name, value)
        else:
            setattr(object.__getattribute__(self, _PROXY), name, value)

    def __delattr__(self, name: str) -> None:
        if _is_local(type(self), name, "__delete__"):
            object.__delattr__(self, name)
        else:
            delattr(object.__getattribute__(self, _PROXY), name)


def _is_local(cls: type, name: str, kind: str = "__get__") -> bool:
    """Tell whether a name is looked up here: as a descriptor that has a method of that kind."""
    if name in _LOCAL:
        return name != "run" or kind == "__get__"
    from threading import Thread

    for base in cls.__mro__:
        if name in vars(base):
            is_ours = base is Thread or base.__module__ == "atoll._thread.thread"
            return not is_ours and hasattr(type(vars(base)[name]), kind)
    return False


def _make_stand_in(cls: type, thread: Any) -> Any:
    made = type(cls)(cls.__name__, (_StandIn, cls), {"__module__": cls.__module__})
    stand_in: Any = object.__new__(made)
    object.__setattr__(stand_in, _PROXY, thread)
    return stand_in
