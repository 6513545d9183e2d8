"""Futures of InterpreterPoolExecutor: who runs calls and callbacks, and what cannot get lost."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, Future
from types import FrameType
from typing import Any

import pytest
from gate import Gate
from unpickled import Unpickled, WithArguments, fail_with_unpickled, make_unpickled

import atoll

Pool = atoll.InterpreterPoolExecutor
WORKERS = 3
PATIENCE = 60  # seconds after which something hangs


@pytest.fixture
def pool(nothing_is_left: None) -> Iterator[Pool]:
    with Pool(WORKERS) as pool:
        yield pool


@pytest.fixture
def gate(pool: Pool) -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def held(gate: Gate, pool: Pool) -> Future[Any]:
    """A future whose call goes on until the gate is opened."""
    future = pool.submit(gate.work)
    gate.begun.acquire()
    return future


@contextlib.contextmanager
def alarmed(exception: BaseException) -> Iterator[Callable[[], None]]:
    """Yield what sends this process a signal whose handler raises, if it comes within the block."""

    def handler(number: int, frame: FrameType | None) -> None:
        raise exception

    previous = signal.signal(signal.SIGALRM, handler)
    try:
        yield lambda: signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, previous)


def in_a_moment() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.05)


# ---- who runs what ----


def test_only_workers_run_calls(pool: Pool) -> None:
    """A thread that waits in result() never runs the call itself."""
    idents = {pool.submit(threading.get_ident).result() for _ in range(300)}
    assert idents <= {thread.ident for thread in pool._threads}


def test_callbacks_run_on_the_thread_of_the_worker(pool: Pool, held: Any, gate: Gate) -> None:
    """Wherever threads wait for the future."""
    seen: list[threading.Thread] = []
    told = threading.Event()
    held.add_done_callback(lambda _: seen.append(threading.current_thread()))
    held.add_done_callback(lambda _: told.set())
    gate.go.set()
    held.result()
    assert told.wait(PATIENCE)
    assert seen[0] in pool._threads


def test_a_callback_may_need_a_lock_of_who_waits(pool: Pool) -> None:
    """`with lock: future.result()` does not run a callback that takes the lock."""
    lock, told = threading.Lock(), threading.Semaphore(0)

    def callback(_: Any) -> None:
        with lock:
            told.release()

    for _ in range(100):
        future = pool.submit(pow, 2, 3)
        future.add_done_callback(callback)
        with lock:
            assert future.result(PATIENCE) == 8
        assert told.acquire(timeout=PATIENCE)


def test_callbacks_of_a_finished_future_run_at_once(pool: Pool) -> None:
    """On the thread that adds them; what is no Exception is raised there."""
    future = pool.submit(int)
    future.result()
    seen: list[int] = []
    future.add_done_callback(lambda _: seen.append(threading.get_ident()))
    assert seen == [threading.get_ident()]

    def leave(_: Any) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        future.add_done_callback(leave)


def test_callbacks_of_cancel_run_at_once(held: Any, gate: Gate) -> None:
    """What is no Exception is raised by cancel(); the future is cancelled all the same."""
    with Pool(1) as pool:
        pool.submit(gate.work)
        future = pool.submit(int)

        def leave(_: Any) -> None:
            raise SystemExit

        future.add_done_callback(leave)
        with pytest.raises(SystemExit):
            future.cancel()
        assert future.cancelled()
        gate.go.set()


# ---- callbacks that take their time ----


@pytest.fixture
def in_callback(pool: Pool) -> Iterator[Future[Any]]:
    """A future that is done, one of whose callbacks waits until the test is over."""
    begun, go = threading.Event(), threading.Event()

    def callback(_: Any) -> None:
        begun.set()
        go.wait()

    gate = Gate()
    future = pool.submit(gate.work)
    future.add_done_callback(callback)
    gate.go.set()
    begun.wait()
    yield future
    go.set()


def test_a_future_is_done_before_its_callbacks(in_callback: Any) -> None:
    """All that one can ask it answers meanwhile."""
    assert in_callback.done()
    assert in_callback.result() is None
    assert concurrent.futures.wait([in_callback], timeout=0).done == {in_callback}
    assert list(concurrent.futures.as_completed([in_callback], timeout=0)) == [in_callback]
    assert "finished" in repr(in_callback)


def test_a_callback_holds_up_no_other_future(pool: Pool, in_callback: Any) -> None:
    """Others are settled, told to those who wait, and have their callbacks called."""
    told = threading.Event()
    gate = Gate()
    future, other = pool.submit(gate.work), pool.submit(gate.work)
    future.add_done_callback(lambda _: told.set())
    gate.go.set()
    for how in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        assert concurrent.futures.wait([future, other], PATIENCE, how).done
    assert set(concurrent.futures.as_completed([future, other], PATIENCE)) == {future, other}
    assert told.wait(PATIENCE)


def test_a_callback_may_wait_for_another_future(pool: Pool, held: Any, gate: Gate) -> None:
    first = pool.submit(pow, 2, 3)
    results: list[Any] = []
    told = threading.Event()

    def callback(future: Future[int]) -> None:
        concurrent.futures.wait([held], PATIENCE)
        results.append((future.result(), held.done()))
        told.set()

    other = Gate()
    begins = pool.submit(other.work)
    begins.add_done_callback(lambda _: callback(first))
    other.go.set()
    first.result()
    gate.go.set()
    assert told.wait(PATIENCE)
    assert results == [(8, True)]


def test_a_callback_may_do_anything_to_its_pool(pool: Pool, held: Any, gate: Gate) -> None:
    """Submit and wait, cancel, shut it down; only waiting for its own thread is refused."""
    done: list[Any] = []
    told = threading.Event()

    def callback(_: Any) -> None:
        done.append(pool.submit(pow, 2, 5).result())
        pool.shutdown(wait=False, cancel_futures=True)
        try:
            pool.shutdown(wait=True)
        except RuntimeError as error:
            done.append(str(error))
        told.set()

    held.add_done_callback(callback)
    gate.go.set()
    assert told.wait(PATIENCE)
    assert done == [32, "cannot join current thread"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_callback_that_leaves(
    pool: Pool, held: Any, gate: Gate, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """What is no Exception is logged as the standard library does; the pool works on."""

    def leave(_: Any) -> None:
        raise kind

    held.add_done_callback(leave)
    with caplog.at_level(logging.CRITICAL, "concurrent.futures"):
        gate.go.set()
        pool.submit(int).result()
        pool.shutdown()
    assert "Exception in worker" in caplog.text
    assert kind.__name__ in caplog.text


def test_one_who_waits_sees_what_all_see(pool: Pool) -> None:
    """An observed future is done for result(), done() and wait() at one moment."""
    for _ in range(200):
        future = pool.submit(int)
        future.add_done_callback(id)
        future.result()
        assert concurrent.futures.wait([future], timeout=0).done == {future}


@pytest.mark.parametrize("step", ["_unpack", "_mark_done", "_tell"])
def test_a_worker_that_cannot_tell(
    pool: Pool, held: Any, gate: Gate, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The future is done, with its answer, whatever keeps the worker from telling."""

    def fail(*_: Any) -> None:
        raise MemoryError

    held.add_done_callback(id)
    monkeypatch.setattr(type(held), step, fail)
    gate.go.set()
    assert held.result(PATIENCE) is None
    assert held.result() is None


# ---- signals ----


def test_a_signal_ends_the_wait_only(pool: Pool, held: Any, gate: Gate) -> None:
    """What a handler raises while main waits is no outcome of the call, which goes on."""
    with alarmed(LookupError("alarm")):
        for ask in (held.result, held.exception):
            with pytest.raises(LookupError, match="alarm"):
                in_a_moment()
                ask()
    assert not held.done()
    gate.go.set()
    assert held.result() is None


def test_a_deadline_is_not_for_the_call(pool: Pool) -> None:
    """atoll.timeout() limits this thread's own calls and waits, not the executor's."""
    with atoll.timeout(0):
        future = pool.submit(pow, 2, 3)
    assert future.result() == 8


@pytest.fixture
def unpickling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Say what unpickling calls the first time."""

    def set_first(call: Callable[[], object]) -> None:
        def once() -> None:
            monkeypatch.setattr(Unpickled, "calls", int)
            call()

        monkeypatch.setattr(Unpickled, "calls", once)

    return set_first


ASKED: dict[str, Callable[[Any], Any]] = {
    "result": lambda future: future.result(),
    "exception": lambda future: future.exception(),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("error", [KeyboardInterrupt, LookupError])
def test_an_answer_survives_a_signal(
    pool: Pool, unpickling: Any, error: type[BaseException], ask: Callable[[Any], Any]
) -> None:
    """What a signal handler raises while it is unpickled is no outcome: the answer stays."""
    numbers = [1]
    future = pool.submit(lambda x: (x, Unpickled(), x), atoll.ref(numbers))
    failed = pool.submit(fail_with_unpickled)
    pool.shutdown()
    with alarmed(error("alarm")) as send:
        unpickling(send)
        with pytest.raises(error, match="alarm"):
            ask(future)
        unpickling(send)
        with pytest.raises(error, match="alarm"):
            ask(failed)
    result = future.result()
    assert result == (numbers, "unpickled", numbers)
    assert result[0] is numbers
    assert isinstance(failed.exception(), WithArguments)
    assert failed.exception().args == ("unpickled",)
    del future, failed, result


def test_an_answer_survives_an_interrupt(pool: Pool, unpickling: Any) -> None:
    future = pool.submit(make_unpickled)

    def interrupt() -> None:
        atoll.main().interrupt(LookupError("interrupted"))
        while True:
            pass

    unpickling(interrupt)
    with pytest.raises(LookupError, match="interrupted"):
        future.result()
    assert future.result() == "unpickled"


def test_an_answer_survives_a_deadline(
    pool: Pool, unpickling: Any, interpreter: atoll.Interpreter
) -> None:
    """One that passes in a call into another interpreter that unpickling makes."""
    future = pool.submit(make_unpickled)
    pool.shutdown()

    def call_for_ever() -> None:
        while True:
            interpreter.call(pow, 2, 3)

    unpickling(call_for_ever)
    with atoll.timeout(0), pytest.raises(TimeoutError):
        future.result()
    assert future.result() == "unpickled"


def test_chunks_survive_a_signal(pool: Pool, unpickling: Any) -> None:
    """The iterator raises it, and is over, as any generator."""
    with alarmed(LookupError("alarm")) as send:
        results = pool.map(make_unpickled, range(4), chunksize=2)
        unpickling(send)
        with pytest.raises(LookupError, match="alarm"):
            next(results)
        assert list(results) == []


def test_others_wait_for_who_unpickles(pool: Pool, unpickling: Any) -> None:
    """When that is broken off one of them does it."""
    future = pool.submit(make_unpickled)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(future.result())

    other = threading.Thread(target=ask)

    def begin_and_fail() -> None:
        other.start()
        raise KeyboardInterrupt

    unpickling(begin_and_fail)
    with pytest.raises(KeyboardInterrupt):
        future.result()
    other.join()
    assert answers == ["unpickled"]


def test_a_failing_answer_is_an_outcome(pool: Pool, unpickling: Any) -> None:
    """What unpickling raises by itself is the future's exception, one object."""

    def fail() -> None:
        raise LookupError("by itself")

    future = pool.submit(make_unpickled)
    unpickling(fail)
    error = future.exception()
    assert isinstance(error, LookupError)
    assert future.exception() is error


def test_unpickling_holds_no_lock(pool: Pool, unpickling: Any, held: Any, gate: Gate) -> None:
    """A worker that unpickles for those who wait keeps nobody from asking."""
    begun, go = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go.wait()

    unpickling(wait)
    other = Gate()
    future = pool.submit(lambda work: (work(), Unpickled()), other.work)
    future.add_done_callback(id)
    other.go.set()
    begun.wait()
    assert concurrent.futures.wait([future], timeout=0).done == set()
    assert "running" in repr(future)
    go.set()
    assert future.result() == (None, "unpickled")


# ---- submitting ----


class SubmitsWhenPickled:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def __reduce__(self) -> Any:
        return int, (self.pool.submit(pow, 2, 3).result(),)


def test_pickling_may_use_the_pool(pool: Pool) -> None:
    """submit() and map() pickle before they take a lock."""
    assert pool.submit(abs, SubmitsWhenPickled(pool)).result() == 8
    assert list(pool.map(abs, [SubmitsWhenPickled(pool)] * 3, chunksize=2)) == [8] * 3


class ShutsDownWhenPickled:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def __reduce__(self) -> Any:
        self.pool.shutdown()
        return int, ()


def test_pickling_may_shut_the_pool_down(pool: Pool) -> None:
    """Nothing is submitted after a shutdown, not even what was packed before."""
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit(abs, ShutsDownWhenPickled(pool))


class RaisesSignalWhenPickled:
    def __reduce__(self) -> Any:
        signal.raise_signal(signal.SIGALRM)
        return int, ()


@pytest.mark.parametrize("error", [KeyboardInterrupt, LookupError])
def test_a_signal_while_pickling_is_raised_by_submit(
    pool: Pool, error: type[BaseException]
) -> None:
    """It is not the outcome of a call that never was."""
    value = RaisesSignalWhenPickled()
    with alarmed(error("alarm")):
        with pytest.raises(error, match="alarm"):
            pool.submit(abs, value)
        with pytest.raises(error, match="alarm"):
            pool.submit(lambda: value)
        with pytest.raises(error, match="alarm"):
            pool.map(abs, [value])


@pytest.mark.parametrize("chunksize", [sys.maxsize, 10**30])
def test_a_huge_chunk_is_what_there_is(pool: Pool, chunksize: int) -> None:
    assert list(pool.map(pow, range(4), [2] * 4, chunksize=chunksize)) == [0, 1, 4, 9]
    assert list(pool.map(abs, range(4), buffersize=chunksize)) == [0, 1, 2, 3]
    assert list(pool.map(abs, [], chunksize=chunksize)) == []


def test_map_asks_for_no_length(pool: Pool) -> None:
    """Iterables whose length is too much for len(), or raises, are read as any others."""
    assert list(pool.map(pow, range(10**30), [2] * 3)) == [0, 1, 4]


# ---- fork ----


def test_fork_while_a_worker_runs_a_callback(run_script: Callable[..., Any]) -> None:
    """A forked child has the answers that were there, and is told of the others."""
    done = run_script(
        """
        import concurrent.futures, os, signal, threading, warnings
        warnings.simplefilter("ignore")
        import atoll

        pool = atoll.InterpreterPoolExecutor(2)
        begun, go = threading.Event(), threading.Event()
        future = pool.submit(lambda: [1])
        running = pool.submit(atoll.ref(go.wait))
        finished = pool.submit(pow, 2, 3)

        def callback(_):
            with finished._condition:
                begun.set()
                go.wait()

        finished.add_done_callback(callback)
        begun.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            assert future.result() == [1]
            assert finished.result() == 8
            assert "finished" in repr(finished)
            assert concurrent.futures.wait([finished], 0).done == {finished}
            for ask in (running.result, lambda: pool.submit(int), lambda: pool.map(int, [1])):
                try:
                    ask()
                except RuntimeError as error:
                    assert "fork" in str(error)
                else:
                    raise AssertionError
            pool.shutdown()
            os._exit(7)
        _, status = os.waitpid(child, 0)
        go.set()
        print(os.waitstatus_to_exitcode(status))
        """
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_fork_while_a_thread_unpickles(pool: Pool, unpickling: Any) -> None:
    """The child unpickles the answer itself."""
    begun, go = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go.wait()

    future = pool.submit(make_unpickled)
    unpickling(wait)
    other = threading.Thread(target=future.result)
    other.start()
    begun.wait()
    child = fork_quietly()
    if child == 0:
        signal.alarm(PATIENCE)
        os._exit(future.result() == "unpickled")
    _, status = os.waitpid(child, 0)
    go.set()
    other.join()
    assert os.waitstatus_to_exitcode(status) == 1


def fork_quietly() -> int:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()
