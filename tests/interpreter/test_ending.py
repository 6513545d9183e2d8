"""What an interpreter does at its end: CPython's exit, in its order; and what does not hold it up."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import pytest
from breaking_off import break_off

import atoll

# CPython's assertions fail at the end of a process that has interpreters left.
release_only = pytest.mark.skipif(hasattr(sys, "gettotalrefcount"), reason="a debug build")

# Begins the scripts below; what starts `compute` follows.
COMPUTE = """
        import threading
        begin = threading.Event()
        def compute():
            begin.wait()
            while True:
                pass
        """

# What a library keeps in an interpreter; none of it holds up the end.
KEPT = {
    "an idle executor of threads": """
        from concurrent.futures import ThreadPoolExecutor
        kept = ThreadPoolExecutor(1)
        kept.submit(int).result()
        """,
    "an idle executor of interpreters": """
        import atoll
        kept = atoll.InterpreterPoolExecutor(1)
        kept.submit(int).result()
        """,
    "an event loop that has used its executor": """
        import asyncio
        kept = asyncio.new_event_loop()
        kept.run_until_complete(kept.run_in_executor(None, int))
        """,
    "a function registered with threading": """
        import threading
        ending = threading.Event()
        threading._register_atexit(ending.set)
        threading.Thread(target=ending.wait).start()
        """,
    "a thread that such a function starts": """
        import threading
        def start():
            global kept
            kept = threading.Thread(target=int)
            kept.start()
        threading._register_atexit(start)
        threading.Thread(target=int).start()
        """,
    "a thread that was interrupted while it took itself off the list": """
        import threading
        class Interrupted(threading.Thread):
            def _delete(self):
                raise SystemExit
        Interrupted().start()
        """,
    "a daemon that an exit handler ends": """
        import atexit, threading
        ending = threading.Event()
        atexit.register(ending.set)
        threading.Thread(target=ending.wait, daemon=True).start()
        """,
    "a daemon that computes": f"""{COMPUTE}
        threading.Thread(target=compute, daemon=True).start()
        """,
    "two daemons that compute": f"""{COMPUTE}
        for _ in range(2):
            threading.Thread(target=compute, daemon=True).start()
        """,
    "a thread that waits behind a daemon that computes": """
        import threading
        begin, ending = threading.Event(), threading.Event()
        def compute():
            begin.wait()
            while True:
                ending.set()
        threading.Thread(target=ending.wait).start()
        threading.Thread(target=compute, daemon=True).start()
        """,
    "a thread of _thread that computes": f"""{COMPUTE}
        import _thread
        _thread.start_new_thread(compute, ())
        """,
}
STUCK = {
    "in a lock": """
        import threading
        lock = threading.Lock()
        lock.acquire()
        threading.Thread(target=lock.acquire, daemon=True, name="locked").start()
        """,
    "in a queue": """
        import queue, threading
        threading.Thread(target=queue.SimpleQueue().get, daemon=True, name="getter").start()
        """,
    "in an event loop": """
        import asyncio, threading
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True, name="loop").start()
        """,
    "in a thread of _thread": """
        import _thread, time
        _thread.start_new_thread(time.sleep, (1000,))
        """,
    "in code that catches everything": """
        import threading
        begin = threading.Event()
        def deaf():
            while True:
                try:
                    begin.wait()
                    while True:
                        sum(range(100))
                except BaseException:
                    pass
        threading.Thread(target=deaf, daemon=True, name="deaf").start()
        """,
}


def run(interpreter: atoll.Interpreter, source: str) -> None:
    """Run statements that are indented."""
    interpreter.exec("if True:" + source)


def begin(interpreter: atoll.Interpreter) -> None:
    """Let what computes begin: from then on it lets nobody in."""
    if (event := interpreter.eval("globals().get('begin')")) is not None:
        event.set()


def execute(source: str) -> None:
    """Run statements on their own."""
    exec(source, {})


@pytest.fixture
def opened(nothing_is_left: None) -> Iterator[Callable[..., atoll.Interpreter]]:
    """A function that makes interpreters; they are closed afterwards, if they are not yet."""
    made: list[atoll.Interpreter] = []

    def make(source: str, preemptive: bool = False) -> atoll.Interpreter:
        made.append(atoll.Interpreter("ending", preemptive=preemptive))
        run(made[-1], source)
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("what", KEPT)
def test_close_does_not_wait_for(opened: Any, what: str) -> None:
    """Closing ends what is idle, and runs what is registered, before it waits for threads."""
    interpreter = opened(KEPT[what])
    begin(interpreter)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        interpreter.close(60)
    assert interpreter.is_closed


@pytest.mark.parametrize("what", [each for each in KEPT if "comput" not in each])
def test_thread_does_not_wait_for(what: str) -> None:
    """Nor does the end of a Thread, whose interpreter is then closed."""
    thread = atoll.Thread(target=execute, args=("if True:" + KEPT[what],))
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


@release_only
@pytest.mark.parametrize("preemptive", [False, True])
@pytest.mark.parametrize("what", STUCK)
def test_stuck_daemons_are_left_behind(opened: Any, what: str, preemptive: bool) -> None:
    """A daemon thread that is stuck is left behind, and named in a warning."""
    interpreter = opened(STUCK[what], preemptive)
    numbers = interpreter.eval("[1]")
    begin(interpreter)
    with pytest.warns(ResourceWarning, match="'ending' stays in memory: its thread .* is stuck in"):
        interpreter.close()
    assert interpreter.is_closed and interpreter not in atoll.interpreters()
    with pytest.raises(atoll.InterpreterClosedError):
        numbers.append(2)


@release_only
def test_what_comes_back_does_not_run(opened: Any) -> None:
    """A thread that was left behind runs no more when its C function returns."""
    interpreter = opened(" import threading, atoll; lock = threading.Lock(); lock.acquire()")
    queue, lock = atoll.Queue(), interpreter.eval("lock")
    run(interpreter, """
        def wait(queue):
            lock.acquire()
            queue.put("still here")
        def start(queue):
            threading.Thread(target=wait, args=(queue,), daemon=True).start()
        """)  # fmt: skip
    interpreter.eval("start")(queue)
    release = interpreter.eval("lambda: threading.Timer(1.5, lock.release).start()")
    run(interpreter, """
        import time, _thread
        def release_later():
            time.sleep(1.2)
            lock.release()
        _thread.start_new_thread(release_later, ())
        """)  # fmt: skip
    del release, lock
    with pytest.warns(ResourceWarning, match="stays in memory"):
        interpreter.close()
    with pytest.raises(TimeoutError), atoll.timeout(0.5):
        queue.get()


def test_order(opened: Any) -> None:
    """First threading's functions, the latest first; then threads; then exit handlers."""
    queue = atoll.Queue()
    interpreter = opened("""
        import atexit, threading
        ending = threading.Event()
        def begin(queue):
            def wait():
                ending.wait()
                queue.put("thread")
            for each in "second", "first":
                threading._register_atexit(lambda each=each: queue.put(each))
            threading._register_atexit(ending.set)
            atexit.register(queue.put, "handler")
            threading.Thread(target=wait).start()
        """)
    interpreter.eval("begin")(queue)
    interpreter.close()
    seen = [queue.get_nowait() for _ in range(4)]
    assert seen.index("first") < seen.index("second")
    assert seen.index("thread") < seen.index("handler") == 3


@pytest.mark.parametrize("limit", [{"timeout": 0.05}, {}])
@pytest.mark.parametrize("body", ["ending.wait()", "while not ending.is_set(): pass"])
def test_close_has_limits(opened: Any, limit: dict[str, float], body: str) -> None:
    """Both its own timeout and atoll.timeout end the wait; the interpreter is open again."""
    interpreter = opened(f"""
        import threading
        begin, ending = threading.Event(), threading.Event()
        def wait():
            begin.wait()
            {body}
        threading.Thread(target=wait).start()
        """)
    begin(interpreter)
    with pytest.raises(TimeoutError), atoll.timeout(None if limit else 0.05):
        interpreter.close(**limit)
    assert not interpreter.is_closed
    if "while" in body:
        while not interpreter.interrupt(SystemExit):
            pass  # it has not got the interpreter back yet
    else:
        interpreter.eval("ending.set")()


@pytest.mark.parametrize("limit", [{"timeout": 0.05}, {}])
@pytest.mark.parametrize("register", ["atexit.register", "threading._register_atexit"])
def test_close_has_limits_in_functions(opened: Any, limit: dict[str, float], register: str) -> None:
    """The same where a registered function blocks, and no thread of the interpreter's own runs."""
    interpreter = opened(f"""
        import atexit, threading
        ending = threading.Event()
        {register}(ending.wait)
        """)
    with pytest.raises(TimeoutError), atoll.timeout(None if limit else 0.05):
        interpreter.close(**limit)
    assert not interpreter.is_closed
    interpreter.eval("ending.set")()


def wait_at(queue: atoll.Queue[int]) -> int:
    """Wait for an item."""
    return queue.get()


# What waits, given a queue and an executor whose only call waits there.
WAITS: dict[str, Callable[[Any, Any, Any], object]] = {
    "Queue.get": lambda queue, pool, future: queue.get(),
    "Queue.join": lambda queue, pool, future: queue.join(),
    "Future.result": lambda queue, pool, future: future.result(),
    "Future.exception": lambda queue, pool, future: future.exception(timeout=50),
    "map": lambda queue, pool, future: list(pool.map(abs, [1])),
    "shutdown": lambda queue, pool, future: pool.shutdown(),
}


@pytest.mark.parametrize("what", WAITS)
def test_timeout_shortens(what: str) -> None:
    """What waits here, at home, ends when the time of atoll.timeout is over."""
    queue: atoll.Queue[int] = atoll.Queue()
    with atoll.InterpreterPoolExecutor(1) as pool:
        future = pool.submit(wait_at, queue)
        queue_of_two: Any = queue
        if what in ("Queue.get", "Queue.join"):
            queue_of_two = atoll.Queue()
            queue_of_two.put(1)
            if what == "Queue.get":
                queue_of_two.get()
        with pytest.raises(TimeoutError, match="no time left, after"), atoll.timeout(0.05):
            WAITS[what](queue_of_two, pool, future)
        queue.put(5)
        assert future.result() == 5


def test_timeout_shortens_waits_elsewhere(interpreter: atoll.Interpreter) -> None:
    """It also ends what waits in the course of a call, at a queue in another interpreter."""
    queue: atoll.Queue[int] = atoll.Queue()
    queue.put(1)
    assert interpreter.call(wait_at, queue) == 1  # all that it needs is imported now
    break_off("to wait at a queue", interpreter.call, wait_at, queue)


def test_timeout_shortens_join() -> None:
    """It ends the wait for a Thread."""
    queue: atoll.Queue[int] = atoll.Queue()
    thread = atoll.Thread(target=wait_at, args=(queue,))
    thread.start()
    for wait in thread.join, thread.result:
        with pytest.raises(TimeoutError, match="no time left"), atoll.timeout(0.05):
            wait()
    queue.put(3)
    assert thread.result() == 3


def test_timeouts_of_others(interpreter: atoll.Interpreter) -> None:
    """One that has not passed leaves a wait alone; the wait's own limit holds."""
    queue: atoll.Queue[int] = atoll.Queue()
    with atoll.timeout(60), pytest.raises(Empty):
        queue.get(timeout=0.05)


GREEN = """
import _thread, atexit, threading
green = threading.Thread()
green._ident = 1
green._started.set()
threading._active[1] = green
atexit.register(print, "bye")
_thread.start_joinable_thread = lambda function, daemon: green._os_thread_handle
_thread.get_ident = lambda: 1
"""


def test_close_where_green_threads_are_left() -> None:
    """Green threads, which gevent and eventlet have instead of threads, end with what runs them."""
    interpreter = atoll.Interpreter("green")
    interpreter.exec(GREEN)
    assert interpreter.eval("green in threading.enumerate() and green.is_alive()")
    interpreter.close()
    assert interpreter.is_closed


PATCHED = """
import _thread
_thread.start_new_thread = lambda *args, **kwargs: None
"""

REFUSED = r"needs threads of the system, .* by patch_all\(thread=False\)"


def test_green_threads_are_no_workers() -> None:
    """Where threads are greenlets, an executor and a Thread say so, instead of waiting for ever."""
    with atoll.Interpreter() as patched:
        patched.exec(PATCHED)
        patched.exec("import atoll")
        for statement in (
            "atoll.InterpreterPoolExecutor(1).submit(int)",
            "atoll.InterpreterPoolExecutor(1, imports=['json'])",
            "atoll.Thread(target=int).start()",
        ):
            with pytest.raises(RuntimeError, match=REFUSED):
                patched.exec(statement)


SHUTDOWN = """
import os, threading
def _shutdown():
    os.write({}, b"late")
threading._shutdown = _shutdown
"""


def test_close_switches_no_green_threads_after_exit_handlers() -> None:
    """What gevent does in `threading._shutdown` is not done after greenlet's exit handler."""
    read, write = os.pipe()
    with open(read, "rb") as end:
        with atoll.Interpreter("green") as interpreter:
            interpreter.exec(SHUTDOWN.format(write))
        os.close(write)
        assert end.read() == b""
