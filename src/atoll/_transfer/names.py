"""The names by which objects can be imported."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What a class is called, whatever its metaclass says.
_module_of = type.__dict__["__module__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__


def claimed_name(cls: type) -> str | None:
    """Return the "module:qualified.name" that a class says it has; anybody can say so."""
    try:
        module, qualname = _module_of(cls), _qualname_of(cls)
    except AttributeError:
        return None
    is_plain = type(module) is str and type(qualname) is str
    return f"{module}:{qualname}" if is_plain else None


def name_of_class(cls: type) -> str | None:
    """Return the "module:qualified.name" at which this very class is found, or None."""
    name = claimed_name(cls)
    is_found = name is not None and _find(name) is cls and not name.startswith("__main__:")
    return name if is_found else None


def is_of_module(cls: type) -> bool:
    """Tell whether the name of a class leads to one: it, or what has been put in its place."""
    name = claimed_name(cls)
    is_importable = name is not None and not name.startswith("__main__:")
    return is_importable and isinstance(_find(name), type)


def _find(name: str) -> Any:
    module, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module)
    try:
        for part in qualname.split("."):
            found = getattr(found, part, None)
    except Exception:  # of a module with a __getattr__
        return None
    return found


def name_of(obj: Any) -> str | None:
    """Return "module:qualified.name" under which an object can be imported, or None."""
    if issubclass(type(obj), type):
        return name_of_class(obj)
    module = getattr(obj, "__module__", None)
    qualname = getattr(obj, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str) or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return f"{module}:{qualname}" if found is obj else None


def resolve(name: str) -> Any:
    """Import "module:qualified.name".

    Raises:
        ImportError: If there is no such module.
        AttributeError: If the module has no such name.
    """
    module, _, qualname = name.partition(":")
    found: Any = import_module(module)  # waits where another thread is importing it
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
