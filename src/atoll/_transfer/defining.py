"""Classes that are defined in another interpreter than their class statement runs in.

Those that go by value are defined once in an interpreter, and never again. A pickle names such a
class by its id. Beside it crosses what defines the class, for interpreters that have not got it; in
the others nothing of theirs is changed by what arrives.

Threads take turns to define a class. Its definition may import modules, so a turn is a lock of the
import system, which finds out who would wait for ever: a thread that imports what the definition
needs does not wait, but defines the class as well. The first to finish it has defined it.

Those that have a remote class as a base are made where that is, and only there.
"""

from __future__ import annotations

import os
from _frozen_importlib import _DeadlockError, _ModuleLockManager  # type: ignore[attr-defined]
from _thread import get_ident
from _weakref import ref

from .. import _core
from .enums import set_attributes
from .names import qualname_of
from .value_types import by_value_class, by_value_id, forget_by_value, note_by_value, note_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._memory.buffer import Buffer

    # The id, a pickle and what is beside it, and the ids of the classes that it names.
    type Definition = tuple[str, bytes, tuple[object, ...], tuple[Buffer, ...], tuple[str, ...]]

# As they came here, and what came beside: it may be needed when its class here is gone.
received: dict[str, tuple[ref[type], Definition, tuple[Definition, ...]]] = {}

_kept: list[type] = []  # classes of `__main__` that came here: their state is to stay


def identify(cls: type) -> str:
    """Return the id of a class that goes by value; it gets one."""
    identifier = by_value_id(cls)
    if identifier is None:
        from uuid import uuid4

        _import_cloudpickle()
        identifier = note_id(cls, uuid4().hex)
        _core.note_classes()  # others may have proxies of its instances
    note_by_value(cls)
    return identifier


# By which threads of which processes: after a fork, other threads of the parent define no more.
_being_defined: dict[str, list[tuple[int, int]]] = {}
_reset_in_children: list[object] = []  # locks that another thread may have while this one forks


def _this_thread() -> tuple[int, int]:
    return os.getpid(), get_ident()


def _import_cloudpickle() -> None:
    from cloudpickle import cloudpickle

    lock: Any = cloudpickle._DYNAMIC_CLASS_TRACKER_LOCK
    if lock not in _reset_in_children:
        _reset_in_children.append(lock)
        os.register_at_fork(after_in_child=lock._at_fork_reinit)  # in C: nothing breaks it off


def find(identifier: str, definitions: tuple[Definition, ...], load: Callable[..., Any]) -> type:
    """Return the class of an id; if there is none here, load its definition."""
    cls: Any = by_value_class(identifier)
    if cls is not None:
        definers = _being_defined.get(identifier)
        if definers is None or _this_thread() in definers:
            return cls  # type: ignore[no-any-return]
    try:
        with _ModuleLockManager(f"definition of class {identifier}"):
            return _find_in_turn(identifier, definitions, load)
    except _DeadlockError:
        return _find_in_turn(identifier, definitions, load)


def _find_in_turn(
    identifier: str, definitions: tuple[Definition, ...], load: Callable[..., Any]
) -> type:
    definers = _being_defined.get(identifier)
    if definers is not None and all(pid != os.getpid() for pid, _ in definers):
        _forget(identifier)
    cls: Any = by_value_class(identifier)
    if cls is None or identifier in _being_defined:
        definition = next(each for each in definitions if each[0] == identifier)
        cls = _define(definition, definitions, load)
    return cls  # type: ignore[no-any-return]


def begin(identifier: str, make: Callable[..., type], arguments: tuple[Any, ...]) -> type:
    """Make an empty class, or find the one that there is; called by the pickle."""
    cls = by_value_class(identifier)
    if cls is not None:
        return cls  # type: ignore[no-any-return]
    _note_definer(identifier)
    _import_cloudpickle()
    cls = make(*arguments)
    note_id(cls, identifier)
    return cls


def give_methods(cls: type, methods: dict[str, Any]) -> None:
    """Give an empty class its methods: instances in it may need them; called by the pickle."""
    if by_value_id(cls) in _being_defined:
        from cloudpickle.cloudpickle import _class_setstate

        _class_setstate(cls, (methods, {}))


def finish(
    cls: type,
    state: tuple[str, None, dict[str, Any], dict[str, Any], dict[str, dict[str, Any]]],
) -> None:
    """Give an empty class what is in it, and its members if it is an Enum; called by the pickle."""
    identifier, _, contents, slots, attributes = state
    if identifier in _being_defined:
        from cloudpickle.cloudpickle import _class_setstate

        _class_setstate(cls, (contents, slots))
        set_attributes(cls, attributes)
        _being_defined.pop(identifier, None)


def _note_definer(identifier: str) -> None:
    definers = _being_defined.setdefault(identifier, [])
    if _this_thread() not in definers:
        definers.append(_this_thread())


def _forget(identifier: str) -> None:
    _being_defined.pop(identifier, None)
    forget_by_value(identifier)


def _give_up(identifier: str) -> None:
    """Leave the class to another thread that defines it; if there is none it may be tried again."""
    definers = _being_defined.get(identifier)
    if definers is not None and _this_thread() in definers:
        definers.remove(_this_thread())
        if not definers:
            _forget(identifier)


def _define(
    definition: Definition, definitions: tuple[Definition, ...], load: Callable[..., Any]
) -> type:
    identifier, data, references, buffers, _ = definition
    _note_definer(identifier)
    is_whole = False
    try:
        cls: type = load((data, (*references, definitions), buffers))
        is_whole = True
    finally:
        if is_whole:
            _being_defined.pop(identifier, None)
        else:
            _give_up(identifier)
    known = ref(cls, lambda _: received.pop(identifier, None))
    received[identifier] = known, definition, definitions
    if "<locals>" not in qualname_of(cls):
        _kept.append(cls)
    _core.note_classes()
    return cls


# ---- with a remote base ----


def prepare_subclass(name: str, bases: tuple[type, ...], /, **keywords: Any) -> Any:
    """Make the namespace for the body of a class statement, in the owner of a base.

    Called by the core.
    """
    return _core.invoke(_owner_of(bases), f"{__name__}:namespace", (), None)


def make_subclass(name: str, bases: tuple[type, ...], contents: Any, /, **keywords: Any) -> Any:
    """Make the class of a class statement, in the owner of a base; called by the core.

    What the namespace has goes by the usual rule, other bases of ours by value.
    """
    owner = _owner_of(bases)
    over = tuple(each if _core.is_reference(each) else _core.mark(each, True) for each in bases)
    return _core.invoke(owner, f"{__name__}:make_here", (name, over, contents), keywords)


def _owner_of(bases: tuple[type, ...]) -> Any:
    return _core.owner(next(filter(_core.is_reference, bases)))


def namespace() -> dict[str, Any]:
    """Make the namespace for a class whose base is here; it goes by reference."""
    return {}


def make_here(name: str, bases: tuple[type, ...], contents: Any, /, **keywords: Any) -> type:
    """Make a class whose base is here, for another interpreter."""
    return type(name, bases, dict(contents), **keywords)


def new_instance(
    cls: Any, arguments: tuple[object, ...], keywords: dict[str, object] | None = None
) -> Any:
    """Make an object without its `__init__`, in the owner of its remote class; called by the core.

    So pickle makes an object whose module lives elsewhere, before it gets its state.
    """
    return _core.invoke(_core.owner(cls), f"{__name__}:new_here", (cls, *arguments), keywords)


def new_here(cls: type, /, *arguments: object, **keywords: object) -> object:
    """Make an object without its `__init__`, for another interpreter."""
    return cls.__new__(cls, *arguments, **keywords)
