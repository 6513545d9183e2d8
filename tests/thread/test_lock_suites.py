"""CPython's own tests of locks, run through proxies: the locks live in another interpreter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from children import limit
from stdlib_suites import load, make_in, skip

import atoll

OWNER = "owner of the locks"

lock_tests = load("lock_tests")


@pytest.fixture(scope="module", autouse=True)
def owner() -> Iterator[atoll.Interpreter]:
    """The interpreter in which the locks live."""
    with atoll.Interpreter(OWNER) as interpreter:
        yield interpreter


def make(kind: str, *args: Any, **kwargs: Any) -> Any:
    """Make a lock in the owner; returns its Proxy."""
    return make_in(OWNER, f"__import__('threading').{kind}", *args, **kwargs)


def made(kind: str) -> Any:
    """Stand in for the type that is tested."""
    return staticmethod(lambda *args, **kwargs: make(kind, *args, **kwargs))


class Patient:
    """Only asks whether a wait was long enough: how long it takes is the machine's affair."""

    def assertTimeout(self, actual: float, expected: float) -> None:
        assert actual >= expected * 0.6


class TestProxiedLock(Patient, lock_tests.LockTests):
    locktype = made("Lock")


class TestProxiedRLock(Patient, lock_tests.RLockTests):
    locktype = made("RLock")


class TestProxiedPyRLock(Patient, lock_tests.RLockTests):
    locktype = made("_PyRLock")


class TestProxiedEvent(Patient, lock_tests.EventTests):
    eventtype = made("Event")


@skip(test_recursion_count="a Condition has no _recursion_count(); CPython skips it as well")
class TestProxiedConditionAsRLock(Patient, lock_tests.RLockTests):
    locktype = made("Condition")


class TestProxiedCondition(Patient, lock_tests.ConditionTests):
    condtype = made("Condition")


class TestProxiedSemaphore(Patient, lock_tests.SemaphoreTests):
    semtype = made("Semaphore")


class TestProxiedBoundedSemaphore(Patient, lock_tests.BoundedSemaphoreTests):
    semtype = made("BoundedSemaphore")


class TestProxiedBarrier(lock_tests.BarrierTests):
    barriertype = made("Barrier")
    defaultTimeout = limit(30)

    def test_timeout(self) -> None:
        # The original's threads must begin to wait within a second of each other.
        barrier = self.barriertype(2)
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(0.01)


def test_the_suites_ran_on_proxies(owner: atoll.Interpreter) -> None:
    """What the factories make is not local."""
    for suite, name in ((TestProxiedLock, "locktype"), (TestProxiedBarrier, "barriertype")):
        args = (2,) if name == "barriertype" else ()
        assert atoll.owner(getattr(suite, name)(*args)) is owner
