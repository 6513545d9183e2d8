"""Values that are taken apart here and put together there; functions that go by value."""

from __future__ import annotations

import sys

from .. import _core
from .names import claimed_name, name_of, name_of_class, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .pickles import Dumped

# How a value was taken apart, and the parts.
_BY_NAME, _BY_PICKLE, _IN_PARTS = "name", "pickle", "parts"

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


# ---- which types go by value ----

_mro_of = type.__dict__["__mro__"].__get__  # whatever the metaclass says


_registered: dict[int, type] = {}  # here, by id(): a metaclass may have a hash of its own
_BY_VALUE = "by value:"  # before the id of a registered class that crosses by value itself


def is_value_type(cls: type) -> bool:
    """Tell whether instances of exactly this type go by value; the core asks once per type.

    A class is recognised by being the one that was registered here, or that is found under a name
    that was registered: not by the name that it says it has.
    """
    if _registered.get(id(cls)) is cls:
        return True
    name = name_of_class(cls)
    if name is None:
        identifier = by_value_id(cls)
        return identifier is not None and _core.is_value_name(_BY_VALUE + identifier)
    if name in _VALUE_TYPES or _core.is_value_name(name):
        return True
    enum_type = getattr(sys.modules.get("enum"), "Enum", None)  # it may be half imported
    return any(base is enum_type for base in _mro_of(cls))


def by_value_id(cls: type) -> str | None:
    """Return the id under which cloudpickle knows a class on both sides, if it crossed by value."""
    cloudpickle = sys.modules.get("cloudpickle.cloudpickle")
    known: Any = getattr(cloudpickle, "_DYNAMIC_CLASS_TRACKER_BY_ID", None) or {}
    return next((str(identifier) for identifier, each in list(known.items()) if each is cls), None)


def note_by_value(cls: type) -> None:
    """Have a registered class known as one where it arrives by value."""
    identifier = by_value_id(cls) if is_value_type(cls) else None
    if identifier is not None and not _core.is_value_name(_BY_VALUE + identifier):
        _core.register_value_name(_BY_VALUE + identifier)


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


# ---- taking apart, putting together ----


def _pickled(obj: object, may_leave: bool) -> tuple[str, bytes | Dumped]:
    """Pickle by reference to what can be imported there, by value what cannot."""
    import _pickle as pickle  # pickle itself takes milliseconds to import

    if may_leave or not _core.has_shared():
        buffers: list[object] = []
        try:
            data = pickle.dumps(obj, 5, buffer_callback=buffers.append)
        except (pickle.PicklingError, AttributeError, TypeError):  # handles refuse
            data = b"__main__"
        if not buffers and b"__main__" not in data:
            return _BY_PICKLE, data
    from . import functions

    return _IN_PARTS, functions.dump(obj, _core.is_handle, may_leave)


def dump(
    obj: object, is_forced: bool = False, may_leave: bool = False
) -> tuple[str, str | bytes | Dumped] | None:
    """Take a value apart into what the core can carry; None: it has to go by reference.

    With `is_forced` (for `copy`) what cannot be pickled is an error. With `may_leave` it can be
    put together in another process, too.
    """
    if not is_forced and (isinstance(obj, type) or type(obj) is type(len)):
        name = name_of(obj)
        # Of other modules each interpreter may have a copy with a state of its own.
        is_alike = name is not None and name.split(".")[0].split(":")[0] in sys.stdlib_module_names
        return (_BY_NAME, name) if name is not None and is_alike else None
    try:
        return _pickled(obj, may_leave)
    except Exception:
        if is_forced:
            raise
        return None


def load(dumped: tuple[str, Any]) -> Any:
    """Put together what `dump` took apart."""
    how, data = dumped
    if how == _BY_NAME:
        return resolve(data)
    if how == _BY_PICKLE:
        import _pickle as pickle

        return pickle.loads(data)
    from . import pickles

    return pickles.load(data)


def fetch(proxy: object, may_leave: bool = False) -> Any:
    """Take apart, in its owner, what a Proxy stands for."""
    return _core.invoke(
        _core.owner(proxy), "atoll._transfer.values:dump", (proxy, True, may_leave), None
    )


def reduce_proxy(proxy: object) -> tuple[Any, tuple[Any]]:
    """Pickle a Proxy by the value of its original; called by the core."""
    how, what = fetch(proxy, True)
    if how == _IN_PARTS:
        data, references, buffers = what
        what = data, references, tuple(map(bytearray, buffers))  # any pickler takes these
    return load, ((how, what),)


def copy(obj: Any) -> Any:
    """Send, or fetch, by value what would go by reference.

    Of a Proxy: return a copy of the original here (a proxied list becomes a list). Of any other
    object: return a parcel that, passed as an argument or returned, arrives as a copy.

    What crosses: the pickled value; shared references and cycles inside it are kept. Big buffers in
    it (numpy arrays, with pickle's protocol 5) are copied once, into memory that the copy is made
    over; Buffers, queues and interpreters in it stay the same ones.

    Args:
        obj: A Proxy, or an object that pickle or cloudpickle can handle.

    Raises:
        pickle.PicklingError, TypeError: If the original cannot be pickled; for a local object this
            is raised by the call that it is passed to.
        InterpreterClosedError: If the owner is closed.

    Threads: any.

    Example:
        >>> numbers = interpreter.eval("[1, 2, 3]")
        >>> atoll.copy(numbers)
        [1, 2, 3]
        >>> interpreter.call(sorted, atoll.copy([3, 1, 2]))  # sorts a list of its own
    """
    return load(fetch(obj)) if _core.is_proxy(obj) else _core.mark(obj, True)
