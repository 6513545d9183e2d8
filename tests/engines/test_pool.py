"""`Pool`: what CPython's own tests do not ask."""

from __future__ import annotations

import contextlib
import inspect
import multiprocessing
import multiprocessing.pool
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

import pool_functions
import pytest

import atoll
from atoll._pool import results as pool_results


@pytest.fixture
def pool() -> Iterator[atoll.Pool]:
    """A pool of one worker."""
    made = atoll.Pool(1)
    yield made
    made.close()
    made.join()


PUBLIC = {name for name in vars(multiprocessing.pool.Pool) if name[0] != "_"}


@pytest.mark.parametrize("name", sorted(PUBLIC - {"Process"} | {"__init__"}))
def test_signatures(name: str) -> None:
    """Methods take what those of a pool of processes take."""

    def parameters(cls: type) -> list[tuple[str, object]]:
        found = inspect.signature(getattr(cls, name)).parameters.values()
        return [(each.name, each.default) for each in found if each.name != "context"]

    assert parameters(atoll.Pool) == parameters(multiprocessing.pool.Pool)


def test_result_methods() -> None:
    """Results have the methods of those of processes."""
    methods = {name for name in vars(multiprocessing.pool.AsyncResult) if name[0] != "_"}
    assert methods <= set(dir(pool_results.AsyncResult))
    assert hasattr(pool_results.Results, "next")


def test_calls_by_value(pool: atoll.Pool) -> None:
    """Closures cross, also in chunks and through iterators."""
    factor = 3
    times: Callable[[int], int] = lambda n: n * factor  # noqa: E731
    wanted = [0, 3, 6, 9, 12]
    assert pool.map(times, range(5)) == wanted
    assert pool.map(times, iter(range(5)), chunksize=2) == wanted
    for iterate in pool.imap, pool.imap_unordered:
        assert sorted(iterate(times, range(5))) == wanted
        assert sorted(iterate(times, iter(range(5)), chunksize=2)) == wanted
    assert pool.starmap(lambda a, b: a - b, [(3, 1), (5, 2)]) == [2, 3]


def test_items_are_read_as_they_come(pool: atoll.Pool) -> None:
    """An iterator of items may wait for the results of the items before."""
    taken: atoll.Queue[int] = atoll.Queue()

    def items() -> Iterator[int]:
        yield 1
        yield taken.get() + 1

    results = pool.imap(abs, items())
    taken.put(next(results))
    assert list(results) == [2]


def test_closed_with_items_left() -> None:
    """Calls whose items are still being read when the pool is closed are made."""
    begin: atoll.Queue[None] = atoll.Queue()

    def items() -> Iterator[int]:
        begin.get()
        yield from range(5)

    pool = atoll.Pool(1)
    results, mapped = pool.imap(abs, items()), pool.map_async(abs, range(5))
    pool.close()
    begin.put(None)
    pool.join()
    assert list(results) == mapped.get(0) == list(range(5))
    with pytest.raises(StopIteration):
        next(results)


def test_iterator_times_out(pool: atoll.Pool) -> None:
    """next(timeout) raises multiprocessing's TimeoutError, and loses no result."""
    gate: atoll.Queue[int] = atoll.Queue()
    for iterate in pool.imap, pool.imap_unordered:
        results: Any = iterate(atoll.Queue.get, [gate])
        with pytest.raises(multiprocessing.TimeoutError):
            results.next(0)
        gate.put(7)
        assert results.next(60) == 7


def test_misuse(pool: atoll.Pool) -> None:
    """What is refused is refused as by a pool of processes."""
    for call in pool.map, pool.map_async, pool.imap, pool.imap_unordered, pool.starmap:
        with pytest.raises(ValueError, match=r"Chunksize must be 1\+, not 0"):
            call(abs, [1], 0)
    for processes in 0, -1:
        with pytest.raises(ValueError, match="at least 1"):
            atoll.Pool(processes)
    with pytest.raises(TypeError, match="initializer must be a callable"):
        atoll.Pool(1, 5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="still running"):
        pool.join()
    with pytest.raises(NotImplementedError, match="cannot be passed"):
        pool.__reduce__()
    result = pool.apply_async(atoll.Queue.get, (gate := atoll.Queue[int](),))
    with pytest.raises(ValueError, match="not ready"):
        result.successful()
    with pytest.raises(multiprocessing.TimeoutError):
        result.get(0)
    gate.put(1)
    assert result.get(60) == 1
    assert result.successful()
    pool.close()
    for refused in pool.map, pool.imap, pool.apply, pool.starmap_async:
        with pytest.raises(ValueError, match="Pool not running"):
            refused(abs, [1])


def test_callbacks(pool: atoll.Pool) -> None:
    """A callback has run when the result is ready; of a failed map, when all calls have ended."""
    heard: list[Any] = []
    pool.apply_async(pow, (2, 3), callback=heard.append).wait()
    pool.map_async(int, ["1", "2"], 1, heard.append, heard.append).wait()
    result = pool.map_async(int, ["a", "b", "3"], 1, heard.append, heard.append)
    with pytest.raises(ValueError, match="'a'"):
        result.get()
    assert heard[:2] == [8, [1, 2]]
    assert [str(each) for each in heard[2:]] == ["invalid literal for int() with base 10: 'a'"]
    assert not result.successful()


def test_terminate() -> None:
    """What runs ends, its `finally` blocks run; what waits is dropped; results raise."""
    queue: atoll.Queue[str] = atoll.Queue()
    with atoll.Pool(1) as pool:
        results = [pool.apply_async(pool_functions.spin, (queue,)) for _ in range(2)]
        assert queue.get() == "begun"
    pool.join()
    assert queue.get() == "ended"
    assert queue.empty()
    for each, error in zip(results, (BrokenThreadPool, CancelledError), strict=True):
        with pytest.raises(error):
            each.get(60)


def test_worn_interpreters_are_renewed() -> None:
    """After maxtasksperchild calls a worker makes a new interpreter, which is initialized too."""
    called: atoll.Queue[int] = atoll.Queue()
    pool = atoll.Pool(1, called.put, (1,), maxtasksperchild=2)
    ids = [pool.apply(pool_functions.interpreter_id) for _ in range(5)]
    assert [ids.index(each) for each in ids] == [0, 0, 2, 2, 4]
    assert called.qsize() == 3
    results = [pool.apply_async(abs, (i,)) for i in range(5)]  # closed before their end
    pool.close()
    pool.join()
    assert [each.get() for each in results] == list(range(5))


def test_lost_interpreter_is_replaced(pool: atoll.Pool) -> None:
    """The call that was to run in an interpreter that is closed fails; the next one does not."""
    lost = pool.apply(pool_functions.interpreter_id)
    found = next(each for each in atoll.interpreters() if each.id == lost)
    with contextlib.suppress(BufferError):
        found.close()
    with pytest.raises(atoll.InterpreterClosedError):
        pool.apply(abs, (1,))
    assert pool.apply(pool_functions.interpreter_id) != lost


def test_failing_initializer(caplog: pytest.LogCaptureFixture) -> None:
    """The calls raise BrokenInterpreterPool, where processes would be started for ever."""
    pool = atoll.Pool(1, pool_functions.fail)
    with pytest.raises(RuntimeError, match="initializer"):
        pool.apply(abs, (1,))
    pool.terminate()
    pool.join()
    assert "Exception in initializer" in caplog.text
