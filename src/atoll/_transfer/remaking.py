"""Making functions again that came by value.

Apart from what takes them apart, which an interpreter that runs them need not import.

Functions of the `__main__` of one interpreter have the same globals here, whenever they come: those
are kept under a key. What a function brings of them is bound unless the name is bound already: so
what functions here have set stays. Only what was bound anew at home since is bound anew here.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import marshal
import sys
from importlib import import_module

from .. import _core
from . import pickles
from .names import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from .._memory.buffer import Buffer

    # An interpreter, and which of its modules that have been `__main__`.
    type Key = tuple[int, int]
    # Where a function is a global: the key, its name, and how often that has been bound.
    type Place = tuple[Key, str, int | None]


_Function: Any = type(lambda: None)  # types takes a while, too
_Cell: Any = type((lambda each: lambda: each)(None).__closure__[0])  # type: ignore[index]


def load_function(
    data: bytes, references: tuple[object, ...] = (), buffers: tuple[Buffer, ...] = ()
) -> Callable[..., Any]:
    """Make the function again; also called by the core, for a task's that refers to nothing."""
    if not references and not _core.has_shared():
        function: Callable[..., Any] = pickle.loads(data, buffers=buffers)
        return function
    function = pickles.load((data, references, buffers))
    return function


# ---- globals ----

_namespaces: dict[Key, dict[str, Any]] = {}
_bound: dict[Key, dict[str, int | None]] = {}  # how often a name had been bound, when it came

# What each name of our own `__main__` was when a function brought it, and how often that was new.
brought: dict[tuple[Key, str], tuple[Callable[[], Any], int]] = {}
NEVER: tuple[Callable[[], Any], int] = (lambda: NEVER), 0


def key_of(namespace: dict[str, Any]) -> Key | None:
    """Return the key of the globals of a `__main__`, here or elsewhere; None: others."""
    for key, known in list(_namespaces.items()):
        if known is namespace:
            return key
    if namespace is not _main():
        return None
    key = _core.own_id(), len(_namespaces)
    _namespaces[key] = namespace
    return key


def _main() -> dict[str, Any]:
    """Return the globals of our own `__main__`; those of its functions, where it has a copy."""
    renamed: dict[str, Any] = getattr(sys.modules.get("__mp_main__"), "__dict__", {})
    if renamed.get("__name__") != "__mp_main__":  # else multiprocessing has started this process
        return getattr(sys.modules.get("__main__"), "__dict__", {})
    for each in renamed.copy().values():
        if type(each) is _Function and each.__globals__.get("__name__") == "__mp_main__":
            return each.__globals__  # type: ignore[no-any-return]
    return renamed


def is_at_home(key: Key) -> bool:
    """Tell whether these are globals of a module of this interpreter."""
    return key[0] == _core.own_id()


def bind(namespace: dict[str, Any], values: dict[str, Any]) -> None:
    """Give functions the globals that came with one of them."""
    key = key_of(namespace)
    if key is None:
        namespace.update(values)
    elif not is_at_home(key):
        bound = _bound.setdefault(key, {})
        for name, (times, *value) in values.items():
            is_latest = times is None or bound.get(name, times) == times
            if value and not (is_latest and name in namespace):
                (namespace[name],) = value
            elif not value and not is_latest:  # it has been deleted at home
                namespace.pop(name, None)
            bound[name] = bound.get(name) if times is None else times


# ---- functions ----

_UNFILLED = "__unfilled__"  # what a new function has until `fill`; others may refer to it before


def make_cell() -> Any:
    """Make an empty cell; called by the pickle."""
    return _Cell()


def make(
    code: bytes,
    namespace: tuple[Key | None, dict[str, Any]],
    name: str,
    cells: tuple[Any, ...],
    times: int | None,
) -> Callable[..., Any]:
    """Make a function that was taken apart, but for what `fill` gives it; called by the pickle.

    A global function that comes home, or comes again, is itself again.
    """
    key, described = namespace
    if described.get("__name__", "") is None:
        described["__name__"] = "__main__"
    described.setdefault("__builtins__", __builtins__)
    namespace_here = described if key is None else _namespaces.setdefault(key, described)
    loaded: CodeType = marshal.loads(code)
    if key is not None and (times is not None or is_at_home(key)):
        known = _global_at((key, name, times))
        if getattr(known, "__code__", None) == loaded:
            return known  # type: ignore[no-any-return]
    function: Callable[..., Any] = _Function(loaded, namespace_here, name, None, cells)
    function.__dict__[_UNFILLED] = True
    return function


def fill(
    function: Any,
    state: tuple[dict[str, Any], tuple[Any, ...], dict[str, Any], dict[str, Any], tuple[str, ...]],
) -> None:
    """Give a function what it refers to, which may be the function itself; called by the pickle."""
    values, cells, attributes, members, modules = state
    for module in modules:
        import_module(module)
    namespace = function.__globals__
    key = key_of(namespace)
    if function.__dict__.pop(_UNFILLED, None) is None:  # it is itself again
        if key is not None and not is_at_home(key):
            bind(namespace, values)
        return
    for cell, contents in zip(function.__closure__ or (), cells, strict=True):
        if contents:
            (cell.cell_contents,) = contents
    for name, value in attributes.items():
        setattr(function, name, value)
    function.__dict__.update(members)
    bind(namespace, values)


# ---- objects that are globals ----


def all_globals() -> list[tuple[Key, dict[str, Any]]]:
    """Return the globals of each `__main__` that is known, ours too, with their keys."""
    key_of(_main())
    return list(_namespaces.items())


def place_from(value: object) -> Place | None:
    """Say where an object without contents was a global, if it came from there."""
    for place, (each, times) in _arrived.copy().items():
        if each is value:
            return *place, times
    return None


def find_global(value: Any, place: Place) -> Any:
    """Return the global that a default of a function was at home; called by the pickle."""
    return _placed(value, place)


# Objects without contents that came, by where they are globals, and how often that had been bound.
_arrived: dict[tuple[Key, str], tuple[object, int | None]] = {}


def find_bare(cls: type, place: Place) -> Any:
    """Return the global that was an object without contents at home; called by the pickle.

    What can get some is only data, perhaps: it is made anew if it has got some, and not bound.
    """
    made: Any = object.__new__(cls)
    if not hasattr(made, "__dict__"):
        found = _placed(made, place)
        key, name, times = place
        if _namespaces[key].get(name) is made:
            _arrived[key, name] = made, times
        return found
    found = _global_at(place)
    return found if type(found) is cls and not found.__dict__ else made


def load_bare(where: str | Place) -> Any:
    """Return the `object()` of a module, "module:name", or of a `__main__`; called by the pickle.

    Raises:
        Exception: If there is none, or not any more.
    """
    if isinstance(where, str):
        found = resolve(where)
    else:
        found = _latest(*where) if is_at_home(where[0]) else find_bare(object, where)
    if type(found) is not object:
        raise LookupError(where)
    return found


def _latest(key: Key, name: str, times: int | None) -> Any:
    """Return what a name of our `__main__` is bound to, if it was when it was brought."""
    latest, times_now = brought.get((key, name), NEVER)
    found = _namespaces[key].get(name)
    return found if times == times_now and latest() is found else None


def find_sentinel(name: str, shown: str, place: Place) -> Any:
    """Return the global that was made with `sentinel()` at home; called by the pickle."""
    import builtins

    options = {"repr": shown}
    return _placed(make_named(vars(builtins)["sentinel"], "__main__", (name,), options), place)


_made: dict[int, Any] = {}  # by id(), until they have their state


def find_named(cls: type, place: Place) -> Any:
    """Return the global that an object pickled by its name was at home; called by the pickle."""
    made: Any = object.__new__(cls)
    found = _placed(made, place)
    if found is made:
        _made[id(made)] = made
    return found


def fill_named(obj: Any, state: tuple[Any]) -> None:
    """Give it what it had at home, unless it was here before; called by the pickle."""
    if _made.pop(id(obj), None) is None:
        return
    (contents,) = state
    members, slots = contents if isinstance(contents, tuple) else (contents, None)
    if members:
        obj.__dict__.update(members)
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)


def _placed(made: Any, place: Place | None) -> Any:
    """Return what is bound at that place, if that is what was bound there at home; else bind it."""
    if place is None:
        return made
    key, name, times = place
    bind(_namespaces.setdefault(key, {}), {name: (times, made)})
    found = _global_at(place)
    return found if type(found) is type(made) else made


def _global_at(place: Place) -> Any:
    """Return what is bound at that place, if that is what was bound there at home."""
    key, name, times = place
    is_same = is_at_home(key) or _bound.get(key, {}).get(name) == times
    return _namespaces.get(key, {}).get(name) if is_same else None


# ---- functions that functools makes of them ----


def make_cached(
    function: Callable[..., Any], maxsize: int | None, is_typed: bool, place: Place | None
) -> Any:
    """Make what `functools.lru_cache` makes, or find the global one; called by the pickle."""
    import functools

    return _placed(functools.lru_cache(maxsize, is_typed)(function), place)


def make_dispatching(function: Callable[..., Any], place: Place | None) -> Any:
    """Make what `functools.singledispatch` makes, or find the global one; called by the pickle."""
    import functools

    return _placed(functools.singledispatch(function), place)


def fill_dispatching(function: Any, registry: dict[type, Any]) -> None:
    """Register the implementations; called by the pickle."""
    for kind, implementation in registry.items():
        if kind not in function.registry:
            function.register(kind, implementation)


def fill_dispatching_method(method: Any, registry: dict[type, Any]) -> None:
    """Register the implementations of a `functools.singledispatchmethod`; called by the pickle."""
    fill_dispatching(method.dispatcher, registry)


# ---- names of types ----

_values_of_aliases: dict[int, list[Any]] = {}  # by id(), until they are filled


def make_alias(name: str, module: str) -> Any:
    """Make what `type X = ...` makes, whose value may refer to itself; called by the pickle."""
    value: list[Any] = []
    namespace: dict[str, Any] = {"__name__": module, "_value": value}
    exec(f"type {name} = _value[0]", namespace)
    alias = namespace[name]
    _values_of_aliases[id(alias)] = value
    return alias


def fill_alias(alias: Any, value: Any) -> None:
    """Give an alias its value; called by the pickle."""
    _values_of_aliases.pop(id(alias)).append(value)


def make_named(kind: Any, module: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Make what typing makes to give a type, or parameters, a name; called by the pickle."""
    # Which module it is of, it takes from its caller.
    namespace = {"__name__": module, "kind": kind, "arguments": arguments, "options": options}
    return eval("kind(*arguments, **options)", namespace)
