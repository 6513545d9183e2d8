"""The types whose instances go by value, besides the builtin ones that the core knows."""

from __future__ import annotations

import sys
from _weakref import ref
from contextlib import suppress

from .. import _core
from .names import claimed_name, mro_of, name_of_class
from .sentinels import find_sentinel_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What cannot change but is no builtin that the core knows. Pure paths and paths hold no state.
_VALUE_TYPES = frozenset(
    {
        "datetime:date",
        "datetime:time",
        "datetime:datetime",
        "datetime:timedelta",
        "datetime:timezone",
        "zoneinfo:ZoneInfo",
        "decimal:Decimal",
        "fractions:Fraction",
        "uuid:UUID",
        "re:Pattern",
        *(
            f"ipaddress:IPv{n}{kind}"
            for n in (4, 6)
            for kind in ("Address", "Network", "Interface")
        ),
        *(
            f"{module}:{name}"
            for module in ("pathlib", "pathlib._local")
            for name in (
                "PurePath",
                "PurePosixPath",
                "PureWindowsPath",
                "Path",
                "PosixPath",
                "WindowsPath",
            )
        ),
    }
)


_registered: dict[int, type] = {}  # here, by id(): a metaclass may have a hash of its own
BY_VALUE = "by value:"  # before the id of a class that crosses by value itself


def is_enum(cls: type) -> bool:
    """Tell whether instances are members of an Enum or a Flag."""
    enum_type = getattr(sys.modules.get("enum"), "Enum", None)  # it may be half imported
    return any(base is enum_type for base in mro_of(cls))


def is_value_type(cls: type) -> bool:
    """Tell whether instances of exactly this type are pickled.

    A class is recognised by being the one that was registered here, or that is found under a name
    that was registered: not by the name that it says it has.
    """
    if _registered.get(id(cls)) is cls:
        return True
    name = name_of_class(cls)
    if name is None:
        identifier = by_value_id(cls)
        return identifier is not None and _core.is_value_name(BY_VALUE + identifier)
    return name in _VALUE_TYPES or _core.is_value_name(name) or find_sentinel_type(cls)


# What is noted here, by id() as well.
_ids: dict[int, tuple[ref[type], str]] = {}


def by_value_id(cls: type) -> str | None:
    """Return the id under which a class is known on both sides, if it crossed by value.

    Cloudpickle alone may have given it one, in a pickle that somebody else sent.
    """
    noted = _ids.get(id(cls))
    if noted is not None and noted[0]() is cls:
        return noted[1]
    known = _classes_by_id()
    try:
        identifier = _ids_of_cloudpickle().get(cls)
    except Exception:  # it is not imported; a metaclass may have a hash that raises
        identifier = None
    if identifier is not None and known.get(identifier) is cls:
        return str(identifier)
    return None


def note_id(cls: type, identifier: str) -> str:
    """Have a class known by an id, if it has none yet; return the one that it has.

    Cloudpickle looks classes up by equality, so that it takes one for another whose metaclass
    says that they are equal.
    """
    key, known = id(cls), _classes_by_id()
    known[identifier] = cls  # before others can find the id
    noted = _ids.setdefault(key, (ref(cls, lambda _: _ids.pop(key, None)), identifier))[1]
    if noted != identifier:  # another thread was faster
        known.pop(identifier, None)
    with suppress(Exception):  # as above
        _ids_of_cloudpickle().setdefault(cls, noted)
    return noted


def by_value_class(identifier: str) -> Any:
    """Return the class of such an id; None: it did not cross."""
    return _classes_by_id().get(identifier)


def forget_by_value(identifier: str) -> None:
    """Have no class of such an id."""
    _classes_by_id().pop(identifier, None)


def _ids_of_cloudpickle() -> Any:
    return sys.modules["cloudpickle.cloudpickle"]._DYNAMIC_CLASS_TRACKER_BY_CLASS


def _classes_by_id() -> Any:
    # Another thread may be importing it: then no class has crossed yet.
    cloudpickle = sys.modules.get("cloudpickle.cloudpickle")
    return getattr(cloudpickle, "_DYNAMIC_CLASS_TRACKER_BY_ID", {})


def note_by_value(cls: type) -> None:
    """Have a registered class known as one where it arrives by value."""
    identifier = by_value_id(cls) if is_value_type(cls) else None
    if identifier is not None and not _core.is_value_name(BY_VALUE + identifier):
        _core.register_value_name(BY_VALUE + identifier)


def register_value_type(cls: type) -> type:
    """Declare that instances of a class cannot change, so that they cross by value.

    From then on, in every interpreter, instances of exactly this class (not of subclasses) are
    pickled and rebuilt on the other side instead of being proxied. Elsewhere it is the class that
    is found under its name, or that went there by value. Can be used as a decorator.

    Args:
        cls: A class whose instances pickle can handle. A class of `__main__` goes by value as well.

    Returns:
        The class.

    Raises:
        TypeError: If it is not a class, or is a Proxy to one.

    Threads: any.

    Example:
        >>> @atoll.register_value_type
        ... @dataclass(frozen=True)
        ... class Point:
        ...     x: int
        ...     y: int
    """
    if not isinstance(cls, type) or _core.is_proxy(cls):
        raise TypeError(f"a class of this interpreter is required, not {cls!r}")
    _registered[id(cls)] = cls
    _core.register_value_name(claimed_name(cls) or "")
    return cls
