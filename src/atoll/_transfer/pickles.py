"""Pickles for other interpreters: references and big buffers cross beside them.

References are what stays what it is: handles and, as the caller says, proxies. Big buffers are
those of numpy arrays and the like (protocol 5): each is copied once, into a block of its own, and
what is made over there is made over that. Of shared values there are only the addresses, unless
the pickle may leave the process.

Of classes that cannot be imported there is only the id; the definitions cross beside the pickle,
too, for interpreters that have not got them (_transfer.defining).
"""

from __future__ import annotations

import _pickle as pickle  # pickle itself takes milliseconds to import
import io

from .. import _core
from .._memory import arrays
from . import defining

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, cast

    from .._memory.buffer import Buffer
    from .contexts import Carried
    from .defining import Definition

    # A pickle, and the references and buffers that it refers to by their position.
    # The last reference is the definitions of classes, if there are any.
    type Dumped = tuple[bytes, tuple[object, ...], tuple[Buffer, ...]]
else:
    from .._typing import cast

_SMALL = 8192  # bytes; a smaller buffer costs less as a part of the pickle


# ---- taking apart ----


class Beside:
    """What is to cross beside a pickle, collected while that is written.

    Args:
        is_reference: Tells what is a reference.
        may_leave: Whether the pickle may be loaded in another process.
        defined: The class whose definition is pickled, if one is.
        copy: Copies big buffers.
        take_array: Takes apart an array, as one of `_memory.arrays`, or leaves it to NumPy.
    """

    def __init__(
        self,
        is_reference: Callable[[object], bool],
        may_leave: bool = False,
        defined: type | None = None,
        copy: Callable[[pickle.PickleBuffer], Buffer] | None = None,
        take_array: Callable[[Any], Any] = arrays.lent,
    ) -> None:
        self.may_leave = may_leave
        self.classes: set[str] = set()  # the ids of those that go by value
        self.carried: Carried | None = None  # the context variables, if there are any
        self._is_reference = is_reference
        self.defined = defined
        self._copy = copy or _copied
        self._array_type = None if may_leave else arrays.array_type()
        self._take_array = take_array
        self._references: list[object] = []
        self._buffers: list[pickle.PickleBuffer] = []

    def takes(self, obj: object) -> Any:
        """Take a reference, or an array: what a pickler's `reducer_override` returns."""
        if type(obj) is self._array_type:
            return self._take_array(obj)
        if not self._is_reference(obj):
            return NotImplemented
        self._references.append(obj)
        return _take, (len(self._references) - 1,)

    def takes_class(self, cls: type) -> Any:
        """Take a class that goes by value; NotImplemented: it has to stand in the pickle."""
        if self.may_leave or cls is self.defined:
            return NotImplemented
        identifier = defining.identify(cls)
        self.classes.add(identifier)
        return _find_class, (identifier,)

    def takes_context(self, obj: Any) -> Any:
        """Take a context or a context variable."""
        if self.may_leave:
            return NotImplemented
        from . import contexts

        self.carried = self.carried or contexts.Carried()
        return self.carried.take(obj)

    def leaves(self, buffer: pickle.PickleBuffer) -> bool:
        """Take a buffer, or leave it in the pickle: a pickler's `buffer_callback`."""
        with memoryview(buffer) as view:
            is_small = view.nbytes < _SMALL
        if not is_small:
            self._buffers.append(buffer)
        return is_small

    def dumped(self, data: bytes, definitions: tuple[Definition, ...]) -> Dumped:
        """Return all that crosses; only now buffers are copied."""
        references = (*self._references, definitions) if self.classes else self._references
        return data, tuple(references), self.copied_buffers()

    def definition(self, identifier: str, data: bytes) -> Definition:
        """Return what crosses of the class that is defined, and the ids of those that it needs."""
        beside = tuple(self._references), self.copied_buffers()
        return identifier, data, *beside, tuple(self.classes)

    def copied_buffers(self) -> tuple[Buffer, ...]:
        """Return copies of the buffers that were taken."""
        return tuple(map(self._copy, self._buffers))


def _copied(buffer: pickle.PickleBuffer) -> Buffer:
    return _core.buffer_copy(buffer.raw())


def _take(position: int) -> object:
    """Stand in a pickle for the reference at that position; the unpickler knows them."""
    raise RuntimeError("this pickle is only good between interpreters")


def _find_class(identifier: str) -> object:
    """Stand in a pickle for what finds a class by its id; as well."""
    raise RuntimeError("this pickle is only good between interpreters")


class _Sorting:
    """Makes a pickler of its kind sort out what crosses beside the pickle."""

    def __init__(self, file: io.BytesIO, beside: Beside) -> None:
        super().__init__(file, 5, buffer_callback=beside.leaves)  # type: ignore[call-arg]
        self.beside = beside

    def reducer_override(self, obj: object) -> Any:
        taken = self.beside.takes(obj)
        return super().reducer_override(obj) if taken is NotImplemented else taken  # type: ignore[misc]


class _Sharing(_Sorting):
    """Lets shared values be."""

    persistent_id = _core.shared_address


_adapted: dict[tuple[type, type], Any] = {}


def write(base: type, obj: object, beside: Beside) -> bytes:
    """Pickle with a pickler of a kind that has a `reducer_override`."""
    kinds = _Sharing if _core.has_shared() and not beside.may_leave else _Sorting, base
    if kinds not in _adapted:
        _adapted[kinds] = type("Pickler", kinds, {})
    file = io.BytesIO()
    _adapted[kinds](file, beside).dump(obj)
    return file.getvalue()


# ---- putting together ----


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, data: bytes, references: tuple[object, ...], buffers: Iterable[Buffer]
    ) -> None:
        super().__init__(io.BytesIO(data), buffers=buffers)
        self._references = references

    persistent_load: Any = _core.shared_at

    # What this returns must not refer to the unpickler, which keeps it and all that it has made.
    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == "_take":
            return self._references.__getitem__
        if module == __name__ and name == "_find_class":
            definitions = cast("tuple[Definition, ...]", self._references[-1])
            return lambda identifier: defining.find(identifier, definitions, load)
        return super().find_class(module, name)


def load(dumped: Dumped) -> Any:
    """Make it again."""
    data, references, buffers = dumped
    if references or _core.has_shared():
        return _Unpickler(data, references, buffers).load()
    return pickle.loads(data, buffers=buffers)
