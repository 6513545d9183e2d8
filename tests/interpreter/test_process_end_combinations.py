"""The end of the process: everything that may be open then, with every way to end."""

from __future__ import annotations

import signal
from typing import Any

import pytest

# What is there when the process ends. `far` and `near` are interpreters.
OPEN = {
    "queues with waiters": """
        queue, full = atoll.Queue(), atoll.Queue(1)
        full.put(1)
        def wait(use, *args):
            try:
                use(*args)
            except (atoll.InterpreterClosedError):
                pass
        for use in (queue.get, far.eval("lambda q: q.get()"), near.eval("lambda q: q.get()")):
            args = () if use == queue.get else (queue,)
            threading.Thread(target=wait, args=(use, *args), daemon=True).start()
        threading.Thread(target=wait, args=(full.put, 2), daemon=True).start()
        threading.Thread(target=wait, args=(far.eval("lambda q: q.put(2)"), full), daemon=True).start()
        """,
    "exit handlers on both sides that call each other": """
        def called(): return 1
        def at_end():
            if not far.is_closed:
                assert there() == 1
        there = far.eval("lambda: 1")
        atexit.register(at_end)
        for each, other in ((far, near), (near, far)):
            each.exec('''if True:
                import atexit, atoll
                def register(called, other):
                    def at_end():
                        try:
                            assert called() == 1
                            other.eval("1")
                        except atoll.InterpreterClosedError:
                            pass
                    atexit.register(at_end)
            ''')
            each.eval("register")(called, other)
        """,
    "an interpreter's own thread": """
        far.exec("import threading")
        far.exec("threading.Thread(target=sum, args=(range(10**6),)).start()")
        """,
    "a daemon thread of an interpreter": """
        far.exec('''if True:
            import threading
            def work():
                while True:
                    threading.Event().wait(0.001)
            for target in (work, threading.Event().wait):
                try:
                    threading.Thread(target=target, daemon=True).start()
                except RuntimeError as error:
                    assert "daemon" in str(error), error
        ''')
        """,
    "an executor with pending work": """
        pool = atoll.InterpreterPoolExecutor(2)
        futures = [pool.submit(pow, 2, 10) for _ in range(20)]
        futures += [pool.submit(sum, range(10**5)) for _ in range(5)]
        """,
    "an executor with failed work": """
        pool = atoll.InterpreterPoolExecutor(1)
        futures = [pool.submit(pow, 0, -1) for _ in range(5)]
        """,
    "an initializer that has failed": """
        import logging
        logging.disable(logging.CRITICAL)
        pool = atoll.InterpreterPoolExecutor(1, initializer=int, initargs=("x",))
        future = pool.submit(pow, 2, 2)
        """,
    "threads with interpreters of their own": """
        started = [atoll.Thread(target=sum, args=(range(10**5),), daemon=bool(n % 2)) for n in range(4)]
        for each in started:
            each.start()
        """,
    "ready interpreters": """
        atoll.prewarm(2, wait=True)
        """,
    "ready interpreters that are being made": """
        atoll.prewarm(3)
        """,
    "a child that has been forked": """
        def fork_once():
            pid = os.fork()
            if pid == 0:
                atoll.Interpreter().eval("1")
                sys.exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        warnings.simplefilter("ignore")
        fork_once()
        """,
    "proxies in cycles": """
        a, b = far.eval("[]"), near.eval("[]")
        a.append(b), b.append(a), a.append([a])
        """,
    "an interrupted call": """
        spin = far.eval("lambda: [sum(range(1000)) for _ in iter(int, 1)]")
        try:
            with atoll.timeout(0.05):
                spin()
        except TimeoutError:
            pass
        """,
    "shared values and buffers": """
        shared = atoll.share({"a": (1, 2)})
        buffer = atoll.Buffer(100)
        view = memoryview(buffer)
        theirs = far.eval("lambda *values: globals().update(kept=values)")
        theirs(shared, buffer)
        lent = memoryview(near.eval("bytearray(10)"))
        """,
    # The last ones compute until the end.
    "threads with a call under way": """
        def call(function):
            try:
                function()
            except atoll.InterpreterClosedError:
                pass
        for each in (far, near):
            spin = each.eval("lambda: sum(range(10**5))")
            threading.Thread(target=call, args=(spin,)).start()
            make_room = "__import__('atoll').checkpoint()"
            forever = each.eval(f"lambda: [{make_room} or sum(range(1000)) for _ in iter(int, 1)]")
            threading.Thread(target=call, args=(forever,), daemon=True).start()
        busy = atoll.Interpreter("busy")  # nobody else gets in
        forever = busy.eval("lambda: [sum(range(1000)) for _ in iter(int, 1)]")
        threading.Thread(target=call, args=(forever,), daemon=True).start()
        """,
    "a daemon thread of an interpreter that computes": """
        shared = atoll.Interpreter("shared", preemptive=True)
        shared.exec('''if True:
            import threading
            def work():
                while True:
                    sum(range(100))
            try:
                threading.Thread(target=work, daemon=True).start()
            except RuntimeError as error:
                assert "daemon" in str(error), error
        ''')
        """,
}

# How it ends: the script's last lines, and the exit status.
ENDS = {
    "end of script": ("pass", 0),
    "sys.exit": ("sys.exit(7)", 7),
    "sys.exit inside": ("far.exec('import sys; sys.exit(5)')", 5),
    "os._exit": ("os._exit(11)", 11),
    "os._exit inside": ("far.exec('import os; os._exit(12)')", 12),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait()", -signal.SIGTERM),
    "SIGTERM with a handler": (
        "signal.signal(signal.SIGTERM, lambda *unused: sys.exit(9))\n"
        "        os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait()",
        9,
    ),
}

FAILURES = {
    "in main": ("1 / 0", 1),
    "inside": ("far.eval('1 / 0')", 1),
    "in a thread": (
        "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        0,
    ),
    "in a thread, inside": (
        "t = threading.Thread(target=far.eval, args=('1 / 0',)); t.start(); t.join()",
        0,
    ),
    "in an interpreter's thread": (
        "far.exec('import threading; threading.Thread(target=divmod, args=(1, 0)).start()')",
        0,
    ),
    "in an exit handler": ("atexit.register(divmod, 1, 0)", 0),
    "in an interpreter's exit handler": ("far.exec('import atexit; atexit.register(divmod, 1, 0)')", 0),
}  # fmt: skip

START = """
        import atexit, atoll, os, signal, sys, threading, warnings
        from atoll._interpreter import exit as ending
        far, near = atoll.Interpreter("far"), atoll.Interpreter("near")
"""
# Threads that do not leave hold up the exit for less long.
IMPATIENT = """
        ending._PATIENCE_SECONDS = 0.2
"""
NOISE = ("Fatal", "ignored in", "Warning", "resource_tracker", "InterpreterClosedError")


# The default action of SIGTERM runs no code of ours.
@pytest.mark.parametrize("end", [each for each in ENDS if each != "SIGTERM"])
@pytest.mark.parametrize("what", OPEN)
def test_status_and_silence(run_script: Any, what: str, end: str) -> None:
    """The exit status is the script's, and stderr is empty."""
    source, status = ENDS[end]
    patience = "" if end == "end of script" else IMPATIENT
    done = run_script(START + patience + OPEN[what] + "\n        " + source)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize("end", ENDS)
def test_all_at_once(run_script: Any, end: str) -> None:
    """Nor is there a combination of all that makes a noise or another status."""
    source, status = ENDS[end]
    patience = "" if end == "end of script" else IMPATIENT
    done = run_script(START + patience + "".join(OPEN.values()) + "\n        " + source)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize("where", FAILURES)
def test_unhandled_exception(run_script: Any, where: str) -> None:
    """An exception that nobody catches is printed, and nothing else is, beside pending work."""
    source, status = FAILURES[where]
    done = run_script(START + OPEN["an executor with pending work"] + "\n        " + source)
    assert (done.returncode, done.stdout) == (status, "")
    assert "\nZeroDivisionError" in done.stderr
    assert not any(
        noise in done.stderr.replace("Exception ignored in atexit", "") for noise in NOISE
    )
