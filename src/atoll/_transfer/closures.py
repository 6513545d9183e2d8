"""Taking functions apart that cannot be imported: lambdas, closures, those of `__main__`.

What most of them refer to is simple enough. All else (classes of `__main__`, say) is TooComplex
and left to cloudpickle.
"""

from __future__ import annotations

import _pickle as pickle
import marshal
import sys
import types
from functools import lru_cache
from importlib import import_module
from opcode import opmap
from types import CodeType, FunctionType, ModuleType

from . import remaking
from .names import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class TooComplex(pickle.PicklingError):
    """Only cloudpickle can pickle this."""


class Pickler(pickle.Pickler):
    """Pickles functions by value; all else as `pickle` does, by name what can be imported."""

    def __init__(self, file: Any, protocol: int, buffer_callback: Any) -> None:
        super().__init__(file, protocol, buffer_callback=buffer_callback)
        self._namespaces: dict[int, dict[str, Any]] = {}  # by the id of a function's globals

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is FunctionType and name_of(obj) is None:
            return self._reduce_function(obj)
        if kind is ModuleType:
            return import_module, (_checked_name(obj),)
        if issubclass(kind, type) and name_of(obj) is None:
            raise TooComplex
        return NotImplemented

    def _reduce_function(self, function: FunctionType) -> Any:
        code, known = function.__code__, function.__globals__
        used, names = _names_in(code)
        values = {name: resolved(known[name]) for name in used if name in known}
        cells = tuple(map(_contents, function.__closure__ or ()))
        _check_packages((*values.values(), *(each[0] for each in cells if each)), names)
        namespace = self._namespaces.setdefault(id(known), _described(known))
        arguments = marshal.dumps(code), namespace, function.__name__
        state = values, cells, _attributes(function), function.__dict__
        return remaking.make, arguments, state, None, None, remaking.fill


_Lazy: Any = getattr(types, "LazyImportType", ())  # new in 3.15


def resolved(value: Any) -> Any:
    """Return a value of a namespace; what is to be imported when it is first used, is imported."""
    return value.resolve() if isinstance(value, _Lazy) else value


def _checked_name(module: ModuleType) -> str:
    name = module.__name__
    if name == "__main__" or sys.modules.get(name) is not module:
        raise TooComplex
    return name


def _described(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return what says where functions are from; None stands for `__main__`."""
    kept = ("__name__", "__package__", "__path__", "__file__")
    described = {name: namespace[name] for name in kept if name in namespace}
    if described.get("__name__") == "__main__":
        described["__name__"] = None
    return described


def _contents(cell: Any) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


_ATTRIBUTES = ("__defaults__", "__doc__", "__kwdefaults__", "__module__", "__qualname__",
               "__type_params__")  # fmt: skip


def _attributes(function: FunctionType) -> dict[str, Any]:
    """Return what a new function of the same code would not have."""
    new = FunctionType(
        function.__code__, function.__globals__, function.__name__, None, function.__closure__
    )
    found = {name: getattr(function, name) for name in _ATTRIBUTES}
    found = {name: value for name, value in found.items() if value is not getattr(new, name)}
    if function.__annotations__:
        found["__annotations__"] = function.__annotations__
    return found


def _check_packages(values: Iterable[Any], names: frozenset[str]) -> None:
    """Refuse packages of which submodules are used, which might not be imported there."""
    for package in values:
        if type(package) is ModuleType and hasattr(package, "__path__"):
            prefix = f"{package.__name__}."
            for each in list(sys.modules):
                if each.startswith(prefix) and names.issuperset(each[len(prefix) :].split(".")):
                    raise TooComplex


# ---- which names a code uses ----

_LOAD_GLOBAL, _EXTENDED_ARG = opmap["LOAD_GLOBAL"], opmap["EXTENDED_ARG"]
_NAMING = frozenset(
    opmap[name]
    for name in ("DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_NAME", "STORE_GLOBAL")
)


@lru_cache(256)
def _names_in(code: CodeType) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the names that may be globals, and all, attributes too; with those of inner code."""
    used: dict[str, None] = {}  # in order, so that equal functions have equal pickles
    names, argument = set(code.co_names), 0
    instructions = code.co_code
    for operation, low in zip(instructions[::2], instructions[1::2], strict=True):
        argument = argument << 8 | low
        if operation == _EXTENDED_ARG:
            continue
        if operation == _LOAD_GLOBAL:
            used[code.co_names[argument >> 1]] = None
        elif operation in _NAMING:
            used[code.co_names[argument]] = None
        argument = 0
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner_used, inner_names = _names_in(constant)
            used.update(dict.fromkeys(inner_used))
            names |= inner_names
    return tuple(used), frozenset(names)
