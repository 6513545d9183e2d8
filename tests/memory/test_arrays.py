"""NumPy arrays that lie in a Buffer cross as that Buffer, uncopied and read-only."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import block_workloads
import pytest

import atoll

numpy = pytest.importorskip("numpy")


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `block_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("block_workloads")


@pytest.fixture
def data() -> Any:
    """Numbers in a Buffer."""
    array = numpy.asarray(atoll.Buffer(8 * 120).cast("d"))
    array[:] = numpy.arange(120)
    return array


FORMS: dict[str, Callable[[Any], Any]] = {
    "whole": lambda a: a,
    "slice": lambda a: a[10:20],
    "steps": lambda a: a[::3],
    "backwards": lambda a: a[::-2],
    "axes": lambda a: a.reshape(10, 12)[::2, ::-3].T,
    "fortran": lambda a: a.reshape(10, 12).T,
    "no axis": lambda a: a[5:6].reshape(()),
    "repeated": lambda a: numpy.broadcast_to(a[:3], (4, 3)),
    "windows": lambda a: numpy.lib.stride_tricks.sliding_window_view(a, 5),
    "big-endian": lambda a: a.view(">f8"),
    "dates": lambda a: a.view("M8[s]"),
    "records": lambda a: a.view([("a", "i4"), ("b", ">f4")]),
    "a field": lambda a: a.view([("a", "i4"), ("b", "f4")])["b"],
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_memory(data: Any, there: Any, form: str) -> None:
    """Whatever its items and axes: it has the same address, dtype and layout, and is read-only."""
    array = FORMS[form](data)
    found = there.describe_array(atoll.copy(array))
    assert found == block_workloads.describe_array(array)._replace(is_writable=False)
    assert atoll.copy(there.identity(atoll.copy([array])))[0].strides == array.strides


def test_executors(data: Any) -> None:
    """An executor hands on its arguments and results so, wherever they stand."""
    look, expected = block_workloads.describe_array, block_workloads.describe_array(data)
    with atoll.InterpreterPoolExecutor(1) as pool:
        found = [
            pool.submit(look, data).result(),
            pool.submit(look, array={"deep": [data]}).result(),
            pool.submit(lambda: look(data)).result(),
            next(pool.map(look, [data])),
            look(pool.submit(block_workloads.identity, data).result()),
        ]
        made = pool.submit(numpy.arange, 10_000).result()
        made[0] = 77
        count = block_workloads.Count()
        back = pool.submit(block_workloads.identity, [made[5:], made]).result()
        fresh = pool.submit(block_workloads.identity, [atoll.copy(made, writable=True)]).result()
    assert found == [expected._replace(is_writable=False)] * len(found)
    assert numpy.shares_memory(back[1], made)
    assert back[0].tobytes() == made[5:].tobytes()
    assert (count.blocks, fresh[0][0]) == (1, 77)


def test_queues_and_closures(data: Any, there: Any) -> None:
    """So do queues and closures."""
    look, expected = block_workloads.describe_array, block_workloads.describe_array(data)
    queue = atoll.Queue()
    queue.put(atoll.copy({"deep": [data]}))
    assert look(queue.get()) == expected._replace(is_writable=False)
    found = atoll.owner(there).call(lambda: look(data))
    assert found == expected._replace(is_writable=False)


def test_writable_copies(data: Any, there: Any) -> None:
    """copy(writable=True) makes copies that can be written to, of the same form."""
    ours = {form: make(data) for form, make in FORMS.items()}
    ours["own"] = numpy.frombuffer(b"read-only", "u1")
    before = pickle.dumps(ours)
    there.keep(atoll.copy(ours, writable=True))
    theirs = atoll.copy(there.kept[-1], writable=True)
    there.forget()
    for form, array in ours.items():
        assert theirs[form].flags.writeable
        assert not numpy.shares_memory(theirs[form], data)
        assert theirs[form].dtype == array.dtype
        numpy.testing.assert_array_equal(theirs[form], array)
        theirs[form][...] = 0
    assert pickle.dumps(ours) == before


def test_it_stays_shared(data: Any) -> None:
    """What its owner writes later is seen; what was given read-only cannot be made writable."""
    with atoll.Interpreter() as other:
        there = other.import_module("block_workloads")
        there.keep(atoll.copy(data[3:]))
        data[3] = -1.0
        assert there.kept[0][0] == -1.0
        back = atoll.copy(there.kept[0])
    assert back[0] == -1.0  # the interpreter is closed
    with pytest.raises(ValueError, match="WRITEABLE"):
        back.flags.writeable = True
    with pytest.raises(ValueError, match="read-only"):
        back[0] = 1


def test_lifetime(there: Any) -> None:
    """The memory lives as long as an array of it in any interpreter, and cannot be released."""
    count = block_workloads.Count()
    buffer = atoll.Buffer(800)
    there.keep(atoll.copy(numpy.asarray(buffer)[::2]))
    buffer.release()  # ours; theirs is another view
    assert there.kept[0].nbytes == 400
    assert count.blocks == 1
    with pytest.raises(BufferError, match="in use"):
        there.release_below(there.kept[0])
    there.forget()
    assert count.blocks == 0


def test_arrays_of_other_memory(data: Any, there: Any) -> None:
    """What does not lie in a Buffer, is of a subclass or holds objects, is copied as ever."""
    others = [
        numpy.arange(5.0),
        numpy.array([[1], None], dtype=object),
        data.view(numpy.recarray),
        numpy.empty(3, "V0"),
        data.copy(),
    ]
    found = atoll.copy(there.identity(atoll.copy(others)))
    for array, back in zip(others, found, strict=True):
        assert type(back) is type(array)
        assert back.tolist() == array.tolist()
        assert back.flags.writeable
        assert not numpy.shares_memory(back, array)


def test_empty_arrays(data: Any, there: Any) -> None:
    """An empty part of a Buffer arrives empty and read-only, like any other part."""
    for array in data[5:5], numpy.asarray(atoll.Buffer(0)), data.reshape(10, 12)[:0, ::2]:
        back = atoll.copy(there.identity(atoll.copy(array)))
        assert (back.shape, back.dtype, back.flags.writeable) == (array.shape, array.dtype, False)


def test_what_lies_beyond(there: Any) -> None:
    """An array that says that it is of a Buffer, but sees other memory, is copied."""

    memory = numpy.ones(64, "u1")

    class Between:
        """What NumPy has between an array and its memory, but in error."""

        __module__ = "numpy"
        __array_interface__ = memory.__array_interface__
        base = numpy.asarray(atoll.Buffer(64))

    array = numpy.asarray(Between())
    assert type(array.base) is Between
    back = atoll.copy(there.identity(atoll.copy(array)))
    assert back.flags.writeable
    assert back.tolist() == [1] * 64


def test_pickles_that_may_leave(data: Any, there: Any) -> None:
    """The pickle of a Proxy to such an array has its content inside."""
    there.keep(atoll.copy(data))
    loaded = pickle.loads(pickle.dumps(there.kept[-1]))
    there.forget()
    assert loaded.tolist() == data.tolist()
    assert not numpy.shares_memory(loaded, data)


def test_repr() -> None:
    """A parcel says how it was made."""
    assert repr(atoll.copy([1], writable=True)) == "atoll.copy([1], writable=True)"
