"""Pickles for other interpreters: references and big buffers cross beside them.

References are what stays what it is: handles and, as the caller says, proxies. Big buffers are
those of numpy arrays and the like (protocol 5): each is copied once, into a block of its own, and
what is made over there is made over that. Of shared values there are only the addresses, unless
the pickle may leave the process.
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import io

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._memory.buffer import Buffer

    # A pickle, and the references and buffers that it refers to by their position.
    type Dumped = tuple[bytes, tuple[object, ...], tuple[Buffer, ...]]

_SMALL = 8192  # bytes; a smaller buffer costs less as a part of the pickle


# ---- taking apart ----


class Beside:
    """What is to cross beside a pickle, collected while that is written."""

    def __init__(self, is_reference: Callable[[object], bool]) -> None:
        self._is_reference = is_reference
        self._references: list[object] = []
        self._buffers: list[pickle.PickleBuffer] = []

    def takes(self, obj: object) -> Any:
        """Take an object if it is a reference: what a pickler's `reducer_override` returns."""
        if not self._is_reference(obj):
            return NotImplemented
        self._references.append(obj)
        return _take, (len(self._references) - 1,)

    def leaves(self, buffer: pickle.PickleBuffer) -> bool:
        """Take a buffer, or leave it in the pickle: a pickler's `buffer_callback`."""
        with memoryview(buffer) as view:
            is_small = view.nbytes < _SMALL
        if not is_small:
            self._buffers.append(buffer)
        return is_small

    def dumped(self, data: bytes) -> Dumped:
        """Return all that crosses; only now buffers are copied."""
        buffers = [_core.buffer_copy(buffer.raw()) for buffer in self._buffers]
        return data, tuple(self._references), tuple(buffers)


def _take(position: int) -> object:
    """Stand in a pickle for the reference at that position; the unpickler knows them."""
    raise RuntimeError("this pickle is only good between interpreters")


class _Sorting:
    """Makes a pickler of its kind sort out what crosses beside the pickle."""

    def __init__(self, file: io.BytesIO, beside: Beside) -> None:
        super().__init__(file, 5, buffer_callback=beside.leaves)  # type: ignore[call-arg]
        self._takes = beside.takes

    def reducer_override(self, obj: object) -> Any:
        taken = self._takes(obj)
        return super().reducer_override(obj) if taken is NotImplemented else taken  # type: ignore[misc]


class _Sharing(_Sorting):
    """Lets shared values be."""

    persistent_id = _core.shared_address


_adapted: dict[tuple[type, type], Any] = {}


def write(
    base: type, obj: object, is_reference: Callable[[object], bool], may_leave: bool = False
) -> tuple[bytes, Beside]:
    """Pickle with a pickler of a kind that has a `reducer_override`."""
    kinds = _Sharing if _core.has_shared() and not may_leave else _Sorting, base
    if kinds not in _adapted:
        _adapted[kinds] = type("Pickler", kinds, {})
    file, beside = io.BytesIO(), Beside(is_reference)
    _adapted[kinds](file, beside).dump(obj)
    return file.getvalue(), beside


# ---- putting together ----


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, data: bytes, references: tuple[object, ...], buffers: Iterable[Buffer]
    ) -> None:
        super().__init__(io.BytesIO(data), buffers=buffers)
        self._references = references

    persistent_load: Any = _core.shared_at

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == "_take":
            return self._references.__getitem__
        return super().find_class(module, name)


def load(dumped: Dumped) -> Any:
    """Make it again."""
    data, references, buffers = dumped
    if references or _core.has_shared():
        return _Unpickler(data, references, buffers).load()
    return pickle.loads(data, buffers=buffers)
