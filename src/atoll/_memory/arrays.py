"""NumPy's arrays that lie in a Buffer: they are handed on as a part of that Buffer, uncopied.

What is returned here is what a pickler's `reducer_override` returns; the Buffer in it crosses as
the handle that it is. Only arrays of exactly NumPy's own class are handed on so, and none of Python
objects: all others are left to NumPy.
"""

from __future__ import annotations

import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, cast

    from .buffer import Buffer
else:
    from .._typing import cast


def array_type() -> Any:
    """Return the class of arrays; None: NumPy is not loaded in this interpreter."""
    numpy = sys.modules.get("numpy")
    return vars(numpy).get("ndarray") if type(numpy) is type(sys) else None


def may_be_in(data: bytes) -> bool:
    """Tell whether a pickle may have arrays inside that NumPy itself has pickled."""
    return b"_reconstruct" in data and array_type() is not None


# ---- taking apart ----


def lent(array: Any) -> Any:
    """Hand an array on as a read-only part of the Buffer that it lies in."""
    part, offset = _part_of(array)
    if part is None:
        return NotImplemented
    return _remade(array, _core.buffer_readonly(part), offset, array.strides)


def shared(array: Any) -> Any:
    """Hand an array on as a part of the Buffer that it lies in, as writable as it is here."""
    if not array.flags.writeable:
        return lent(array)
    part, offset = _part_of(array)
    return NotImplemented if part is None else _remade(array, part, offset, array.strides)


def copied(array: Any) -> Any:
    """Hand a copy on, which can be written to, in a Buffer of its own."""
    if array.dtype.hasobject or not array.dtype.itemsize:
        return NotImplemented
    from .buffer import Buffer

    buffer = Buffer(array.nbytes)
    order = "F" if array.flags.fnc else "C"
    copy = type(array)(array.shape, array.dtype, _bytes_of(buffer), 0, None, order)
    copy[...] = array
    return _remade(array, buffer, 0, copy.strides)


def _remade(array: Any, part: Buffer, offset: int, strides: tuple[int, ...]) -> Any:
    return remake, (part, array.shape, array.dtype, offset, strides)


def _part_of(array: Any) -> tuple[Buffer | None, int]:
    """Return the bytes of a Buffer from an array's lowest to its highest, and where it begins."""
    buffer = None if array.dtype.hasobject or not array.dtype.itemsize else _buffer_below(array)
    if buffer is None:
        return None, 0
    start: int = array.__array_interface__["data"][0]
    if not array.size:
        return _core.buffer_part(buffer, start, 0), 0
    reaches = [(n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)]
    below = -sum(each for each in reaches if each < 0)
    above = sum(each for each in reaches if each > 0) + array.itemsize
    return _core.buffer_part(buffer, start - below, below + above), below


def _buffer_below(array: Any) -> Buffer | None:
    """Return the Buffer whose memory an array says that it sees."""
    base = array.base
    while _is_of_numpy(type(base)):
        base = getattr(base, "base", None)
    try:
        base = base.obj if type(base) is memoryview else base
    except ValueError:  # released by force
        return None
    return cast("Buffer", base) if issubclass(type(base), _core.BufferHandle) else None


def _is_of_numpy(kind: type) -> bool:
    """Is it a class of arrays, or what NumPy has between an array and one made of its memory?"""
    return issubclass(kind, array_type()) or kind.__module__.partition(".")[0] == "numpy"


# ---- putting together ----


def remake(
    part: Buffer, shape: tuple[int, ...], dtype: Any, offset: int, strides: tuple[int, ...]
) -> Any:
    """Make an array over a part of a Buffer."""
    import numpy

    return numpy.ndarray(shape, dtype, _bytes_of(part), offset, strides)


def _bytes_of(buffer: Buffer) -> Any:
    """Return an array over a Buffer that counts as a use of it: it cannot be released."""
    import numpy

    return numpy.asarray(buffer)
