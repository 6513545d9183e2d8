"""Functions that go by value, with the references that they hold.

They are made again without what takes them apart, which an interpreter need not import.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import io
import marshal

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any


_Function: Any = type(lambda: None)  # types takes a while, too
_Cell: Any = type((lambda each: lambda: each)(None).__closure__[0])  # type: ignore[index]


# ---- taking apart ----


def pickle_by_value(obj: object, adapt: Callable[[Any], Any]) -> tuple[bytes, Any]:
    """Pickle an object, with the classes and functions that cannot be imported elsewhere.

    Args:
        obj: The object.
        adapt: Makes of a class of picklers the one to use.

    Returns:
        The pickle, and the pickler.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in it cannot be pickled.
    """
    from . import _closures

    if not _is_changed():
        try:
            data, pickler = _dump(obj, adapt(_closures.Pickler))
            if b"__main__" not in data:  # by name, what is found nowhere else
                return data, pickler
        except Exception:  # what is wrong, if anything, cloudpickle says
            pass
    from . import _cloud

    return _dump(obj, adapt(_cloud.Pickler))


def _is_changed() -> bool:
    """Has cloudpickle been told to pickle some modules by value?"""
    import sys

    cloudpickle = sys.modules.get("cloudpickle")
    return cloudpickle is not None and bool(cloudpickle.list_registry_pickle_by_value())


def _dump(obj: object, make: Callable[[io.BytesIO, int], Any]) -> tuple[bytes, Any]:
    file = io.BytesIO()
    pickler = make(file, 5)
    pickler.dump(obj)
    return file.getvalue(), pickler


def dump_by_value(obj: object) -> bytes:
    """Pickle an object as `pickle_by_value` does; a Proxy goes by value."""
    return pickle_by_value(obj, lambda base: base)[0]


_adapted: dict[type, type] = {}


def _keeping_references(base: type) -> type:
    """Make a class of picklers that let proxies and handles stay references; once."""
    if base in _adapted:
        return _adapted[base]

    class Pickler(base):  # type: ignore[misc]
        def __init__(self, file: io.BytesIO, protocol: int) -> None:
            super().__init__(file, protocol)
            self.references: list[object] = []

        def persistent_id(self, obj: object) -> int | None:
            if not (_core.is_proxy(obj) or _core.is_handle(obj)):
                return None
            self.references.append(obj)
            return len(self.references) - 1

    return _adapted.setdefault(base, Pickler)


def dump_function(function: Callable[..., Any]) -> tuple[bytes, tuple[object, ...]]:
    """Pickle a function by value.

    Returns:
        The pickle, and the proxies and handles that it refers to by position.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something that it captured cannot be
            pickled.
    """
    data, pickler = pickle_by_value(function, _keeping_references)
    return data, tuple(pickler.references)


# ---- putting together ----


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, references: tuple[object, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._references = references

    def persistent_load(self, pid: int) -> object:
        return self._references[pid]


def load_function(data: bytes, references: tuple[object, ...] = ()) -> Callable[..., Any]:
    """Make the function again; also called by the core, for a task's that has no references."""
    function: Callable[..., Any] = (
        _Unpickler(data, references).load() if references else pickle.loads(data)
    )
    return function


def make(code: bytes, namespace: dict[str, Any], name: str) -> Callable[..., Any]:
    """Make a function that was taken apart, but for what `fill` gives it; called by the pickle."""
    if namespace.get("__name__", "") is None:
        namespace["__name__"] = "__main__"
    namespace.setdefault("__builtins__", __builtins__)
    loaded: CodeType = marshal.loads(code)
    cells = tuple(_Cell() for _ in loaded.co_freevars)
    function: Callable[..., Any] = _Function(loaded, namespace, name, None, cells)
    return function


def fill(
    function: Any,
    state: tuple[dict[str, Any], tuple[tuple[Any, ...], ...], dict[str, Any], dict[str, Any]],
) -> None:
    """Give a function what it refers to, which may be the function itself; called by the pickle."""
    values, cells, attributes, members = state
    function.__globals__.update(values)
    for cell, contents in zip(function.__closure__ or (), cells, strict=True):
        if contents:
            (cell.cell_contents,) = contents
    for name, value in attributes.items():
        setattr(function, name, value)
    function.__dict__.update(members)
