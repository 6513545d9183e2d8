"""Twins: classes of two interpreters that are one class to people.

Two classes are twins if each is what its module and qualified name give in its interpreter, the
names are the same, and both modules came from the same origin. A class that crosses by value is the
twin of the one it was made from. What is found is kept by the core until a module is loaded,
reloaded or removed in either interpreter.
"""

from __future__ import annotations

import sys

from .. import _core
from .names import flags_of, is_main, module_of, mro_of, names_in, qualname_of
from .value_types import by_value_class, by_value_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # What a class is known by elsewhere: itself if all interpreters share it; else the names of its
    # module and of itself and the module's origin; or the id of one that crosses by value.
    type Identity = type | tuple[str, str, str] | str | None

_STATIC_BUILTIN = 1 << 1  # _Py_TPFLAGS_STATIC_BUILTIN

_namespace_of_module = vars(type(sys))["__dict__"].__get__


def local_twin(remote: object) -> type | None:
    """Return the class here that is the twin of a remote class, or of a Proxy's; None: no such.

    Crosses only if a module was loaded there since the latest time.
    """
    return _core.local_twin(remote)


def lineage(cls: type) -> tuple[Identity, ...]:
    """Say what a class and its bases are known by elsewhere; called by the core.

    Returns:
        An identity, or None, for each class in the order of the MRO. Empty if there is none but
        that of `object`.
    """
    found = tuple(map(_identity, mro_of(cls)))
    return found if any(each is not None and each is not object for each in found) else ()


def ask_lineage(remote: type) -> tuple[Identity, ...]:
    """Ask the owner of a remote class for its lineage; called by the core."""
    known: tuple[Identity, ...] = _core.invoke(
        _core.owner(remote), "atoll._transfer.twins:lineage", (remote,), None
    )
    return known


def _identity(cls: type) -> Identity:
    try:
        module, qualname = module_of(cls), qualname_of(cls)
    except AttributeError:
        module = qualname = None
    if flags_of(cls) & _STATIC_BUILTIN and module != "datetime":
        return cls
    if type(module) is str and type(qualname) is str and not is_main(module):
        origin = _origin(module)
        if origin is not None and _find(module, qualname) is cls:
            return module, qualname, origin
    return by_value_id(cls)


def _origin(module: str) -> str | None:
    """Say where a loaded module came from."""
    found = sys.modules.get(module)
    if not isinstance(found, type(sys)):
        return None
    namespace = _namespace_of_module(found)
    origin = getattr(namespace.get("__spec__"), "origin", None) or namespace.get("__file__")
    return origin if type(origin) is str else None


def _find(module: str, qualname: str) -> object:
    """Look a name up in a loaded module and its classes, without running code of theirs."""
    found: Any = sys.modules.get(module)
    namespace = _namespace_of_module(found)
    for part in qualname.split("."):
        found = namespace.get(part)
        if not issubclass(type(found), type):
            return None
        namespace = names_in(found)
    return found


def class_by_id(identifier: str) -> type | None:
    """Return the class here of the id of one that crosses by value; called by the core."""
    found: type | None = by_value_class(identifier)
    return found
