"""The parts of an exception, taken and set where CPython keeps them, whatever its class says.

A class may refuse attributes, lie about them, or raise when it is asked: it is not asked.
"""

from __future__ import annotations

from .. import _core
from .._typing import cast
from .names import (
    Slot,
    base_of,
    is_heap_type,
    module_of,
    mro_of,
    name_of,
    names_in,
    native_base,
    resolve,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    # How an exception makes itself again: by what (Maker), the arguments, what `__setstate__` gets.
    type Reduction = tuple[str, tuple[Any, ...], tuple[Any, ...]]

_GETSET = type(BaseException.args)

inside: dict[str, Callable[[BaseException], Any]] = {
    name: BaseException.__dict__[name].__get__
    for name in ("args", "__dict__", "__traceback__", "__cause__", "__context__")
}
inside["__suppress_context__"] = BaseException.__dict__["__suppress_context__"].__get__
members_of_group = BaseExceptionGroup.__dict__["exceptions"].__get__
message_of_group = BaseExceptionGroup.__dict__["message"].__get__


def set_inside(exception: BaseException, name: str, value: Any) -> None:
    """Set what BaseException keeps."""
    BaseException.__dict__[name].__set__(exception, value)


def asked[T](question: Callable[..., T], *about: Any, otherwise: T) -> T:
    """Ask what may run code of others."""
    try:
        return question(*about)
    except MemoryError:
        raise
    except Exception:
        return otherwise


def text_of(value: object, otherwise: str = "?") -> str:
    """Return a string as itself and no subclass, anything else as it prints."""
    if type(value) is str:
        return value
    text = value if issubclass(type(value), str) else asked(str, value, otherwise=otherwise)
    return str.__str__(cast("str", text))


# ---- the class ----


def is_shared(cls: type) -> bool:
    """Tell whether a class is the same object in all interpreters."""
    return not is_heap_type(cls) and module_of(cls) == "builtins"


def shared_base(cls: type[BaseException]) -> type[BaseException]:
    """Find the nearest type that all share, along the bases whose layout the class has."""
    while not is_shared(cls):
        cls = base_of(cls)
    return cls


def is_made_by_all(cls: type[BaseException]) -> bool:
    """Tell whether a builtin type allocates it: no arguments are needed then, but for groups."""
    return is_shared(native_base(cls))


def allocate(cls: type[BaseException], *args: Any) -> BaseException | None:
    """Make an exception that has no more than its type; None: it cannot be made so."""
    made = asked(names_in(native_base(cls))["__new__"], cls, *args, otherwise=None)
    if issubclass(cls, StopIteration) and type(made) is cls:
        StopIteration.__dict__["value"].__set__(made, None)  # CPython reads it without a check
    return made if type(made) is cls else None


# ---- fields: kept in C by builtin types, and `__slots__` ----

_ABSENT = object()
_of_shared: dict[type, tuple[tuple[str, Any, object], ...]] = {}  # these do not change


def _descriptors(cls: type) -> Iterable[tuple[str, Any, object]]:
    """Return each field's name, what says where it is, and what it holds while it is not set."""
    if not is_shared(cls):
        return _find_descriptors(cls)
    if cls not in _of_shared:
        _of_shared[cls] = tuple(_find_descriptors(cls))
    return _of_shared[cls]


def _find_descriptors(cls: type) -> Iterator[tuple[str, Any, object]]:
    seen: set[str] = set()
    for each in mro_of(cls):
        if each is BaseException or each is object:
            continue
        is_native = is_shared(each)
        for name, found in names_in(each).items():
            is_field = type(found) is Slot or (is_native and type(found) is _GETSET)
            if is_field and name not in seen and not name.startswith("__"):
                seen.add(name)
                yield name, found, None if is_native else _ABSENT


def _field(descriptor: Any, exception: BaseException) -> Any:
    return asked(descriptor.__get__, exception, otherwise=_ABSENT)


def fields_of(exception: BaseException) -> list[tuple[str, Any]]:
    """Return the fields that are set, but what a group is made of."""
    cls = type(exception)
    fields: list[tuple[str, Any]] = []
    for name, descriptor, unset in _descriptors(cls):
        value = _field(descriptor, exception)
        if value is not _ABSENT and value is not unset and not _is_left_out(cls, name, value):
            fields.append((name, value))
    return fields + _given_as_none(exception, dict(fields))


def _given_as_none(exception: BaseException, fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what an OSError was given as None: `str` tells it from what it was not given."""
    args = inside["args"](exception)
    if not issubclass(type(exception), OSError) or len(args) < 2:
        return []
    pair = ("errno", args[0]), ("strerror", args[1])
    was_given = all(fields.get(name) is value for name, value in pair)
    return [(name, None) for name, value in pair if was_given and value is None]


def _is_left_out(cls: type, name: str, value: object) -> bool:
    if issubclass(cls, BaseExceptionGroup) and name in ("message", "exceptions"):
        return True
    # Whoever catches the exception would keep that object alive.
    return issubclass(cls, AttributeError) and name == "obj" and type(value) is not str


def set_fields(exception: BaseException, fields: dict[str, Any]) -> list[str]:
    """Set these fields and no others; return the names of those that cannot be set.

    What the class here has no place for becomes an attribute; and an attribute that it has a place
    for, since a stand-in had none, becomes a field again.
    """
    refused = []
    own = inside["__dict__"](exception)
    for name, descriptor, unset in _descriptors(type(exception)):
        if (
            unset is _ABSENT
            and name not in fields
            and asked(own.__contains__, name, otherwise=False)
        ):
            fields[name] = own.pop(name)
        if name in fields:
            if not _is_done(descriptor.__set__, exception, fields.pop(name)):
                refused.append(name)
            continue
        value = _field(descriptor, exception)
        if value is not unset and value is not _ABSENT:
            _is_done(descriptor.__delete__, exception)  # of a group it refuses
    own.update(fields)
    return refused


def has_attribute(exception: BaseException, name: Any) -> bool:
    """Tell whether it has an attribute, or a slot, of that name; the name may be any object."""
    slots = [slot for slot, _, unset in _descriptors(type(exception)) if unset is _ABSENT]
    own = inside["__dict__"](exception)
    return (type(name) is str and name in slots) or asked(own.__contains__, name, otherwise=True)


def _is_done(change: Callable[..., object], *about: Any) -> bool:
    return asked(change, *about, otherwise=_ABSENT) is None


# ---- its own reduction ----


def _own(cls: type, *names: str) -> bool:
    """Tell whether a class defines one of these methods itself, or a base that not all share."""
    own = (each for each in mro_of(cls) if not is_shared(each))
    return any(name in names_in(each) for each in own for name in names)


def reduction_of(exception: BaseException) -> Reduction | None:
    """Return the reduction of a class that has one of its own, if it is of use elsewhere."""
    cls = type(exception)
    if is_shared(cls) or not _own(cls, "__reduce__", "__reduce_ex__"):
        return None
    reduced: Any = asked(lambda: cls.__reduce_ex__(exception, 4), otherwise=None)
    if type(reduced) is not tuple or len(reduced) < 2 or type(reduced[1]) is not tuple:
        return None
    maker = _maker_name(reduced[0], cls)
    state = reduced[2:3] if _own(cls, "__setstate__") and reduced[2:3] != (None,) else ()
    return None if maker is None else (maker, reduced[1], state)


def _maker_name(maker: Any, cls: type) -> str | None:
    """Return "" for the class itself, ".name" for a method of it, else an import name.

    No function of another package is called: one that makes anything, as `eval`, says nothing.
    """
    if maker is cls:
        return ""
    if asked(getattr, maker, "__self__", None, otherwise=None) is cls:
        return f".{text_of(asked(getattr, maker, '__name__', otherwise=''))}"
    name = asked(name_of, maker, otherwise=None)
    package = text_of(asked(module_of, cls, otherwise="")).partition(".")[0]
    is_of_package = name is not None and name.replace(":", ".").startswith(f"{package}.")
    return name if is_of_package else None


def made_by_reduction(
    cls: type[BaseException], reduction: Reduction | None
) -> BaseException | None:
    """Make an exception by its reduction; None: that does not make one of this class."""
    return None if reduction is None else asked(_reduced, cls, reduction, otherwise=None)


def _reduced(cls: type[BaseException], reduction: Reduction) -> BaseException | None:
    name, args, state = reduction
    maker: Any = cls
    if name:
        maker = getattr(cls, name[1:]) if name[0] == "." else resolve(name)
    made: Any = maker(*args)
    if state:
        made.__setstate__(*state)
    return made if type(made) is cls else None


def set_args(exception: BaseException, args: tuple[Any, ...]) -> None:
    """Set its arguments, but no Proxies in place of what its reduction has made."""
    kept = inside["args"](exception)
    if len(kept) != len(args) or not any(map(_core.is_proxy, args)):
        set_inside(exception, "args", args)


def add_state(exception: BaseException, state: list[tuple[Any, Any]]) -> None:
    """Add attributes, but no Proxies in place of what its reduction has made."""
    own = inside["__dict__"](exception)
    for key, value in state:
        if not (_core.is_proxy(value) and asked(own.__contains__, key, otherwise=True)):
            asked(own.__setitem__, key, value, otherwise=None)  # a key may refuse to be hashed


def become(exception: BaseException, other: BaseException) -> None:
    """Give an exception the arguments, fields and attributes of another one."""
    set_inside(exception, "args", inside["args"](other))
    inside["__dict__"](exception).update(inside["__dict__"](other))
    set_fields(exception, dict(fields_of(other)))
