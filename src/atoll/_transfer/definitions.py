"""Classes that go by value: each is defined once in an interpreter, and never again.

A pickle names such a class by its id. Beside it crosses what defines the class, for interpreters
that have not got it; in the others nothing of theirs is changed by what arrives. A class that came
from elsewhere goes on as it came: its state here need not be pickled.
"""

from __future__ import annotations

from _thread import RLock
from _weakref import ref

from .. import _core
from . import pickles
from .value_types import by_value_class, by_value_id, is_enum, note_by_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._memory.buffer import Buffer

    # The id, a pickle and what is beside it, and the ids of the classes that it names.
    type Definition = tuple[str, bytes, tuple[object, ...], tuple[Buffer, ...], tuple[str, ...]]

# By id: as they came here; as ours went the latest time, while the class lives.
_received: dict[str, Definition] = {}
_sent: dict[str, tuple[object, Definition]] = {}

_kept: list[type] = []  # classes of `__main__` that came here: their state is to stay


# ---- going ----


def identify(cls: type) -> str:
    """Return the id of a class that goes by value; it gets one."""
    identifier = by_value_id(cls)
    if identifier is None:
        from cloudpickle import cloudpickle

        identifier = str(cloudpickle._get_or_create_tracker_id(cls))
        _core.note_classes()  # others may have proxies of its instances
    note_by_value(cls)
    return identifier


def gather(
    identifiers: Iterable[str], is_reference: Callable[[object], bool]
) -> tuple[Definition, ...]:
    """Return the definitions of classes, and of those that they need.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in one of them cannot be
            pickled, and it never could.
    """
    found: dict[str, Definition] = {}
    missing = set(identifiers)
    while missing:
        identifier = missing.pop()
        definition = _received.get(identifier) or _define(identifier, is_reference)
        found[identifier] = definition
        missing.update(each for each in definition[4] if each not in found)
    return tuple(found.values())


def _define(identifier: str, is_reference: Callable[[object], bool]) -> Definition:
    from . import cloud

    cls = by_value_class(identifier)
    if identifier in _sent and is_enum(cls):
        return _sent[identifier][1]
    beside = pickles.Beside(is_reference, defined=cls)
    try:
        data = pickles.write(cloud.Pickler, cls, beside)
    except Exception:
        if identifier not in _sent:
            raise
        return _sent[identifier][1]  # what it was before it got what cannot be pickled
    definition = beside.definition(identifier, data)
    _sent[identifier] = ref(cls, lambda _: _sent.pop(identifier, None)), definition
    return definition


# ---- arriving ----

_lock = RLock()
_being_defined: set[str] = set()


def find(identifier: str, definitions: tuple[Definition, ...]) -> type:
    """Return the class of an id; if there is none here, define it."""
    cls: Any = by_value_class(identifier)
    if cls is not None and identifier not in _being_defined:
        return cls  # type: ignore[no-any-return]
    with _lock:  # another thread may be defining it
        cls = by_value_class(identifier)
        if cls is None:
            definition = next(each for each in definitions if each[0] == identifier)
            cls = _load(definition, definitions)
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


def _load(definition: Definition, definitions: tuple[Definition, ...]) -> type:
    identifier, data, references, buffers, _ = definition
    _being_defined.add(identifier)
    try:
        cls: type = pickles.load((data, (*references, definitions), buffers))
    finally:
        _being_defined.discard(identifier)
    _received[identifier] = definition
    if "<locals>" not in type.__dict__["__qualname__"].__get__(cls):
        _kept.append(cls)
    _core.note_classes()
    return cls
