"""Taking functions apart that cannot be imported: lambdas, closures, those of `__main__`.

What most of them refer to is simple enough. All else is TooComplex and left to cloudpickle, as are
the definitions of classes.
"""

from __future__ import annotations

import _pickle as pickle
import builtins
import marshal
import sys
import types
from _contextvars import Context, ContextVar
from functools import lru_cache, singledispatch, singledispatchmethod
from importlib import import_module
from opcode import opmap
from types import CellType, CodeType, FunctionType, ModuleType, NoneType
from weakref import WeakKeyDictionary, WeakValueDictionary, ref

from . import remaking
from .names import basicsize_of, definer_of, is_heap_type, is_main, module_of, name_of, native_base
from .sentinels import name_of_bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .pickles import Beside
    from .remaking import Key, Place


class TooComplex(pickle.PicklingError):
    """Only cloudpickle can pickle this."""


class Reducing:
    """What a pickler does with functions that cannot be imported, and with contexts."""

    beside: Beside

    def reduce_function(self, obj: Any) -> Any:
        """Take apart a function, or what functools made of one; NotImplemented: it is neither.

        Contexts and their variables are taken apart, too, and dicts of weak references.
        """
        kind = type(obj)
        if kind is FunctionType:
            is_dispatching = obj.__code__ is _DISPATCHING
            return self._reduce_dispatching(obj) if is_dispatching else self._reduce_plain(obj)
        if kind is singledispatchmethod:
            registry = dict(obj.dispatcher.registry)
            return kind, (obj.func,), registry, None, None, remaking.fill_dispatching_method
        if kind is Context or kind is ContextVar:
            return self.beside.takes_context(obj)
        if kind in _WEAK:
            items = ((self.placed(key), self.placed(value)) for key, value in self._kept(obj))
            return kind, (), None, None, items
        return self._reduce_cached(obj) if kind is _Cached else NotImplemented

    def _reduce_plain(self, function: FunctionType) -> Any:
        code, known = function.__code__, function.__globals__
        key = None if self.beside.may_leave else remaking.key_of(known)
        used, names = _names_in(code)
        is_global = key is not None and known.get(function.__name__) is function
        if is_global:
            used = (*used, function.__name__)
        values = {name: resolved(known[name]) for name in used if name in known}
        closure = function.__closure__ or ()
        self.__dict__.setdefault("_cells", {}).update((id(cell), cell) for cell in closure)
        contents = tuple(map(_contents, closure))
        modules = _submodules((*values.values(), *(each[0] for each in contents if each)), names)
        if key is not None:
            values = {
                **{name: (_times_bound(key, name, values[name]), values[name]) for name in values},
                **{
                    name: (_times_bound(key, name, _GONE),)
                    for name in used
                    if name not in known and (key, name) in remaking.brought
                },
            }
        namespace = self._namespace_of(known, key)
        times = values[function.__name__][0] if is_global else None
        arguments = marshal.dumps(code), namespace, function.__name__, closure, times
        attributes = _attributes(function)
        if key is not None:
            self._place_defaults(attributes)
        state = values, contents, attributes, function.__dict__, modules
        return remaking.make, arguments, state, None, None, remaking.fill

    def _place_defaults(self, attributes: dict[str, Any]) -> None:
        if positional := attributes.get("__defaults__"):
            attributes["__defaults__"] = tuple(map(self.placed, positional))
        if named := attributes.get("__kwdefaults__"):
            attributes["__kwdefaults__"] = {name: self.placed(named[name]) for name in named}

    def placed(self, value: Any) -> Any:
        """Say of a value which global it is, if it is one and could be told from an equal one."""
        is_itself = type(value) in _ALIKE or isinstance(value, type)
        place = None if is_itself else self._find_global(value)
        return value if place is None else _Placed(value, place)

    def reduce_placed(self, obj: Any) -> Any:
        """Take apart a global that is to be the same over there; NotImplemented: it is none.

        Besides defaults these are objects with nothing but their identity, wherever they are.
        """
        cls = type(obj)
        kinds: dict[type, str] = self.__dict__.setdefault("_kinds", {})
        kind = kinds.get(cls)
        if kind is None:
            kind = kinds[cls] = _ORDINARY if self.beside.may_leave else _kind_of(cls)
        if kind is _BARE and cls is object and isinstance(found := find_bare(obj), str):
            return remaking.load_bare, (found,)
        if kind is _BARE and not getattr(obj, "__dict__", None):
            place = self._find_global(obj)
            return NotImplemented if place is None else (remaking.find_bare, (cls, place))
        if kind is _NAMED:
            return self._reduce_named(obj)
        return (remaking.find_global, (obj.value, obj.place)) if cls is _Placed else NotImplemented

    def _reduce_named(self, obj: Any) -> Any:
        reduced = obj.__reduce_ex__(5)
        place = self._find_global(obj) if isinstance(reduced, str) else None
        if place is None or not is_main(obj.__module__):
            return reduced
        if type(obj) is _Sentinel:
            return remaking.find_sentinel, (obj.__name__, repr(obj), place)
        state = (object.__getstate__(obj),)  # not None: it is to be given it in any case
        return remaking.find_named, (type(obj), place), state, None, None, remaking.fill_named

    def _find_global(self, value: Any) -> Place | None:
        found: dict[int, tuple[Key, str]] | None = self.__dict__.get("_globals")
        if found is None:
            found = self.__dict__["_globals"] = {
                id(each): (key, name)  # of several names the first
                for key, known in remaking.all_globals()
                for name, each in reversed(known.copy().items())
            }
        if (place := found.get(id(value))) is None:
            return None
        return *place, _times_bound(*place, value)

    def _kept(self, weak: Any) -> list[tuple[Any, Any]]:
        """Return the items, but for instances whose `__new__` needs the class that has them."""
        cls: Any = self.beside.defined
        if cls is None or definer_of(cls, "__getnewargs__") is None:
            return list(weak.items())
        return [each for each in weak.items() if not any(isinstance(part, cls) for part in each)]

    def reduce_cell(self, cell: Any) -> Any:
        """Take apart a cell of functions, which `fill` fills; NotImplemented: it is none."""
        cells = self.__dict__.get("_cells", {})
        return (remaking.make_cell, ()) if id(cell) in cells else NotImplemented

    def _namespace_of(self, known: dict[str, Any], key: Key | None) -> tuple[Any, ...]:
        """Return the same for functions with the same globals, so that these stay the same."""
        namespaces: dict[int, tuple[Any, ...]] = self.__dict__.setdefault("_namespaces", {})
        return namespaces.setdefault(id(known), (key, _described(known)))

    def _reduce_cached(self, obj: Any) -> Any:
        function, parameters = obj.__wrapped__, obj.cache_parameters()
        own = {name: each for name, each in vars(obj).items() if name not in _OF_CACHED}
        own = {name: each for name, each in own.items() if name not in vars(function)}
        place = self._place_of(obj, function)
        arguments = function, parameters["maxsize"], parameters["typed"], place
        return remaking.make_cached, arguments, own or None

    def _reduce_dispatching(self, obj: Any) -> Any:
        registry = dict(obj.registry)
        function = registry.pop(object)
        arguments = function, self._place_of(obj, function)
        make, fill = remaking.make_dispatching, remaking.fill_dispatching
        return make, arguments, registry, None, None, fill

    def _place_of(self, obj: Any, function: Any) -> Place | None:
        """Say where an object that functools made of a function is a global."""
        known = getattr(function, "__globals__", {})
        name = getattr(obj, "__name__", "")
        key = None if self.beside.may_leave else remaking.key_of(known)
        is_global = key is not None and known.get(name) is obj
        return (key, name, _times_bound(key, name, obj)) if key and is_global else None


class Pickler(Reducing, pickle.Pickler):
    """Pickles functions by value; all else as `pickle` does, by name what can be imported."""

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if issubclass(kind, ModuleType):  # also what a module has given itself as its class
            return import_module, (_checked_name(obj),)
        if kind is CellType:
            return self.reduce_cell(obj)
        if issubclass(kind, type) and name_of(obj) is None:
            return self._reduce_class(obj)
        if kind in _REDUCED and name_of(obj) is None:
            return self.reduce_function(obj)
        return self.reduce_placed(obj)

    def _reduce_class(self, cls: type) -> Any:
        taken = self.beside.takes_class(cls) if is_defined_by_python(cls) else NotImplemented
        if taken is NotImplemented:
            raise TooComplex
        return taken


class _Placed:
    """A value, and where it is a global."""

    def __init__(self, value: Any, place: Place) -> None:
        self.value, self.place = value, place


# Of these one is as good as an equal one, or they cross as what they are.
_ALIKE = frozenset(
    {NoneType, bool, int, float, complex, str, bytes, tuple, FunctionType, ModuleType}
)
_Sentinel: Any = getattr(builtins, "sentinel", None)  # of 3.15
_ORDINARY, _BARE, _NAMED = "ordinary", "bare", "named"


def _kind_of(cls: type) -> str:
    """Say whether objects of a class may have nothing but their identity, or be pickled by name.

    So are sentinels and singletons; those of modules other than `__main__` can be imported.
    """
    if cls is object:
        return _BARE
    if cls is _Sentinel:
        return _NAMED
    if not is_main(module_of(cls)) or native_base(cls) is not object:
        return _ORDINARY
    definers = [definer_of(cls, name) for name in ("__reduce_ex__", "__reduce__")]
    if any(each is not object for each in definers):
        is_own = any(each is not None and is_main(module_of(each)) for each in definers)
        return _NAMED if is_own else _ORDINARY
    has_slots = basicsize_of(cls) != object.__basicsize__
    is_usual = not has_slots and definer_of(cls, "__getstate__") is object
    return _BARE if is_usual else _ORDINARY


def is_defined_by_python(cls: type) -> bool:
    """Tell whether a class can be defined elsewhere: types of C cannot."""
    return is_heap_type(cls) and type(module_of(cls)) is str


_code_of = vars(FunctionType)["__code__"].__get__
_Cached: Any = type(lru_cache(None)(lambda: None))
_WEAK = frozenset({WeakKeyDictionary, WeakValueDictionary})
_REDUCED = frozenset({FunctionType, _Cached, singledispatchmethod, Context, ContextVar, *_WEAK})
_OF_CACHED = frozenset({"__wrapped__", "cache_parameters"})
_DISPATCHING: CodeType = _code_of(singledispatch(lambda each: None))


_Lazy: Any = getattr(types, "LazyImportType", ())  # new in 3.15


def resolved(value: Any) -> Any:
    """Return a value of a namespace; what is to be imported when it is first used, is imported."""
    return value.resolve() if isinstance(value, _Lazy) else value


def _checked_name(module: ModuleType) -> str:
    name = module.__name__
    if is_main(name) or sys.modules.get(name) is not module:
        raise TooComplex
    return name


def _described(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return what says where functions are from; None stands for `__main__`."""
    kept = ("__name__", "__package__", "__path__", "__file__")
    described = {name: namespace[name] for name in kept if name in namespace}
    if is_main(described.get("__name__")):
        described["__name__"] = None
    return described


# ---- which values of its globals a function brings along ----

_GONE = object()  # what a name is bound to that has been deleted


def _times_bound(key: Key, name: str, value: Any) -> int | None:
    """Say how often a global has been bound anew; None: only its own interpreter knows."""
    if not remaking.is_at_home(key):
        return None
    latest, times = remaking.brought.get((key, name), remaking.NEVER)
    if latest() is value:
        return times
    remaking.brought[key, name] = _referring_to(value), times + 1
    return times + 1


def find_bare(obj: object) -> str | Place | None:
    """Say where an `object()` is a global: "module:name", or a place of a `__main__`; or None."""
    found = remaking.place_from(obj) or name_of_bare(obj)
    if found is not None:
        return found
    for key, known in remaking.all_globals():
        for name, each in known.copy().items() if remaking.is_at_home(key) else ():
            if each is obj:
                return key, name, _times_bound(key, name, obj)
    return None


def _referring_to(value: Any) -> Callable[[], Any]:
    try:
        return ref(value)
    except TypeError:
        return lambda: value


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


def _submodules(values: Iterable[Any], names: frozenset[str]) -> tuple[str, ...]:
    """Name submodules that may be used through their packages, and might not be imported there."""
    found: list[str] = []
    for package in values:
        if isinstance(package, ModuleType) and hasattr(package, "__path__"):
            prefix = f"{package.__name__}."
            for each in list(sys.modules):
                if each.startswith(prefix) and names.issuperset(each[len(prefix) :].split(".")):
                    found.append(each)
    return tuple(found)


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
