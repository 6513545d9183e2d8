"""Values that are taken apart here and put together there."""

from __future__ import annotations

import sys

from .. import _core
from .._memory import arrays
from .._typing import cast
from . import by_name
from .names import has_local_names, home_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import FrameType
    from typing import Any

    from .exception_types import Named
    from .pickles import Dumped

# How a value was taken apart, and the parts.
_BY_PICKLE, _IN_PARTS, _AS_TWIN = "pickle", "parts", "twin"


def _pickled(obj: object, may_leave: bool, is_writable: bool) -> tuple[str, bytes | Dumped]:
    """Pickle by reference to what can be imported there, by value what cannot."""
    import _pickle as pickle  # pickle itself takes milliseconds to import

    if may_leave or not (is_writable or _core.has_shared()):
        buffers: list[object] = []
        try:
            data = pickle.dumps(obj, 5, buffer_callback=buffers.append)
        except (pickle.PicklingError, AttributeError, TypeError):  # handles refuse
            data = b"__main__"
        has_arrays = not may_leave and arrays.may_be_in(data)
        if not buffers and not has_arrays and not has_local_names(data):
            return _BY_PICKLE, data
    from . import functions

    take_array = arrays.copied if is_writable else arrays.lent
    return _IN_PARTS, functions.dump(obj, _core.is_handle, may_leave, take_array)


def dump(
    obj: object, is_forced: bool = False, may_leave: bool = False, is_writable: bool = False
) -> tuple[str, str | bytes | Dumped | Named | tuple[Any, ...]] | None:
    """Take a value apart into what the core can carry; None: it has to go by reference.

    With `is_forced` (for `copy`) what cannot be pickled is an error. With `may_leave` it can be
    put together in another process, too; with `is_writable` arrays in it are copies that can be
    written to.
    """
    if (
        not is_forced
        and issubclass(type(obj), type)
        and issubclass(cast("type", obj), BaseException)
    ):
        from .exception_types import named

        return _AS_TWIN, named(cast("type[BaseException]", obj))
    if not is_forced and by_name.is_candidate(obj):
        return by_name.dump(obj)
    try:
        return _pickled(obj, may_leave, is_writable)
    except Exception:
        if is_forced:
            raise
        return None


def load(dumped: tuple[str, Any]) -> Any:
    """Put together what `dump` took apart."""
    how, data = dumped
    if how in by_name.LOADS:
        return by_name.LOADS[how](data)
    if how == _AS_TWIN:
        from .exception_types import twin

        return twin(data)
    if how == _BY_PICKLE:
        import _pickle as pickle

        return pickle.loads(data)
    from . import pickles

    return pickles.load(data)


def load_at_home(dumped: tuple[str, Any], module: str) -> Any:
    """Put together what is of a class of that module, in the interpreter whose module is used here.

    Extension modules in mode `main` are main's, and their C code takes no Proxies for its parts.
    """
    home = home_of(module)
    if home is None:
        return load(dumped)
    return _core.invoke(home, f"{__name__}:load", (dumped,), None)


def _module_of(proxy: object) -> str:
    module: Any = type(proxy).__module__
    return module if type(module) is str else ""


def fetch(proxy: object, may_leave: bool = False, is_writable: bool = False) -> Any:
    """Take apart, in its owner, what a Proxy stands for."""
    how = True, may_leave, is_writable
    return _core.invoke(_core.owner(proxy), "atoll._transfer.values:dump", (proxy, *how), None)


class _Original:
    """Stands for what a Proxy refers to where it is pickled or copied.

    Pickled, and copied deep, it is its value; `copy.copy` takes it as it is (`take`).
    """

    __slots__ = ("proxy",)

    def __init__(self, proxy: object) -> None:
        self.proxy = proxy

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        how, what = fetch(self.proxy, True)
        if how == _IN_PARTS:
            data, references, buffers = what
            what = data, references, tuple(map(bytearray, buffers))  # any pickler takes these
        return load_at_home, ((how, what), _module_of(self.proxy))

    def __deepcopy__(self, memo: object) -> Any:
        return load_at_home(fetch(self.proxy), _module_of(self.proxy))


def take(value: Any) -> Any:
    """Return a value that was pickled, or have the original copied where it is."""
    if type(value) is not _Original:
        return value
    return _core.invoke(_core.owner(value.proxy), "copy:copy", (value.proxy,), None)


# What of `dataclasses.asdict` and `astuple` converts a field's value, and what it calls the factory
# that it is given.
_CONVERTERS = {"_asdict_inner": "dict_factory", "_astuple_inner": "tuple_factory"}


def _converter(proxy: object) -> Callable[[Any], Any] | None:
    """Return what a dataclass's field becomes, if that is what a deep copy of it is made for.

    They know containers by `type(x)` and take all else for a value, of which they make a deep copy.
    So of a remote container that copy is what they convert.
    """
    copying = _caller(sys._getframe(1), "copy", {"deepcopy"})
    converting = copying and _caller(copying, "dataclasses", _CONVERTERS)
    if not converting or not isinstance(proxy, (list, dict)):
        return None
    name = converting.f_code.co_name
    convert, factory = converting.f_globals[name], converting.f_locals[_CONVERTERS[name]]
    return lambda value: convert(value, factory)


def _caller(frame: FrameType, module: str, functions: Container[str]) -> FrameType | None:
    caller = frame.f_back
    if caller is None or caller.f_code.co_name not in functions:
        return None
    return caller if caller.f_globals.get("__name__") == module else None


def reduce_proxy(proxy: object) -> tuple[Any, tuple[Any]]:
    """Pickle a Proxy by the value of its original; called by the core."""
    return _converter(proxy) or take, (_Original(proxy),)


def copy(obj: Any, *, writable: bool = False) -> Any:
    """Send, or fetch, by value what would go by reference.

    Of a Proxy: return a copy of the original here (a proxied list becomes a list). Of any other
    object: return a parcel that, passed as an argument or returned, arrives as a copy.

    What crosses: the pickled value; shared references and cycles inside it are kept. Big buffers in
    it (numpy arrays, with pickle's protocol 5) are copied once, into memory that the copy is made
    over; Buffers, queues and interpreters in it stay the same ones. A NumPy array that lies in a
    Buffer, as one that a copy or an executor has brought, is not copied: it arrives as a read-only
    array over the same memory.

    Args:
        obj: A Proxy, or an object that pickle or cloudpickle can handle.
        writable: Copy NumPy arrays in any case, into arrays that can be written to.

    Raises:
        pickle.PicklingError, TypeError: If the original cannot be pickled; for a local object this
            is raised by the call that it is passed to.
        InterpreterClosedError: If the owner is closed.

    Threads: any.

    Example:
        >>> numbers = interpreter.eval("[1, 2, 3]")
        >>> atoll.copy(numbers)
        [1, 2, 3]
        >>> there = interpreter.call(sorted, atoll.copy([3, 1, 2]))  # sorts a list of its own
    """
    if _core.is_proxy(obj):
        return load_at_home(fetch(obj, False, writable), _module_of(obj))
    return _core.mark(obj, True, bool(writable))
