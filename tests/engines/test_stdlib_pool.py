"""CPython's own tests of `multiprocessing.Pool`, run against atoll's."""

from __future__ import annotations

import multiprocessing
import unittest

import pool_functions
import pytest
from stdlib_suites import load, skip

import atoll

suite = load("_test_multiprocessing")

STRINGS = "asserts the class that processes send tracebacks in; the text is in test_pool.py"
SLEEPS = "waits for seconds in time.sleep; test_pool.py tests the same without waiting"
LAMBDAS = "its result is a lambda, which crosses here"
PROCESSES = "looks at the processes of the pool; test_pool.py tests the same by interpreters"


class WithPool(unittest.TestCase):
    """A pool for each test: its workers begin when they are needed."""

    TYPE = "processes"
    Pool = atoll.Pool
    _test_wrapped_exception = staticmethod(pool_functions.fail)

    @classmethod
    def setUpClass(cls) -> None:
        pass

    @classmethod
    def tearDownClass(cls) -> None:
        pass

    def setUp(self) -> None:
        self.pool = atoll.Pool(2)

    def tearDown(self) -> None:
        self.pool.close()
        self.pool.join()


LIGHT = {
    "sqr": pool_functions.square,
    "mul": pool_functions.product,
    "identity": pool_functions.same,
    "raising": pool_functions.fail_by_key,
    "CountedObject": pool_functions.Counted,
}


@pytest.fixture(autouse=True)
def on_atoll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suites use atoll's pool, and functions that need no import of the suites in workers."""
    monkeypatch.setattr(multiprocessing, "Pool", atoll.Pool)
    for name, function in LIGHT.items():
        monkeypatch.setattr(suite, name, function)


@skip(
    test_traceback=STRINGS,
    test_make_pool=PROCESSES,
    test_terminate=SLEEPS,
    test_map_no_failfast=SLEEPS,
)
class TestPool(WithPool, suite._TestPool):  # type: ignore[misc]
    pass


@skip(test_unpickleable_result=LAMBDAS)
class TestWorkerErrors(WithPool, suite._TestPoolWorkerErrors):  # type: ignore[misc]
    pass


@skip(test_pool_worker_lifetime=PROCESSES, test_pool_worker_lifetime_early_close=SLEEPS)
class TestWorkerLifetime(WithPool, suite._TestPoolWorkerLifetime):  # type: ignore[misc]
    pass
