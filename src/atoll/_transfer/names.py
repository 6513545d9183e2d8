"""The names by which objects can be imported."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def name_of(obj: Any) -> str | None:
    """Return "module:qualified.name" under which an object can be imported, or None."""
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
