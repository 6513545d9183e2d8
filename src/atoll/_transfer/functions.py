"""Pickling by value what cannot be imported elsewhere, with the references that it holds."""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import

from .. import _core
from .._memory import arrays
from . import pickles
from .names import has_local_names, names_main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._memory.buffer import Buffer
    from .pickles import Dumped


class _ByName(pickle.Pickler):
    """Pickles by name what can be imported."""

    def reducer_override(self, obj: object) -> Any:
        if type(obj) is object:
            raise pickle.PicklingError("it may be a global of __main__")
        return NotImplemented


def dump(
    obj: object,
    is_reference: Callable[[object], bool],
    may_leave: bool = False,
    take_array: Callable[[Any], Any] = arrays.lent,
) -> Dumped:
    """Pickle by reference to what can be imported, by value what cannot.

    Args:
        obj: The object.
        is_reference: Tells what crosses beside the pickle.
        may_leave: Whether it may be loaded in another process.
        take_array: Takes apart an array, as one of `_memory.arrays`.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in it cannot be pickled.
    """
    try:
        beside = pickles.Beside(is_reference, may_leave, take_array=take_array)
        data = pickles.write(_ByName, obj, beside)
    except (pickle.PicklingError, AttributeError, TypeError):
        pass
    else:
        if not has_local_names(data):
            return beside.dumped(data, ())
    return dump_by_value(obj, is_reference, may_leave, take_array=take_array)


def dump_by_value(
    obj: object,
    is_reference: Callable[[object], bool],
    may_leave: bool = False,
    copy: Callable[[pickle.PickleBuffer], Buffer] | None = None,
    take_array: Callable[[Any], Any] = arrays.lent,
) -> Dumped:
    """Pickle an object, with the classes and functions that cannot be imported elsewhere.

    Args:
        obj: The object.
        is_reference: Tells what crosses beside the pickle.
        may_leave: Whether it may be loaded in another process.
        copy: Copies big buffers.
        take_array: Takes apart an array, as one of `_memory.arrays`.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in it cannot be pickled.
    """
    from . import closures

    if not _is_changed():
        try:
            beside = pickles.Beside(is_reference, may_leave, copy=copy, take_array=take_array)
            data = pickles.write(closures.Pickler, obj, beside)
        except Exception:  # what is wrong, if anything, cloudpickle says
            pass
        else:
            if not names_main(data):  # by name, what is found nowhere else
                return _with_definitions(beside, data, is_reference)
    from . import cloud

    beside = pickles.Beside(is_reference, may_leave, copy=copy, take_array=take_array)
    try:
        data = pickles.write(cloud.Pickler, obj, beside)
    except Exception as error:
        _blame_variable(beside, is_reference, error)
        _name_page(error)
        raise
    return _with_definitions(beside, data, is_reference)


def _blame_variable(
    beside: pickles.Beside, is_reference: Callable[[object], bool], error: Exception
) -> None:
    """Name the context variable whose value cannot be pickled, if that is why.

    Raises:
        TypeError: If it is.
    """
    if beside.carried is None:
        return
    from . import cloud, contexts

    for variable, value in beside.carried.items:
        try:
            pickles.write(cloud.Pickler, value, pickles.Beside(is_reference))
        except Exception as reason:
            raise contexts.error_of(variable, reason) from error


def _name_page(error: Exception) -> None:
    """Note on an exception of pickle where it is told what goes by value, and what to do."""
    note = "what goes by value takes all along that it refers to [docs: how-to/functions]"
    is_pickles = isinstance(error, (pickle.PicklingError, AttributeError, TypeError))
    if is_pickles and note not in getattr(error, "__notes__", ()):
        BaseException.add_note(error, note)


def _with_definitions(
    beside: pickles.Beside, data: bytes, is_reference: Callable[[object], bool]
) -> Dumped:
    if beside.carried is not None:
        beside.carried.check()
    if not beside.classes:
        return beside.dumped(data, ())
    from . import cloud

    return beside.dumped(data, cloud.gather(beside.classes, is_reference))


def _is_changed() -> bool:
    """Has cloudpickle been told to pickle some modules by value?"""
    import sys

    # Another thread may be importing it: then nobody has told it anything yet.
    listed = getattr(sys.modules.get("cloudpickle"), "list_registry_pickle_by_value", None)
    return listed is not None and bool(listed())


def is_proxy_or_handle(obj: object) -> bool:
    """Tell what stays what it is when all else goes by value."""
    return _core.is_proxy(obj) or _core.is_handle(obj)


def dump_function(function: Callable[..., Any]) -> Dumped:
    """Pickle a function by value, but let proxies and handles in it stay references.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something that it captured cannot be
            pickled.
    """
    return dump_by_value(function, is_proxy_or_handle)
