"""Objects that are there to be compared with `is`: they cross by name.

`dataclasses.MISSING`, `inspect.Parameter.empty`, `typing.Union`, and `STOP = object()` of anybody:
where they arrive, they are what that name gives there. What has a state of its own
(`random._inst`, `logging.root`) is none.
"""

from __future__ import annotations

import sys

from .names import (
    Slot,
    basicsize_of,
    is_main,
    is_of_library,
    is_unfinished,
    module_of,
    mro_of,
    names_in,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What every class has in its namespace, whatever its body says.
_USUAL = frozenset(
    f"__{name}__"
    for name in (
        *("module", "doc", "dict", "weakref", "qualname", "firstlineno", "static_attributes"),
        *("annotations", "annotate_func", "annotations_cache", "classdictcell"),
    )
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
            return f"{module_of(cls)}:{name}"
    return None


def _names_beside(cls: type) -> list[tuple[str, object]]:
    """Return what a class's module has, by name, if that belongs to the standard library."""
    try:
        module = module_of(cls)
    except AttributeError:
        return []
    if type(module) is not str or not is_of_library(module):
        return []
    return list(getattr(sys.modules.get(module), "__dict__", {}).items())


def _is_marker(cls: type) -> bool:
    """Tell whether the body of a class is empty: it is no good for anything else."""
    return bool(mro_of(cls) == (cls, object) and names_in(cls).keys() <= _USUAL)


def _has_only_its_name(obj: Any, name: str) -> bool:
    """Tell whether an object has no contents but its name, or is pickled by its name."""
    if any("__reduce__" in names_in(base) for base in mro_of(type(obj))[:-1]):
        try:
            reduced: object = obj.__reduce__()
        except Exception:  # it cannot be pickled
            return False
        return isinstance(reduced, str)
    mro = mro_of(type(obj))
    slots = [each for cls in mro for each in names_in(cls).values() if type(each) is Slot]
    if basicsize_of(type(obj)) != basicsize_of(object) + 8 * len(slots):
        return False  # of C code
    contents = [*getattr(obj, "__dict__", {}).values(), *(slot.__get__(obj) for slot in slots)]
    return all(type(each) is str and each == name for each in contents)


# ---- nothing but an identity ----

# By id(); of the modules that there were when it was made. Each is looked at again when it is used.
_bare: dict[int, tuple[str, str]] = {}
_modules_seen = 0


def name_of_bare(obj: object) -> str | None:
    """Return the "module:name" of an `object()`, or None; what is of `__main__` has a place."""
    if len(sys.modules) != _modules_seen:
        _note_modules()
    module, name = _bare.get(id(obj), ("", ""))
    found = sys.modules.get(module)
    is_there = getattr(found, "__dict__", {}).get(name) is obj and not is_unfinished(found)
    return f"{module}:{name}" if is_there else None


def _note_modules() -> None:
    global _modules_seen
    modules = sys.modules.copy()
    _bare.clear()
    for module, each in modules.items():
        if is_main(module) or is_of_library(module) or type(each) is not type(sys):
            continue
        for name, value in vars(each).copy().items():
            if type(value) is object:
                _bare.setdefault(id(value), (module, name))
    _modules_seen = len(modules)
