"""What NumPy asks of an array of another interpreter, where one of its functions is called here.

It computes here, on a view of the owner's memory; on a copy where there can be no view (arrays of
objects, of dates, of subclasses). A copy cannot be written to, as that would be lost.
"""

from __future__ import annotations

import sys

from .. import _core
from .values import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _array_ufunc(self: Any, ufunc: Any, method: str, /, *inputs: Any, **kwargs: Any) -> Any:
    """Do `ufunc.method(*inputs, **kwargs)`; called by NumPy, as the next one."""
    result = getattr(ufunc, method)(*map(_here, inputs), **_here(kwargs))
    out = kwargs.get("out", ())
    return result if len(out) != 1 else out[0]


def _array_function(
    self: Any,
    function: Callable[..., Any],
    types: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    /,
) -> Any:
    return function(*_here(args), **_here(kwargs))


# What the class of a Proxy to an array has of its own, for NumPy of this interpreter; used by the
# core.
METHODS = {"__array_ufunc__": _array_ufunc, "__array_function__": _array_function}


def _here(obj: Any) -> Any:
    """Return an argument with arrays of this interpreter in place of Proxies to others."""
    if type(obj) is tuple or type(obj) is list:
        return type(obj)(map(_here, obj))
    if type(obj) is dict:
        return {name: _here(value) for name, value in obj.items()}
    if not _core.is_proxy(obj) or getattr(type(obj), "__array_ufunc__", None) is not _array_ufunc:
        return obj
    try:
        return _view(obj) if type(obj).__name__ == "ndarray" else _read_only(copy(obj))
    except (BufferError, ValueError):  # there is no format for its items
        return _read_only(copy(obj))


def _view(proxy: Any) -> Any:
    return sys.modules["numpy"].asarray(memoryview(proxy))


def _read_only(array: Any) -> Any:
    array.setflags(write=False)
    return array
