"""Classes that go by value: each is defined once in an interpreter, and never again.

A pickle names such a class by its id. Beside it crosses what defines the class, for interpreters
that have not got it; in the others nothing of theirs is changed by what arrives.
"""

from __future__ import annotations

from _thread import RLock

from .. import _core
from .value_types import by_value_class, by_value_id, forget_by_value, note_by_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._memory.buffer import Buffer

    # The id, a pickle and what is beside it, and the ids of the classes that it names.
    type Definition = tuple[str, bytes, tuple[object, ...], tuple[Buffer, ...], tuple[str, ...]]

received: dict[str, Definition] = {}  # as they came here

_kept: list[type] = []  # classes of `__main__` that came here: their state is to stay


def identify(cls: type) -> str:
    """Return the id of a class that goes by value; it gets one."""
    identifier = by_value_id(cls)
    if identifier is None:
        from cloudpickle import cloudpickle

        identifier = str(cloudpickle._get_or_create_tracker_id(cls))
        _core.note_classes()  # others may have proxies of its instances
    note_by_value(cls)
    return identifier


_lock = RLock()
_being_defined: set[str] = set()


def find(identifier: str, definitions: tuple[Definition, ...], load: Callable[..., Any]) -> type:
    """Return the class of an id; if there is none here, load its definition."""
    cls: Any = by_value_class(identifier)
    if cls is not None and identifier not in _being_defined:
        return cls  # type: ignore[no-any-return]
    with _lock:  # another thread may be defining it
        cls = by_value_class(identifier)
        if cls is None:
            definition = next(each for each in definitions if each[0] == identifier)
            cls = _define(definition, definitions, load)
    return cls  # type: ignore[no-any-return]


def begin(identifier: str, make: Callable[..., type], arguments: tuple[Any, ...]) -> type:
    """Make an empty class, or find the one that there is; called by the pickle."""
    cls = by_value_class(identifier)
    if cls is not None:
        return cls  # type: ignore[no-any-return]
    _being_defined.add(identifier)
    return make(*arguments)


def finish(cls: type, state: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
    """Give an empty class what is in it; called by the pickle."""
    identifier, *contents = state
    if identifier in _being_defined:
        from cloudpickle.cloudpickle import _class_setstate

        _class_setstate(cls, contents)
        _being_defined.discard(identifier)


def _define(
    definition: Definition, definitions: tuple[Definition, ...], load: Callable[..., Any]
) -> type:
    identifier, data, references, buffers, _ = definition
    _being_defined.add(identifier)
    is_whole = False
    try:
        cls: type = load((data, (*references, definitions), buffers))
        is_whole = True
    finally:
        _being_defined.discard(identifier)
        if not is_whole:
            forget_by_value(identifier)  # it may be tried again
    received[identifier] = definition
    if "<locals>" not in type.__dict__["__qualname__"].__get__(cls):
        _kept.append(cls)
    _core.note_classes()
    return cls
