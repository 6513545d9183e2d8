"""Interpreters close safely at any moment, and their proxies then say so."""

from __future__ import annotations

import marshal
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll
from atoll import _core
from atoll._interpreter import inheritance


@pytest.fixture
def meeting(interpreter: atoll.Interpreter) -> Any:
    """A thread that is inside the interpreter until the test ends or lets it go."""
    entered, leave = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(interpreter.call, workloads.meet, entered, leave)
        entered.wait()
        yield future, leave
        leave.set()


# ---- made ----

FAILS = "import posix; posix.write({0}, b'x'); posix.read({1}, 1); raise LookupError('not made')"


def test_seen_when_made(shared_interpreter: atoll.Interpreter) -> None:
    """Nobody sees an interpreter, or gets in, before nothing of its making can fail."""
    ours, theirs = os.pipe(), os.pipe()
    code = compile(FAILS.format(theirs[1], ours[0]), "failing", "exec")
    modules = (*inheritance.modules(), ("failing", "failing.py", marshal.dumps(code)))
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_core.create, "failing", False, tuple(sys.path), modules)
        os.read(theirs[0], 1)
        names = [each.name for each in atoll.interpreters()]
        os.write(ours[1], b"x")
        with pytest.raises(RuntimeError, match="cannot make interpreter 'failing': .*not made"):
            future.result()
    assert "failing" not in names
    for each in (*ours, *theirs):
        os.close(each)


def test_nothing_is_searched_for() -> None:
    """What a new interpreter imports of atoll was compiled and found before it was made."""
    with atoll.Interpreter(preemptive=True) as made:  # not one that was kept ready
        imported = _core.invoke(made, "sys:modules.copy", (), None)
        names = {name for name in imported if name.partition(".")[0] == "atoll"}
    first = {name for name, _, _ in inheritance.modules()}
    assert names == {name for name in first if name.partition(".")[0] == "atoll"}
    assert {"atoll._core", "warnings"} <= first


# ---- closed ----


def test_close_twice(interpreter: atoll.Interpreter) -> None:
    """Closing a closed interpreter does nothing."""
    interpreter.close()
    interpreter.close()
    interpreter.close(timeout=0)
    assert interpreter.is_closed
    assert interpreter not in atoll.interpreters()


USES = [
    repr, str, len, list, bool, iter, lambda p: p == [], lambda p: p[0], lambda p: p.append(1),
    lambda p: p.append, lambda p: setattr(p, "x", 1), lambda p: p + p, lambda p: memoryview(p),
    lambda p: atoll.copy(p), lambda p: 1 in p, lambda p: dir(p), lambda p: f"{p}",
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_proxy_after_close(interpreter: atoll.Interpreter, use: Any) -> None:
    """Every operation on a Proxy into a closed interpreter raises InterpreterClosedError."""
    proxy = interpreter.eval("[1, 2]" if use is not USES[12] else "bytearray(b'ab')")
    interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError, match="interpreter 'fresh' is closed"):
        use(proxy)


def test_class_and_method_after_close(interpreter: atoll.Interpreter) -> None:
    """Proxied classes, functions and kept methods say so too."""
    counter = interpreter.call(workloads.Counter)
    cls, add, function = atoll.type_of(counter), counter.add, interpreter.eval("lambda: 1")
    interpreter.close()
    for use in (lambda: cls(), lambda: cls.make, lambda: add(1), lambda: function(),
                lambda: counter.n, lambda: repr(cls), lambda: atoll.main().call(add, 1)):  # fmt: skip
        with pytest.raises(atoll.InterpreterClosedError):
            use()


def test_what_a_dead_proxy_still_answers(interpreter: atoll.Interpreter) -> None:
    """is_proxy, owner, type_of, isinstance, `is` and weakrefs of a dead Proxy still work."""
    import weakref

    proxy = interpreter.eval("[]")
    reference = weakref.ref(proxy)
    interpreter.close()
    assert atoll.is_proxy(proxy)
    assert atoll.owner(proxy) is interpreter
    assert atoll.type_of(proxy) is list
    assert isinstance(proxy, list)
    assert reference() is proxy


@pytest.mark.parametrize(
    "use",
    [lambda i: i.call(len, []), lambda i: i.exec("1"), lambda i: i.eval("1"),
     lambda i: i.import_module("sys"), lambda i: i.statistics(), lambda i: i.run_module("this"),
     lambda i: i.run_path("x.py")],
)  # fmt: skip
def test_methods_of_a_closed_interpreter(interpreter: atoll.Interpreter, use: Any) -> None:
    """Every method that would enter a closed interpreter raises InterpreterClosedError."""
    interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError):
        use(interpreter)


def test_handle_of_a_closed_interpreter(interpreter: atoll.Interpreter) -> None:
    """A handle keeps its name and id after closing, and says that it is closed."""
    number = interpreter.id
    interpreter.close()
    assert (interpreter.id, interpreter.name, interpreter.is_closed) == (number, "fresh", True)
    assert repr(interpreter) == f"<atoll.Interpreter 'fresh' id={number} closed>"


def test_proxy_to_a_closed_one_elsewhere(there: Any, interpreter: atoll.Interpreter) -> None:
    """A third interpreter's Proxy into a closed one raises there, and crosses as a Proxy still."""
    proxy = interpreter.eval("[]")
    kept = there.Slotted(proxy)
    interpreter.close()
    assert there.catch(there.call, len, kept.value)[0].__name__ == "InterpreterClosedError"
    assert kept.value is proxy


def test_objects_are_finalized(interpreter: atoll.Interpreter) -> None:
    """Closing drops exported objects, whose finalizers still reach the others."""
    log: list[str] = []
    proxies = [interpreter.call(workloads.Finalized, log) for _ in range(3)]
    interpreter.close()
    assert log == ["fresh"] * 3
    assert len(proxies) == 3


def test_exit_handlers_run(interpreter: atoll.Interpreter) -> None:
    """An interpreter's atexit handlers run when it closes, and may use proxies."""
    log: list[str] = []
    interpreter.eval("lambda f: __import__('atexit').register(f, 'bye')")(log.append)
    interpreter.close()
    assert log == ["bye"]


def test_many_one_after_another() -> None:
    """Interpreters can be made and closed over and over, and indices are reused."""
    for i in range(10):
        with atoll.Interpreter(str(i)) as one:
            assert one.eval("[1]")[0] == 1


def test_many_at_once() -> None:
    """Interpreters live side by side and close in any order."""
    several = [atoll.Interpreter(str(i)) for i in range(6)]
    lists = [each.eval("[]") for each in several]
    for i in (3, 0, 5, 1, 4, 2):
        lists[i].append(i)
        several[i].close()
    assert all(each.is_closed for each in several)


# ---- refused ----


def test_main_cannot_be_closed() -> None:
    """Closing the main interpreter is a RuntimeError."""
    with pytest.raises(RuntimeError, match="main interpreter cannot be closed"):
        atoll.main().close()


def test_close_from_inside(interpreter: atoll.Interpreter) -> None:
    """An interpreter cannot be closed by a thread that is inside it, however deep."""
    with pytest.raises(RuntimeError, match="cannot be closed from inside itself"):
        interpreter.call(lambda: __import__("atoll").current().close())
    with pytest.raises(RuntimeError, match="cannot be closed from inside itself"):
        interpreter.call(workloads.call, interpreter.close)
    assert interpreter.eval("1") == 1


@pytest.mark.parametrize("timeout", [-1, -0.5, float("nan")])
def test_timeout_must_not_be_negative(interpreter: atoll.Interpreter, timeout: float) -> None:
    """A timeout below 0 is a ValueError."""
    with pytest.raises(ValueError, match="must be a non-negative number"):
        interpreter.close(timeout)
    assert not interpreter.is_closed


def test_timeout_must_be_a_number(interpreter: atoll.Interpreter) -> None:
    """A timeout that is no number is a TypeError."""
    with pytest.raises(TypeError):
        interpreter.close("1")


def test_visitor_keeps_it_open(interpreter: atoll.Interpreter, meeting: Any) -> None:
    """close(timeout) gives up while a visitor is inside, and the interpreter is open again."""
    with pytest.raises(TimeoutError, match="interpreter 'fresh' still has 1 visitors"):
        interpreter.close(timeout=0)
    assert not interpreter.is_closed
    assert interpreter.eval("1 + 1") == 2


def test_close_waits_for_visitors(interpreter: atoll.Interpreter, meeting: Any) -> None:
    """close() waits until visitors have left, and refuses new ones meanwhile."""
    future, leave = meeting
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(interpreter.close)
        while True:  # until it refuses
            try:
                interpreter.eval("1")
            except atoll.InterpreterClosedError:
                break
        assert not closing.done()
        assert not interpreter.is_closed
        leave.set()
        closing.result()
    assert future.result() == "left"
    assert interpreter.is_closed


def test_visitor_may_go_on_while_it_closes(interpreter: atoll.Interpreter) -> None:
    """A thread that is inside may call out and come back in while the interpreter is closing."""
    entered, leave = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        visit = pool.submit(
            interpreter.call, workloads.call, lambda: come_back(interpreter, entered, leave)
        )
        entered.wait()
        closing = pool.submit(interpreter.close)
        while not refuses(interpreter):
            pass
        leave.set()
        closing.result()
        assert visit.result() == 5


def refuses(interpreter: atoll.Interpreter) -> bool:
    try:
        interpreter.eval("1")
    except atoll.InterpreterClosedError:
        return True
    return False


def come_back(interpreter: atoll.Interpreter, entered: Any, leave: Any) -> Any:
    entered.set()
    leave.wait()
    return interpreter.eval("2 + 3")


def test_two_threads_close(interpreter: atoll.Interpreter) -> None:
    """Two threads may close one interpreter at once; both return when it is closed."""
    barrier = threading.Barrier(4)

    def close() -> bool:
        barrier.wait()
        interpreter.close()
        return interpreter.is_closed

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(close) for _ in range(4)]] == [True] * 4


@pytest.mark.parametrize("round", range(5))
def test_close_while_others_call(interpreter: atoll.Interpreter, round: int) -> None:
    """While threads call, pass proxies, raise and drop, close() leaves each a clean error."""
    counter = interpreter.call(workloads.Counter)
    are_running = threading.Barrier(5)

    def use() -> str:
        are_running.wait()
        try:
            while True:
                counter.add(1)
                made = interpreter.eval("[1, {2: 3}]")
                made.append(made[1])
                made.extend([counter, []])
                with pytest.raises(ZeroDivisionError):
                    interpreter.exec("1 / 0")
        except atoll.InterpreterClosedError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        users = [pool.submit(use) for _ in range(4)]
        are_running.wait()
        interpreter.close()
        assert {each.result() for each in users} == {
            "interpreter 'fresh' is closed [docs: explanation/lifetimes]"
        }


def test_closing_each_other() -> None:
    """Two threads inside two interpreters that close each other's: one error, no deadlock."""
    left, right = atoll.Interpreter("left"), atoll.Interpreter("right")
    barrier = threading.Barrier(2)

    def visit(host: atoll.Interpreter, victim: atoll.Interpreter) -> type[BaseException] | None:
        try:
            host.call(workloads.call, lambda: (barrier.wait(), victim.close()))
        except RuntimeError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(visit, left, right), pool.submit(visit, right, left)]
        assert RuntimeError in [each.result() for each in results]
    left.close()
    right.close()


# ---- its own threads, its buffers ----


def test_close_runs_exit_handlers_before_daemons(interpreter: atoll.Interpreter) -> None:
    """A pool of daemon threads that an exit handler ends does not keep its interpreter open."""
    interpreter.exec(
        "from multiprocessing.pool import ThreadPool\n"
        "pool = ThreadPool(2)\n"
        "assert pool.map(abs, [-1, 2]) == [1, 2]"
    )
    interpreter.close()


def test_close_ends_daemons() -> None:
    """A daemon thread that computes for ever ends with its interpreter."""
    with atoll.Interpreter(preemptive=True) as one:
        one.exec(
            "import threading\n"
            "def compute():\n    while True: pass\n"
            "threading.Thread(target=compute, daemon=True).start()"
        )


def test_close_waits_for_stuck_daemon(interpreter: atoll.Interpreter) -> None:
    """A daemon thread that waits in C is waited for, until the time is over."""
    interpreter.exec(
        "import threading\nlock = threading.Lock()\nlock.acquire()\n"
        "threading.Thread(target=lock.acquire, daemon=True).start()"
    )
    with pytest.raises(TimeoutError, match="1 threads of interpreter 'fresh' are still running"):
        interpreter.close(timeout=0.2)
    interpreter.exec("lock.release()")


def test_close_waits_for_own_threads(interpreter: atoll.Interpreter) -> None:
    """close() waits for threads that the interpreter has started itself."""
    go, log = threading.Event(), []
    interpreter.exec("import threading")
    interpreter.eval(
        "lambda wait, log: threading.Thread(target=lambda: (wait(), log('done'))).start()"
    )(go.wait, log.append)
    with pytest.raises(TimeoutError, match="1 threads of interpreter 'fresh' are still running"):
        interpreter.close(timeout=0)
    go.set()
    interpreter.close()
    assert log == ["done"]


def test_close_waits_for_raw_threads(interpreter: atoll.Interpreter) -> None:
    """Threads of `_thread.start_new_thread` are daemons: told to end, and waited for."""
    began, go, log = threading.Event(), threading.Event(), []

    def wait() -> None:
        began.set()
        go.wait()

    interpreter.exec(
        "import _thread\n"
        "def begin(wait, log):\n"
        "    def run():\n"
        "        try:\n"
        "            wait()\n"
        "        finally:\n"
        "            log('ended')\n"
        "    _thread.start_new_thread(run, ())"
    )
    interpreter.eval("begin")(wait, log.append)
    began.wait()
    with pytest.raises(TimeoutError):
        interpreter.close(timeout=0)
    go.set()
    interpreter.close()
    assert log == ["ended"]


def test_buffer_keeps_it_open(interpreter: atoll.Interpreter) -> None:
    """An interpreter whose memory is in use elsewhere cannot close, and runs no exit handlers."""
    log: list[int] = []
    interpreter.import_module("atexit").register(log.append, 1)
    view = memoryview(interpreter.eval("bytearray(b'abc')"))
    with pytest.raises(BufferError, match="1 buffers of its objects are in use"):
        interpreter.close()
    assert bytes(view) == b"abc"
    assert interpreter.statistics().buffers == 1
    assert log == []
    view.release()
    interpreter.close()
    assert interpreter.is_closed
    assert log == [1]


def test_threads_that_visited_end_safely(interpreter: atoll.Interpreter) -> None:
    """A thread that has visited may end before or after the interpreter closes."""
    before, after = threading.Barrier(2), threading.Barrier(2)

    def visit(until: threading.Barrier | None) -> None:
        interpreter.eval("1")
        if until is not None:
            before.wait()
            until.wait()

    for _ in range(20):
        short = threading.Thread(target=visit, args=(None,))
        short.start()
        short.join()
    late = threading.Thread(target=visit, args=(after,))
    late.start()
    before.wait()
    assert interpreter.statistics().thread_states >= 2
    interpreter.close()
    after.wait()
    late.join()
    assert interpreter.is_closed


def test_thread_states_are_freed(interpreter: atoll.Interpreter) -> None:
    """The thread state that was made for a visitor goes when its thread ends."""
    states = interpreter.statistics().thread_states
    for _ in range(10):
        visitor = threading.Thread(target=interpreter.eval, args=("1",))
        visitor.start()
        visitor.join()
    interpreter.eval("1")
    assert interpreter.statistics().thread_states <= states + 1


def test_visiting_threads_are_forgotten_in_time(run_cleanly: Any) -> None:
    """A `threading` that something keeps alive says nothing of visitors when it is cleared."""
    out = run_cleanly("""
        import atoll

        def visit():
            import ctypes, threading
            for each in (threading, vars(threading)):  # as a C variable of an extension module
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(each))
            return type(threading.current_thread()).__name__

        with atoll.InterpreterPoolExecutor(1) as pool:
            print(pool.submit(visit).result())
    """)
    assert out == "_DummyThread\n"
