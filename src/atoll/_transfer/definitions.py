"""What defines classes that go by value, taken apart: it crosses beside the pickles that name them.

A class that came from elsewhere goes on as it came: its state here need not be pickled.
"""

from __future__ import annotations

from _weakref import ref

from . import pickles
from .defining import received
from .value_types import by_value_class, is_enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .defining import Definition

_sent: dict[str, tuple[object, Definition]] = {}  # as ours went the latest time, while they live


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
        definition = received.get(identifier) or _define(identifier, is_reference)
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
