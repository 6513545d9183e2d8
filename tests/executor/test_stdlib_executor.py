"""CPython's own tests of executors, run against atoll's."""

from __future__ import annotations

import concurrent.futures
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from children import environment
from stdlib_suites import load, skip

import atoll

executor, util, test_init, test_shutdown, test_wait, test_as_completed, test_thread_pool = map(
    lambda name: load(f"test_concurrent_futures.{name}"),
    (
        "executor",
        "util",
        "test_init",
        "test_shutdown",
        "test_wait",
        "test_as_completed",
        "test_thread_pool",
    ),
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


class TestExecutor(Mixin, executor.ExecutorTest, util.BaseTestCase):  # type: ignore[misc]
    pass


class TestInitializer(Mixin, test_init.InitializerMixin, util.BaseTestCase):  # type: ignore[misc]
    pass


class TestFailingInitializer(  # type: ignore[misc]
    Mixin, test_init.FailingInitializerMixin, util.BaseTestCase
):
    pass


class TestWait(Mixin, test_wait.WaitTests, util.BaseTestCase):  # type: ignore[misc]
    pass


class TestAsCompleted(Mixin, test_as_completed.AsCompletedTests, util.BaseTestCase):  # type: ignore[misc]
    pass


SHARED_STATE = "its function works on an object of the test, by closure; here it gets a copy"
FORKS = "forks while threads are inside interpreters"
A_LOCK = "passes a lock to its functions, which cannot be pickled"


@skip(test_threads_terminate=A_LOCK)
class TestShutdown(Mixin, test_shutdown.ThreadPoolShutdownTest):  # type: ignore[misc]
    def test_cancel_futures(self) -> None:
        # It wants one call to have begun, and an interpreter takes longer to start than 50 submits.
        self.executor.submit(int).result()
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
    assert TestExecutor.executor_type is atoll.InterpreterPoolExecutor
    assert TestShutdown.executor_type is atoll.InterpreterPoolExecutor
