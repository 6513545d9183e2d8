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
    from collections.abc import Callable
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


class _Pickler(pickle.Pickler):
    """Pickles by reference to what can be imported, and lets references be."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 5)
        self.references: list[object] = []

    def reducer_override(self, obj: object) -> Any:
        return self._reference(obj) if is_reference(obj) else NotImplemented

    def _reference(self, obj: object) -> tuple[Callable[[int], object], tuple[int]]:
        self.references.append(obj)
        return _take, (len(self.references) - 1,)


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, references: tuple[object, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._references = references

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == "_take":
            return self._references.__getitem__
        return super().find_class(module, name)


def _value_pickler(file: io.BytesIO) -> Any:
    """Make a pickler that takes functions and classes of `__main__` along by value."""
    import cloudpickle

    class ValuePickler(cloudpickle.Pickler):  # type: ignore[misc]
        def __init__(self, file: io.BytesIO) -> None:
            super().__init__(file, 5)
            self.references: list[object] = []

        _reference = _Pickler._reference

        def reducer_override(self, obj: object) -> Any:
            if is_reference(obj):
                return self._reference(obj)
            return super().reducer_override(obj)

    return ValuePickler(file)


def _dump_with(make: Callable[[io.BytesIO], Any], obj: object) -> Dumped:
    file = io.BytesIO()
    pickler = make(file)
    pickler.dump(obj)
    return file.getvalue(), tuple(pickler.references)


def dump(obj: object) -> Dumped:
    """Pickle a value.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If it cannot be pickled.
    """
    try:
        dumped = _dump_with(_Pickler, obj)
    except (pickle.PicklingError, AttributeError, TypeError):
        return dump_by_value(obj)
    return dump_by_value(obj) if b"__main__" in dumped[0] else dumped


def dump_by_value(obj: object) -> Dumped:
    """Pickle a value with the functions and classes of `__main__` in it, and lambdas."""
    return _dump_with(_value_pickler, obj)


def load(dumped: Dumped) -> Any:
    """Make the value again."""
    data, references = dumped
    return _Unpickler(data, references).load() if references else pickle.loads(data)


def load_function(data: bytes) -> Callable[..., Any]:
    """Make a function again that refers to nothing."""
    function: Callable[..., Any] = pickle.loads(data)
    return function


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
