"""Functions that go by value, with the references that they hold."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import cloudpickle

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
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
    pickler = _Pickler(file)
    pickler.dump(function)
    return file.getvalue(), tuple(pickler.references)


def load_function(data: bytes, references: tuple[object, ...]) -> Callable[..., Any]:
    """Make the function again."""
    function: Callable[..., Any] = _Unpickler(data, references).load()
    return function
