"""Pickling by value what needs cloudpickle, whose import takes an interpreter 25 ms."""

from __future__ import annotations

from collections import ChainMap
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

import cloudpickle

from .closures import resolved
from .value_types import note_by_value

if TYPE_CHECKING:
    from collections.abc import Callable


_dispatch_table: Any = cloudpickle.Pickler.dispatch_table  # a ChainMap


def _reduce_code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts = _dispatch_table[CodeType](code)
    return _make_code, (code.co_filename, make, *parts)


def _make_code(filename: str, make: Callable[..., CodeType], *parts: Any) -> CodeType:
    """Make a code object with its file name, which cloudpickle leaves out, for tracebacks."""
    return make(*parts).replace(co_filename=filename)


def _found(value: Any) -> Any:
    """Stand in a pickle for what was imported when it was pickled."""
    return value


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by value what cannot be imported, with the names of its files."""

    dispatch_table: ClassVar[Any] = ChainMap({CodeType: _reduce_code}, _dispatch_table)

    def reducer_override(self, obj: Any) -> Any:
        if (found := resolved(obj)) is not obj:
            return _found, (found,)
        reduced = super().reducer_override(obj)
        if issubclass(type(obj), type):
            note_by_value(obj)
        return reduced
