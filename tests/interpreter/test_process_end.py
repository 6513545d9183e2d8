"""The end of the process, and its division by fork."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from children import times

ENDS = {
    "open interpreters": """
        import atoll
        several = [atoll.Interpreter() for _ in range(3)]
        proxies = [each.eval("[1]") for each in several]
        """,
    "closed interpreters": """
        import atoll
        several = [atoll.Interpreter() for _ in range(3)]
        proxies = [each.eval("[1]") for each in several]
        several[1].close(), several[0].close()
        """,
    "proxies in cycles": """
        import atoll
        one, two = atoll.Interpreter(), atoll.Interpreter()
        a, b, c = one.eval("[]"), two.eval("[]"), []
        a.append(b), b.append(c), c.append(a), a.append(a)
        """,
    "finalizers that call back": """
        import atoll, workloads
        one = atoll.Interpreter("one")
        log = []
        kept = one.call(workloads.Finalized, log)
        one.exec("import workloads, atoll\\nmore = workloads.Finalized([])")
        """,
    "local objects held by others": """
        import atoll
        class Local:
            def __del__(self): print("gone")
        one = atoll.Interpreter()
        one.eval("[]").append(Local())
        one.import_module("sys").kept = Local()
        """,
    "an exit handler that uses a proxy": """
        import atexit, atoll
        proxies = []
        def use():
            print(1 if atoll.owner(proxies[0]).is_closed else proxies[0].pop())
        atexit.register(use)
        proxies.append(atoll.Interpreter().eval("[1]"))
        """,
    "an exit handler of before": """
        import atexit, atoll
        one = atoll.Interpreter()
        proxy = one.eval("[1]")
        atexit.register(lambda: print(proxy.pop()))
        """,
    "sys.exit from inside": """
        import atoll
        one = atoll.Interpreter()
        try:
            one.exec("import sys; sys.exit(0)")
        finally:
            print("unwound")
        """,
    "a thread of the interpreter that ends by itself": """
        import atoll
        one = atoll.Interpreter()
        one.exec("import threading\\nthreading.Thread(target=sum, args=(range(10**6),)).start()")
        """,
    "a daemon thread inside": """
        import atoll, threading, workloads
        one = atoll.Interpreter()
        entered = threading.Event()
        never = threading.Lock()
        never.acquire()
        leave = threading.Event()
        args = workloads.meet, entered, leave
        threading.Thread(target=one.call, args=args, daemon=True).start()
        entered.wait()
        """,
    "a visitor in a non-daemon thread": """
        import atoll, threading, workloads
        one = atoll.Interpreter()
        entered, leave = threading.Event(), threading.Event()
        threading.Thread(target=one.call, args=(workloads.meet, entered, leave)).start()
        entered.wait()
        threading.Timer(0.01, leave.set).start()
        """,
    "a memoryview in use": """
        import atoll
        one = atoll.Interpreter()
        view = memoryview(one.eval("bytearray(10)"))
        view[0] = 1
        """,
    "another interpreter in a global of theirs": """
        import atoll
        one = atoll.Interpreter()
        one.exec("import atoll\\ntwo = atoll.Interpreter('two')\\nproxy = two.eval('[]')")
        """,
    "an interpreter that was never used": """
        import atoll
        one = atoll.Interpreter()
        """,
    "import only": """
        import atoll
        """,
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_process_ends_cleanly(run_cleanly: Any, script: str) -> None:
    """Whatever is open at the end, the process exits with status 0 and nothing on stderr."""
    run_cleanly(script)


def test_exit_status_is_kept(run_script: Any) -> None:
    """The exit status is the script's, with interpreters open."""
    done = run_script("""
        import atoll
        kept = atoll.Interpreter().eval("[]")
        raise SystemExit(7)
    """)
    assert (done.returncode, done.stderr) == (7, "")


def test_system_exit_of_a_visitor(run_script: Any) -> None:
    """A SystemExit raised inside ends the script with its status."""
    done = run_script("""
        import atoll
        one = atoll.Interpreter()
        one.exec("raise SystemExit(5)")
    """)
    assert (done.returncode, done.stderr) == (5, "")


def test_uncaught_exception_is_printed(run_script: Any) -> None:
    """An uncaught remote exception is printed with both tracebacks."""
    done = run_script("""
        import atoll, workloads
        far = atoll.Interpreter("far")
        far.call(workloads.throw, KeyError, "k")
    """)
    assert done.returncode == 1
    assert "Traceback in interpreter 'far'" in done.stderr
    assert "raise error(*args)" in done.stderr
    assert done.stderr.endswith("KeyError: 'k'\n")


IN_FLIGHT = """
        import atoll, os, signal, sys, threading, workloads
        def work(count):
            try:
                while True:
                    count(1)
            except atoll.InterpreterClosedError:
                pass
        several = [atoll.Interpreter(f"far {number}") for number in range(2)]
        for number in range(4):
            count = several[number % 2].eval("[]").count
            threading.Thread(target=work, args=(count,), daemon=True).start()
        threading.Event().wait(0.02)
"""


def test_exit_while_daemon_threads_cross(run_script: Any) -> None:
    """Python's last round of pending calls ends, whatever daemon threads are doing meanwhile."""
    for _ in range(times(3)):  # each hung every other time when visitors still asked for room then
        done = run_script(IN_FLIGHT)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("sys.exit(7)", 7),
        ("several[0].exec('import sys; sys.exit(5)')", 5),
        ("several[0].call(workloads.throw, SystemExit, 6)", 6),
        ("os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait()", -signal.SIGTERM),
        (
            "signal.signal(signal.SIGTERM, lambda *unused: sys.exit(9))\n"
            "        os.kill(os.getpid(), signal.SIGTERM)\n"
            "        threading.Event().wait()",
            9,
        ),
        (
            "signal.signal(signal.SIGTERM, lambda *unused: sys.exit(9))\n"
            "        several[0].call(os.kill, os.getpid(), signal.SIGTERM)\n"
            "        threading.Event().wait()",
            9,
        ),
    ],
)
def test_exit_status_with_threads_in_flight(run_script: Any, end: str, status: int) -> None:
    """The status is the script's and there is no noise, while daemon threads cross."""
    done = run_script(IN_FLIGHT + "        " + end)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize(("source", "count"), [("1 / 0", 1), ("several[0].eval('1 / 0')", 2)])
def test_unhandled_exception_with_threads_in_flight(
    run_script: Any, source: str, count: int
) -> None:
    """An unhandled exception is printed once a side, status 1, while daemon threads cross."""
    done = run_script(IN_FLIGHT + "        " + source)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\nZeroDivisionError") == count
    assert done.stderr.endswith("\nZeroDivisionError: division by zero\n")


def test_first_interpreter_of_a_thread_that_outlives_the_script(run_cleanly: Any) -> None:
    """The process's first interpreter can be made while Python waits for a thread, and left open."""
    out = run_cleanly("""
        import atoll, threading
        def late():
            threading.main_thread().join()
            kept.append(atoll.Interpreter())
            kept.append(kept[0].eval("[32]"))
            print(kept[1])
        kept = []
        threading.Thread(target=late).start()
    """)
    assert out == "[32]\n"


@pytest.mark.parametrize(
    "how", ["atexit.register(late)", "import threading; threading._register_atexit(late)"]
)
def test_first_interpreter_of_an_exit_handler_is_refused(run_cleanly: Any, how: str) -> None:
    """An exit handler cannot make the first one: nothing would close it any more."""
    out = run_cleanly(f"""
        import atexit, atoll
        def late():
            try:
                kept.append(atoll.Interpreter())
            except RuntimeError as error:
                print(error)
        kept = []
        {how}
    """)
    assert out == "an exit handler cannot make the first interpreter\n"


def test_later_interpreter_of_an_exit_handler(run_cleanly: Any) -> None:
    """An exit handler can make one if there has been one, and need not close it."""
    out = run_cleanly("""
        import atexit, atoll
        kept = [atoll.Interpreter()]
        def late():
            kept.append(atoll.Interpreter())
            print(kept[1].call(pow, 2, 5))
        atexit.register(late)
    """)
    assert out == "32\n"


def test_prewarm_after_the_end(run_cleanly: Any) -> None:
    """An exit handler that comes too late for ready interpreters is told so, and does not wait."""
    out = run_cleanly("""
        import atexit, atoll
        def late():
            try:
                atoll.prewarm(1, wait=True)
            except RuntimeError as error:
                print(error)
        atexit.register(late)
        one = atoll.Interpreter()
    """)
    assert out == "Python is ending\n"


def test_threads_go_on_after_the_main_thread(run_cleanly: Any) -> None:
    """Threads that Python waits for make, use and close interpreters after the script's end."""
    out = run_cleanly("""
        import atoll, threading
        first = atoll.Interpreter("first")
        numbers = first.eval("[1, 2]")
        def work():
            threading.main_thread().join()
            with atoll.Interpreter("second") as second:
                total = second.call(sum, numbers)
                last = second.call(lambda function: function(), lambda: numbers[1])
            print(f"{total} {last}\\n", end="")
        for _ in range(3):
            threading.Thread(target=work).start()
    """)
    assert out == "3 2\n" * 3


def test_threads_of_another_interpreter_need_others(run_cleanly: Any) -> None:
    """At exit no interpreter is closed before the threads of all have ended: they may use any."""
    out = run_cleanly("""
        import atoll
        one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
        one.exec('''if True:
            import atoll, threading, time
            def work(two):
                two.call(time.sleep, 1.5)
                with atoll.Interpreter("three") as three:
                    print(two.eval("1 + 1"), three.eval("1 + 2"))
            def start(two):
                threading.Thread(target=work, args=(two,)).start()
        ''')
        one.eval("start")(two)
    """)
    assert out == "2 3\n"


def test_interrupted_while_threads_are_waited_for(run_cleanly: Any) -> None:
    """After Ctrl-C at exit threads are not waited for; an interpreter without any ends as usual."""
    out = run_cleanly("""
        import atexit, atoll, io, os, signal, _thread
        one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
        one.exec("import threading\\nthreading.Thread(target=threading.Event().wait).start()")
        two.exec("import atexit\\natexit.register(print, 'two ends')")
        def interrupt():
            said = io.StringIO()
            while "in _Waiter.join" not in said.getvalue():
                atoll.dump_traceback(said)
            os.kill(os.getpid(), signal.SIGINT)
        atexit.register(_thread.start_new_thread, interrupt, ())
    """)
    assert out == "two ends\n"


# In an interpreter, `other` is one that has closed, `numbers` a list of it.
USES_WHEN_CLOSED = """
import atoll, sys
class Handle:
    write = sys.stdout.write
    def __init__(self, name, use):
        self.name, self.use = name, use
    def __del__(self):
        try:
            self.use()
        except atoll.InterpreterClosedError as error:
            assert str(error) == f"interpreter '{other.name}' is closed [docs: explanation/lifetimes]"
        except BaseException as error:
            self.write(f"{self.name}: {type(error).__name__}: {error}\\n")
        else:
            self.write(f"{self.name}: nothing raised\\n")
async def asynchronous(): pass
def make_handles():
    return [Handle(*each) for each in {
        "call": lambda: numbers.append(1),
        "call with a value": lambda: numbers.append([1]),
        "call with an object": lambda: numbers.append(Handle("more", len)),
        "method": lambda: append(1),
        "attribute": lambda: numbers.anything,
        "operator": lambda: numbers + [1],
        "in place": lambda: numbers.__iadd__([1]),
        "comparison": lambda: numbers == [1],
        "len": lambda: len(numbers),
        "iteration": lambda: list(numbers),
        "unpacking": lambda: print(*numbers),
        "repr": lambda: str(numbers),
        "named function": lambda: other.call(abs, 1),
        "lambda": lambda: other.call(lambda: 1),
        "async function": lambda: other.call(asynchronous),
        "proxy": lambda: other.call(append, 1),
        "eval": lambda: other.eval("1"),
        "exec": lambda: other.exec("1"),
        "import": lambda: other.import_module("json"),
        "statistics": lambda: other.statistics(),
    }.items()]
"""


def test_finalizers_after_exit(run_cleanly: Any) -> None:
    """What is used of an interpreter after the exit handlers raises InterpreterClosedError."""
    out = run_cleanly(
        USES_WHEN_CLOSED
        + """
other = atoll.Interpreter("one")
numbers = other.eval("[]")
append = numbers.append
handles = make_handles()
"""
    )
    assert out == ""


def test_finalizers_of_an_interpreter(run_cleanly: Any) -> None:
    """So it does in an interpreter that ends, of one that was closed before."""
    out = run_cleanly(
        f"""
import atoll
source = {USES_WHEN_CLOSED!r}
with atoll.Interpreter("two") as two:
    with atoll.Interpreter("one") as one:
        two.exec(source)
        numbers = one.eval("[]")
        two.import_module("__main__").numbers = numbers
        two.import_module("__main__").append = numbers.append
        two.import_module("__main__").other = one
        two.exec("handles = make_handles()")
"""
    )
    assert out == ""


@pytest.mark.parametrize("use", ["atoll.Interpreter()", "atoll.Interpreter(extensions='native')"])
def test_none_is_made_after_exit(run_cleanly: Any, use: str) -> None:
    """After the exit handlers a finalizer that makes an interpreter is told so."""
    out = run_cleanly(f"""
        import atoll, sys
        kept = atoll.Interpreter()
        class Handle:
            write = sys.stdout.write
            def __del__(self):
                try:
                    {use}
                except RuntimeError as error:
                    self.write(str(error))
        handle = Handle()
    """)
    assert out == "cannot make interpreter 'interpreter-2': Python is ending"


CHILD = """
        import atoll, os, sys, workloads
        one = atoll.Interpreter("one")
        numbers = one.eval("[1, 2]")
        def child():
            assert atoll.interpreters() == [atoll.main()] and one.is_closed
            try:
                numbers.append(3)
            except atoll.InterpreterClosedError as error:
                assert "do not survive os.fork()" in str(error), error
            else:
                raise SystemExit("a proxied object was used after the fork")
            one.close()
            with atoll.Interpreter("two") as two:
                assert two.call(workloads.current_name) == "two"
                assert list(two.eval("[5]")) == [5]
            import gc
            globals().pop("numbers")
            gc.collect()
"""


def test_fork(run_cleanly: Any) -> None:
    """A forked child has no interpreter but main, works on, and can make new ones."""
    out = run_cleanly(
        CHILD
        + """
        pid = os.fork()
        if pid == 0:
            child()
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert list(numbers) == [1, 2]
        print("done")
    """,
        "-W",
        "ignore::DeprecationWarning",
    )
    assert out == "done\n"


def test_fork_while_threads_visit(run_cleanly: Any) -> None:
    """A fork while other threads are inside interpreters leaves a child that works."""
    run_cleanly(
        CHILD
        + """
        import threading
        stop = []
        def visit():
            while not stop:
                numbers.count(1)
                atoll.copy(numbers)
        threads = [threading.Thread(target=visit) for _ in range(3)]
        for each in threads: each.start()
        from children import times
        for _ in range(times(5)):
            pid = os.fork()
            if pid == 0:
                child()
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        stop.append(1)
        for each in threads: each.join()
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_fork_pool(run_cleanly: Any) -> None:
    """multiprocessing's fork method works beside open interpreters."""
    out = run_cleanly(
        CHILD
        + """
        import multiprocessing
        def work(x):
            with atoll.Interpreter() as mine:
                return mine.call(pow, x, 2)
        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(work, range(4)))
            print(list(numbers))
    """,
        "-W",
        "ignore::DeprecationWarning",
    )
    assert out == "[0, 1, 4, 9]\n[1, 2]\n"


def test_preexec_fn(run_cleanly: Any) -> None:
    """subprocess with a preexec_fn works beside open interpreters."""
    out = run_cleanly(
        CHILD
        + """
        import subprocess
        subprocess.run(["echo", "hello"], preexec_fn=os.setsid, check=True)
        print(list(numbers))
    """,
        "-W",
        "ignore::DeprecationWarning",
    )
    assert out == "hello\n[1, 2]\n"


def test_fork_in_another_interpreter_is_refused(run_cleanly: Any) -> None:
    """os.fork inside an interpreter is CPython's RuntimeError; subprocess works."""
    out = run_cleanly("""
        import atoll
        with atoll.Interpreter() as one:
            try:
                one.exec("import os; os.fork()")
            except RuntimeError as error:
                print(error)
            one.exec("import subprocess; subprocess.run(['true'], check=True)")
    """)
    assert "fork not supported for isolated subinterpreters" in out


def test_nested_fork(run_cleanly: Any) -> None:
    """A child may make interpreters and fork again."""
    run_cleanly(
        """
        import atoll, os
        one = atoll.Interpreter()
        for level in range(3):
            pid = os.fork()
            if pid:
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                break
            one = atoll.Interpreter()
            assert one.eval("1 + 1") == 2
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_exit_with_stuck_daemon(run_script: Any) -> None:
    """A daemon thread of an interpreter that waits in C does not hold up the exit."""
    done = run_script("""
        import atoll
        one = atoll.Interpreter()
        one.exec("import threading; lock = threading.Lock(); lock.acquire()")
        one.exec("threading.Thread(target=lock.acquire, daemon=True).start()")
        print("end")
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
