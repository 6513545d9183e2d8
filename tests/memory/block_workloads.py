"""What the tests of Buffer, AtomicInt and big pickles have interpreters do."""

from __future__ import annotations

import array
import gc
import pickle
from typing import Any, NamedTuple

import atoll

kept: list[Any] = []


class Count:
    """The blocks, and their bytes, that there are more than when this was made."""

    def __init__(self) -> None:
        gc.collect()
        self.before = atoll.Buffer.statistics()

    @property
    def blocks(self) -> int:
        return atoll.Buffer.statistics().blocks - self.before.blocks

    @property
    def bytes(self) -> int:
        return atoll.Buffer.statistics().bytes - self.before.bytes


class Holder:
    """An object with an attribute that can be asked for and set."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


def keep(value: Any) -> None:
    kept.append(value)


def forget() -> None:
    kept.clear()


def identity(value: Any) -> Any:
    return value


def is_foreign(value: Any) -> bool:
    return atoll.is_proxy(value)


def call(function: Any, *args: Any) -> Any:
    return function(*args)


def fill(buffer: atoll.Buffer, first: int = 0) -> atoll.Buffer:
    """Number the bytes of a Buffer; return it."""
    assert type(buffer) is atoll.Buffer
    with memoryview(buffer) as view:
        for i in range(len(view)):
            view[i] = (first + i) % 256
    return buffer


def describe(buffer: atoll.Buffer) -> tuple[Any, ...]:
    view = memoryview(buffer)
    return view.format, view.shape, view.strides, view.readonly, repr(view.tolist())


def make(nbytes: int) -> atoll.Buffer:
    return fill(atoll.Buffer(nbytes))


def make_doubles(*numbers: float) -> atoll.Buffer:
    return atoll.Buffer.copy_of(array.array("d", numbers))


def make_slice(nbytes: int) -> atoll.Buffer:
    return make(nbytes)[1::2]


def total(buffer: atoll.Buffer) -> int:
    return sum(memoryview(buffer))


def add_each(cell: atoll.AtomicInt, times: int) -> None:
    for _ in range(times):
        cell.add(1)


def exchange_each(cell: atoll.AtomicInt, times: int) -> None:
    """Add by compare_exchange alone."""
    for _ in range(times):
        while not cell.compare_exchange(seen := cell.load(), seen + 1):
            pass


class Samples:
    """Something like a numpy array: its memory may cross beside its pickle (protocol 5)."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Samples, (pickle.PickleBuffer(self.data),)

    def view(self) -> memoryview:
        return memoryview(self.data)


def make_samples(nbytes: int, is_readonly: bool = False) -> Samples:
    data = (bytes if is_readonly else bytearray)(i % 251 for i in range(nbytes))
    return Samples(data)


def look(samples: Samples) -> tuple[Any, ...]:
    view = samples.view()
    return type(samples.data).__name__, view.nbytes, view.readonly, sum(view)


def change(samples: Samples) -> Samples:
    samples.view()[0] = 77
    return samples


class Array(NamedTuple):
    """What there is to say of a numpy array."""

    address: int
    is_writable: bool
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    content: bytes


def describe_array(array: Any) -> Array:
    if isinstance(array, dict):
        array = array["deep"][0]
    address = array.__array_interface__["data"][0]
    form = str(array.dtype), array.shape, array.strides
    return Array(address, array.flags.writeable, *form, array.tobytes())


def release_below(array: Any) -> None:
    """Release the Buffer that an array lies in."""
    base = array.base
    while not isinstance(base, memoryview):
        base = base.base
    base.obj.release()
