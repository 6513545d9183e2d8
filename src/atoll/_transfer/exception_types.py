"""Classes of exceptions: how one is named, found elsewhere, and stood in for."""

from __future__ import annotations

import copyreg
from _weakref import ref
from importlib import import_module

from .. import _core
from .._typing import cast
from .errors import AtollError, BaseRemoteError, RemoteError
from .exception_parts import (
    allocate,
    asked,
    become,
    is_shared,
    set_args,
    shared_base,
    text_of,
)
from .names import bases_of, home_of, module_of, name_of, qualname_of
from .value_types import by_value_class, by_value_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # A class that not all share: its module, qualified name, cloudpickle's id if it went by value,
    # the nearest type that all share, and those of its bases that are exceptions.
    type TypeName = tuple[str, str, str | None, type[BaseException], tuple[Named, ...]]
    type Named = type[BaseException] | TypeName

_FAMILIES = (RemoteError, BaseRemoteError, AtollError)

_sent: dict[tuple[str, str], ref[type]] = {}  # classes that have no import name, by what they say


def named(cls: type[BaseException]) -> Named:
    """Say which class it is."""
    if is_shared(cls):
        return cls
    identifier = asked(by_value_id, cls, otherwise=None)
    module = text_of(asked(module_of, cls, otherwise="?"))
    qualname = text_of(qualname_of(cls))
    if not has_name(cls):
        _sent[module, qualname] = ref(cls)
    bases = tuple(
        named(base)
        for base in bases_of(cls)
        if issubclass(base, BaseException) and base not in _FAMILIES
    )
    return module, qualname, identifier, shared_base(cls), bases


def has_name(cls: type) -> bool:
    """Tell whether it can be imported under its name."""
    return is_shared(cls) or asked(name_of, cls, otherwise=None) is not None


def find(of: Named) -> type[BaseException] | None:
    """Find the twin of a class."""
    if isinstance(of, type):
        return of
    module, qualname, identifier, base, _ = of
    found = asked(_imported, module, qualname, otherwise=None)  # importing runs code of others
    if found is None and identifier is not None:
        found = by_value_class(identifier)
    if found is None and (module, qualname) in _sent:
        found = _sent[module, qualname]()
    is_one = isinstance(found, type) and issubclass(found, base)
    return cast("type[BaseException]", found) if is_one else None


def _imported(module: str, qualname: str) -> Any:
    found: Any = import_module(module)
    for part in qualname.split("."):
        if _core.is_proxy(found):  # to a package that lives elsewhere
            return None
        found = getattr(found, part)
    return found


def is_ordinary(of: Named) -> bool:
    """Tell whether `except Exception` takes it."""
    return issubclass(of, Exception) if isinstance(of, type) else any(map(is_ordinary, of[4]))


def twin(of: Named) -> type[BaseException]:
    """Find the twin of a class, or make its stand-in; called for classes that are passed."""
    return find(of) or stand_in(cast("TypeName", of))


_stand_ins: dict[tuple[str, str, tuple[type, ...]], type[BaseException]] = {}


def stand_in(of: TypeName) -> type[BaseException]:
    """Make, once, a class that stands for one that is not to be had here.

    Its bases are those of the other, so that `except` takes the same exceptions.
    """
    module, qualname, _, base, names = of
    bases = tuple(map(twin, names)) or (base,)
    key = module, qualname, bases
    if key not in _stand_ins:
        made = asked(_derived, module, qualname, base, bases, otherwise=None)  # a base may refuse
        made = _derived(module, qualname, base, (base,)) if made is None else made
        copyreg.pickle(made, _reduce)
        _stand_ins[key] = made
    return _stand_ins[key]


def _derived(
    module: str, qualname: str, base: type[BaseException], bases: tuple[type[BaseException], ...]
) -> type[BaseException]:
    if not any(issubclass(each, BaseRemoteError) for each in bases):
        kind = (
            RemoteError if any(issubclass(each, Exception) for each in bases) else BaseRemoteError
        )
        bases = (kind, *bases)
    # A qualified name can be any string, the name of a new class cannot.
    name = qualname.rpartition(".")[2].encode("utf-8", "replace").decode().replace("\0", "?")
    namespace: dict[str, Any] = {"__module__": module, "__qualname__": qualname}
    home = home_of(module)
    if home is not None:
        namespace["__init__"] = _initializer(home, module, qualname)
    made: type[BaseException] = type(name, bases, namespace)
    return made


def _initializer(home: Any, module: str, qualname: str) -> Callable[..., None]:
    """Return the `__init__` of a stand-in whose class is in a module that lives elsewhere.

    Who calls it gets what the class itself makes.
    """

    def __init__(self: BaseException, /, *arguments: object, **keywords: object) -> None:
        over = module, qualname, *arguments
        become(self, _core.invoke(home, f"{__name__}:make", over, keywords))

    return __init__


def _reduce(exception: BaseException) -> tuple[Any, ...]:
    """Take a stand-in apart for pickle, which does not find its class by its name."""
    cls = type(exception)
    reduced: Any = cls.__reduce__(exception)
    _, arguments, *others = reduced
    if others and isinstance(others[0], dict):
        others[0] = {key: value for key, value in others[0].items() if key != "remote_type"}
    return remake, (named(cls), arguments), *others


def remake(of: TypeName, arguments: tuple[object, ...]) -> BaseException:
    """Make what a stand-in stood for, or a stand-in, in whatever process; called by the pickle."""
    cls = twin(of)
    made: BaseException | None = asked(cls, *arguments, otherwise=None)
    if made is not None:
        return made
    made = allocate(cls, *arguments)  # its __init__ wants other arguments than those that it keeps
    made = allocate(stand_in(of), *arguments) if made is None else made
    if made is None:
        return cls(*arguments)
    set_args(made, arguments)
    return made


def make(module: str, qualname: str, /, *arguments: object, **keywords: object) -> Any:
    """Make an exception, for an interpreter that uses this one's module."""
    return _imported(module, qualname)(*arguments, **keywords)
