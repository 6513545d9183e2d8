"""InterpreterPoolExecutor: a drop-in for the standard library's, by value, with its own futures."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import decimal
import gc
import inspect
import itertools
import logging
import operator
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, BrokenExecutor, Future
from concurrent.futures.thread import BrokenThreadPool
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from gate import Gate
from naming import label

import atoll

Pool = atoll.InterpreterPoolExecutor
WORKERS = 3


@pytest.fixture
def pool(nothing_is_left: None) -> Iterator[Pool]:
    """A pool that has not run anything."""
    with Pool(WORKERS) as pool:
        yield pool


@pytest.fixture(scope="module")
def shared_pool() -> Iterator[Pool]:
    """A pool with all its workers."""
    gate = Gate()
    with Pool(WORKERS, "shared") as pool:
        for _ in range(WORKERS):
            pool.submit(gate.work)
        for _ in range(WORKERS):
            gate.begun.acquire()
        gate.go.set()
        yield pool


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def full_pool(pool: Pool, gate: Gate) -> Iterator[Pool]:
    """A pool in which every worker waits for the gate."""
    for _ in range(WORKERS):
        pool.submit(gate.work)
    for _ in range(WORKERS):
        gate.begun.acquire()
    yield pool
    gate.go.set()


# ---- functions that run there ----

seen: list[Any] = []


def interpreter_id(*_: Any) -> int:
    return atoll.current().id


def remember(value: Any) -> int:
    seen.append(value)
    return len(seen)


def recall() -> list[Any]:
    return seen


def type_names(*args: Any, **kwargs: Any) -> list[str]:
    return [type(each).__name__ for each in (*args, *kwargs.values())]


def is_one_object(a: Any, b: Any) -> bool:
    return a is b


def echo(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def unpicklable() -> Any:
    return threading.Lock()


class PicklesOnlyOneWay:
    def __reduce__(self) -> Any:
        return int, ("no number",)


class PayloadError(Exception):
    def __init__(self, payload: Any) -> None:
        super().__init__(payload)
        self.payload = payload


def fail(error: BaseException) -> None:
    raise error


def fail_with_payload() -> None:
    raise PayloadError({"a": [1, 2]})


def fail_at(limit: int, n: int) -> int:
    if n == limit:
        raise LookupError(n)
    return n


def own_pool(n: int) -> list[int]:
    """Use an executor in another interpreter."""
    with atoll.InterpreterPoolExecutor(2) as pool:
        ids = set(pool.map(interpreter_id, range(n), chunksize=1))
        assert atoll.current().id not in ids
        return list(pool.map(pow, range(n), [2] * n))


def leave_pool_open() -> int:
    global left_open
    left_open = atoll.InterpreterPoolExecutor(1)
    return left_open.submit(pow, 2, 3).result()


# ---- drop-in ----


def parameters(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [
        (each.name, each.kind, each.default)
        for each in inspect.signature(function).parameters.values()
    ]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="the class is new in 3.14")
@pytest.mark.parametrize("name", ["__init__", "submit", "map", "shutdown"])
def test_signature(name: str) -> None:
    """Signatures are those of the standard library's class, but for imports and the chunksize."""
    theirs = getattr(concurrent.futures.InterpreterPoolExecutor, name)  # type: ignore[attr-defined]
    expected = parameters(theirs)
    if name == "map":
        index = [each[0] for each in expected].index("chunksize")
        assert expected[index][2] == 1
        expected[index] = (*expected[index][:2], None)
    if name == "__init__":
        expected.append(("imports", inspect.Parameter.KEYWORD_ONLY, ()))
    assert parameters(getattr(Pool, name)) == expected


def test_is_an_executor(shared_pool: Pool) -> None:
    """The pool and its futures are those that the standard library knows."""
    future = shared_pool.submit(int)
    assert isinstance(shared_pool, concurrent.futures.Executor)
    assert isinstance(future, Future)
    assert future.result() == 0


@pytest.mark.parametrize("number", [0, -1])
def test_max_workers_must_be_positive(number: int) -> None:
    with pytest.raises(ValueError, match="max_workers must be greater than 0"):
        Pool(number)


def test_initializer_must_be_callable() -> None:
    with pytest.raises(TypeError, match="initializer must be a callable"):
        Pool(initializer="pass")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"chunksize": 0}, ValueError),
        ({"buffersize": 0}, ValueError),
        ({"buffersize": -1}, ValueError),
        ({"buffersize": 1.5}, TypeError),
        ({"buffersize": "2"}, TypeError),
    ],
)
def test_map_refuses(shared_pool: Pool, arguments: Any, error: type[Exception]) -> None:
    """Bad arguments are refused at once, as by the standard library."""
    with pytest.raises(error):
        shared_pool.map(abs, [1], **arguments)


def test_a_non_callable_is_the_futures_error(shared_pool: Pool) -> None:
    """As in the standard library, submit() takes anything and the call fails."""
    with pytest.raises(TypeError, match="not callable"):
        shared_pool.submit(3).result()  # type: ignore[arg-type]


# ---- what crosses ----


@pytest.mark.parametrize(
    "function",
    [pow, interpreter_id, str.upper, "x".join, PayloadError, decimal.Decimal.sqrt, [].append],
    ids=label,
)
def test_functions_by_name_and_by_pickle(shared_pool: Pool, function: Any) -> None:
    """Builtins, methods, classes: all get there, and so does their exception."""
    arguments = {pow: (2, 3), str.upper: ("a",), "x".join: ("ab",), interpreter_id: ()}
    try:
        expected = function(*arguments.get(function, (decimal.Decimal(4),)))
    except Exception as error:
        expected = error
    future = shared_pool.submit(function, *arguments.get(function, (decimal.Decimal(4),)))
    if function is interpreter_id:
        assert future.result() != expected
    elif function is PayloadError:
        assert type(future.result()) is PayloadError
    else:
        assert future.result() == expected


def test_closures(shared_pool: Pool) -> None:
    """A closure takes a copy of what it refers to, as it is when it is submitted."""
    n = [1]
    first = shared_pool.submit(lambda: n[0])
    n[0] = 2
    second = shared_pool.submit(lambda: n[0])
    assert (first.result(), second.result()) == (1, 2)


def test_submitted_closures_share_nothing(shared_pool: Pool) -> None:
    """Each submitted call has a function of its own; in one map() it is one per interpreter."""

    def count(_: int = 0, calls: list[int] = []) -> int:  # noqa: B006
        calls.append(1)
        return len(calls)

    assert [shared_pool.submit(count).result() for _ in range(5)] == [1] * 5
    assert sorted(shared_pool.map(count, range(50), chunksize=1)) != [1] * 50


def test_arguments_and_results_are_copies(shared_pool: Pool) -> None:
    """What can change is copied both ways; one object in several places stays one."""
    numbers = [1, [2]]
    (args, kwargs) = shared_pool.submit(echo, numbers, key=numbers).result()
    assert args == (numbers,)
    assert args[0] is not numbers
    assert args[0] is kwargs["key"]
    assert shared_pool.submit(is_one_object, numbers, numbers).result()
    assert not atoll.is_proxy(args[0])


def test_arguments_are_taken_at_once(full_pool: Pool, gate: Gate) -> None:
    """A list that changes after submit() has been sent as it was."""
    numbers = [1]
    future = full_pool.submit(sum, numbers)
    numbers.append(5)
    gate.go.set()
    assert future.result() == 1


def test_keywords(shared_pool: Pool) -> None:
    """Keyword arguments of any name cross, plain or pickled."""
    assert shared_pool.submit(echo, 1, self=2, fn=3).result() == ((1,), {"self": 2, "fn": 3})
    assert shared_pool.submit(echo, fn=[4]).result() == ((), {"fn": [4]})


def test_references(shared_pool: Pool) -> None:
    """What ref() marks goes by reference, a Proxy stays one, at any depth."""
    numbers = [1]
    shared_pool.submit(lambda x: x.append(2), atoll.ref(numbers)).result()
    assert numbers == [1, 2]
    assert shared_pool.submit(type_names, atoll.ref(numbers), x=numbers).result()[1] == "list"
    shared_pool.submit(lambda parts: parts["a"][0].append(3), {"a": [atoll.ref(numbers)]}).result()
    assert numbers == [1, 2, 3]
    holder = [atoll.ref(numbers)]
    shared_pool.submit(lambda: holder[0].append(4)).result()  # type: ignore[attr-defined]
    assert numbers == [1, 2, 3, 4]
    with atoll.Interpreter() as other:
        theirs = other.eval("[5]")
        shared_pool.submit(lambda x, k: x.extend(k[0]), theirs, [theirs]).result()
        assert atoll.copy(theirs) == [5, 5]
        assert shared_pool.submit(lambda: [theirs]).result() == [theirs]
        assert shared_pool.submit(lambda: [theirs]).result()[0] is theirs
        assert shared_pool.submit(echo, other).result() == ((other,), {})


def test_a_reference_comes_back(shared_pool: Pool) -> None:
    """A reference that a call returns is the original again; its own comes as a Proxy."""
    numbers = [1]
    assert shared_pool.submit(lambda x: x, atoll.ref(numbers)).result() is numbers
    assert shared_pool.submit(lambda x: {"x": x}, atoll.ref(numbers)).result()["x"] is numbers
    theirs = shared_pool.submit(lambda: atoll.ref([7])).result()
    assert atoll.is_proxy(theirs)
    assert list(theirs) == [7]


def test_unpicklable_argument(shared_pool: Pool) -> None:
    """The error is the future's, and a map()'s when it is read."""
    with pytest.raises(TypeError, match="pickle"):
        shared_pool.submit(id, threading.Lock()).result()
    results = shared_pool.map(id, [1, threading.Lock()], chunksize=1)
    next(results)
    with pytest.raises(TypeError, match="pickle"):
        next(results)
    with pytest.raises((TypeError, pickle.PicklingError)):
        shared_pool.submit(threading.Lock().acquire).result()
    assert list(shared_pool.map(threading.Lock().acquire, [])) == []
    with pytest.raises((TypeError, pickle.PicklingError)):
        next(shared_pool.map(threading.Lock().acquire, [1]))


def test_unpicklable_result(shared_pool: Pool) -> None:
    """The error is the future's, and says what could not be pickled."""
    with pytest.raises(TypeError, match="lock"):
        shared_pool.submit(unpicklable).result()


@pytest.mark.parametrize("chunksize", [1, 2])
def test_result_that_cannot_be_unpickled(shared_pool: Pool, chunksize: int) -> None:
    """What goes wrong while the result is unpickled is the future's error."""
    with pytest.raises(ValueError, match="no number"):
        shared_pool.submit(PicklesOnlyOneWay).result()
    with pytest.raises(ValueError, match="no number"):
        list(shared_pool.map(lambda _: PicklesOnlyOneWay(), range(2), chunksize=chunksize))


def test_argument_that_cannot_be_unpickled(shared_pool: Pool) -> None:
    with pytest.raises(ValueError, match="no number"):
        shared_pool.submit(id, PicklesOnlyOneWay()).result()


def test_large_values(shared_pool: Pool) -> None:
    """Values of any size cross, plain and pickled."""
    for value in ("x" * 10**6, tuple(range(10**4)), [b"y" * 10**6], 10**5000):
        assert shared_pool.submit(lambda x: x, value).result() == value


# ---- exceptions ----


def test_exceptions(shared_pool: Pool) -> None:
    """The exception has its type and arguments, and the remote traceback below its cause."""
    with pytest.raises(PayloadError) as caught:
        shared_pool.submit(fail_with_payload).result()
    assert caught.value.payload == {"a": [1, 2]}
    assert "fail_with_payload" in str(caught.value.__cause__)


def test_the_arguments_of_an_exception_outlive_the_pool() -> None:
    """They come by value."""
    with Pool(1) as pool:
        errors = [
            pool.submit(fail_with_payload).exception(),
            pool.submit(fail, ExceptionGroup("g", [PayloadError([1])])).exception(),
        ]
    assert isinstance(errors[0], PayloadError)
    assert errors[0].args == ({"a": [1, 2]},)
    assert errors[0].payload == {"a": [1, 2]}
    assert isinstance(errors[1], ExceptionGroup)
    assert errors[1].exceptions[0].args == ([1],)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_base_exceptions(shared_pool: Pool, kind: type[BaseException]) -> None:
    """They are results like any other; the worker goes on."""
    error = shared_pool.submit(fail, kind("x")).exception()
    assert type(error) is kind
    assert shared_pool.submit(pow, 2, 2).result() == 4


def test_one_answer(shared_pool: Pool) -> None:
    """The result of a future is one object, whoever asks how often."""
    future = shared_pool.submit(lambda: [1])
    assert future.result() is future.result(timeout=5)
    failed = shared_pool.submit(fail_with_payload)
    assert failed.exception() is failed.exception()
    with pytest.raises(PayloadError) as caught:
        failed.result()
    assert caught.value is failed.exception()
    assert future.exception() is None


def test_many_threads_ask(shared_pool: Pool) -> None:
    """Threads that ask at the same time get the same object."""
    for _ in range(20):
        future = shared_pool.submit(lambda: [list(range(100))])
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(future.result()))  # noqa: B023
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 5
        assert len(set(map(id, answers))) == 1


# ---- futures ----


def test_states(full_pool: Pool, gate: Gate) -> None:
    """A future is pending, running, finished or cancelled, and says so."""
    running = [f for f in [full_pool.submit(gate.work)] if not f.running()]
    pending = running[0]
    assert not pending.done()
    assert not pending.running()
    assert "pending" in repr(pending)
    assert pending.cancel()
    assert pending.cancelled()
    assert pending.done()
    assert pending.cancel()
    assert "cancelled" in repr(pending)
    with pytest.raises(concurrent.futures.CancelledError):
        pending.result()
    with pytest.raises(concurrent.futures.CancelledError):
        pending.exception(timeout=0)


def test_running_cannot_be_cancelled(pool: Pool, gate: Gate) -> None:
    future = pool.submit(gate.work)
    gate.begun.acquire()
    assert future.running()
    assert not future.cancel()
    gate.go.set()
    assert future.result() is None
    assert not future.cancel()
    assert "finished" in repr(future)


def test_timeouts(full_pool: Pool) -> None:
    """result() and exception() raise TimeoutError, and the call is still there."""
    future = full_pool.submit(int)
    for timeout in (0, -1, 0.01):
        with pytest.raises(TimeoutError):
            future.result(timeout)
        with pytest.raises(TimeoutError):
            future.exception(timeout=timeout)
    assert not future.done()


def test_bad_timeouts(full_pool: Pool) -> None:
    future = full_pool.submit(int)
    with pytest.raises(TypeError):
        future.result("1")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        future.result(1, 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        future.result(seconds=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError):
        future.result(float("nan"))


def test_callbacks(full_pool: Pool, gate: Gate) -> None:
    """Callbacks run once, in order, with the future; at once if it is done; an error is logged."""
    calls: list[str] = []
    future, cancelled = full_pool.submit(int), full_pool.submit(int)
    future.add_done_callback(lambda f: calls.append(f"first {f.result()}"))
    future.add_done_callback(lambda f: calls.append(f"second {f.done()}"))
    cancelled.add_done_callback(lambda f: calls.append(f"cancelled {f.cancelled()}"))
    cancelled.cancel()
    assert calls == ["cancelled True"]
    gate.go.set()
    concurrent.futures.wait([future])
    deadline = threading.Event()
    future.add_done_callback(lambda f: deadline.set())
    deadline.wait()
    assert calls == ["cancelled True", "first 0", "second True"]


def test_callback_that_fails(pool: Pool, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    future = pool.submit(gate.work)
    told = threading.Event()
    future.add_done_callback(lambda f: 1 / 0)
    future.add_done_callback(lambda f: told.set())
    with caplog.at_level(logging.ERROR):
        gate.go.set()
        told.wait()
    assert "exception calling callback" in caplog.text


def test_callback_of_a_dropped_future(pool: Pool, gate: Gate) -> None:
    """Nobody needs to keep the future."""
    told = threading.Event()
    pool.submit(gate.work).add_done_callback(lambda f: told.set())
    gc.collect()
    gate.go.set()
    assert told.wait(60)


def test_callback_that_submits_and_waits(gate: Gate) -> None:
    """A callback may use the pool, if that has another worker than its own."""
    with Pool(2) as pool:
        pool.submit(int).result()
        results: list[int] = []
        told = threading.Event()

        def use(_: Any) -> None:
            results.append(pool.submit(pow, 2, 5).result())
            told.set()

        pool.submit(gate.work).add_done_callback(use)
        gate.go.set()
        told.wait()
        assert results == [32]


def test_wait_and_as_completed(full_pool: Pool, gate: Gate) -> None:
    """The standard library's functions work on any mixture of states."""
    futures = [full_pool.submit(pow, 2, n) for n in range(6)]
    assert futures[0].cancel()
    done, left = concurrent.futures.wait(futures, timeout=0.01)
    assert (len(done), len(left)) == (1, 5)
    done, left = concurrent.futures.wait(futures, return_when=FIRST_COMPLETED)
    assert done == {futures[0]}
    gate.go.set()
    done, left = concurrent.futures.wait(futures, return_when=ALL_COMPLETED)
    assert (len(done), len(left)) == (6, 0)
    more = [full_pool.submit(pow, 2, n) for n in range(100)]
    results = [f.result() for f in concurrent.futures.as_completed(more)]
    assert sorted(results) == [2**n for n in range(100)]


def test_cancelling_wakes_those_who_wait(full_pool: Pool) -> None:
    """A future that is cancelled while threads wait for it: they are told."""
    future = full_pool.submit(int)
    outcomes: list[str] = []

    def by_result() -> None:
        try:
            future.result()
        except concurrent.futures.CancelledError:
            outcomes.append("result")

    def by_wait() -> None:
        concurrent.futures.wait([future])
        outcomes.append("wait")

    threads = [threading.Thread(target=each) for each in (by_result, by_wait)]
    for thread in threads:
        thread.start()
    future.cancel()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["result", "wait"]


def test_only_the_executor_sets_a_future(shared_pool: Pool) -> None:
    future = shared_pool.submit(int)
    with pytest.raises(concurrent.futures.InvalidStateError):
        future.set_result(1)
    with pytest.raises(concurrent.futures.InvalidStateError):
        future.set_exception(ValueError())
    assert future.result() == 0


def test_a_future_is_made_by_its_pool_alone(shared_pool: Pool) -> None:
    """It can be neither made nor copied nor pickled."""
    future = shared_pool.submit(int)
    for make in (type(future), lambda: copy.copy(future), lambda: pickle.dumps(future)):
        with pytest.raises(TypeError):
            make()
    with pytest.raises(TypeError):
        shared_pool.submit(id, future).result()


def test_futures_are_freed(shared_pool: Pool) -> None:
    """A future that is done and dropped is gone, with its result."""

    class Value:
        pass

    future = shared_pool.submit(Value)
    references = weakref.ref(future), weakref.ref(future.result())
    concurrent.futures.wait([future])
    del future
    gc.collect()
    assert [each() for each in references] == [None, None]


def test_ctrl_c_ends_the_wait(full_pool: Pool) -> None:
    """A signal handler runs while the main thread waits, and its exception ends the wait."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    future = full_pool.submit(int)
    previous = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            future.result()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert not future.done()


# ---- asyncio ----


def test_asyncio(gate: Gate) -> None:
    """run_in_executor and wrap_future work; cancelling a task cancels what has not begun."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with Pool(2) as pool:
            results = await asyncio.gather(
                *(loop.run_in_executor(pool, pow, 2, n) for n in range(20))
            )
            assert results == [2**n for n in range(20)]
            assert await asyncio.wrap_future(pool.submit(pow, 3, 2)) == 9
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(pool, divmod, 1, 0)
            busy = [pool.submit(gate.work) for _ in range(2)]
            future = pool.submit(int)
            waiting = asyncio.wrap_future(future)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await asyncio.sleep(0)
            gate.go.set()
            assert future.cancelled()
            for each in busy:
                await asyncio.wrap_future(each)

    asyncio.run(main())


# ---- map ----


@pytest.mark.parametrize("chunksize", [None, 1, 2, 7, 1000])
@pytest.mark.parametrize("buffersize", [None, 1, 3, 1000])
@pytest.mark.parametrize("length", [0, 1, 10, 333])
def test_map(shared_pool: Pool, chunksize: int | None, buffersize: int | None, length: int) -> None:
    """The results are those of map(), in order, of functions by name and by value."""
    items = list(range(length))
    arguments: Any = {"chunksize": chunksize, "buffersize": buffersize}
    assert list(shared_pool.map(pow, items, items, **arguments)) == list(map(pow, items, items))
    assert list(shared_pool.map(lambda n: [n], iter(items), **arguments)) == [[n] for n in items]


def test_map_stops_at_the_shortest(shared_pool: Pool) -> None:
    assert list(shared_pool.map(pow, itertools.count(), [1, 2])) == [0, 1]
    assert list(shared_pool.map(pow)) == []


@pytest.mark.parametrize("chunksize", [None, 1, 3, 100])
def test_map_exception(shared_pool: Pool, chunksize: int | None) -> None:
    """All results before the failing one are delivered, however the items are chunked."""
    results = shared_pool.map(fail_at, [50] * 100, range(100), chunksize=chunksize)
    assert list(itertools.islice(results, 50)) == list(range(50))
    with pytest.raises(LookupError, match="50") as caught:
        next(results)
    assert "fail_at" in str(caught.value.__cause__)
    assert list(results) == []


@pytest.mark.parametrize("chunksize", [1, 2, 7, 100])
def test_map_of_several_iterables(shared_pool: Pool, chunksize: int) -> None:
    """Calls take one item of each, also if the iterables are one iterator."""
    numbers = iter(range(20))
    pairs = list(shared_pool.map(divmod, numbers, [3] * 9, chunksize=chunksize))
    assert pairs == [divmod(n, 3) for n in range(9)]
    numbers = iter(range(1, 20))  # the last one has no partner
    quotients = shared_pool.map(lambda a, b: a / b, numbers, numbers, chunksize=chunksize)
    assert list(quotients) == [a / (a + 1) for a in range(1, 18, 2)]


@pytest.mark.parametrize("chunksize", [1, 3])
def test_map_of_a_failing_iterable(shared_pool: Pool, chunksize: int) -> None:
    """What the iterable raises is raised by map()."""

    def failing() -> Iterator[int]:
        yield from range(4)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shared_pool.map(abs, failing(), chunksize=chunksize)


def test_map_of_references(shared_pool: Pool) -> None:
    """A reference to a function is called where the function is."""
    here = threading.get_ident, atoll.current().id
    assert list(shared_pool.map(atoll.ref(interpreter_id), range(3))) == [here[1]] * 3
    numbers: list[int] = []
    list(shared_pool.map(atoll.ref(numbers.append), range(5), chunksize=1))
    assert sorted(numbers) == list(range(5))


def test_map_reads_as_far_as_it_may(shared_pool: Pool) -> None:
    """With a buffersize the iterables are read lazily; without, at once."""
    items = iter(range(10))
    results = shared_pool.map(str, items, buffersize=2)
    assert next(items) == 2
    assert next(results) == "0"
    assert next(items) == 4
    shared_pool.map(str, items)
    assert list(items) == []


def test_map_timeout(full_pool: Pool) -> None:
    """The iterator raises when a result comes too late, and cancels what is left."""
    results = full_pool.map(str, range(3), timeout=0.01, chunksize=1)
    with pytest.raises(TimeoutError):
        next(results)
    assert full_pool._worker_pool.pending == 0


def test_map_timeout_after_results(gate: Gate) -> None:
    """A result that is there is given, however late it is asked for."""
    with Pool(1) as pool:
        results = pool.map(operator.call, [int, str, gate.work], timeout=0.01, chunksize=1)
        gate.begun.acquire()
        assert [next(results), next(results)] == [0, ""]
        with pytest.raises(TimeoutError):
            next(results)
        gate.go.set()


def test_closing_the_iterator_cancels(full_pool: Pool) -> None:
    results = full_pool.map(str, range(3), chunksize=1)
    assert full_pool._worker_pool.pending == 3
    results.close()  # type: ignore[attr-defined]
    assert (
        full_pool._worker_pool.pending == 3
    )  # a generator that never began has nothing to clean up
    del results


def test_map_keeps_no_result(shared_pool: Pool) -> None:
    """The iterator refers to nothing that it has yielded."""
    for chunksize in (1, 5):
        for result in shared_pool.map(set, [[1]] * 20, chunksize=chunksize):
            reference = weakref.ref(result)
            del result
            assert reference() is None


def test_items_that_wait_for_each_other(shared_pool: Pool) -> None:
    """Calls of a map() run in parallel, also after many quick ones: none waits behind another."""
    wait = atoll.ref(threading.Barrier(WORKERS).wait)

    def work(n: int) -> int:
        if n >= 500:
            wait()  # type: ignore[operator]
        return n

    items = range(500 + WORKERS)
    assert list(shared_pool.map(work, items, chunksize=1)) == list(items)


# ---- workers ----


def test_workers_are_made_as_needed(pool: Pool) -> None:
    """One call at a time needs one worker; interpreters are named after the threads."""
    for _ in range(5):
        pool.submit(int).result()
    assert len(pool._threads) == 1
    name = next(iter(pool._threads)).name
    assert pool.submit(lambda: atoll.current().name).result() == name


def test_no_more_than_max_workers(full_pool: Pool, gate: Gate) -> None:
    """max_workers calls run at a time, also when threads wait for the others."""
    waiting = [full_pool.submit(gate.work) for _ in range(5)]
    threads = [threading.Thread(target=future.result) for future in waiting]
    for thread in threads:
        thread.start()
    assert not gate.begun.acquire(timeout=0.05)
    assert len(full_pool._threads) == WORKERS
    gate.go.set()
    for thread in threads:
        thread.join()


def nested(pool: Any, depth: int) -> int:
    return 1 if depth == 0 else pool.submit(nested, pool, depth - 1).result() + 1


@pytest.mark.parametrize("is_begun", [False, True])
def test_ctrl_c_while_a_worker_starts(
    is_begun: bool, pool: Pool, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is withdrawn, and the pool has as many workers as ever."""
    start = threading.Thread.start

    def break_off(thread: threading.Thread) -> None:
        if is_begun:
            start(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", break_off)
        with pytest.raises(KeyboardInterrupt):
            pool.submit(gate.work)
    for _ in range(WORKERS + 1):
        pool.submit(gate.work)
    for _ in range(WORKERS):
        assert gate.begun.acquire(timeout=60)
    assert not gate.begun.acquire(timeout=0.05)
    assert len(pool._threads) == WORKERS
    gate.go.set()


def test_a_call_that_submits_and_waits(pool: Pool) -> None:
    """A pool goes by reference; nested calls finish as long as a worker is left for them."""
    assert pool.submit(nested, pool, WORKERS - 1).result() == WORKERS


# ---- initializer ----


def test_initializer_runs_once_in_every_interpreter(gate: Gate) -> None:
    with Pool(WORKERS, initializer=remember, initargs=([1],)) as pool:
        busy = [pool.submit(gate.work) for _ in range(WORKERS)]
        for _ in busy:
            gate.begun.acquire()
        gate.go.set()
        states = list(pool.map(lambda _: recall(), range(30), chunksize=1))
    assert states == [[[1]]] * 30


@pytest.mark.parametrize("initializer", [fail_with_payload, unpicklable().acquire, lambda: 1 / 0])
def test_failing_initializer(initializer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The pool is broken then: pending calls and new ones raise BrokenExecutor."""
    with Pool(2, initializer=initializer) as pool:
        try:
            futures = [pool.submit(int) for _ in range(5)]
        except BrokenExecutor:
            futures = []
        for future in futures:
            with pytest.raises(BrokenExecutor) as caught:
                future.result()
            assert isinstance(caught.value, BrokenThreadPool)
        for thread in list(pool._threads):
            thread.join()
        with pytest.raises(BrokenExecutor):
            pool.submit(int)
        with pytest.raises(BrokenExecutor):
            pool.map(int, [1])
    assert "Exception in initializer" in caplog.text


def test_an_interpreter_that_is_closed_breaks_the_pool() -> None:
    """As a process that dies breaks a pool of processes: nothing hangs."""
    with Pool(1) as pool:
        identifier = pool.submit(interpreter_id).result()
        next(each for each in atoll.interpreters() if each.id == identifier).close()
        with pytest.raises((BrokenExecutor, atoll.InterpreterClosedError)):
            pool.submit(int).result(60)
        for thread in list(pool._threads):
            thread.join()
        with pytest.raises(BrokenExecutor):
            pool.submit(int)


# ---- shutdown ----


def test_submit_after_shutdown(pool: Pool) -> None:
    pool.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit(int)
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.map(int, [1])


def test_shutdown_finishes_what_is_pending(pool: Pool) -> None:
    futures = [pool.submit(pow, 2, n) for n in range(200)]
    pool.shutdown()
    assert all(future.done() for future in futures)
    assert [future.result() for future in futures] == [2**n for n in range(200)]
    assert not any(thread.is_alive() for thread in pool._threads)


def test_shutdown_cancels(full_pool: Pool, gate: Gate) -> None:
    """cancel_futures cancels what is pending, calls its callbacks, and waits for what runs."""
    told: list[bool] = []
    pending = [full_pool.submit(int) for _ in range(5)]
    pending[0].add_done_callback(lambda f: told.append(f.cancelled()))
    full_pool.shutdown(wait=False, cancel_futures=True)
    assert told == [True]
    assert all(future.cancelled() for future in pending)
    gate.go.set()
    full_pool.shutdown()


def test_shutdown_without_wait(full_pool: Pool, gate: Gate) -> None:
    future = full_pool.submit(pow, 2, 3)
    full_pool.shutdown(wait=False)
    assert not future.done()
    gate.go.set()
    assert future.result() == 8


def test_results_after_shutdown(pool: Pool) -> None:
    """What was returned by value outlives the interpreters."""
    future = pool.submit(lambda: {"a": [1, (2, "x")]})
    error = pool.submit(fail_with_payload)
    pool.shutdown()
    assert future.result() == {"a": [1, (2, "x")]}
    assert isinstance(error.exception(), PayloadError)


def test_a_pool_that_is_dropped_ends(gate: Gate) -> None:
    """Without shutdown(), its workers and interpreters end with the last reference."""
    before = set(atoll.interpreters())
    pool = Pool(2)
    future = pool.submit(gate.work)
    pending = pool.map(pow, [1, 2, 3], [2, 2, 2])
    threads = list(pool._threads)
    reference = weakref.ref(pool)
    del pool
    gc.collect()
    assert reference() is None
    gate.go.set()
    assert future.result() is None
    assert list(pending) == [1, 4, 9]
    for thread in threads:
        thread.join()
    assert set(atoll.interpreters()) <= before


def test_unused_pools_have_nothing(nothing_is_left: None) -> None:
    """Workers are made by the first call."""
    pool = Pool()
    assert pool._threads == set()
    pool.shutdown()
    pool.shutdown(cancel_futures=True)


def test_submitting_while_it_shuts_down() -> None:
    """Each submit() either raises or yields a future that finishes."""
    for _ in range(10):
        pool = Pool(2)
        futures: list[Future[int]] = []
        begun = threading.Event()

        def submit_until_refused() -> None:
            try:
                while True:
                    futures.append(pool.submit(int))  # noqa: B023
                    begun.set()  # noqa: B023
            except RuntimeError:
                pass

        threads = [threading.Thread(target=submit_until_refused) for _ in range(2)]
        for thread in threads:
            thread.start()
        begun.wait()
        pool.shutdown()
        for thread in threads:
            thread.join()
        assert [future.result(0) for future in futures] == [0] * len(futures)


# ---- other interpreters, other processes ----


def test_in_another_interpreter(interpreter: atoll.Interpreter) -> None:
    """An executor works in any interpreter; one left open there ends when that is closed."""
    assert atoll.copy(interpreter.call(own_pool, 20)) == [n * n for n in range(20)]
    assert interpreter.call(leave_pool_open) == 8


def test_exit_with_pending_work(run_cleanly: Callable[..., str]) -> None:
    """The process ends when all calls are done."""
    printed = run_cleanly(
        """
        import atoll

        def work(n):
            print(n, flush=True)

        pool = atoll.InterpreterPoolExecutor(2)
        for n in range(50):
            pool.submit(work, n)
        """
    )
    assert sorted(map(int, printed.split())) == list(range(50))


def test_exit_after_shutdown_without_wait(run_cleanly: Callable[..., str]) -> None:
    printed = run_cleanly(
        """
        import atoll, time

        pool = atoll.InterpreterPoolExecutor(1)
        pool.submit(time.sleep, 0.2)
        pool.submit(print, "done")
        pool.shutdown(wait=False)
        """
    )
    assert printed == "done\n"


def test_submit_at_exit(run_script: Callable[..., Any]) -> None:
    """Exit handlers get the standard library's error."""
    done = run_script(
        """
        import atexit, atoll

        used, unused = atoll.InterpreterPoolExecutor(), atoll.InterpreterPoolExecutor()
        used.submit(int).result()

        @atexit.register
        def last():
            for pool in used, unused:
                try:
                    pool.submit(int)
                except RuntimeError as error:
                    print(error)
        """
    )
    message = "cannot schedule new futures after interpreter shutdown\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, 2 * message, "")


def test_main_functions(run_cleanly: Callable[..., str]) -> None:
    """Functions and classes of `__main__` work, as arguments, results and exceptions too."""
    printed = run_cleanly(
        """
        import atoll

        class Point:
            def __init__(self, x):
                self.x = x

        class MyError(Exception):
            pass

        def double(point):
            return Point(2 * point.x)

        def fail(n):
            raise MyError(Point(n))

        with atoll.InterpreterPoolExecutor(2, initializer=double, initargs=(Point(1),)) as pool:
            made = pool.submit(double, Point(2)).result()
            print(type(made) is Point, made.x)
            print([p.x for p in pool.map(double, map(Point, range(5)))])
            try:
                pool.submit(fail, 3).result()
            except MyError as error:
                print(error.args[0].x)
        """
    )
    assert printed == "True 4\n[0, 2, 4, 6, 8]\n3\n"


def test_forked_child(run_script: Callable[..., Any]) -> None:
    """A forked child cannot use the pool: it is told so, and ends cleanly."""
    done = run_script(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        import atoll

        pool = atoll.InterpreterPoolExecutor(1)
        done = pool.submit(pow, 2, 3)
        assert done.result() == 8
        child = os.fork()
        if child == 0:
            assert done.result() == 8
            try:
                pool.submit(int)
            except RuntimeError as error:
                print(error, flush=True)
            pool.shutdown()
            if hasattr(sys, "gettotalrefcount"):
                os._exit(0)  # a debug build of CPython misses the forgotten interpreters
        else:
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), pool.submit(pow, 2, 2).result())
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "executors do not survive os.fork() [docs: explanation/lifetimes]\n0 4\n"


def test_waiting_keeps_nobody_from_working(pool: Pool, gate: Gate) -> None:
    """Quick calls are answered while a long one runs, in whatever order they were submitted."""
    long = pool.submit(gate.work)
    gate.begun.acquire()
    assert [pool.submit(pow, 2, n).result() for n in range(50)] == [2**n for n in range(50)]
    assert list(pool.map(pow, range(50), [2] * 50)) == [n * n for n in range(50)]
    assert not long.done()
    gate.go.set()
    long.result()


@pytest.mark.parametrize("arguments", [{"buffersize": 10}, {"buffersize": 10, "chunksize": 3}, {}])
def test_map_is_read_after_the_end(arguments: dict[str, int]) -> None:
    """What a map() has submitted can be read after shutdown(), with a buffer that took all too."""
    with atoll.InterpreterPoolExecutor(2) as executor:
        results = executor.map(abs, range(-4, 0), **arguments)
    assert list(results) == [4, 3, 2, 1]


class EmptyButCallable(list[Any]):
    """Callable, though it is false."""

    def __call__(self) -> None:
        sys.modules["atoll"].initialized = True  # type: ignore[attr-defined]


def test_false_initializer() -> None:
    """An initializer that is callable is called, also if it is false."""
    with atoll.InterpreterPoolExecutor(1, initializer=EmptyButCallable()) as executor:
        assert executor.submit(lambda: __import__("atoll").initialized).result() is True


# ---- imports ----


def is_imported(*names: str) -> list[bool]:
    return [name in sys.modules for name in names]


def test_imports() -> None:
    """Workers import modules before anything else; the first worker begins before any call."""
    with Pool(2, initializer=remember_imported, imports=["colorsys", "xml.dom.minidom"]) as pool:
        (worker,) = pool._threads
        assert pool.submit(is_imported, "colorsys", "xml.dom.minidom").result() == [True, True]
        assert pool.submit(recall).result() == [[True]]
        assert pool._threads == {worker}


def remember_imported() -> None:
    remember(is_imported("colorsys"))


@pytest.mark.parametrize(
    ("imports", "error", "message"),
    [
        ("json", TypeError, "several names of modules, not one str"),
        ([1], TypeError, "must be str, not int"),
        (5, TypeError, "not iterable"),
        (["no_such_module"], ModuleNotFoundError, "No module named 'no_such_module'"),
        (["json.nothing"], ModuleNotFoundError, "No module named 'json.nothing'"),
        (["json.decoder.nothing"], ModuleNotFoundError, "'json.decoder.nothing'"),
        ([""], ModuleNotFoundError, "No module named ''"),
    ],
)
def test_imports_are_refused(imports: Any, error: type[Exception], message: str) -> None:
    """What is no list of modules is an error at once."""
    with pytest.raises(error, match=message):
        Pool(1, imports=imports)


def test_imports_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The pool is broken; the log says what was raised."""
    (tmp_path / "failing_module.py").write_text("raise LookupError('in the module')")
    monkeypatch.syspath_prepend(tmp_path)
    pool = Pool(1, imports=["failing_module"])
    with pytest.raises(BrokenExecutor, match="an import failed"):
        pool.submit(int).result()
    pool.shutdown()
    assert "Exception in imports" in caplog.text
    assert "LookupError: in the module" in caplog.text


def test_a_module_that_makes_an_executor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: atoll.Interpreter
) -> None:
    """Workers that import the module begin no workers ahead of their own."""
    (tmp_path / "making_pool.py").write_text(
        "import atoll\n"
        "pool = atoll.InterpreterPoolExecutor(1, imports=['making_pool'])\n"
        "workers = len(pool._threads)\n"
        "pool.shutdown()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    interpreter.call(extend_path, str(tmp_path))
    assert interpreter.import_module("making_pool").workers == 0
    with Pool(1, imports=["making_pool"]) as pool:
        assert pool.submit(workers_of_module).result() == 0


def extend_path(folder: str) -> None:
    sys.path.insert(0, folder)


def workers_of_module() -> int:
    return int(sys.modules["making_pool"].workers)
