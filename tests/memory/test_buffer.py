"""The buffer protocol: memoryview(p) is the owner's memory, not a copy."""

from __future__ import annotations

import array
import collections.abc
import ctypes
import gc
import struct
from typing import Any

import pytest
import workloads

import atoll

try:
    import numpy
except ImportError:
    numpy = None

needs_numpy = pytest.mark.skipif(numpy is None, reason="numpy is not installed")


@pytest.mark.parametrize("kind", ["Proxy", "Buffer"])
def test_a_null_view_is_refused(there: Any, kind: str) -> None:
    """Who asks for a buffer without a place for it gets a BufferError."""
    original = atoll.Buffer(8) if kind == "Buffer" else there.evaluate("bytearray(8)")
    with pytest.raises(BufferError):
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(original), None, 0)


@needs_numpy
@pytest.mark.parametrize("dtype", ["object", "[('n', int), ('o', object)]"])
def test_no_view_of_objects(there: Any, dtype: str) -> None:
    """Memory with objects in it cannot be seen from another interpreter, but copied."""
    proxy = there.evaluate(f"__import__('numpy').zeros(2, dtype={dtype})")
    with pytest.raises(BufferError, match=r"atoll\.copy"):
        memoryview(proxy)
    assert len(atoll.copy(proxy)) == 2
    named = there.evaluate("__import__('numpy').zeros(2, dtype=[('Other', int), ('O', int)])")
    assert memoryview(named).nbytes == 32


def test_view_reads_and_writes_through(there: Any) -> None:
    """What is written through the view is seen there, and the other way round."""
    data = there.evaluate("bytearray(b'abc')")
    with memoryview(data) as view:
        assert bytes(view) == b"abc"
        assert not view.readonly
        view[0] = ord("x")
        assert data[0] == ord("x")
        data[1] = ord("y")
        assert bytes(view) == b"xyc"


def test_they_write_into_ours(there: Any) -> None:
    """A local buffer that is passed is written in place."""
    data = bytearray(4)
    there.evaluate("lambda b: __import__('struct').pack_into('<I', b, 0, 0x01020304)")(data)
    assert data == b"\x04\x03\x02\x01"


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_formats(there: Any, code: str) -> None:
    """Format, item size and shape are the original's."""
    data = there.evaluate(f"__import__('array').array('{code}', [1, 2, 3])")
    with memoryview(data) as view:
        assert (view.format, view.itemsize, view.shape) == (code, struct.calcsize(code), (3,))
        assert view.tolist() == [1, 2, 3]
        assert view.nbytes == 3 * view.itemsize


def test_strides_and_slices(there: Any) -> None:
    """A strided, many-dimensional view of theirs arrives with its shape and strides."""
    data = there.evaluate("memoryview(bytearray(range(12))).cast('B', (3, 4))")
    with memoryview(data) as view:
        assert (view.ndim, view.shape, view.strides) == (2, (3, 4), (4, 1))
        assert view[1, 2] == 6
    with memoryview(there.evaluate("memoryview(bytes(range(10)))[::-3]")) as view:
        assert view.tolist() == [9, 6, 3, 0]
        assert view.strides == (-3,)


def test_read_only(there: Any) -> None:
    """Read-only memory stays read-only."""
    data = there.evaluate("memoryview(b'abc')")
    with memoryview(data) as view:
        assert view.readonly
        with pytest.raises(TypeError, match="cannot modify read-only memory"):
            view[0] = 1
    with pytest.raises((BufferError, TypeError)):
        struct.pack_into("B", data, 0, 1)


def test_exported_buffer_cannot_be_resized(there: Any) -> None:
    """While a view is in use the owner cannot resize; afterwards it can."""
    data = there.evaluate("bytearray(b'abc')")
    view = memoryview(data)
    with pytest.raises(BufferError, match="cannot be re-sized"):
        data.append(1)
    view.release()
    data.append(1)
    assert len(data) == 4


def test_release_order(interpreter: atoll.Interpreter) -> None:
    """Views may be released in any order, before or after the Proxy is gone."""
    views = [memoryview(interpreter.eval("bytearray(b'ab')")) for _ in range(3)]
    views += [views[0][1:], memoryview(views[1])]
    gc.collect()
    assert interpreter.statistics().buffers == 3
    for i in (1, 0, 4, 3, 2):
        assert bytes(views[i])[-1:] == b"b"
        views[i].release()
    assert interpreter.statistics().buffers == 0


def test_view_keeps_the_object_alive(interpreter: atoll.Interpreter) -> None:
    """A view keeps the memory although nobody else holds the object."""
    view = memoryview(interpreter.eval("bytearray(b'x' * 100_000)"))
    interpreter.exec("import gc; gc.collect()")
    assert bytes(view) == b"x" * 100_000
    view.release()


def test_no_buffer(there: Any) -> None:
    """An object without a buffer has none by proxy."""
    with pytest.raises(TypeError, match="a bytes-like object is required"):
        memoryview(there.evaluate("[]"))
    assert not isinstance(there.evaluate("[]"), collections.abc.Buffer)
    assert isinstance(there.evaluate("bytearray()"), collections.abc.Buffer)


def test_buffer_that_is_refused(interpreter: atoll.Interpreter) -> None:
    """The owner's refusal is the caller's exception."""
    data = interpreter.eval("memoryview(b'abc')")
    interpreter.eval("lambda m: m.release()")(data)
    with pytest.raises(ValueError, match="released memoryview"):
        memoryview(data)


def test_buffer_of_a_python_class(interpreter: atoll.Interpreter) -> None:
    """A class with `__buffer__` (PEP 688) is a buffer here too."""
    interpreter.exec("class B:\n    def __buffer__(self, flags): return memoryview(b'688')")
    with memoryview(interpreter.eval("B()")) as view:
        assert bytes(view) == b"688"


def test_bytes_functions_take_proxies(there: Any, tmp_path: Any) -> None:
    """Whatever takes bytes takes such a Proxy: bytes(), join, files, int.from_bytes."""
    data = there.evaluate("bytearray(b'12')")
    assert bytes(data) == b"12"
    assert b"-".join([data, data]) == b"12-12"
    assert int.from_bytes(data) == 0x3132
    assert b"" + data == b"12"
    (tmp_path / "file").write_bytes(data)
    with open(tmp_path / "file", "rb") as file:
        assert file.readinto(data) == 2


def test_buffer_between_two_others(there: Any, interpreter: atoll.Interpreter) -> None:
    """One interpreter may view the memory of another, and pass the view on."""
    data = interpreter.call(workloads.evaluate, "bytearray(b'abc')")
    view = there.call(memoryview, data)
    assert bytes(view) == b"abc"
    view[0] = ord("z")
    assert data[0] == ord("z")
    view.release()
    assert interpreter.statistics().buffers == 0


def test_array_module(there: Any) -> None:
    """array.array can be filled from a proxied array."""
    data = there.evaluate("__import__('array').array('i', range(5))")
    mine = array.array("i")
    with memoryview(data) as view:
        mine.frombytes(view.cast("B"))
    assert mine.tolist() == [0, 1, 2, 3, 4]


@needs_numpy
def test_numpy_shares_memory(there: Any) -> None:
    """numpy.asarray(p) sees and changes the owner's memory."""
    data = there.evaluate("__import__('array').array('d', [1, 2, 3])")
    mine = numpy.asarray(memoryview(data))
    assert mine.dtype == "float64"
    assert mine.sum() == 6
    mine[0] = 10
    assert data[0] == 10.0


@needs_numpy
def test_numpy_asarray_of_a_proxy(there: Any) -> None:
    """numpy takes the Proxy itself, without a copy, for any dtype and shape."""
    cube = there.evaluate("memoryview(bytearray(24)).cast('i', (1, 2, 3))")
    mine = numpy.asarray(cube)
    assert mine.shape == (1, 2, 3)
    assert mine.dtype == numpy.dtype("i")
    mine[0, 1, 2] = 7
    assert cube[0, 1, 2] == 7


@needs_numpy
def test_they_view_our_array(there: Any) -> None:
    """A local numpy array is viewed and changed by another interpreter."""
    mine = numpy.arange(6.0).reshape(2, 3)
    there.evaluate("lambda a: memoryview(a).__setitem__((1, 2), 50.0)")(mine)
    assert mine[1, 2] == 50.0
    strided = there.evaluate("lambda a: memoryview(a).tolist()")(mine[:, ::2])
    assert [list(row) for row in strided] == [[0.0, 2.0], [3.0, 50.0]]
