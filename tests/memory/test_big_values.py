"""Big buffers of what goes by value cross beside its pickle: copied once, into memory of their own."""

from __future__ import annotations

import pickle
from typing import Any

import block_workloads
import pytest

import atoll

try:
    import numpy
except ImportError:
    numpy = None

BIG, SMALL = 100_000, 100


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `block_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("block_workloads")


def pass_by_copy(there: Any, value: Any) -> Any:
    return there.look(atoll.copy(value))


def pass_in_executor(there: Any, value: Any) -> Any:
    with atoll.InterpreterPoolExecutor(1) as pool:
        return pool.submit(block_workloads.look, value).result()


def pass_by_keyword(there: Any, value: Any) -> Any:
    with atoll.InterpreterPoolExecutor(1) as pool:
        return pool.submit(block_workloads.look, samples=value).result()


def pass_in_closure(there: Any, value: Any) -> Any:
    return atoll.owner(there).call(lambda: block_workloads.look(value))


def pass_in_executor_closure(there: Any, value: Any) -> Any:
    with atoll.InterpreterPoolExecutor(1) as pool:
        return pool.submit(lambda: block_workloads.look(value)).result()


def pass_in_thread(there: Any, value: Any) -> Any:
    thread = atoll.Thread(target=lambda: block_workloads.look(value))
    thread.start()
    return thread.result()


def pass_through_queue(there: Any, value: Any) -> Any:
    queue = atoll.Queue()
    queue.put(atoll.copy(value))
    return block_workloads.look(queue.get())


WAYS = [
    pass_by_copy,
    pass_in_executor,
    pass_by_keyword,
    pass_in_closure,
    pass_in_executor_closure,
    pass_in_thread,
    pass_through_queue,
]


@pytest.mark.parametrize("is_readonly", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_big_buffers_are_blocks(there: Any, way: Any, is_readonly: bool) -> None:
    """What arrives is made over a Buffer, writable if the original was."""
    samples = block_workloads.make_samples(BIG, is_readonly)
    kind, *rest = way(there, samples)
    assert kind == ("memoryview" if is_readonly else "Buffer")
    assert rest == [BIG, is_readonly, sum(samples.view())]


@pytest.mark.parametrize("way", WAYS)
def test_small_buffers_are_in_the_pickle(there: Any, way: Any) -> None:
    """A small buffer is a part of the pickle, as ever."""
    assert way(there, block_workloads.make_samples(SMALL))[:2] == ("bytearray", SMALL)


def test_fetching(there: Any) -> None:
    """What is fetched by copy() is made over a Buffer, too, which is the only copy."""
    count = block_workloads.Count()
    fetched = atoll.copy(there.make_samples(BIG))
    assert type(fetched.data) is atoll.Buffer
    assert fetched.data[250] == 250
    assert (count.blocks, count.bytes) == (1, BIG)
    del fetched
    assert (count.blocks, count.bytes) == (0, 0)


def test_results_of_an_executor() -> None:
    """A result's buffer is a block, which outlives the pool."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        made = pool.submit(block_workloads.make_samples, BIG).result()
        changed = pool.submit(block_workloads.change, made).result()
    assert type(made.data) is atoll.Buffer
    assert made.data[0] == 0
    assert changed.data[0] == 77


def test_a_copy_is_separate(there: Any) -> None:
    """Changing the copy leaves the original alone."""
    samples = block_workloads.make_samples(BIG)
    there.change(atoll.copy(samples))
    assert samples.data[0] == 0


def test_many_buffers_in_order(there: Any) -> None:
    """Big and small buffers, Buffers and shared ones keep their places."""
    shared, own = block_workloads.make_samples(BIG), atoll.Buffer(5)
    value = [
        shared,
        block_workloads.make_samples(SMALL),
        own,
        shared,
        block_workloads.make_samples(BIG + 1),
    ]
    back = atoll.copy(there.identity(atoll.copy(value)))
    assert back[2] is own and back[0] is back[3]
    assert [each.view().nbytes for each in (back[0], back[1], back[4])] == [BIG, SMALL, BIG + 1]


def test_objects_of_main_with_big_buffers(there: Any) -> None:
    """Classes that go by value take their big buffers along."""

    class Wave(block_workloads.Samples):
        def __reduce_ex__(self, protocol: Any) -> Any:
            return Wave, (pickle.PickleBuffer(self.data),)

    kind, size, *_ = atoll.owner(there).call(block_workloads.look, atoll.copy(Wave(bytearray(BIG))))
    assert (kind, size) == ("Buffer", BIG)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_proxy_is_pickled_in_one_piece(there: Any, protocol: int) -> None:
    """The pickle of a Proxy, which may leave the process, has its big buffers inside."""
    loaded = pickle.loads(pickle.dumps(there.make_samples(BIG), protocol))
    assert bytes(loaded.data) == bytes(block_workloads.make_samples(BIG).data)
    assert type(loaded.data) is not atoll.Buffer


def test_undelivered_values_are_freed(there: Any) -> None:
    """What nobody takes out of a queue is freed with it."""
    count, queue = block_workloads.Count(), atoll.Queue()
    queue.put(atoll.copy(block_workloads.make_samples(BIG)))
    assert count.blocks == 1
    del queue
    assert count.blocks == 0


@pytest.mark.skipif(numpy is None, reason="numpy is not installed")
@pytest.mark.parametrize("dtype", ["f8", "c8", "u1,f4", "S7"])
@pytest.mark.parametrize("order", ["C", "F", "steps", "readonly"])
def test_numpy_arrays(dtype: str, order: str) -> None:
    """A numpy array arrives with its dtype, shape and order, over a Buffer if numpy has one."""
    array = numpy.zeros((100, 300), dtype)
    array.view("u1")[:] = 1
    if order == "F":
        array = numpy.asfortranarray(array)
    elif order == "steps":
        array = array[:, ::2]
    elif order == "readonly":
        array.setflags(write=False)
    count, queue = block_workloads.Count(), atoll.Queue()
    queue.put(atoll.copy({"array": array}))
    # What is in pieces numpy puts into the pickle.
    assert count.blocks == (order != "steps")
    got = queue.get()["array"]
    assert (got.dtype, got.shape) == (array.dtype, array.shape)
    assert got.tobytes() == array.tobytes()
    assert got.flags.f_contiguous == array.flags.f_contiguous
    assert got.flags.writeable is (order != "readonly")
    assert not numpy.shares_memory(got, array)
