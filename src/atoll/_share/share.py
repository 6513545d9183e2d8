"""Values that all interpreters share: frozen once, used by all without a copy."""

from __future__ import annotations

import sys

from .. import _core
from .._core import frozendict

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from types import FrameType
    from typing import Any, Literal, TypeVar, overload

    T = TypeVar("T")
    K = TypeVar("K")
    V = TypeVar("V")

__all__ = ["ShareStatistics", "frozendict", "is_shared", "share"]

# What `lists=True` freezes.
_FREEZABLE = (list, set, bytearray)


class ShareStatistics:
    """How much is shared by the interpreters of the process: see `share.statistics()`.

    Attributes:
        objects: How many shared objects have been made.
        bytes: Their size, in bytes.
        by_type: How many of each type; datetime stands for the four types of that module.

    Example:
        >>> atoll.share.statistics().by_type["str"]
        12
    """

    __slots__ = ("by_type", "bytes", "objects")

    def __init__(self, by_type: dict[str, int], size: int) -> None:
        self.by_type = by_type
        self.objects = sum(by_type.values())
        self.bytes = size

    def __repr__(self) -> str:
        types = ", ".join(f"{name}: {count}" for name, count in self.by_type.items() if count)
        return f"<{self.objects} shared objects, {self.bytes} bytes ({types})>"


class _Share:
    __slots__ = ()
    __name__ = __qualname__ = "share"

    if TYPE_CHECKING:

        @overload
        def __call__(
            self, obj: dict[K, V], *, lists: Literal[False] = False
        ) -> frozendict[K, V]: ...
        @overload
        def __call__(self, obj: T, *, lists: Literal[False] = False) -> T: ...
        @overload
        def __call__(self, obj: object, *, lists: bool) -> Any: ...

    def __call__(self, obj: object, *, lists: bool = False) -> Any:
        """Return a deep-frozen copy of a value, which all interpreters share.

        It is made once, in memory of the process, and is never freed: share tables, configurations,
        word lists, not short-lived values. It crosses as a pointer, at the same cost for any size,
        and is the same object, with the same `id()`, in every interpreter, even after the one that
        made it is closed.

        Can be shared: None, bool, int, float, complex, str, bytes, tuple, frozenset, dict, builtin
        types, and date, time, datetime and timedelta (naive or in UTC), nested to any depth. A dict
        becomes an `atoll.frozendict`. Common parts, and small values that are equal, are kept once.
        An object that is shared already is returned as it is. A shared frozenset is of a subclass
        without weak references.

        Args:
            obj: The value; it is not changed.
            lists: Freeze mutable objects too: lists become tuples, sets frozensets, bytearrays
                bytes. A dict may then contain itself.

        Raises:
            TypeError: If something in it cannot be shared; the message says where it is.
            ValueError: If a list contains itself through lists alone.
            MemoryError: If there is not enough memory; then nothing is shared.

        Threads: any. No other thread runs in this interpreter meanwhile.

        Example:
            >>> words = atoll.share({"atoll": 3, "lagoon": 1})
            >>> interpreter.call(lookup, words, "atoll")  # nothing is copied
            3
        """
        return _core.share(obj, bool(lists))

    __doc__ = __call__.__doc__

    def statistics(self) -> ShareStatistics:
        """Return how much is shared by the interpreters of this process. Threads: any."""
        return ShareStatistics(*_core.count_shared())

    def save(self, obj: Any, path: str | os.PathLike[str], *, lists: bool = False) -> None:
        """Write a value to a file, from which `load` shares it again.

        The value is shared first, if it is not shared yet. The file has values, no code, in atoll's
        own format: every supported Python reads it, on machines of either byte order. Common parts
        are in it once, and are one object again when it is loaded; dicts keep their order, and may
        contain themselves.

        It is checked by reading it, written to another file in the same folder, and then renamed: a
        program that loads it meanwhile gets the old file or the new one, and if something fails the
        old one is still there.

        Args:
            obj: What `share` accepts.
            path: The file's path. An existing file is replaced.
            lists: As for `share`.

        Raises:
            TypeError: If `share` refuses the value, or it has a type that is not in `builtins`,
                `types` or `datetime`.
            ValueError: If `share` refuses the value, or `load` would: a key (or an item of a
                frozenset) that is nested deeper than 200 levels or has a dict that contains itself;
                keys that would take too long to find or compare, because thousands have the same
                hash, or hashes made to collide, or because each repeats the same parts over and
                over.
            OSError: If the file cannot be written.

        Threads: any.

        Example:
            >>> atoll.share.save(count_words(), "words.atoll")
            >>> words = atoll.share.load("words.atoll")
        """
        from .file import save

        save(_core.share(obj, bool(lists)), path)

    def load(self, path: str | os.PathLike[str]) -> Any:
        """Share what `save` wrote to a file.

        The file need not be trusted: the result is a value of the types that `share` accepts, or a
        ValueError. No code is run, nothing is imported or opened. Time and memory are in proportion
        to the file's size; keys of its dicts and frozensets take seconds at most. As all that is
        shared, the value is never freed; load a file once.

        Args:
            path: The file's path. Do not change the file while it is loaded.

        Returns:
            The value, shared. Loading the file again makes another copy.

        Raises:
            ValueError: If the file is damaged, was not written by `save`, has another version of
                the format, or names a type that this Python does not have; the message has the file
                and the reason.
            OSError: If the file cannot be read.

        Threads: any.

        Example:
            >>> words = atoll.share.load("words.atoll")
            >>> words["lagoon"]
            1
        """
        from .file import load

        return _core.share(load(path), False)

    def __repr__(self) -> str:
        return "<function atoll.share>"

    def __reduce__(self) -> str:
        return "share"


share = _Share()


def is_shared(obj: object) -> bool:
    """Tell whether an object is the same in all interpreters.

    Args:
        obj: Any object. It is true of what `share` returned, with all parts, and of None, small
            ints, builtin types and other objects that CPython itself shares.

    Crosses: nothing. Threads: any.

    Example:
        >>> atoll.is_shared(atoll.share((1, 2)))
        True
    """
    return _core.is_shared(obj)


# ---- what cannot be shared ----


def share_error(path: list[tuple[Any, ...]], culprit: object, is_cycle: bool) -> Exception:
    """Make the exception for an object that cannot be shared; called by the core in `share`."""
    where = _root_name(sys._getframe(1))
    for step in path:
        match step:
            case (int(index),):
                where += f"[{index}]"
            case (None, key):
                where += f"[{key!r}]"
            case (part, _):
                where = f"an item of {where}" if part == "item" else f"a key of {where}"
    if is_cycle:
        return ValueError(
            f"cannot share {where}: the list contains itself [docs: how-to/shared-tables]"
        )
    kind = type(culprit)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    advice = _advice(culprit, kind)
    return TypeError(f"cannot share {where}: {name}; {advice} [docs: how-to/shared-tables]")


def _root_name(frame: FrameType) -> str:
    """Return the name of the value in the caller of `share`, or "obj"."""
    root = frame.f_locals.get("obj")
    caller = frame.f_back
    if caller is not None:
        for names in (caller.f_locals, caller.f_globals):
            for name, value in names.items():
                if value is root and name.isidentifier():
                    return name
    return "obj"


def _advice(culprit: object, kind: type) -> str:
    if _core.is_proxy(culprit):
        return "it is a Proxy: share a copy of the original, share(atoll.copy(proxy))"
    if kind in _FREEZABLE:
        return f"a {kind.__name__} can change: share(..., lists=True) freezes it"
    if isinstance(culprit, type):
        return "a class belongs to one interpreter: share its name"
    if kind.__module__ == "datetime":
        return "only naive ones and those in UTC can be shared: convert it with astimezone(UTC)"
    if hasattr(sys.modules.get("enum"), "Enum") and isinstance(culprit, sys.modules["enum"].Enum):
        return "a member of an Enum belongs to one interpreter: share its value"
    if hasattr(kind, "__dataclass_fields__"):
        return (
            "an instance belongs to the interpreter of its class: share its fields, as in "
            "dataclasses.asdict(), and make a new one where it is needed"
        )
    for base in (tuple, str, int, float, bytes, frozenset, dict):
        if isinstance(culprit, base):
            return (
                f"an instance of a subclass of {base.__name__} belongs to the interpreter of its "
                f"class: convert it, {base.__name__}(...)"
            )
    return (
        "an instance belongs to the interpreter of its class: share its parts, or pass it by Proxy"
    )
