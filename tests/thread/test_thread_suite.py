"""CPython's own tests of threading.Thread, with atoll.Thread in its place.

What is left out are suites of other classes (locks, timers), tests that make no thread of the class,
those that run a script of their own (with threading.Thread), and those named in LEFT_OUT.
"""

from __future__ import annotations

import sys
import unittest
from collections.abc import Iterator
from typing import Any

import pytest

import atoll

try:
    import threading_suite as suite
except ImportError as error:
    pytest.skip(f"this Python comes without test.test_threading: {error}", allow_module_level=True)

BY_VALUE = "its target is a closure over a lock or a test case, which does not go by value"
LEFT_OUT = {
    "test_boolean_target": "its target is an instance that goes by value; the copy notes the call",
    "test_getprofile_all_threads": BY_VALUE,
    "test_gettrace_all_threads": BY_VALUE,
    "test_join_with_timeout": BY_VALUE,
    "test_no_refcycle_through_target": BY_VALUE,
    "test_repr_stopped": BY_VALUE,
    "test_PyThreadState_SetAsyncExc": "ctypes cannot be imported; Thread.interrupt() is tested",
    "test_BoundedSemaphore_limit": BY_VALUE,
}

TESTS = {
    "ThreadTests": (
        "test_name", "test_various_ops", "test_limbo_cleanup",
        "test_old_threading_api",
        "test_repr_daemon", "test_daemon_param", "test_leak_without_join",
        "test_is_alive_after_fork", "test_import_from_another_thread",
    ),
    "ThreadingExceptionTests": (
        "test_start_thread_again", "test_joining_current_thread", "test_joining_inactive_thread",
        "test_daemonize_active_thread", 
    ),
    "ExceptHookTests": (
        "test_excepthook", "test_excepthook_thread_None", "test_system_exit",
        "test_custom_excepthook", "test_custom_excepthook_fail", "test_original_excepthook",
    ),
}  # fmt: skip
SCRIPT = "runs a script of its own, with threading.Thread"
OTHER = "makes no thread of the class"
LEFT_OUT |= {
    **dict.fromkeys(
        ("test_finalization_shutdown", "test_finalize_running_thread", "test_finalize_with_trace",
         "test_dummy_thread_after_fork", "test_join_nondaemon_on_shutdown", "test_locals_at_exit",
         "test_main_thread_after_fork", "test_main_thread_after_fork_from_dummy_thread",
         "test_main_thread_after_fork_from_foreign_thread", "test_recursion_limit",
         "test_main_thread_after_fork_from_nonmain_thread", "test_main_thread_during_shutdown",
         "test_start_new_thread_at_finalization", "test_print_exception",
         "test_print_exception_gh_102056", "test_print_exception_stderr_is_none_1",
         "test_print_exception_stderr_is_none_2"),
        SCRIPT,
    ),
    **dict.fromkeys(
        ("test_foreign_thread", "test_frame_tstate_tracing", "test_getprofile", "test_gettrace",
         "test_ident_of_no_threading_threads", "test_lock_no_args", "test_lock_no_subclass",
         "test_lock_or_none", "test_releasing_unacquired_lock"),
        OTHER,
    ),
    **dict.fromkeys(
        ("test_enumerate_after_join", "test_join_from_multiple_threads",
         "test_multithread_modify_file_noerror"),
        "takes a hundred interpreters; what it is about is tested in test_thread.py with fewer",
    ),
    "test_various_ops_small_stack": "an interpreter needs more than 256 KiB of stack to import",
    "test_various_ops_large_stack": "as test_various_ops",
    "test_bare_raise_in_brand_new_thread": BY_VALUE,
    "test_args_argument": BY_VALUE,
    "test_main_thread": BY_VALUE,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def standby_thread() -> Iterator[None]:
    """The suite counts threads: the standby thread is there before."""
    atoll.Interpreter().close()
    atoll.prewarm(0, wait=True)
    yield


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case, names in TESTS.items() for name in names]
)
def test_as_threading_does(case: str, name: str) -> None:
    """The test passes with threads that have interpreters."""
    cls: Any = getattr(suite, case)
    if not hasattr(cls, name):
        pytest.skip(f"not in the suite of {sys.version_info[:2]}")
    result = unittest.TestResult()
    cls(name).run(result)
    for _, text in result.errors + result.failures:
        pytest.fail(text)
    if result.skipped:
        pytest.skip(result.skipped[0][1])
    assert result.testsRun == 1


def test_the_suite_uses_it() -> None:
    """The classes of threads in the suite are ours."""
    assert issubclass(suite.TestThread, atoll.Thread)
    assert suite.threading.Thread is atoll.Thread


def test_nothing_is_forgotten() -> None:
    """A test is either run or left out for a reason that is said."""
    run = {name for names in TESTS.values() for name in names}
    assert not set(LEFT_OUT) & run
    if sys.version_info[:3] == (3, 13, 0):  # others may have more
        load = unittest.defaultTestLoader.getTestCaseNames
        assert {name for case in TESTS for name in load(getattr(suite, case))} == run | set(
            LEFT_OUT
        )
