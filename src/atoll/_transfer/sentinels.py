"""Objects of the standard library that are there to be compared with `is`: they cross by name.

`dataclasses.MISSING`, `inspect.Parameter.empty`, `typing.Union`: where they arrive, they are what
that name gives there. What has a state of its own (`random._inst`, `logging.root`) is none.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_mro_of = type.__dict__["__mro__"].__get__
_dict_of = type.__dict__["__dict__"].__get__
_size_of = type.__dict__["__basicsize__"].__get__
_module_of = type.__dict__["__module__"].__get__

_Slot: Any = type(type(lambda: None).__dict__["__globals__"])  # types takes a while to import

# What every class has in its namespace, whatever its body says.
_USUAL = frozenset(
    [
        "__module__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__qualname__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations__",
        "__annotate_func__",
        "__annotations_cache__",
    ]
)


_types: dict[int, type] = {}  # of sentinels, by id(): a metaclass may have a hash of its own


def find_sentinel_type(cls: type) -> bool:
    """Find out whether a class of the standard library has an instance that is a sentinel."""
    for name, each in _names_beside(cls):
        if type(each) is cls and _has_only_its_name(each, name):
            _types[id(cls)] = cls
            return True
    return False


def is_sentinel_type(cls: type) -> bool:
    """Tell whether that was found out before."""
    return _types.get(id(cls)) is cls


def name_of_sentinel(obj: object) -> str | None:
    """Return the "module:name" of a sentinel, or None if it is none."""
    is_class = isinstance(obj, type)
    cls: Any = obj if is_class else type(obj)
    if is_class and not _is_marker(cls):
        return None
    for name, each in _names_beside(cls):
        if each is obj and (is_class or _has_only_its_name(obj, name)):
            return f"{_module_of(cls)}:{name}"
    return None


def _names_beside(cls: type) -> list[tuple[str, object]]:
    """Return what a class's module has, by name, if that belongs to the standard library."""
    try:
        module = _module_of(cls)
    except AttributeError:
        return []
    if type(module) is not str or module.partition(".")[0] not in sys.stdlib_module_names:
        return []
    return list(getattr(sys.modules.get(module), "__dict__", {}).items())


def _is_marker(cls: type) -> bool:
    """Tell whether the body of a class is empty: it is no good for anything else."""
    return _mro_of(cls) == (cls, object) and _dict_of(cls).keys() <= _USUAL


def _has_only_its_name(obj: Any, name: str) -> bool:
    """Tell whether an object has no contents but its name, or is pickled by its name."""
    if any("__reduce__" in _dict_of(base) for base in _mro_of(type(obj))[:-1]):
        try:
            return type(obj.__reduce__()) is str
        except Exception:  # it cannot be pickled
            return False
    mro = _mro_of(type(obj))
    slots = [each for cls in mro for each in _dict_of(cls).values() if type(each) is _Slot]
    if _size_of(type(obj)) != _size_of(object) + 8 * len(slots):
        return False  # of C code
    contents = [*getattr(obj, "__dict__", {}).values(), *(slot.__get__(obj) for slot in slots)]
    return all(type(each) is str and each == name for each in contents)
