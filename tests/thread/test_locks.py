"""Locks of one interpreter that threads of several use; CPython's tests are in test_lock_suites."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any

import locking
import pytest

import atoll

LOCKS = ["Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"]


@pytest.fixture(scope="module")
def interpreters() -> Iterator[list[atoll.Interpreter]]:
    """Three interpreters."""
    with ExitStack() as stack:
        yield [stack.enter_context(atoll.Interpreter(name)) for name in ("one", "two", "three")]


@pytest.fixture
def places(interpreters: list[atoll.Interpreter]) -> list[Any]:
    """The module `locking` of main and of three interpreters."""
    return [locking, *(each.import_module("locking") for each in interpreters)]


@pytest.fixture
def pool(nothing_is_left: None) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def make(interpreter: atoll.Interpreter, kind: str, *args: Any) -> Any:
    return getattr(interpreter.import_module("threading"), kind)(*args)


# ---- one lock, many interpreters ----


@pytest.mark.parametrize("kind", LOCKS)
def test_exclusion(
    interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor, kind: str
) -> None:
    """Threads in four interpreters, visitors and own ones, exclude each other by a foreign lock."""
    lock, box = make(interpreters[0], kind), places[2].Box()
    visitors = [pool.submit(each.add, lock, box, 40) for each in places]
    own = [pool.submit(each.run_in_thread, each.add, lock, box, 40) for each in places[1:]]
    for each in visitors + own:
        each.result()
    assert box.n == 40 * 7


@pytest.mark.parametrize("kind", LOCKS)
def test_exclusion_by_a_lock_of_main(
    places: list[Any], pool: ThreadPoolExecutor, kind: str
) -> None:
    """The same with a lock of the main interpreter."""
    lock, box = getattr(threading, kind)(), locking.Box()
    for each in [pool.submit(each.add, lock, box, 40) for each in places]:
        each.result()
    assert box.n == 40 * 4


@pytest.mark.parametrize("kind", LOCKS)
def test_exception_out_of_with(interpreters: list[Any], places: list[Any], kind: str) -> None:
    """An exception leaves a `with` of a foreign lock as it is, and the lock free."""
    lock = make(interpreters[0], kind)
    for each in places:
        with pytest.raises(LookupError, match="out of with"):
            each.raise_under(lock, LookupError)
        with pytest.raises(ZeroDivisionError), lock:
            raise ZeroDivisionError
        assert lock.acquire(timeout=10)
        lock.release()


@pytest.mark.parametrize("kind", LOCKS)
def test_timeout(interpreters: list[Any], places: list[Any], kind: str) -> None:
    """acquire(timeout=) of a lock that another thread holds gives up, wherever it is called."""
    lock = make(interpreters[0], kind)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lock.acquire).result()
        assert lock.acquire(timeout=0.01) is False
        assert lock.acquire(blocking=False) is False
        assert [each.try_acquire(lock) for each in places] == [False] * 4
        pool.submit(lock.release).result()
    assert lock.acquire(timeout=0.01) is True
    lock.release()


# ---- whose lock it is ----


@pytest.mark.parametrize("kind", ["RLock", "_PyRLock", "Condition"])
def test_reentry_through_interpreters(
    interpreters: list[Any], places: list[Any], kind: str
) -> None:
    """A thread that holds an RLock acquires it again after A -> B -> A -> main -> C."""
    lock = make(interpreters[0], kind)
    main, one, two, three = (each.acquire_again for each in places)
    assert main(lock, one, two, one, two, locking.acquire_again, three) == 7
    assert one(lock, main, one, main, two) == 5
    assert lock.acquire(blocking=False)
    lock.release()
    with pytest.raises(RuntimeError, match="un-acquired lock"):
        lock.release()


def test_owner_is_the_thread(interpreters: list[Any], places: list[Any]) -> None:
    """An RLock belongs to the thread, not to the interpreter that acquired it."""
    lock = make(interpreters[0], "RLock")
    assert places[1].acquire_and_keep(lock)  # this thread, by way of another interpreter
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(places[1].try_acquire, lock).result() is False
        with pytest.raises(RuntimeError, match="un-acquired lock"):
            pool.submit(lock.release).result()
    assert places[2].run_in_thread(places[2].try_acquire, lock) is False
    lock.release()
    assert places[2].run_in_thread(places[2].try_acquire, lock) is True


def test_lock_released_by_another_interpreter(
    interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor
) -> None:
    """A plain lock may be released by any thread of any interpreter, and wakes who waits."""
    lock = make(interpreters[0], "Lock")
    assert lock.acquire()
    waiting = [pool.submit(each.acquire_and_keep, lock) for each in places]
    for count in range(1, 5):
        interpreters[1].call(lock.release)
        wait(waiting, return_when=FIRST_COMPLETED)
        done = [each for each in waiting if each.done()]
        assert len(done) == 1, count
        waiting.remove(done[0])
    assert lock.locked()
    lock.release()


def test_thread_local(interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor) -> None:
    """A threading.local of an interpreter holds a value for each thread that visits."""
    place = places[1]
    place.set_own("main thread")
    assert pool.submit(place.get_own).result() is None
    assert place.run_in_thread(place.get_own) is None
    assert interpreters[1].call(place.get_own) == "main thread"


# ---- conditions ----


@pytest.mark.parametrize("lock_of", [None, 0, 2])
def test_store(
    interpreters: list[Any],
    places: list[Any],
    pool: ThreadPoolExecutor,
    lock_of: int | None,
) -> None:
    """Producers and consumers of several interpreters share a Condition, with any lock."""
    lock = None if lock_of is None else make(interpreters[lock_of], "RLock")
    store = places[1].Store(2, lock)
    gets = [pool.submit(store.get) for _ in range(4)]
    puts = [interpreters[i % 3].call(locking.start, store.put, i) for i in range(4)]
    assert sorted(each.result() for each in gets) == [0, 1, 2, 3]
    for each in puts:
        each.join()


@pytest.mark.parametrize("lives", [0, 1, 2, 3])
def test_condition_by_hand(places: list[Any], pool: ThreadPoolExecutor, lives: int) -> None:
    """wait() and notify_all() from two interpreters on the condition of a third, or of one."""
    condition = places[lives].Store(1).condition
    items: list[int] = []
    producer = pool.submit(places[1].put_by_hand, condition, items, range(30))
    consumer = pool.submit(places[2].get_by_hand, condition, items, 30)
    producer.result()
    assert consumer.result() == tuple(range(30))


def test_wait_for_a_predicate_elsewhere(interpreters: list[Any], pool: ThreadPoolExecutor) -> None:
    """wait_for() calls its predicate where it lives."""
    condition = make(interpreters[0], "Condition")
    seen: list[str] = []
    answers = iter([False, False, True])

    def is_ready() -> bool:
        seen.append(atoll.current().name)
        return next(answers)

    def wait_for_it() -> bool:
        with condition:
            return bool(condition.wait_for(is_ready))

    waiting = pool.submit(wait_for_it)
    while not waiting.done():
        with condition:
            condition.notify()
    assert waiting.result() is True
    assert seen == ["main"] * 3


def test_condition_timeout(interpreters: list[Any]) -> None:
    """wait(timeout) of a condition that nobody notifies returns False and holds the lock again."""
    condition = make(interpreters[0], "Condition")
    with condition:
        assert condition.wait(0.01) is False
        assert condition.wait_for(lambda: False, timeout=0.01) is False
        condition.notify_all()
    with pytest.raises(RuntimeError, match="un-acquired lock"):
        condition.wait()
    with pytest.raises(RuntimeError, match="un-acquired lock"):
        condition.notify()


# ---- events, semaphores, barriers ----


def test_event(interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor) -> None:
    """An Event wakes threads of all interpreters, whoever sets it."""
    event = make(interpreters[0], "Event")
    assert event.wait(0.01) is False
    waiting = [pool.submit(each.call, event.wait) for each in interpreters * 2]
    interpreters[2].call(event.set)
    assert [each.result() for each in waiting] == [True] * 6
    assert event.is_set()


@pytest.mark.parametrize("kind", ["Semaphore", "BoundedSemaphore"])
def test_semaphore(
    interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor, kind: str
) -> None:
    """No more threads than a semaphore admits are inside, over all interpreters."""
    semaphore, gauge = make(interpreters[0], kind, 2), places[1].Gauge()
    for each in [pool.submit(each.work_under, semaphore, gauge, 30) for each in places * 2]:
        each.result()
    assert gauge.now == 0
    assert 1 <= gauge.most <= 2


def test_bounded_semaphore_is_bounded(interpreters: list[Any]) -> None:
    """One release too many is a ValueError."""
    semaphore = make(interpreters[0], "BoundedSemaphore", 1)
    with pytest.raises(ValueError, match="released too many times"):
        interpreters[1].call(semaphore.release)


def test_barrier(interpreters: list[Any], places: list[Any], pool: ThreadPoolExecutor) -> None:
    """Threads of four interpreters pass a barrier in step."""
    barrier, log = make(interpreters[0], "Barrier", 4), interpreters[1].eval("[]")
    for each in [pool.submit(each.pass_barrier, barrier, log, 20) for each in places]:
        each.result()
    assert atoll.copy(log) == [number for number in range(20) for _ in range(4)]


def test_broken_barrier(interpreters: list[Any], pool: ThreadPoolExecutor) -> None:
    """A barrier that times out is broken for all, and says so by its own exception."""
    barrier = make(interpreters[0], "Barrier", 3)
    waiting = [pool.submit(interpreters[1].call, barrier.wait), pool.submit(barrier.wait, 0.01)]
    for each in waiting:
        with pytest.raises(threading.BrokenBarrierError):
            each.result()
    assert barrier.broken


def test_barrier_action(interpreters: list[Any], pool: ThreadPoolExecutor) -> None:
    """A barrier's action is called where it lives, once a round."""
    seen: list[str] = []

    def act() -> None:
        seen.append(atoll.current().name)

    barrier = make(interpreters[0], "Barrier", 2, act)
    for _ in range(3):
        waiting = pool.submit(interpreters[1].call, barrier.wait)
        assert {barrier.wait(), waiting.result()} == {0, 1}
    assert seen == ["main"] * 3


# ---- waiting and the interpreter ----


def test_waiting_lets_others_in(interpreters: list[Any], pool: ThreadPoolExecutor) -> None:
    """While many threads wait inside an interpreter for its locks, it serves others."""
    event, lock = make(interpreters[0], "Event"), make(interpreters[0], "Lock")
    waiting = [pool.submit(event.wait) for _ in range(4)]
    for _ in range(100):
        with lock:
            assert not event.is_set()
    event.set()
    assert [each.result() for each in waiting] == [True] * 4


def test_closing_waits_for_who_waits(pool: ThreadPoolExecutor) -> None:
    """An interpreter in which a thread waits for a lock does not close; afterwards it does."""
    with atoll.Interpreter("waiting") as interpreter:
        event, entered = make(interpreter, "Event"), threading.Event()
        waiting = pool.submit(interpreter.call, wait_and_tell, entered.set, event)
        entered.wait()
        with pytest.raises(TimeoutError, match="1 visitor"):
            interpreter.close(timeout=0.01)
        event.set()
        assert waiting.result() is True
    with pytest.raises(atoll.InterpreterClosedError):
        event.wait()


def wait_and_tell(tell: Callable[[], object], event: Any) -> bool:
    tell()
    return bool(event.wait())


def test_closed_while_held() -> None:
    """A lock that is held when its interpreter closes is gone: `with` ends in the error."""
    interpreter = atoll.Interpreter("short")
    lock = make(interpreter, "Lock")
    with pytest.raises(atoll.InterpreterClosedError), lock:
        interpreter.close()


def test_deadlock_is_the_users(interpreters: list[Any], pool: ThreadPoolExecutor) -> None:
    """Two locks of two interpreters, taken in both orders: with a timeout nobody waits for ever."""
    first, second = make(interpreters[0], "Lock"), make(interpreters[1], "Lock")
    both = threading.Barrier(2)

    def take(mine: Any, other: Any) -> bool:
        with mine:
            both.wait()
            got = bool(other.acquire(timeout=0.05))
            both.wait()
            if got:
                other.release()
            return got

    results = [pool.submit(take, first, second), pool.submit(take, second, first)]
    assert [each.result() for each in results] == [False, False]
