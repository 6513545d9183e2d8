"""atoll.Thread: threading.Thread's interface, with an interpreter of its own."""

from __future__ import annotations

import gc
import inspect
import random
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import workloads

import atoll

IS_SLOW = hasattr(sys, "gettotalrefcount")


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What threading.excepthook is called with, instead of printing."""
    seen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    return seen


def run(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The result of a thread that calls the target."""
    thread = atoll.Thread(target=target, args=args, kwargs=kwargs)
    thread.start()
    return thread.result()


def describe_here() -> tuple[str, int, str]:
    """Where this runs."""
    here = atoll.current()
    return here.name, threading.get_ident(), threading.current_thread().name


# ---- the interface of threading.Thread ----


def test_signature() -> None:
    """The constructor and methods have the signatures of threading.Thread."""
    assert inspect.signature(atoll.Thread) == inspect.signature(threading.Thread)
    for name, function in vars(threading.Thread).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            ours = inspect.signature(getattr(atoll.Thread, name))
            assert list(ours.parameters) == list(inspect.signature(function).parameters)


def test_is_a_thread() -> None:
    """It is a threading.Thread, known to threading while it runs and not after."""
    leave = threading.Event()
    entered = threading.Event()
    thread = atoll.Thread(target=workloads.meet, args=(entered, leave), name="one")
    assert isinstance(thread, threading.Thread)
    assert (thread.ident, thread.native_id, thread.is_alive()) == (None, None, False)
    assert repr(thread) == "<Thread(one, initial)>"
    thread.start()
    entered.wait()
    assert thread.is_alive()
    assert thread in threading.enumerate()
    assert repr(thread) == f"<Thread(one, started {thread.ident})>"
    thread.join(0.001)
    assert thread.is_alive()
    leave.set()
    thread.join()
    assert not thread.is_alive()
    assert thread not in threading.enumerate()
    assert thread.ident
    assert thread.native_id


def test_runs_in_its_own_interpreter() -> None:
    """The target runs on the thread, in an interpreter that has its name, as its thread has."""
    thread = atoll.Thread(target=describe_here, name="far away")
    assert thread.interpreter is None
    thread.start()
    assert thread.result() == ("far away", thread.ident, "far away")
    assert isinstance(thread.interpreter, atoll.Interpreter)
    assert thread.interpreter.name == "far away"


def test_two_run_at_once() -> None:
    """Two threads are inside their interpreters at the same time."""
    entered, leave = [threading.Event(), threading.Event()], threading.Event()
    threads = [atoll.Thread(target=workloads.meet, args=(each, leave)) for each in entered]
    for thread in threads:
        thread.start()
    for event in entered:
        event.wait()
    interpreters = {thread.interpreter for thread in threads}
    leave.set()
    assert [thread.result() for thread in threads] == ["left", "left"]
    assert len(interpreters) == 2


def test_arguments_cross_by_the_usual_rule() -> None:
    """What cannot change goes by value, all else by reference."""
    numbers = [1]
    assert run(workloads.pack, 1, "a", key=(2, 3)) == ((1, "a"), (("key", (2, 3)),))
    run(workloads.call, numbers.append, 2)
    assert numbers == [1, 2]
    assert run(workloads.identity, numbers) is numbers


def test_no_target() -> None:
    """A thread without a target does nothing."""
    thread = atoll.Thread()
    thread.start()
    assert thread.result() is None


def test_closures() -> None:
    """A target that cannot be imported goes by value."""
    factor = 3
    assert run(lambda x: factor * x, 5) == 15


def test_target_that_cannot_be_pickled() -> None:
    """A target that cannot go is an error of start(), after which it is as before."""
    lock = threading.Lock()
    thread = atoll.Thread(target=lambda: lock)
    before = atoll.interpreters()
    with pytest.raises(TypeError, match="pickle"):
        thread.start()
    assert not thread.is_alive()
    assert thread.interpreter is None
    assert atoll.interpreters() == before


@pytest.mark.parametrize("target", [5, "int", [print]])
def test_target_that_is_no_callable(target: Any) -> None:
    """A target that cannot be called is an error of start()."""
    with pytest.raises(TypeError, match="callable"):
        atoll.Thread(target=target).start()


def test_a_proxy_as_target(there: Any) -> None:
    """A Proxy is called where its object is."""
    assert run(there.current_name) == "shared"


def test_start_twice() -> None:
    """A thread is started once."""
    thread = atoll.Thread(target=int)
    thread.start()
    with pytest.raises(RuntimeError, match="once"):
        thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="once"):
        thread.start()


def test_many_starters() -> None:
    """Of several that start it at the same moment one succeeds."""
    thread = atoll.Thread(target=int)
    failed: list[Any] = []

    def start() -> None:
        try:
            thread.start()
        except RuntimeError as error:
            failed.append(error)

    starters = [threading.Thread(target=start) for _ in range(4)]
    for each in starters:
        each.start()
    for each in starters:
        each.join()
    thread.join()
    assert len(failed) == 3


def test_failing_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the OS makes no thread, its interpreter goes, and it may be started again."""

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no more threads")

    thread = atoll.Thread(target=describe_here)
    with monkeypatch.context() as patch:
        patch.setattr(threading, "_start_joinable_thread", fail)
        with pytest.raises(RuntimeError, match="no more threads"):
            thread.start()
    assert thread.interpreter is None
    thread.start()
    assert thread.result()[1] == thread.ident


def test_ctrl_c_in_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the wait for the thread's beginning is broken off, the thread runs nonetheless."""
    start = threading.Thread.start

    def break_off(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    thread = atoll.Thread(target=describe_here)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", break_off)
        with pytest.raises(KeyboardInterrupt):
            thread.start()
    assert thread.result()[1] == thread.ident
    with pytest.raises(RuntimeError, match="once"):
        thread.start()


def test_without_constructor() -> None:
    """A subclass that forgets the constructor gets threading's error."""

    class Forgetful(atoll.Thread):
        def __init__(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="not called"):
        Forgetful().start()


def test_join_itself() -> None:
    """A thread that waits for itself gets a RuntimeError."""

    class Selfish(atoll.Thread):
        def run(self) -> None:  # over there; `join` is asked of the thread object, here
            self.join()

    thread = Selfish()
    thread.start()
    with pytest.raises(RuntimeError, match="cannot join current thread"):
        thread.result()


def test_join_from_several() -> None:
    """Several threads may wait for one."""
    leave, entered = threading.Event(), threading.Event()
    thread = atoll.Thread(target=workloads.meet, args=(entered, leave))
    thread.start()
    waiters = [threading.Thread(target=thread.join) for _ in range(4)]
    for each in waiters:
        each.start()
    leave.set()
    for each in waiters:
        each.join()
    assert not thread.is_alive()


def test_enumerate_after_join() -> None:
    """A joined thread is in no list."""
    for _ in range(10):
        thread = atoll.Thread(target=int)
        thread.start()
        thread.join()
        assert thread not in threading.enumerate()
        assert thread.interpreter not in atoll.interpreters()


def test_daemon() -> None:
    """The flag is threading's, in every interpreter; threads that visitors start have none."""
    assert not atoll.Thread().daemon
    thread = atoll.Thread(target=int, daemon=True)
    assert thread.daemon
    thread.start()
    thread.join()
    with atoll.Interpreter() as other:
        other.exec(
            "import atoll, threading\n"
            "assert atoll.Thread(daemon=True).daemon and threading.Thread(daemon=True).daemon\n"
            "assert not (atoll.Thread().daemon or threading.Thread().daemon)\n"
        )


def test_made_in_another_interpreter() -> None:
    """A thread may be made anywhere; it is a thread of the interpreter that makes it."""
    with atoll.Interpreter("maker") as maker:
        maker.exec("""if True:
            import atoll, threading, workloads
            thread = atoll.Thread(target=workloads.current_name, name="made there")
            thread.start()
            result = thread.result()
            assert thread.interpreter is not atoll.current()
        """)
        assert maker.eval("result") == "made there"


# ---- result ----


def test_result_that_can_change() -> None:
    """What can change comes as a Proxy, which keeps the interpreter."""
    thread = atoll.Thread(target=workloads.evaluate, args=("[1, 2]",))
    thread.start()
    numbers = thread.result()
    interpreter = thread.interpreter
    assert interpreter is not None
    assert atoll.owner(numbers) is interpreter
    assert interpreter in atoll.interpreters()
    numbers.append(3)
    assert numbers == [1, 2, 3]
    assert thread.result() is numbers


def test_result_times_out() -> None:
    """result() with a timeout raises TimeoutError while the thread is running."""
    leave, entered = threading.Event(), threading.Event()
    thread = atoll.Thread(target=workloads.meet, args=(entered, leave))
    thread.start()
    with pytest.raises(TimeoutError, match="still running"):
        thread.result(0.001)
    with pytest.raises(TimeoutError):
        thread.result(-1)
    leave.set()
    assert thread.result(60) == "left"


def test_result_before_start() -> None:
    """result() of a thread that was not started is join()'s RuntimeError."""
    with pytest.raises(RuntimeError, match="before it is started"):
        atoll.Thread().result()


def test_exception(hooked: list[Any]) -> None:
    """result() raises what the target raised, each time; nobody waited, so it was reported."""
    thread = atoll.Thread(target=workloads.throw_expression, args=("CustomError('a', 5)",))
    thread.start()
    thread.join()
    for _ in range(2):
        with pytest.raises(workloads.CustomError) as info:
            thread.result()
        assert info.value.args == ("a", 5)
        assert isinstance(info.value.__cause__, atoll.RemoteTraceback)
    (args,) = hooked
    assert args.exc_type is workloads.CustomError
    assert args.exc_value is info.value
    assert args.thread is thread
    hooked.clear()


def test_awaited_exception_is_not_reported(hooked: list[Any]) -> None:
    """Whoever waits in result() gets the exception, and the hook does not."""
    enter, waiting = threading.Event(), threading.Event()

    class Failing(atoll.Thread):
        def join(self, timeout: float | None = None) -> None:
            waiting.set()
            super().join(timeout)

        def run(self) -> None:
            raise KeyError("k")

    # The class goes by value, so its methods may not refer to the events: the target waits.
    thread = atoll.Thread(target=workloads.call, args=(enter.wait,))
    thread.start()
    threading.Timer(0, enter.set).start()
    assert thread.result() is True

    leave, entered = threading.Event(), threading.Event()
    thread = atoll.Thread(target=fail_after, args=(entered, leave))
    results: list[Any] = []

    def wait() -> None:
        with pytest.raises(ZeroDivisionError) as info:
            thread.result()
        results.append(info.value)

    thread.start()
    waiter = threading.Thread(target=wait)
    waiter.start()
    entered.wait()
    while not vars(thread).get("_waiters"):
        time.sleep(0)
    leave.set()
    waiter.join()
    assert len(results) == 1
    assert hooked == []


def fail_after(entered: Any, leave: Any) -> None:
    """Raise ZeroDivisionError once it may."""
    entered.set()
    leave.wait()
    1 / 0  # noqa: B018


def test_system_exit_is_silent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SystemExit ends the thread without a report; result() raises it."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    thread = atoll.Thread(target=sys.exit, args=(5,))
    thread.start()
    thread.join()
    assert capsys.readouterr() == ("", "")
    with pytest.raises(SystemExit) as info:
        thread.result()
    assert info.value.code == 5


def test_report(run_script: Any) -> None:
    """What nobody waits for is printed with the name of the thread and both tracebacks."""
    done = run_script("""
        import atoll, workloads
        thread = atoll.Thread(target=workloads.throw, args=(KeyError, "k"), name="far")
        thread.start()
        thread.join()
        print("goes on")
    """)
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    assert done.stderr.startswith("Exception in thread far:\n")
    assert "Traceback in interpreter 'far'" in done.stderr
    assert "raise error(*args)" in done.stderr
    assert done.stderr.endswith("KeyError: 'k'\n")


# ---- subclasses ----


class Worker(atoll.Thread):
    """A subclass as people write them."""

    limit = 3

    def __init__(self, log: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log = log
        self.home = atoll.current()
        self.state = "made"

    def helper(self) -> str:
        return atoll.current().name

    @property
    def doubled(self) -> Any:
        return self._doubled, atoll.current().name

    @doubled.setter
    def doubled(self, value: int) -> None:
        self._doubled = 2 * value

    def run(self) -> Any:
        assert isinstance(self, Worker)
        assert self.home is not atoll.current()
        assert self.home is atoll.main()
        self.state = "running"
        self.log.append(self.helper())
        self.limit += 1
        self.doubled = 4
        seen = self.doubled
        assert self.is_alive()
        del self.home
        with suppress(AttributeError):
            self.no_such_attribute  # noqa: B018
            raise AssertionError
        super().run()
        return self.name, self.state, seen


def test_run_of_a_subclass() -> None:
    """`run` and what it calls run over there; the attributes of self are those here."""
    log: list[Any] = []
    worker = Worker(log, name="w", target=workloads.identity, args=(5,))
    worker.start()
    assert worker.result() == ("w", "running", (8, "w"))
    assert log == ["w"]
    assert (worker.state, worker.limit, Worker.limit) == ("running", 4, 3)
    assert not hasattr(worker, "home")
    assert worker.doubled == (8, "main")


def test_super_run_calls_the_target() -> None:
    """super().run() calls the target, over there."""

    class Around(atoll.Thread):
        def run(self) -> None:
            self.seen = ["before"]
            super().run()
            self.seen.append("after")

    numbers: list[int] = []
    thread = Around(target=workloads.call, args=(numbers.append, 5))
    thread.start()
    thread.join()
    assert numbers == [5]
    assert thread.seen == ["before", "after"]


def test_a_local_class() -> None:
    """A class that cannot be imported goes by value, with what it refers to."""
    offset = 10

    class Adding(atoll.Thread):
        def __init__(self, n: int) -> None:
            super().__init__()
            self.n = n

        def run(self) -> None:
            self.sum = self.n + offset

    thread = Adding(5)
    thread.start()
    thread.join()
    assert thread.sum == 15


def test_run_of_an_instance() -> None:
    """A `run` that is set on the thread object is called over there, and is there afterwards."""
    thread = atoll.Thread()
    thread.run = workloads.current_name  # type: ignore[method-assign, assignment]
    thread.start()
    assert thread.result() == thread.name
    assert thread.run is workloads.current_name


def test_class_that_watches_its_subclasses() -> None:
    """The stand-in over there is no subclass that the user's class is told of."""

    class Watching(atoll.Thread):
        subclasses = ()

        def __init_subclass__(cls) -> None:
            Watching.subclasses += (cls.__name__,)  # type: ignore[assignment]

        def run(self) -> tuple[str, ...]:  # type: ignore[override]
            return type(self).subclasses

    thread = Watching()
    thread.start()
    assert thread.result() == ()


def test_run_directly() -> None:
    """run() that is called by hand runs here, as threading.Thread's does."""
    seen: list[int] = []
    atoll.Thread(target=seen.append, args=(1,)).run()
    assert seen == [1]


# ---- the end of its interpreter ----


def settle() -> None:
    """Return when the standby thread has closed what there is to close."""
    gc.collect()
    atoll.prewarm(0, wait=True)


def visit(interpreter: atoll.Interpreter) -> None:
    """Have what was dropped of it run now, unless that has happened already."""
    with suppress(atoll.InterpreterClosedError):
        interpreter.statistics()


def test_its_interpreter_goes_with_it() -> None:
    """When the thread has ended and nothing of it is held, its interpreter is closed."""
    thread = atoll.Thread(target=int)
    thread.start()
    thread.join()
    assert thread.interpreter not in atoll.interpreters()
    settle()
    assert thread.interpreter is not None
    assert thread.interpreter.is_closed
    assert thread.result() == 0


def test_its_interpreter_goes_with_the_last_proxy() -> None:
    """A Proxy keeps it; when the last is dropped, it goes."""
    thread = atoll.Thread(target=workloads.evaluate, args=("[[1], [2]]",))
    thread.start()
    outer = thread.result()
    interpreter = thread.interpreter
    assert interpreter is not None
    inner = outer[0]
    del thread, outer
    visit(interpreter)
    settle()
    assert not interpreter.is_closed
    assert inner == [1]
    del inner
    visit(interpreter)
    assert interpreter not in atoll.interpreters()
    settle()
    assert interpreter.is_closed


def test_a_proxy_that_is_dropped_elsewhere() -> None:
    """The last Proxy may be in another interpreter."""
    with atoll.Interpreter() as holder:
        thread = atoll.Thread(target=workloads.evaluate, args=("[1]",))
        thread.start()
        holder.eval("lambda x: globals().update(kept=x)")(thread.result())
        interpreter = thread.interpreter
        assert interpreter is not None
        del thread
        settle()
        assert not interpreter.is_closed
        holder.exec("del kept")
        gc.collect()
        visit(interpreter)
        settle()
        assert interpreter.is_closed


def test_a_buffer_keeps_it() -> None:
    """A buffer of its object keeps it too."""
    thread = atoll.Thread(target=workloads.evaluate, args=("bytearray(b'abc')",))
    thread.start()
    view = memoryview(thread.result())
    interpreter = thread.interpreter
    assert interpreter is not None
    del thread
    settle()
    assert bytes(view) == b"abc"
    view.release()
    del view
    visit(interpreter)
    settle()
    assert interpreter.is_closed


def test_closed_by_hand() -> None:
    """The interpreter may be closed by hand once the thread has ended."""
    thread = atoll.Thread(target=workloads.evaluate, args=("[1]",))
    thread.start()
    numbers = thread.result()
    assert thread.interpreter is not None
    thread.interpreter.close()
    thread.interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError):
        numbers.append(1)


def test_closed_by_hand_while_it_runs() -> None:
    """close() waits for the thread."""
    leave, entered = threading.Event(), threading.Event()
    thread = atoll.Thread(target=workloads.meet, args=(entered, leave))
    thread.start()
    entered.wait()
    assert thread.interpreter is not None
    with pytest.raises(TimeoutError):
        thread.interpreter.close(0.001)
    threading.Timer(0.001, leave.set).start()
    thread.interpreter.close()
    assert thread.result() == "left"


def test_waits_for_threads_of_its_interpreter() -> None:
    """What the target starts over there and does not join is waited for, as a process does."""
    numbers: list[int] = []
    leave = threading.Event()

    def target(append: Any, wait: Any) -> None:
        import threading

        def later() -> None:
            wait()
            append(1)

        threading.Thread(target=later).start()

    thread = atoll.Thread(target=target, args=(numbers.append, leave.wait))
    thread.start()
    thread.join(0.01)
    assert thread.is_alive()
    leave.set()
    thread.join()
    assert numbers == [1]


def test_used_while_the_standby_thread_wants_to_close() -> None:
    """A thread that is inside by a handle is waited for; then the interpreter goes."""
    leave, entered = threading.Event(), threading.Event()
    release = threading.Event()
    thread = atoll.Thread(target=workloads.meet, args=(threading.Event(), release))
    thread.start()
    interpreter = thread.interpreter
    assert interpreter is not None
    visitor = threading.Thread(target=interpreter.call, args=(workloads.meet, entered, leave))
    visitor.start()
    release.set()
    entered.wait()
    thread.join()
    settle()
    leave.set()
    visitor.join()
    interpreter.close()
    assert interpreter.is_closed


def test_the_thread_object_goes() -> None:
    """Nothing keeps the thread object, whatever became of the thread."""
    for target in (int, workloads.throw_from_cause):
        thread = atoll.Thread(target=target)
        thread.start()
        with suppress(Exception):
            thread.result()
        reference = weakref.ref(thread)
        gc.disable()
        try:
            del thread
            assert reference() is None
        finally:
            gc.enable()


# ---- interrupt ----


def test_interrupt(hooked: list[Any]) -> None:
    """interrupt() raises an exception in what the thread runs."""
    entered, flag = threading.Event(), bytearray(1)
    thread = atoll.Thread(target=workloads.spin, args=(entered, flag))
    thread.start()
    entered.wait()
    assert thread.interrupt(workloads.CustomError("enough"))
    with pytest.raises(workloads.CustomError, match="enough"):
        thread.result()
    assert not thread.interrupt()
    hooked.clear()


def test_interrupt_before_start() -> None:
    """A thread that is not inside is not interrupted."""
    assert not atoll.Thread().interrupt()
    with pytest.raises(TypeError, match="exception"):
        atoll.Thread().interrupt(5)  # type: ignore[arg-type]


# ---- the end of the process ----

ENDS = {
    "a running thread": """
        def work(entered, leave):
            entered.set()
            leave.wait()
        entered, leave = threading.Event(), threading.Event()
        atoll.Thread(target=work, args=(entered, leave)).start()
        entered.wait()
        threading.Timer(0.01, leave.set).start()
        """,
    "a thread that computes": """
        atoll.Thread(target=sum, args=(range(10**6),)).start()
        """,
    "a result that is held": """
        thread = atoll.Thread(target=workloads.evaluate, args=("[1]",))
        thread.start()
        kept = thread.result()
        """,
    "ended threads": """
        threads = [atoll.Thread(target=int) for _ in range(3)]
        for each in threads: each.start()
        for each in threads: each.join()
        """,
    "a thread that starts another": """
        def second():
            print("second")
        def first():
            import atoll
            atoll.Thread(target=second).start()
        atoll.Thread(target=first).start()
        """,
    "a daemon thread that waits": """
        never = threading.Event()
        entered = threading.Event()
        atoll.Thread(target=workloads.meet, args=(entered, never), daemon=True).start()
        entered.wait()
        """,
    "a daemon thread that computes": """
        entered = threading.Event()
        atoll.Thread(target=workloads.spin, args=(entered, bytearray(1)), daemon=True).start()
        entered.wait()
        """,
    "a thread in an interpreter that is open": """
        one = atoll.Interpreter()
        one.exec('''if True:
            import atoll, workloads
            thread = atoll.Thread(target=workloads.evaluate, args=("[1]",))
            thread.start()
            kept = thread.result()
            atoll.Thread(target=sum, args=(range(10**6),)).start()
        ''')
        """,
    "threads that have just been started": """
        one = atoll.Interpreter()
        one.exec("import atoll, workloads")
        for _ in range(3):
            one.exec("atoll.Thread(target=workloads.current_name).start()")
            atoll.Thread(target=workloads.current_name, daemon=True).start()
        """,
    "main thread ends first": """
        main = threading.current_thread()
        def go_on():
            main.join()
            thread = atoll.Thread(target=workloads.current_name)
            thread.start()
            assert thread.result() == thread.name
        threading.Thread(target=go_on).start()
        """,
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_process_ends_cleanly(run_cleanly: Any, script: str) -> None:
    """The process ends, with status 0 and nothing on stderr."""
    import textwrap

    run_cleanly("import atoll, threading, workloads\n" + textwrap.dedent(script))


def test_fork(run_cleanly: Any) -> None:
    """In a forked child a thread of before has ended, without a result; new ones work."""
    run_cleanly(
        """
        import atoll, os, sys, threading, workloads
        entered, leave = threading.Event(), threading.Event()
        thread = atoll.Thread(target=workloads.meet, args=(entered, leave))
        thread.start()
        entered.wait()
        pid = os.fork()
        if pid == 0:
            assert not thread.is_alive() and thread.interpreter.is_closed
            try:
                thread.result()
            except atoll.InterpreterClosedError as error:
                assert "fork" in str(error)
            else:
                os._exit(3)
            other = atoll.Thread(target=workloads.current_name)
            other.start()
            assert other.result() == other.name
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        leave.set()
        assert thread.result() == "left"
        assert status == 0, status
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


# ---- at random ----


class Playground:
    """Threads in all states, and what is held of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.running: list[Any] = []
        self.ended: list[Any] = []
        self.proxies: list[Any] = []

    def start(self) -> None:
        expression = self.random.choice(("[1]", "5", "{}", "1/0", "(lambda: [2])()"))
        thread = atoll.Thread(target=workloads.evaluate, args=(expression,))
        thread.start()
        self.running.append(thread)

    def join(self) -> None:
        if self.running:
            thread = self.running.pop(self.random.randrange(len(self.running)))
            thread.join()
            self.ended.append(thread)

    def ask(self) -> None:
        if self.ended:
            with suppress(ZeroDivisionError, atoll.InterpreterClosedError):
                result = self.random.choice(self.ended).result()
                if atoll.is_proxy(result):
                    self.proxies.append(result)

    def use(self) -> None:
        if self.proxies:
            with suppress(atoll.InterpreterClosedError):
                len(self.random.choice(self.proxies))

    def drop(self) -> None:
        held = self.random.choice((self.ended, self.proxies))
        if held:
            held.pop(self.random.randrange(len(held)))

    def close(self) -> None:
        if self.ended:
            self.random.choice(self.ended).interpreter.close()

    def call(self) -> None:
        if self.ended:
            with suppress(atoll.InterpreterClosedError):
                interpreter = self.random.choice(self.ended).interpreter
                self.proxies.append(interpreter.eval("[3]"))

    def play(self, steps: int) -> Iterator[str]:
        names = ("start", "join", "ask", "use", "drop", "drop", "close", "call")
        for _ in range(steps):
            name = self.random.choice(names)
            getattr(self, name)()
            yield name


@pytest.mark.parametrize("seed", range(3 if IS_SLOW else 6))
def test_at_random(seed: int, hooked: list[Any]) -> None:
    """Whatever is started, joined, asked, dropped and closed in whichever order, all goes."""
    before = set(atoll.interpreters())
    playground = Playground(seed)
    done = list(playground.play(60))
    assert "start" in done
    for thread in playground.running:
        thread.join()
    thread = None
    interpreters = [each.interpreter for each in playground.running + playground.ended]
    hooked.clear()
    playground.__init__(0)  # type: ignore[misc]
    gc.collect()
    for each in set(atoll.interpreters()) - before:
        visit(each)
    settle()
    assert set(atoll.interpreters()) <= before
    assert all(each.is_closed for each in interpreters)
