"""What other interpreters have as well: classes, functions and sentinels by name, and aliases."""

from __future__ import annotations

import builtins
import sys
from functools import reduce
from operator import or_

from .names import is_heap_type, is_main, is_of_library, name_of, resolve
from .sentinels import is_sentinel_type, name_of_sentinel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_Alias: Any = type(list[int])
_Union: Any = type(int | str)
_Builtin: Any = type(len)
_Wrapper: Any = type(object.__init__)
_Sentinel: Any = getattr(builtins, "sentinel", None)  # of 3.15

# C functions of these modules go by name: they do the same in every interpreter. Those of others
# may act on what theirs has (settings, registries, connections): they stay there.
_STATELESS_MODULES = frozenset({"builtins", "math", "cmath", "_operator", "_functools", "time"})


def is_candidate(obj: object) -> bool:
    """Tell whether an object is of a kind that goes by name, or is an alias."""
    kind = type(obj)
    return (
        isinstance(obj, type)
        or kind is object
        or kind is _Builtin
        or kind is _Wrapper
        or kind is _Alias
        or kind is _Union
        or kind is _Sentinel
        or is_sentinel_type(kind)
    )


def dump(obj: Any) -> tuple[str, str | tuple[Any, ...]] | None:
    """Say how to find or make it anywhere; None: it has to go by reference."""
    if type(obj) is object:
        from .closures import find_bare

        found = find_bare(obj)
        return None if found is None else ("bare", found)
    if type(obj) is _Alias:
        return None if obj.__unpacked__ else ("alias", (obj.__origin__, obj.__args__))
    if type(obj) is _Union:
        return ("union", obj.__args__) if all(map(_is_builtin_type, obj.__args__)) else None
    if type(obj) is _Sentinel:
        return _dump_sentinel(obj)
    if type(obj) is _Wrapper or getattr(obj, "__name__", "") == "__new__":
        return _dump_slot(obj)
    name = None if type(obj) is _Builtin else name_of_sentinel(obj)
    if name is None and (type(obj) is _Builtin or isinstance(obj, type)):
        known = name_of(obj)
        name = known if known is not None and _is_alike(obj, known) else None
    return None if name is None else ("name", name)


def _dump_sentinel(obj: Any) -> tuple[str, str] | None:
    """Name what was made with `sentinel()`, if its module has it under its name."""
    module = sys.modules.get(obj.__module__)
    is_found = getattr(module, obj.__name__, None) is obj and not is_main(obj.__module__)
    return ("name", f"{obj.__module__}:{obj.__name__}") if is_found else None


def _dump_slot(obj: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Say what `object.__init__` or `object.__new__` is: inspect compares them with `is`."""
    cls = obj.__objclass__ if type(obj) is _Wrapper else getattr(obj, "__self__", None)
    return ("slot", (cls, obj.__name__)) if _is_builtin_type(cls) else None


def _is_alike(obj: object, name: str) -> bool:
    """Tell whether what has this name in any interpreter is as good as this class or function."""
    module = name.partition(":")[0]
    if isinstance(obj, type):
        return is_of_library(module)
    return module in _STATELESS_MODULES


def _is_builtin_type(obj: Any) -> bool:
    if type(obj) is _Alias:
        return all(map(_is_builtin_type, (obj.__origin__, *obj.__args__)))
    return type(obj) is type and not is_heap_type(obj)


def _load_bare(where: Any) -> object:
    from .remaking import load_bare

    return load_bare(where)


# What makes it of what was said, by how.
LOADS: dict[str, Any] = {
    "name": resolve,
    "bare": _load_bare,
    "alias": lambda parts: _Alias(*parts),
    "slot": lambda place: getattr(*place),
    "union": lambda types: reduce(or_, types),
}
