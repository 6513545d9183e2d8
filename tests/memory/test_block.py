"""Buffer: memory that every interpreter sees in place."""

from __future__ import annotations

import array
import collections.abc
import copy
import ctypes
import errno
import gc
import itertools
import os
import pickle
import struct
import threading
import weakref
from pathlib import Path
from typing import Any

import block_workloads
import pytest
from children import open_files
from naming import label

import atoll

try:
    import numpy
except ImportError:
    numpy = None

needs_numpy = pytest.mark.skipif(numpy is None, reason="numpy is not installed")


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `block_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("block_workloads")


@pytest.fixture(autouse=True)
def no_memory_is_left(there: Any) -> Any:
    """Fail the test that leaves a block behind."""
    before = atoll.Buffer.statistics()
    yield
    there.forget()
    if atoll.Buffer.statistics() != before:
        gc.collect()
    assert atoll.Buffer.statistics().blocks <= before.blocks


@pytest.fixture
def count() -> block_workloads.Count:
    """The blocks that a test makes."""
    return block_workloads.Count()


# ---- making ----


@pytest.mark.parametrize("nbytes", [0, 1, 100, 1 << 18, 5_000_001])
def test_new(nbytes: int) -> None:
    """A new Buffer is of bytes, all 0, writable and aligned to 64 bytes."""
    buffer = atoll.Buffer(nbytes)
    assert (len(buffer), buffer.nbytes, buffer.shape) == (nbytes, nbytes, (nbytes,))
    assert (buffer.format, buffer.itemsize, buffer.ndim, buffer.strides) == ("B", 1, 1, (1,))
    assert buffer.c_contiguous and buffer.f_contiguous and buffer.contiguous
    assert not buffer.readonly
    assert bytes(buffer) == bytes(nbytes)
    if nbytes:
        assert ctypes.addressof(ctypes.c_char.from_buffer(buffer)) % 64 == 0


@pytest.mark.parametrize(
    ("nbytes", "error"),
    [(-1, ValueError), (1 << 62, MemoryError), (1 << 63, OverflowError), (-(1 << 70), OverflowError),
     (1.5, TypeError), ("8", TypeError), (None, TypeError)],
)  # fmt: skip
def test_sizes_that_cannot_be(nbytes: Any, error: type[Exception]) -> None:
    """A size that is negative, too large or no int is an error."""
    with pytest.raises(error):
        atoll.Buffer(nbytes)


def test_arguments() -> None:
    """Buffer takes one argument, also by name."""
    assert atoll.Buffer(nbytes=3).nbytes == 3
    for args in ((), (1, 2)):
        with pytest.raises(TypeError):
            atoll.Buffer(*args)


ORIGINALS = [
    b"abc",
    bytearray(b"xyz"),
    array.array("d", [1.5, -2.5]),
    array.array("q"),
    memoryview(bytes(range(24))).cast("B", (2, 3, 4)),
    memoryview(bytes(range(20)))[::-3],
    memoryview(struct.pack("d", 2.5)).cast("B").cast("d", ()),
    (ctypes.c_int * 3 * 2)((1, 2, 3), (4, 5, 6)),
]


@pytest.mark.parametrize("original", ORIGINALS, ids=label)
def test_copy_of(original: Any) -> None:
    """A copy has the format, the shape and the items of the original, in a row; it is writable."""
    copied, view = atoll.Buffer.copy_of(original), memoryview(original)
    assert (copied.format, copied.shape, copied.itemsize) == (
        view.format,
        view.shape,
        view.itemsize,
    )
    assert copied.tobytes() == view.tobytes()
    assert copied.c_contiguous and not copied.readonly


def test_copy_is_separate() -> None:
    """Changing the copy leaves the original alone, also where that is a Buffer."""
    original = atoll.Buffer.copy_of(b"abc")
    copied = atoll.Buffer.copy_of(original)
    copied[0] = 120
    assert original == b"abc"


def test_copy_of_a_proxy(there: Any) -> None:
    """A copy of a Proxy's buffer is made here."""
    owned = there.array.array("i", [1, 2])
    assert atoll.is_proxy(owned)
    assert atoll.Buffer.copy_of(owned).tolist() == [1, 2]


@pytest.mark.parametrize("what", [5, "text", None, [1]])
def test_copy_of_something_else(what: Any) -> None:
    """What has no buffer cannot be copied."""
    with pytest.raises(TypeError):
        atoll.Buffer.copy_of(what)


def test_copy_of_objects() -> None:
    """A buffer of references to Python objects cannot be copied as bytes."""
    with pytest.raises(TypeError, match="Python objects"):
        atoll.Buffer.copy_of((ctypes.py_object * 2)(1, 2))


# ---- use as a memoryview is used ----


def test_is_a_buffer() -> None:
    """A Buffer is a collections.abc.Buffer, and other things take it as one."""
    buffer = atoll.Buffer.copy_of(b"abcd")
    assert isinstance(buffer, collections.abc.Buffer)
    assert b"".join([buffer, buffer]) == b"abcdabcd"
    assert struct.unpack_from("<H", buffer, 2) == (0x6463,)
    struct.pack_into("<H", buffer, 0, 0x4142)
    assert buffer == b"BAcd"


KEYS = [0, -1, slice(None), slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(9, 2),
        slice(3, 0, -2), slice(2, 2), 4, -9, "x", None, 1.0, (0,), (0, 0), ..., slice(0, 2, 0)]  # fmt: skip
FORMS = [("B", (4,)), ("h", (2,)), ("B", (2, 2)), ("b", (4, 1)), ("B", (2, 1, 2))]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_items_as_of_a_memoryview(form: Any, key: Any) -> None:
    """Getting an item or a slice does what it does with a memoryview, errors included."""
    size = struct.calcsize(form[0])
    for axis in form[1]:
        size *= axis
    view = memoryview(bytes(range(size))).cast(*form)
    buffer = atoll.Buffer.copy_of(view)
    try:
        expected = view[key]
    except Exception as error:
        with pytest.raises(type(error)):
            buffer[key]
        return
    got = buffer[key]
    if isinstance(expected, memoryview):
        assert type(got) is atoll.Buffer
        assert (got.format, got.shape, got.strides) == (
            expected.format,
            expected.shape,
            expected.strides,
        )
        assert got.tolist() == expected.tolist()
    else:
        assert got == expected


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_items_of_nothing(key: Any) -> None:
    """A Buffer without bytes answers as an empty memoryview does."""
    try:
        expected = memoryview(b"")[key].tolist()
    except Exception as error:
        with pytest.raises(type(error)):
            atoll.Buffer(0)[key]
    else:
        assert atoll.Buffer(0)[key].tolist() == expected


def test_a_slice_is_the_same_memory(count: block_workloads.Count) -> None:
    """What is written through a slice, or a slice of one, is seen through the whole."""
    buffer = atoll.Buffer(10)
    part = buffer[2:8][::2]
    part[1] = 5
    part[2:] = b"\x07"
    assert buffer.tolist() == [0, 0, 0, 0, 5, 0, 7, 0, 0, 0]
    assert count.blocks == 1


def test_setting_items() -> None:
    """Items and slices are set as a memoryview's; other sizes are refused, and deleting is."""
    buffer = atoll.Buffer(16).cast("d")
    buffer[1] = 2.5
    assert buffer.tolist() == [0.0, 2.5]
    with pytest.raises(ValueError):
        buffer[:] = b"12345678"
    with pytest.raises(TypeError):
        del buffer[0]  # type: ignore[misc]
    with pytest.raises(TypeError):
        buffer["x"] = 1  # type: ignore[index]


def test_cast() -> None:
    """cast() gives the same memory in another format and shape, from any contiguous one."""
    buffer = atoll.Buffer(24)
    table = buffer.cast("i", (2, 3))
    assert (table.shape, table.strides, table.format, len(table)) == ((2, 3), (12, 4), "i", 2)
    table[1, 2] = 7
    assert table.cast("q").tolist() == [0, 0, 7 << 32]
    assert table[1:].cast("B").nbytes == 12
    assert buffer.cast("B", [4, 6]).cast("h", (12,)).shape == (12,)
    assert buffer[:8].cast("d", ()).tolist() == struct.unpack("d", bytes(buffer[:8]))[0]
    strange = atoll.Buffer.copy_of((ctypes.c_int * 2)(1, 2))  # "<i", which memoryview cannot cast
    assert strange.cast("i").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("form", "error"),
    [(("d",), TypeError), (("z",), ValueError), ((3,), TypeError), (("B", (5, 5)), TypeError),
     (("B", (-1, 24)), ValueError), (("B", 24), TypeError), (("B", ("x",)), TypeError)],
)  # fmt: skip
def test_casts_that_cannot_be(form: Any, error: type[Exception]) -> None:
    """A format or shape that does not fit is the error that it is with a memoryview."""
    buffer = atoll.Buffer(20)
    with pytest.raises(error):
        buffer.cast(*form)
    with pytest.raises(TypeError, match="C-contiguous"):
        buffer[::2].cast("B")


def test_readonly() -> None:
    """Through a read-only Buffer nothing is written; what others write is seen."""
    buffer = atoll.Buffer(4)
    reader = buffer.toreadonly()
    assert reader.readonly and reader[1:].readonly and reader.cast("i").readonly
    for write in (lambda: reader.__setitem__(0, 1), lambda: memoryview(reader).__setitem__(0, 1)):
        with pytest.raises(TypeError):
            write()
    with pytest.raises((TypeError, BufferError)):
        ctypes.c_char.from_buffer(reader)
    buffer[0] = 9
    assert reader[0] == 9 and not buffer.readonly


def test_equality() -> None:
    """Buffers are equal to what has the same items; a Buffer has no hash."""
    buffer = atoll.Buffer.copy_of(b"abc")
    assert buffer == b"abc" and buffer == bytearray(b"abc") and b"abc" == buffer
    assert buffer == atoll.Buffer.copy_of(b"abc") and buffer != b"abd" and buffer != "abc"
    with pytest.raises(TypeError):
        hash(buffer)
    buffer.release()
    assert buffer == buffer and buffer != b"abc"


def test_conversions() -> None:
    """tobytes, tolist, iteration and membership are those of a memoryview."""
    buffer = atoll.Buffer.copy_of(array.array("h", [3, -1]))
    assert buffer.tobytes() == struct.pack("2h", 3, -1)
    assert buffer.tolist() == list(buffer) == [3, -1]
    assert -1 in buffer and 5 not in buffer
    assert list(reversed(atoll.Buffer.copy_of(b"ab")[::-1].tolist())) == [97, 98]


def test_no_axes() -> None:
    """A Buffer without axes has one item and no length."""
    scalar = atoll.Buffer(8).cast("q", ())
    assert scalar[()] == 0 and scalar.tolist() == 0 and scalar.shape == ()
    with pytest.raises(TypeError, match="0-dim"):
        len(scalar)


FLAGS = [0, 1, 4, 8, 0x18, 0x38, 0x58, 0x98, 0x118, 0x1C, 0x11C, 0x1D, 0x19, 9, 0xC, 5]


@pytest.mark.parametrize("flags", FLAGS, ids=hex)
@pytest.mark.parametrize("key", [slice(None), slice(None, None, 2), slice(0, 1)], ids=str)
def test_what_is_asked_for(flags: int, key: slice) -> None:
    """A request for a buffer is granted or refused as a memoryview of the same form does."""
    buffer = atoll.Buffer(12).cast("B", (4, 3))[key].toreadonly()
    try:
        expected = memoryview(buffer).__buffer__(flags)
    except BufferError:
        if flags & 4 and not flags & 8:
            return  # of bytes, a format needs no shape
        with pytest.raises(BufferError):
            buffer.__buffer__(flags)
        return
    got = buffer.__buffer__(flags)
    assert (got.ndim, got.shape, got.strides, got.format) == (
        expected.ndim,
        expected.shape,
        expected.strides,
        expected.format,
    )


def test_repr() -> None:
    """repr() says how large it is, and what is not usual about it."""
    buffer = atoll.Buffer(8)
    assert repr(buffer) == "<atoll.Buffer nbytes=8>"
    assert "format='h' shape=(4,) readonly" in repr(buffer.cast("h").toreadonly())
    buffer.release()
    assert repr(buffer) == "<released atoll.Buffer>"


def test_statistics(count: block_workloads.Count) -> None:
    """statistics() counts blocks and their bytes, not views; it is a frozen record."""
    buffer = atoll.Buffer(1000)
    views = [buffer[1:], buffer.toreadonly(), atoll.AtomicInt(buffer)]
    assert (count.blocks, count.bytes) == (1, 1000)
    now = atoll.Buffer.statistics()
    assert isinstance(now, atoll.BufferStatistics) and len(views) == 3
    with pytest.raises(AttributeError):
        now.blocks = 0  # type: ignore[misc]


# ---- numpy ----


@needs_numpy
def test_numpy_is_the_memory(there: Any) -> None:
    """numpy.asarray(buffer) is the memory itself, which another interpreter fills."""
    buffer = atoll.Buffer(6)
    array = numpy.asarray(buffer)
    there.fill(buffer)
    assert array.tolist() == [0, 1, 2, 3, 4, 5]
    array[0] = 9
    assert buffer[0] == 9
    assert numpy.shares_memory(array, numpy.asarray(buffer[2:]))
    assert not numpy.asarray(buffer.toreadonly()).flags.writeable


@needs_numpy
@pytest.mark.parametrize("dtype", ["<i4", ">f8", "?", "c16", "S3", "u1,f4", "(2,3)i2", "e"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3)])
def test_numpy_arrays_of_any_kind(there: Any, dtype: str, shape: tuple[int, ...]) -> None:
    """A copy of an array is an array of the same dtype, shape and items on the other side, too."""
    array = numpy.zeros(shape, dtype)
    array.view("u1" if array.ndim else array.dtype)[...] = 1 if array.ndim else array
    back = numpy.asarray(there.identity(atoll.Buffer.copy_of(array)))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


@needs_numpy
def test_numpy_slices() -> None:
    """Transposed and stepped arrays are copied in the order of C; slices of Buffers are arrays."""
    array = numpy.arange(24, dtype="i2").reshape(4, 6)
    assert numpy.array_equal(numpy.asarray(atoll.Buffer.copy_of(array.T[::2])), array.T[::2])
    buffer = atoll.Buffer.copy_of(array)
    assert numpy.array_equal(numpy.asarray(buffer[::-2]), array[::-2])


@needs_numpy
def test_numpy_objects() -> None:
    """An array of Python objects cannot be copied as bytes, also where they are one field."""
    for dtype in ("O", [("O", "i4"), ("x", "O")]):
        with pytest.raises(TypeError, match="Python objects"):
            atoll.Buffer.copy_of(numpy.zeros(2, dtype))
    assert atoll.Buffer.copy_of(numpy.zeros(2, [("O", "i4")])).nbytes == 8


# ---- crossing ----


def test_crosses_as_argument_and_result(there: Any) -> None:
    """As an argument and a result it is the same memory, and at home the same object."""
    buffer = atoll.Buffer(4)
    assert there.fill(buffer, 5) is buffer
    assert buffer.tolist() == [5, 6, 7, 8]
    made = there.make(3)
    assert type(made) is atoll.Buffer
    there.fill(made, 1)
    assert made.tolist() == [1, 2, 3]


def test_views_cross_with_their_form(there: Any) -> None:
    """Format, shape, strides and being read-only cross."""
    buffer = atoll.Buffer.copy_of(bytes(range(24))).cast("h", (4, 3))
    for each in (buffer, buffer[::-2], buffer[1:3].toreadonly(), buffer[:0]):
        view = memoryview(each)
        assert there.describe(each) == (
            view.format,
            view.shape,
            view.strides,
            view.readonly,
            repr(view.tolist()),
        )
    assert there.make_slice(6).tolist() == [1, 3, 5]
    assert there.make_doubles(1.5, 2.5).tolist() == [1.5, 2.5]


def test_crosses_everywhere(there: Any, interpreter: atoll.Interpreter) -> None:
    """It crosses as an attribute, in a tuple, a closure, a container by value, and by copy()."""
    buffer = atoll.Buffer.copy_of(b"abc")
    holder = there.Holder()
    holder.value = buffer
    assert holder.value is buffer
    assert there.identity((1, (buffer, buffer)))[1][0] is buffer
    assert there.identity(atoll.copy(buffer)) is buffer
    interpreter.call(lambda: memoryview(buffer).__setitem__(0, 65))
    assert buffer == b"Abc"
    assert interpreter.call(
        lambda held: held[0]["b"] is held[1], atoll.copy([{"b": buffer}, buffer])
    )
    theirs = interpreter.eval("[]")
    theirs.append({"buffer": buffer})
    assert atoll.copy(theirs)[0]["buffer"] is buffer


def test_crosses_through_a_queue(there: Any, count: block_workloads.Count) -> None:
    """As an item of a queue it is counted: it outlives whoever put it."""
    jobs = atoll.Queue()
    jobs.put(atoll.Buffer.copy_of(b"abc"))
    gc.collect()
    assert count.blocks == 1
    assert there.describe(jobs.get())[1] == (3,)
    jobs.put(atoll.Buffer(5))
    jobs.put((atoll.Buffer(5), atoll.copy([atoll.Buffer(7)])))
    assert count.blocks == 3
    jobs.shutdown(immediate=True)
    del jobs
    assert count.blocks == 0


def test_crosses_in_an_executor(count: block_workloads.Count) -> None:
    """An executor passes Buffers, also inside lists and closures, and gives them back, uncopied."""
    buffer = atoll.Buffer(3)

    def set_first(held: Any) -> Any:
        held[0][0] = 1
        memoryview(buffer)[1] = 2
        return held

    with atoll.InterpreterPoolExecutor(1) as pool:
        assert pool.submit(block_workloads.fill, buffer, 7).result() is buffer
        assert pool.submit(set_first, [buffer]).result()[0] is buffer
        assert buffer.tolist() == [1, 2, 9]
        assert list(pool.map(block_workloads.total, [buffer] * 4)) == [12] * 4
        assert count.blocks == 1
        made = pool.submit(block_workloads.make, 3).result()
    assert made.tolist() == [0, 1, 2]


def test_crosses_from_a_thread() -> None:
    """A Thread takes a Buffer, and its result outlives its interpreter."""
    buffer = atoll.Buffer(3)
    thread = atoll.Thread(target=block_workloads.fill, args=(buffer,), kwargs={"first": 1})
    thread.start()
    assert thread.result() is buffer
    assert buffer.tolist() == [1, 2, 3]
    maker = atoll.Thread(target=block_workloads.make, args=(2,))
    maker.start()
    made = maker.result()
    maker.join()
    del thread, maker
    assert made.tolist() == [0, 1]


def test_what_does_not_arrive_is_freed(there: Any, count: block_workloads.Count) -> None:
    """Buffers whose call, task or item fails on the way there or back are freed."""
    lock = threading.Lock()
    with pytest.raises(TypeError):
        there.identity(atoll.Buffer(5), atoll.copy([lock]))
    with pytest.raises(TypeError):
        atoll.Queue().put((atoll.Buffer(5), [1], atoll.copy([atoll.Buffer(6), lock])))
    with pytest.raises(TypeError):
        there.call(lambda: (atoll.Buffer(5), atoll.copy(lock)))
    queue = atoll.Queue()
    queue.put((1, atoll.copy(Unloadable()), atoll.Buffer(5)))
    with pytest.raises(ValueError, match="unloadable"):
        queue.get()
    with atoll.Interpreter() as gone:
        identity = gone.import_module("block_workloads").identity
    with pytest.raises(atoll.InterpreterClosedError):
        identity(atoll.Buffer(5))
    with atoll.InterpreterPoolExecutor(1) as pool:
        pool.submit(len, atoll.Buffer(5)).cancel()
        assert pool.submit(divmod, [atoll.Buffer(5)], 0).exception() is not None
    gc.collect()
    assert count.blocks == 0


def unload() -> None:
    raise ValueError("unloadable")


class Unloadable:
    def __reduce__(self) -> Any:
        return unload, ()


def test_by_reference(there: Any) -> None:
    """Sent by ref() it is a Proxy, whose memory is reached as that of any other object."""
    buffer = atoll.Buffer.copy_of(b"abc")
    assert there.is_foreign(atoll.ref(buffer))
    assert there.total(atoll.ref(buffer)) == sum(b"abc")


def test_outlives_its_maker() -> None:
    """It is valid after the interpreter that made it has closed, and after all others let go."""
    with atoll.Interpreter() as maker:
        workloads = maker.import_module("block_workloads")
        buffer = workloads.make(4)
        workloads.keep(buffer)
        view = memoryview(buffer)
    del workloads
    assert view.tolist() == [0, 1, 2, 3]
    view.release()
    part = buffer[2:]
    buffer.release()
    assert part.tolist() == [2, 3]


def test_freed_by_whoever_is_last(there: Any, count: block_workloads.Count) -> None:
    """The memory goes with the last view, be it in another interpreter."""
    buffer = atoll.Buffer(10)
    there.keep(buffer[3:])
    del buffer
    assert count.blocks == 1
    there.forget()
    assert count.blocks == 0


def test_a_subclass_crosses_as_a_buffer(there: Any) -> None:
    """An instance of a subclass comes out as a Buffer elsewhere, and comes home as itself."""

    class Pixels(atoll.Buffer):
        pass

    pixels = Pixels(3)
    assert there.fill(pixels) is pixels
    assert type(pixels[1:]) is atoll.Buffer


def test_a_subclass_with_its_own_buffer() -> None:
    """A subclass whose __buffer__ shows other memory gets slices of that: memoryviews."""

    class Other(atoll.Buffer):
        def __buffer__(self, flags: int) -> memoryview:
            return memoryview(b"other")

    other = Other(3)
    assert bytes(other[1:]) == b"ther"

    class Key:
        def __index__(self) -> int:
            other.release()
            return 1

    assert bytes(other[Key() :]) == b"ther" and other.is_released


# ---- release ----


USES = [
    len, bytes, memoryview, repr, atoll.Buffer.copy_of, atoll.AtomicInt, iter, list, pickle.dumps,
    lambda b: b[0], lambda b: b[:], lambda b: b.__setitem__(0, 1), lambda b: b.cast("B"),
    lambda b: b.toreadonly(), lambda b: b.tobytes(), lambda b: b.tolist(), lambda b: b.__enter__(),
    *(lambda b, name=name: getattr(b, name) for name in (
        "nbytes", "itemsize", "format", "ndim", "shape", "strides", "readonly", "contiguous",
        "c_contiguous", "f_contiguous"))]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_use_after_release(use: Any) -> None:
    """A released Buffer raises ValueError whatever is done with it; only repr() says that it is."""
    buffer = atoll.Buffer(8)
    buffer.release()
    buffer.release()
    assert buffer.is_released
    if use is repr:
        use(buffer)
        return
    with pytest.raises(TypeError if use is pickle.dumps else ValueError):
        use(buffer)


def test_released_does_not_cross(there: Any) -> None:
    """A released Buffer cannot be sent, nor be the argument of an executor's call."""
    buffer = atoll.Buffer(8)
    buffer.release()
    with pytest.raises(ValueError, match="released"):
        there.identity(buffer)
    with pytest.raises(ValueError, match="released"):
        atoll.Queue().put((1, buffer))
    with atoll.InterpreterPoolExecutor(1) as pool, pytest.raises(ValueError, match="released"):
        pool.submit(len, buffer).result()


def test_release_is_of_one_interpreter(there: Any) -> None:
    """Releasing it here leaves it valid elsewhere; it comes back as another object."""
    buffer = atoll.Buffer.copy_of(b"abc")
    there.keep(buffer)
    buffer.release()
    again = there.kept[0]
    assert again is not buffer
    assert again == b"abc"


def test_release_while_in_use(count: block_workloads.Count) -> None:
    """release() is refused while a memoryview, a slice of one or an iterator is in use."""
    buffer = atoll.Buffer(4)
    view = memoryview(buffer)
    part = view[1:]
    iterator = iter(buffer)
    for held, let_go in ((view, view.release), (part, part.release), (iterator, iterator.__next__)):
        assert held is not None
        with pytest.raises(BufferError, match="in use"):
            buffer.release()
        let_go()
    del iterator, held, let_go
    assert not buffer.is_released
    buffer.release()
    assert count.blocks == 0


def test_release_inside_a_subscript() -> None:
    """A key that tries to release the Buffer is refused."""
    buffer = atoll.Buffer(4)

    class Key:
        def __index__(self) -> int:
            buffer.release()
            return 0

    for use in (
        lambda: buffer[Key()],
        lambda: buffer[Key() :],
        lambda: buffer.__setitem__(Key(), 1),
    ):
        with pytest.raises(BufferError):
            use()
    with pytest.raises((BufferError, ValueError, TypeError)):
        atoll.AtomicInt(buffer, Key())  # released before it is looked at
    buffer = atoll.Buffer(4)
    assert buffer.cast("B", (Size(buffer, 4),)).nbytes == 4


class Size(int):
    def __new__(cls, buffer: atoll.Buffer, size: int) -> Size:
        self = super().__new__(cls, size)
        self.buffer = buffer
        return self

    def __index__(self) -> int:
        self.buffer.release()
        return int(self)


def test_context_manager() -> None:
    """At the end of a with block it is released, unless it is in use."""
    with atoll.Buffer(4) as buffer:
        buffer[0] = 1
    assert buffer.is_released
    with pytest.raises(BufferError), atoll.Buffer(4) as buffer:
        view = memoryview(buffer)
    assert view[0] == 0
    del view


def test_weak_references() -> None:
    """Weak references to a Buffer end with it."""
    buffer = atoll.Buffer(4)
    reference = weakref.ref(buffer)
    assert reference() is buffer
    del buffer
    assert reference() is None


def test_cycles(count: block_workloads.Count) -> None:
    """Buffers and memoryviews in cycles are collected."""

    class Node(atoll.Buffer):
        me: Any

    node = Node(1000)
    node.me = [node, memoryview(node), node[5:]]
    del node
    gc.collect()
    assert count.blocks == 0


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_cannot_be_pickled(take: Any) -> None:
    """Outside of atoll a Buffer is not pickled, which would be a copy."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        take(atoll.Buffer(4))


# ---- files ----


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(b"lagoon")
    return file


@pytest.mark.parametrize("as_type", [str, Path, os.fsencode])
def test_map_file(path: Path, as_type: Any, there: Any, count: block_workloads.Count) -> None:
    """A mapped file is read in place, in every interpreter, and cannot be written."""
    with atoll.Buffer.map_file(as_type(path)) as buffer:
        assert buffer.readonly and buffer == b"lagoon"
        assert there.total(buffer) == sum(b"lagoon")
        assert count.bytes == 6
        with pytest.raises(TypeError):
            buffer[0] = 1
        there.forget()


def test_map_file_writable(path: Path, there: Any) -> None:
    """What is written into a writable mapping is in the file."""
    buffer = atoll.Buffer.map_file(path, writable=True)
    there.fill(buffer, 65)
    assert path.read_bytes() == b"ABCDEF"
    del buffer
    gc.collect()


def test_map_file_outlives_the_file(path: Path) -> None:
    """A mapping is valid after the file was deleted."""
    buffer = atoll.Buffer.map_file(path)
    path.unlink()
    assert buffer == b"lagoon"


def test_files_that_cannot_be_mapped(tmp_path: Path, there: Any) -> None:
    """An empty file, none, a folder and a pipe are ordinary errors that name them."""
    empty, pipe = tmp_path / "empty", tmp_path / "pipe"
    empty.touch()
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="empty"):
        atoll.Buffer.map_file(empty)
    for writable in (False, True):
        with pytest.raises(FileNotFoundError, match="missing"):
            atoll.Buffer.map_file(tmp_path / "missing", writable=writable)
        with pytest.raises(IsADirectoryError, match=tmp_path.name):
            atoll.Buffer.map_file(tmp_path, writable=writable)
        with pytest.raises(OSError, match="pipe") as raised:
            atoll.Buffer.map_file(pipe, writable=writable)
        assert raised.value.errno == errno.ENODEV
    with pytest.raises(TypeError):
        atoll.Buffer.map_file(5.5)  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_map_a_file_that_cannot_be_written(path: Path) -> None:
    """A file that cannot be written cannot be mapped writable; no descriptor stays open."""
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        atoll.Buffer.map_file(path, writable=True)
    assert atoll.Buffer.map_file(path) == b"lagoon"


def test_no_descriptor_stays_open(path: Path) -> None:
    """A mapping needs no open file, nor does one that failed."""
    held = [atoll.Buffer.map_file(path) for _ in range(3)]
    for _ in range(3):
        with pytest.raises(OSError):
            atoll.Buffer.map_file(path.parent)
    assert not {str(path), str(path.parent)} & set(open_files().values())
    assert len(held) == 3


# ---- threads ----


def test_many_threads(there: Any) -> None:
    """Many threads of many interpreters pass Buffers around, and nothing is left."""
    queue = atoll.Queue()

    def move(workloads: Any, number: int) -> None:
        for i in range(200):
            queue.put(atoll.Buffer(i)[i // 2 :])
            workloads.keep(queue.get())
            workloads.identity((atoll.Buffer(number), queue))
        workloads.forget()

    with atoll.Interpreter() as one, atoll.Interpreter() as two:
        modules = [each.import_module("block_workloads") for each in (one, two)]
        threads = [
            threading.Thread(target=move, args=(module, number))
            for module, number in itertools.product(modules, range(2))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        del modules, threads
    assert queue.empty()
