"""What a class is, whatever its metaclass says, and the names by which objects can be imported."""

from __future__ import annotations

import sys
from _frozen_importlib import _module_locks  # type: ignore[attr-defined]
from importlib import import_module

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

# ---- what a class is ----

module_of = type.__dict__["__module__"].__get__
qualname_of = type.__dict__["__qualname__"].__get__
mro_of = type.__dict__["__mro__"].__get__
bases_of = type.__dict__["__bases__"].__get__
base_of = type.__dict__["__base__"].__get__
names_in = type.__dict__["__dict__"].__get__
flags_of = type.__dict__["__flags__"].__get__
basicsize_of = type.__dict__["__basicsize__"].__get__

Slot: Any = type(slice.start)  # of `__slots__`, and of C code; types takes a while to import

_TPFLAGS_HEAPTYPE = 1 << 9

ABSENT = object()  # what find_in_class() returns where there is no such name


def is_heap_type(cls: type) -> bool:
    """Tell whether each interpreter has its own: it is no static type of C code."""
    return bool(flags_of(cls) & _TPFLAGS_HEAPTYPE)


def definer_of(cls: type, name: str) -> type | None:
    """Return the class, of a class and its bases, that defines a name."""
    each: type
    for each in mro_of(cls):
        if name in names_in(each):
            return each
    return None


def find_in_class(cls: type, name: str) -> Any:
    """Look a name up as CPython does for special methods: in the classes, past any metaclass."""
    definer = definer_of(cls, name)
    return ABSENT if definer is None else names_in(definer)[name]


def native_base(cls: type) -> Any:
    """Return the base whose `__new__` allocates: the nearest one that is not written in Python."""
    while type(names_in(cls).get("__new__")) is not type(len):
        cls = base_of(cls)
    return cls


def is_of_library(module: str) -> bool:
    """Tell whether a module belongs to the standard library."""
    return module.partition(".")[0] in sys.stdlib_module_names


# ---- what lives elsewhere ----


def home_of(module: str) -> Any:
    """Return the interpreter whose module is used here (mode `main`); None: it is one of ours."""
    for name in (module, module.partition(".")[0]):
        used = sys.modules.get(name)
        if _core.is_proxy(used):
            return _core.owner(used)
    return None


# ---- what cannot be imported elsewhere ----

_MAIN_NAMES = "__main__", "__mp_main__"  # the second in the processes that multiprocessing starts
_MAIN_BYTES = tuple(map(str.encode, _MAIN_NAMES))


def is_main(module: object) -> bool:
    """Tell whether a name is that of the module whose contents cross by value: `__main__`."""
    return module in _MAIN_NAMES


def names_main(data: bytes) -> bool:
    """Tell whether a pickle may name something of `__main__`."""
    return any(name in data for name in _MAIN_BYTES)


_unfinished: set[str] = set()  # names of modules that were seen to use atoll while being imported


def is_unfinished(module: Any) -> bool:
    """Tell whether a module is being imported: what it has crosses by value, as of `__main__`.

    Elsewhere it would be imported in turn, and do again what it is doing now.
    """
    spec = getattr(module, "__spec__", None)
    if spec is None or getattr(spec, "_initializing", False) is not True:
        return False
    if is_of_library(spec.name) or spec.name.partition(".")[0] == "atoll":
        return False
    _unfinished.add(spec.name)
    return True


def find_import() -> FrameType | None:
    """Find the outermost module that is being imported here, and note all such modules.

    Call it wherever an import may come to use atoll: see `is_unfinished`.
    """
    outermost = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        is_module = frame.f_code.co_name == "<module>"
        if is_module and is_unfinished(sys.modules.get(frame.f_globals.get("__name__", ""))):
            outermost = frame
        frame = frame.f_back
    return outermost


def has_local_names(data: bytes) -> bool:
    """Tell whether a pickle may name what cannot be imported elsewhere."""
    if names_main(data):
        return True
    if _module_locks:  # something is being imported, perhaps by this thread
        find_import()
    for name in tuple(_unfinished):
        if not is_unfinished(sys.modules.get(name)):
            _unfinished.discard(name)
        elif name.encode() in data:
            return True
    return False


# ---- names ----


def claimed_name(cls: type) -> str | None:
    """Return the "module:qualified.name" that a class says it has; anybody can say so."""
    try:
        module, qualname = module_of(cls), qualname_of(cls)
    except AttributeError:
        return None
    is_plain = type(module) is str and type(qualname) is str
    return f"{module}:{qualname}" if is_plain else None


def name_of_class(cls: type) -> str | None:
    """Return the "module:qualified.name" at which this very class is found, or None."""
    name = claimed_name(cls)
    is_found = name is not None and _find(name) is cls and _is_importable(name)
    return name if is_found else None


def is_of_module(cls: type) -> bool:
    """Tell whether the name of a class leads to one: it, or what has been put in its place."""
    name = claimed_name(cls)
    return name is not None and _is_importable(name) and isinstance(_find(name), type)


def _is_importable(name: str) -> bool:
    module = name.partition(":")[0]
    return not is_main(module) and not is_unfinished(sys.modules.get(module))


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
    if not isinstance(module, str) or not isinstance(qualname, str) or is_main(module):
        return None
    home: Any = sys.modules.get(module)
    found = home
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return f"{module}:{qualname}" if found is obj and not is_unfinished(home) else None


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
