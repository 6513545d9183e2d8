"""Functions that go by value, with the references that they hold.

They are made again without what takes them apart, which an interpreter need not import.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import marshal

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from ._buffer import Buffer
    from ._pickles import Dumped


_Function: Any = type(lambda: None)  # types takes a while, too
_Cell: Any = type((lambda each: lambda: each)(None).__closure__[0])  # type: ignore[index]


# ---- taking apart ----


def dump_by_value(
    obj: object, is_reference: Callable[[object], bool], may_leave: bool = False
) -> Dumped:
    """Pickle an object, with the classes and functions that cannot be imported elsewhere.

    Args:
        obj: The object.
        is_reference: Tells what crosses beside the pickle.
        may_leave: Whether it may be loaded in another process.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something in it cannot be pickled.
    """
    from . import _closures, _pickles

    if not _is_changed():
        try:
            data, beside = _pickles.write(_closures.Pickler, obj, is_reference, may_leave)
        except Exception:  # what is wrong, if anything, cloudpickle says
            pass
        else:
            if b"__main__" not in data:  # by name, what is found nowhere else
                return beside.dumped(data)
    from . import _cloud

    data, beside = _pickles.write(_cloud.Pickler, obj, is_reference, may_leave)
    return beside.dumped(data)


def _is_changed() -> bool:
    """Has cloudpickle been told to pickle some modules by value?"""
    import sys

    cloudpickle = sys.modules.get("cloudpickle")
    return cloudpickle is not None and bool(cloudpickle.list_registry_pickle_by_value())


def _is_proxy_or_handle(obj: object) -> bool:
    return _core.is_proxy(obj) or _core.is_handle(obj)


def dump_function(function: Callable[..., Any]) -> Dumped:
    """Pickle a function by value, but let proxies and handles in it stay references.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If something that it captured cannot be
            pickled.
    """
    return dump_by_value(function, _is_proxy_or_handle)


# ---- putting together ----


def load_function(
    data: bytes, references: tuple[object, ...] = (), buffers: tuple[Buffer, ...] = ()
) -> Callable[..., Any]:
    """Make the function again; also called by the core, for a task's that refers to nothing."""
    if not references and not _core.has_shared():
        function: Callable[..., Any] = pickle.loads(data, buffers=buffers)
        return function
    from . import _pickles

    function = _pickles.load((data, references, buffers))
    return function


def make(code: bytes, namespace: dict[str, Any], name: str) -> Callable[..., Any]:
    """Make a function that was taken apart, but for what `fill` gives it; called by the pickle."""
    if namespace.get("__name__", "") is None:
        namespace["__name__"] = "__main__"
    namespace.setdefault("__builtins__", __builtins__)
    loaded: CodeType = marshal.loads(code)
    cells = tuple(_Cell() for _ in loaded.co_freevars)
    function: Callable[..., Any] = _Function(loaded, namespace, name, None, cells)
    return function


def fill(
    function: Any,
    state: tuple[dict[str, Any], tuple[tuple[Any, ...], ...], dict[str, Any], dict[str, Any]],
) -> None:
    """Give a function what it refers to, which may be the function itself; called by the pickle."""
    values, cells, attributes, members = state
    function.__globals__.update(values)
    for cell, contents in zip(function.__closure__ or (), cells, strict=True):
        if contents:
            (cell.cell_contents,) = contents
    for name, value in attributes.items():
        setattr(function, name, value)
    function.__dict__.update(members)
