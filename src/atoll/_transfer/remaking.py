"""Making functions again that came by value.

Apart from what takes them apart, which an interpreter that runs them need not import.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import marshal

from .. import _core
from . import pickles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from .._memory.buffer import Buffer


_Function: Any = type(lambda: None)  # types takes a while, too
_Cell: Any = type((lambda each: lambda: each)(None).__closure__[0])  # type: ignore[index]


def load_function(
    data: bytes, references: tuple[object, ...] = (), buffers: tuple[Buffer, ...] = ()
) -> Callable[..., Any]:
    """Make the function again; also called by the core, for a task's that refers to nothing."""
    if not references and not _core.has_shared():
        function: Callable[..., Any] = pickle.loads(data, buffers=buffers)
        return function
    function = pickles.load((data, references, buffers))
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
