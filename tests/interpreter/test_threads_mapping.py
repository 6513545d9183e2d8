"""atoll.threads: which interpreter is each thread in right now?"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll


def test_is_a_mapping() -> None:
    """atoll.threads is a Mapping and cannot be changed."""
    assert isinstance(atoll.threads, Mapping)
    assert len(atoll.threads) == len(list(atoll.threads)) >= 1
    with pytest.raises(TypeError):
        atoll.threads[1] = atoll.main()
    assert repr(atoll.threads).startswith("<atoll.threads {")


def test_this_thread_is_in_main() -> None:
    """A thread that is at home is in main."""
    assert atoll.threads[threading.get_ident()] is atoll.main()


def test_unknown_thread() -> None:
    """An id that is no thread's is a KeyError."""
    with pytest.raises(KeyError):
        atoll.threads[1]
    assert 1 not in atoll.threads
    assert atoll.threads.get(1) is None


def test_thread_is_where_it_calls(interpreter: atoll.Interpreter) -> None:
    """During a call the thread is in the interpreter that it calls."""
    ident = threading.get_ident()
    where = interpreter.eval("lambda ident: __import__('atoll').threads[ident]")
    assert where(ident) is interpreter
    assert atoll.threads[ident] is atoll.main()


def test_thread_comes_home_for_a_callback(there: Any) -> None:
    """During a callback the thread is at home again."""
    seen: list[Any] = []
    there.call(lambda: seen.append(atoll.threads[threading.get_ident()]))
    assert seen == [atoll.main()]


def test_busy_visitor_is_seen(interpreter: atoll.Interpreter) -> None:
    """Another thread is seen where it is, though its interpreter is busy."""
    flag, entered = bytearray(1), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        ident = pool.submit(threading.get_ident).result()
        assert atoll.threads[ident] is atoll.main()
        spinning = pool.submit(interpreter.call, workloads.spin, entered, flag)
        entered.wait()
        while atoll.threads[ident] is not interpreter:
            pass  # it is on its way back from setting the event
        flag[0] = 1
        spinning.result()
        assert atoll.threads[ident] is atoll.main()


def test_thread_that_never_crossed() -> None:
    """A thread of main that has never crossed is in main, and gone when it has ended."""
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    assert thread.ident is not None
    assert atoll.threads[thread.ident] is atoll.main()
    go.set()
    thread.join()
    assert thread.ident not in atoll.threads


def test_thread_that_crossed_and_ended(interpreter: atoll.Interpreter) -> None:
    """A thread that has visited is gone when it has ended."""
    thread = threading.Thread(target=interpreter.eval, args=("1",))
    thread.start()
    thread.join()
    assert thread.ident not in atoll.threads


def test_own_thread_of_an_interpreter(interpreter: atoll.Interpreter) -> None:
    """An interpreter's own thread that crosses is seen in main meanwhile."""
    seen: list[Any] = []
    thread = interpreter.call(
        workloads.start_thread, lambda: seen.append(atoll.threads[threading.get_ident()])
    )
    thread.join()
    assert seen == [atoll.main()]
