"""Pickling by value what needs cloudpickle, whose import takes an interpreter 25 ms.

So are classes, whose definitions cross beside the pickles that name them. A class that came from
elsewhere goes on as it came: its state here need not be pickled.
"""

from __future__ import annotations

import sys
from _weakref import ref
from collections import ChainMap
from enum import Enum
from importlib import import_module
from types import CellType, CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NewType,
    ParamSpec,
    TypeAliasType,
    TypeVar,
    TypeVarTuple,
)

import cloudpickle
from cloudpickle.cloudpickle import (
    _decompose_typevar,
    _dynamic_class_reduce,
    _make_typevar,
    _should_pickle_by_reference,
)

from . import defining, enums, pickles, remaking
from .closures import Reducing, is_defined_by_python
from .defining import received
from .names import is_main, is_unfinished, name_of, names_in, qualname_of
from .value_types import by_value_class, is_enum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .defining import Definition


_dispatch_table: Any = cloudpickle.Pickler.dispatch_table  # a ChainMap


def _reduce_code(code: CodeType) -> tuple[Callable[..., CodeType], tuple[Any, ...]]:
    make, parts = _dispatch_table[CodeType](code)
    return _make_code, (code.co_filename, make, *parts)


def _make_code(filename: str, make: Callable[..., CodeType], *parts: Any) -> CodeType:
    """Make a code object with its file name, which cloudpickle leaves out, for tracebacks."""
    return make(*parts).replace(co_filename=filename)


def _reduce_class(cls: type, placed: Callable[[Any], Any]) -> Any:
    """As cloudpickle does, with the qualified name, and with slots that are slots.

    Args:
        cls: The class.
        placed: Says of a value which global it is.
    """
    make, arguments, (state, slot_state), *_ = _dynamic_class_reduce(cls)
    namespace = names_in(cls)
    attributes = {}
    if not issubclass(cls, Enum):
        body = dict(arguments[3])
        body["__qualname__"] = qualname_of(cls)
        if "__slots__" in namespace:
            body["__slots__"] = namespace["__slots__"]
            state = {name: each for name, each in state.items() if not _is_slot(name, each, cls)}
        bases = arguments[2]
        if "__orig_bases__" in namespace and type(cls) is type:  # NamedTuple would make another
            bases, body["__orig_bases__"] = cls.__bases__, namespace["__orig_bases__"]
        arguments = (*arguments[:2], bases, body, *arguments[4:])
    identifier = defining.identify(cls)
    arguments = (*arguments[:-2], identifier, arguments[-1])
    if issubclass(cls, Enum) and enums.can_be_taken_apart(cls):
        bases, name, qualname, _, module, *_ = arguments
        make, arguments = enums.make, (bases, name, qualname, module, enums.members_of(cls))
        state = {name: each for name, each in state.items() if name not in cls._member_map_}
        attributes = enums.attributes_of(cls)
    begun = identifier, make, arguments
    methods = {
        name: each
        for name, each in state.items()
        if name == "__abstractmethods__" or (isinstance(each, _METHODS) and name not in _LATE)
    }
    state = {name: placed(each) for name, each in state.items() if name not in methods}
    contents = identifier, _Methods(cls, methods), state, slot_state, attributes
    return defining.begin, begun, contents, None, None, defining.finish


_METHODS = FunctionType, classmethod, staticmethod, property
_LATE = {"__new__", "__init_subclass__", "__setattr__"}  # they may want what it has not got yet


class _Methods:
    """Those of a class, which it gets before its other attributes.

    Among these may be instances of it, whose `__setstate__` is called.
    """

    def __init__(self, cls: type, methods: dict[str, Any]) -> None:
        self.arguments = cls, methods


def _is_slot(name: str, value: object, cls: type) -> bool:
    return name == "__slots__" or (
        type(value) is MemberDescriptorType and value.__objclass__ is cls
    )


def _reduce_alias(alias: Any) -> Any:
    name, module, parameters = alias.__name__, alias.__module__, alias.__type_params__
    if not parameters:
        make, fill = remaking.make_alias, remaking.fill_alias
        return make, (name, module), alias.__value__, None, None, fill
    options = {"type_params": parameters}
    return remaking.make_named, (TypeAliasType, module, (name, alias.__value__), options)


def _reduce_new_type(new: Any) -> Any:
    return remaking.make_named, (NewType, new.__module__, (new.__name__, new.__supertype__), {})


def _reduce_parameters(parameters: Any) -> Any:
    kind, options = type(parameters), {}
    if parameters.has_default():
        options["default"] = parameters.__default__
    if kind is ParamSpec and parameters.__infer_variance__:
        options["infer_variance"] = True
    return remaking.make_named, (kind, parameters.__module__, (parameters.__name__,), options)


def _reduce_variable(variable: Any) -> Any:
    return _make_typevar, _decompose_typevar(variable)


# What typing gives names to is pickled by these names.
_OF_TYPING: dict[type, Callable[[Any], Any]] = {
    TypeAliasType: _reduce_alias,
    NewType: _reduce_new_type,
    ParamSpec: _reduce_parameters,
    TypeVar: _reduce_variable,
    TypeVarTuple: _reduce_parameters,
}


def _is_at_its_name(obj: Any) -> bool:
    module = sys.modules.get(obj.__module__) if not is_main(obj.__module__) else None
    return getattr(module, obj.__name__, None) is obj and not is_unfinished(module)


def _is_importable(obj: Any) -> bool:
    module = getattr(obj, "__module__", None)
    is_local = is_main(module) or is_unfinished(sys.modules.get(str(module)))
    return _should_pickle_by_reference(obj) and not is_local


class Pickler(Reducing, cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles by value what cannot be imported, with the names of its files."""

    dispatch_table: ClassVar[Any] = ChainMap({CodeType: _reduce_code}, _dispatch_table)

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if issubclass(kind, ModuleType) and kind is not ModuleType:  # those cloudpickle knows
            is_importable = sys.modules.get(obj.__name__) is obj
            return (import_module, (obj.__name__,)) if is_importable else NotImplemented
        if issubclass(kind, type):
            if not is_defined_by_python(obj) or _is_importable(obj):
                return super().reducer_override(obj)
            taken = self.beside.takes_class(obj)
            return _reduce_class(obj, self.placed) if taken is NotImplemented else taken
        if kind is _Methods:
            return defining.give_methods, obj.arguments
        if kind in _OF_TYPING:
            return NotImplemented if _is_at_its_name(obj) else _OF_TYPING[kind](obj)
        if kind is CellType:
            reduced = self.reduce_cell(obj)
            return super().reducer_override(obj) if reduced is NotImplemented else reduced
        is_by_value = not _is_importable(obj) if kind is FunctionType else name_of(obj) is None
        reduced = self.reduce_function(obj) if is_by_value else NotImplemented
        if reduced is NotImplemented:
            reduced = self.reduce_placed(obj)
        return super().reducer_override(obj) if reduced is NotImplemented else reduced


# ---- definitions of classes ----

_sent: dict[str, tuple[object, Definition]] = {}  # as ours went the latest time, while they live


def gather(
    identifiers: Iterable[str], is_reference: Callable[[object], bool]
) -> tuple[Definition, ...]:
    """Return the definitions of classes, and of those that they need.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in one of them cannot be
            pickled, and it never could.
    """
    found: dict[str, Definition] = {}
    beside: dict[str, Definition] = {}  # in the place of classes that are gone here
    missing = set(identifiers)
    while missing:
        identifier = missing.pop()
        known = received.get(identifier)
        if known is not None:
            _, definition, others = known
            beside.update((each[0], each) for each in others)
        elif by_value_class(identifier) is None:
            definition = beside[identifier]
        else:
            definition = _define(identifier, is_reference)
        found[identifier] = definition
        missing.update(each for each in definition[4] if each not in found)
    return tuple(found.values())


def _define(identifier: str, is_reference: Callable[[object], bool]) -> Definition:
    cls = by_value_class(identifier)
    if identifier in _sent and is_enum(cls):
        return _sent[identifier][1]
    beside = pickles.Beside(is_reference, defined=cls)
    try:
        data = pickles.write(Pickler, cls, beside)
    except Exception:
        if identifier not in _sent:
            raise
        return _sent[identifier][1]  # what it was before it got what cannot be pickled
    definition = beside.definition(identifier, data)
    _sent[identifier] = ref(cls, lambda _: _sent.pop(identifier, None)), definition
    return definition
