"""Pickling by value what needs cloudpickle, whose import takes an interpreter 25 ms."""

from __future__ import annotations

import sys
from collections import ChainMap
from enum import Enum
from types import CellType, CodeType, FunctionType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, ClassVar

import cloudpickle
from cloudpickle.cloudpickle import _dynamic_class_reduce, _should_pickle_by_reference

from . import defining
from .closures import Reducing, is_defined_by_python
from .names import is_unfinished, name_of

if TYPE_CHECKING:
    from collections.abc import Callable


_dispatch_table: Any = cloudpickle.Pickler.dispatch_table  # a ChainMap


def _reduce_code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts = _dispatch_table[CodeType](code)
    return _make_code, (code.co_filename, make, *parts)


def _make_code(filename: str, make: Callable[..., CodeType], *parts: Any) -> CodeType:
    """Make a code object with its file name, which cloudpickle leaves out, for tracebacks."""
    return make(*parts).replace(co_filename=filename)


def _reduce_class(cls: type) -> Any:
    """As cloudpickle does, with the qualified name, and with slots that are slots."""
    make, arguments, (state, slot_state), *_ = _dynamic_class_reduce(cls)
    namespace = type.__dict__["__dict__"].__get__(cls)
    if not issubclass(cls, Enum):
        body = dict(arguments[3])
        body["__qualname__"] = type.__dict__["__qualname__"].__get__(cls)
        if "__slots__" in namespace:
            body["__slots__"] = namespace["__slots__"]
            state = {name: each for name, each in state.items() if not _is_slot(name, each, cls)}
        bases = arguments[2]
        if "__orig_bases__" in namespace and type(cls) is type:  # NamedTuple would make another
            bases, body["__orig_bases__"] = cls.__bases__, namespace["__orig_bases__"]
        arguments = (*arguments[:2], bases, body, *arguments[4:])
    identifier = defining.identify(cls)
    arguments = (*arguments[:-2], identifier, arguments[-1])
    begun = identifier, make, arguments
    return defining.begin, begun, (identifier, state, slot_state), None, None, defining.finish


def _is_slot(name: str, value: object, cls: type) -> bool:
    return name == "__slots__" or (
        type(value) is MemberDescriptorType and value.__objclass__ is cls
    )


def _is_importable(obj: Any) -> bool:
    module = getattr(obj, "__module__", None)
    return _should_pickle_by_reference(obj) and not is_unfinished(sys.modules.get(str(module)))


class Pickler(Reducing, cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by value what cannot be imported, with the names of its files."""

    dispatch_table: ClassVar[Any] = ChainMap({CodeType: _reduce_code}, _dispatch_table)

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if issubclass(kind, type):
            if not is_defined_by_python(obj) or _is_importable(obj):
                return super().reducer_override(obj)
            taken = self.beside.takes_class(obj)
            return _reduce_class(obj) if taken is NotImplemented else taken
        if kind is CellType:
            reduced = self.reduce_cell(obj)
            return super().reducer_override(obj) if reduced is NotImplemented else reduced
        is_by_value = not _is_importable(obj) if kind is FunctionType else name_of(obj) is None
        reduced = self.reduce_function(obj) if is_by_value else NotImplemented
        return super().reducer_override(obj) if reduced is NotImplemented else reduced
