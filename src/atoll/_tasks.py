"""What an executor's tasks take along, by value: pickled here, rebuilt there. Called by the core.

The core copies plain values itself; what comes here is all else. Proxies, interpreters and what
`ref` and `copy` mark are no part of the pickle: they cross beside it, as the core sends them.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import io
import sys

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._exceptions import Captured

    # A pickle, and the objects that it refers to by their position.
    type Dumped = tuple[bytes, tuple[object, ...]]


def _take(position: int) -> object:
    """Stand in a pickle for the object at that position; the unpickler knows them."""
    raise RuntimeError("this pickle is only good between interpreters")


def is_reference(obj: object) -> bool:
    """Tell whether an object never goes by value: a Proxy, an interpreter, an executor, a ref()."""
    executors = sys.modules.get("atoll._executor")
    return _core.is_reference(obj) or (
        executors is not None and isinstance(obj, executors.InterpreterPoolExecutor)
    )


class _References:
    """Makes a pickler of its kind let references be."""

    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)  # type: ignore[call-arg]
        self.references: list[object] = []

    def reducer_override(self, obj: object) -> Any:
        if is_reference(obj):
            self.references.append(obj)
            return _take, (len(self.references) - 1,)
        return super().reducer_override(obj)  # type: ignore[misc]


class _ByName(pickle.Pickler):
    def reducer_override(self, obj: object) -> Any:
        return NotImplemented


class _Pickler(_References, _ByName):
    """Pickles by name what can be imported."""


_adapted: dict[type, type] = {}


def _keeping_references(base: type) -> type:
    if base not in _adapted:
        _adapted[base] = type("Pickler", (_References, base), {})
    return _adapted[base]


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, references: tuple[object, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._references = references

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == "_take":
            return self._references.__getitem__
        return super().find_class(module, name)


def dump(obj: object) -> Dumped:
    """Pickle a value.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If it cannot be pickled.
    """
    file = io.BytesIO()
    pickler = _Pickler(file, 5)
    try:
        pickler.dump(obj)
    except (pickle.PicklingError, AttributeError, TypeError):
        return dump_by_value(obj)
    data = file.getvalue()
    return dump_by_value(obj) if b"__main__" in data else (data, tuple(pickler.references))


def dump_by_value(obj: object) -> Dumped:
    """Pickle a value with the functions and classes of `__main__` in it, and lambdas."""
    from ._functions import pickle_by_value

    data, pickler = pickle_by_value(obj, _keeping_references)
    return data, tuple(pickler.references)


def load(dumped: Dumped) -> Any:
    """Make the value again."""
    data, references = dumped
    return _Unpickler(data, references).load() if references else pickle.loads(data)


def call(dumped: Dumped, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function that came by value, with references."""
    return load(dumped)(*args, **kwargs)


# ---- exceptions ----


def capture(exception: BaseException) -> Captured:
    """Take an exception apart as `atoll._exceptions` does, but with its arguments by value.

    So they outlive the interpreter. What cannot be pickled goes by reference.
    """
    from . import _exceptions

    return _by_value(_exceptions.capture(exception))


def _by_value(captured: Captured) -> Captured:
    fields: Any = dict(captured)
    if fields["blocks"] is None:
        fields["args"] = tuple(map(_copied, fields["args"]))
        fields["state"] = tuple((name, _copied(value)) for name, value in fields["state"])
        fields["members"] = tuple(map(_by_value, fields["members"]))
        for link in ("cause", "context"):
            fields[link] = fields[link] and _by_value(fields[link])
    return tuple(fields.items())


def _copied(value: object) -> object:
    if isinstance(value, (str, int, float, bytes, type(None))) or is_reference(value):
        return value
    try:
        dumped = dump(value)
    except Exception:  # pickling runs code of others
        return value
    return value if dumped[1] else _core.mark(value, True)
