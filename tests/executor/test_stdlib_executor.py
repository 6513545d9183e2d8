"""CPython's own tests of executors, run against atoll's."""

from __future__ import annotations

import concurrent.futures
import logging
import re
import threading
import time
import types
import unittest.mock
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from children import environment
from stdlib_suites import load, skip

import atoll

util = load("test_concurrent_futures.util")
test_init, test_shutdown, test_wait, test_as_completed, test_thread_pool = (
    load(f"test_concurrent_futures.test_{name}")
    for name in ("init", "shutdown", "wait", "as_completed", "thread_pool")
)


class EventByReference:
    """An Event whose wait() may be submitted: it is called at home, on the worker's thread."""

    def __init__(self) -> None:
        event = threading.Event()
        self.set = event.set
        self.wait = atoll.ref(event.wait)

    def __getstate__(self) -> dict[str, object]:
        return {"wait": self.wait}


class Mixin(util.ExecutorMixin):  # type: ignore[misc]
    """What the suites call a kind of executor."""

    executor_type = atoll.InterpreterPoolExecutor

    def create_event(self) -> Any:
        return EventByReference()


class Sleepless(Mixin):
    """Where a suite has a call sleep, so that it ends last, it ends with the test."""

    # Those that wait for the end of all such calls.
    WAITING: ClassVar = {"test_20369", "test_duplicate_futures"}

    def setUp(self) -> None:
        super().setUp()
        self.is_over = threading.Event()
        for each in (test_wait, test_as_completed):
            clock = types.SimpleNamespace(sleep=atoll.ref(self.sleep), monotonic=time.monotonic)
            patched = unittest.mock.patch.object(each, "time", clock)
            patched.start()
            self.addCleanup(patched.stop)

    def tearDown(self) -> None:
        self.is_over.set()
        super().tearDown()

    def sleep(self, seconds: float) -> None:
        if self._testMethodName in self.WAITING:
            time.sleep(seconds / 30)
        else:
            self.is_over.wait()


@pytest.fixture(autouse=True)
def in_place_of_the_thread_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where a suite names an executor of the standard library, it gets atoll's."""
    name = atoll.InterpreterPoolExecutor.__name__
    monkeypatch.setattr(
        concurrent.futures, "ThreadPoolExecutor", atoll.InterpreterPoolExecutor, raising=False
    )
    run = test_shutdown.assert_python_ok

    def assert_python_ok(*arguments: str, **variables: str) -> Any:
        changed = [
            each.replace(f"from concurrent.futures import {name}", f"from atoll import {name}")
            .replace(
                "from concurrent.futures import ThreadPoolExecutor", f"from atoll import {name}"
            )
            .replace("= ThreadPoolExecutor(", f"= {name}(")
            for each in arguments
        ]
        assert any(f"from atoll import {name}" in each for each in changed)
        # Not isolated: the test package may have been put on PYTHONPATH.
        return run(*changed, PYTHONPATH=environment()["PYTHONPATH"], **variables)

    monkeypatch.setattr(test_shutdown, "assert_python_ok", assert_python_ok)
    logger = logging.getLogger("concurrent.futures")
    level, handlers, propagate = logger.level, logger.handlers[:], logger.propagate
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
    logger.propagate = propagate


class TestInitializer(Mixin, test_init.InitializerMixin, util.BaseTestCase):  # type: ignore[misc]
    pass


class TestFailingInitializer(  # type: ignore[misc]
    Mixin, test_init.FailingInitializerMixin, util.BaseTestCase
):
    pass


class TestWait(Sleepless, test_wait.WaitTests, util.BaseTestCase):  # type: ignore[misc]
    def test_first_exception(self) -> None:
        # The original's second call fails after 1.5 seconds, and takes the first one to have ended.
        def fail() -> None:
            first.result()
            raise ArithmeticError

        first = self.executor.submit(pow, 2, 21)
        second = self.executor.submit(atoll.ref(fail))
        third = self.executor.submit(atoll.ref(self.sleep), 3)
        ended = concurrent.futures.wait([first, second, third], return_when="FIRST_EXCEPTION")
        assert ended == ({first, second}, {third})


class TestAsCompleted(Sleepless, test_as_completed.AsCompletedTests, util.BaseTestCase):  # type: ignore[misc]
    pass


SHARED_STATE = "its function works on an object of the test, by closure; here it gets a copy"
FORKS = "forks while threads are inside interpreters"
SLEEPS = "waits for 5 seconds; test_executor.py tests the same without waiting"
A_LOCK = "passes a lock to its functions, which cannot be pickled"


@skip(test_threads_terminate=A_LOCK)
class TestShutdown(Mixin, test_shutdown.ThreadPoolShutdownTest):  # type: ignore[misc]
    def test_cancel_futures(self) -> None:
        # It wants one call to have begun; a worker may take longer to wake up than 50 submits.
        has_begun = threading.Event()
        submit, shutdown = self.executor.submit, self.executor.shutdown

        def begin(function: Callable[[float], None], seconds: float) -> None:
            has_begun.set()
            function(seconds)

        def submit_it(*call: Any) -> Any:
            return submit(atoll.ref(begin), *call)

        def shut_down(**options: bool) -> None:
            has_begun.wait()
            shutdown(**options)

        with (
            unittest.mock.patch.object(self.executor, "submit", submit_it),
            unittest.mock.patch.object(self.executor, "shutdown", shut_down),
        ):
            super().test_cancel_futures()

    def test_thread_names_default(self) -> None:
        executor = self.executor_type(max_workers=5)
        executor.map(abs, range(-5, 5))
        threads = executor._threads
        del executor
        for thread in threads:
            assert re.search(r"InterpreterPoolExecutor-\d+_[0-4]$", thread.name)
            thread.join()


@skip(
    test_map_timeout=SLEEPS,
    test_map_submits_without_iteration=SHARED_STATE,
    test_executor_map_current_future_cancel=A_LOCK,
    test_saturation=A_LOCK,
    test_hang_global_shutdown_lock=FORKS,
    test_process_fork_from_a_threadpool=FORKS,
)
class TestThreadPool(Mixin, test_thread_pool.ThreadPoolExecutorTest):  # type: ignore[misc]
    pass


def test_the_suites_ran_on_atoll() -> None:
    """What the suites use is not the standard library's."""
    assert TestThreadPool.executor_type is atoll.InterpreterPoolExecutor
    assert TestShutdown.executor_type is atoll.InterpreterPoolExecutor
