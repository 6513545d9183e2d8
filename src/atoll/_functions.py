"""Functions that go by value, with the references that they hold."""

from __future__ import annotations

import io
import pickle
from collections import ChainMap
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

import cloudpickle

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable


_dispatch_table: Any = cloudpickle.Pickler.dispatch_table  # a ChainMap


def _reduce_code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts = _dispatch_table[CodeType](code)
    return _make_code, (code.co_filename, make, *parts)


def _make_code(filename: str, make: Callable[..., CodeType], *parts: Any) -> CodeType:
    """Make a code object with its file name, which cloudpickle leaves out, for tracebacks."""
    return make(*parts).replace(co_filename=filename)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by value what cannot be imported, with the names of its files."""

    dispatch_table: ClassVar[Any] = ChainMap({CodeType: _reduce_code}, _dispatch_table)


def dump_by_value(obj: object) -> bytes:
    """Pickle an object, with the classes and functions that cannot be imported elsewhere.

    Raises:
        TypeError, pickle.PicklingError: If something in it cannot be pickled.
    """
    file = io.BytesIO()
    _Pickler(file, 5).dump(obj)
    return file.getvalue()


class _FunctionPickler(_Pickler):
    """Pickles a function by value, but lets proxies and handles in it stay references."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=5)
        self.references: list[object] = []

    def persistent_id(self, obj: object) -> int | None:
        if not (_core.is_proxy(obj) or _core.is_handle(obj)):
            return None
        self.references.append(obj)
        return len(self.references) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, references: tuple[object, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._references = references

    def persistent_load(self, pid: int) -> object:
        return self._references[pid]


def dump_function(function: Callable[..., Any]) -> tuple[bytes, tuple[object, ...]]:
    """Pickle a function by value.

    Returns:
        The pickle, and the proxies and handles that it refers to by position.

    Raises:
        TypeError, pickle.PicklingError: If something that it captured cannot be pickled.
    """
    file = io.BytesIO()
    pickler = _FunctionPickler(file)
    pickler.dump(function)
    return file.getvalue(), tuple(pickler.references)


def load_function(data: bytes, references: tuple[object, ...]) -> Callable[..., Any]:
    """Make the function again."""
    function: Callable[..., Any] = _Unpickler(data, references).load()
    return function
