"""CPython's own tests of locks, run through proxies: the locks live in another interpreter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
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


class TestProxiedLock(lock_tests.LockTests):
    locktype = made("Lock")


class TestProxiedRLock(lock_tests.RLockTests):
    locktype = made("RLock")


class TestProxiedPyRLock(lock_tests.RLockTests):
    locktype = made("_PyRLock")


class TestProxiedEvent(lock_tests.EventTests):
    eventtype = made("Event")


@skip(test_recursion_count="a Condition has no _recursion_count(); CPython skips it as well")
class TestProxiedConditionAsRLock(lock_tests.RLockTests):
    locktype = made("Condition")


class TestProxiedCondition(lock_tests.ConditionTests):
    condtype = made("Condition")


class TestProxiedSemaphore(lock_tests.SemaphoreTests):
    semtype = made("Semaphore")


class TestProxiedBoundedSemaphore(lock_tests.BoundedSemaphoreTests):
    semtype = made("BoundedSemaphore")


class TestProxiedBarrier(lock_tests.BarrierTests):
    barriertype = made("Barrier")


def test_the_suites_ran_on_proxies(owner: atoll.Interpreter) -> None:
    """What the factories make is not local."""
    for suite, name in ((TestProxiedLock, "locktype"), (TestProxiedBarrier, "barriertype")):
        args = (2,) if name == "barriertype" else ()
        assert atoll.owner(getattr(suite, name)(*args)) is owner
