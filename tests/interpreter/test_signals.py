"""Ctrl-C and other signals while the main thread is inside another interpreter."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from children import environment, limit

HEAD = """
    import atoll, os, signal, sys, threading
    import workloads

    def send_when(is_time, number=signal.SIGINT):
        def run():
            while not is_time():
                pass
            os.kill(os.getpid(), number)
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    worker = atoll.Interpreter("worker")
    there = worker.import_module("workloads")
    entered = threading.Event()
"""


@pytest.fixture
def run(run_cleanly: Any) -> Any:
    """Run a script with the names above; returns what it prints."""
    return lambda source: run_cleanly(textwrap.dedent(HEAD) + textwrap.dedent(source))


def test_keyboard_interrupt(run: Any) -> None:
    """Ctrl-C breaks off Python code in another interpreter; both stay usable."""
    assert (
        run("""
        send_when(entered.is_set)
        try:
            there.enter_and_spin(entered)
        except KeyboardInterrupt as error:
            print("in spin_for_ever" in str(error.__cause__))
        print(there.count_to(3))
    """)
        == "True\n3\n"
    )


def test_again_and_again(run: Any) -> None:
    """It works any number of times."""
    assert (
        run("""
        for _ in range(20):
            entered.clear()
            thread = send_when(entered.is_set)
            try:
                there.enter_and_spin(entered)
            except KeyboardInterrupt:
                pass
            thread.join()
        print("done")
    """)
        == "done\n"
    )


def test_nested(run: Any) -> None:
    """Also two interpreters deep, and in a call-back that runs in a third."""
    assert (
        run("""
        with atoll.Interpreter("third") as third:
            spin = third.import_module("workloads").enter_and_spin
            send_when(entered.is_set)
            try:
                there.call(spin, entered)
            except KeyboardInterrupt:
                print("interrupted")
            print(third.call(pow, 2, 3), worker.call(pow, 2, 3))
    """)
        == "interrupted\n8 8\n"
    )


def test_while_waiting_to_get_in(run: Any) -> None:
    """A main thread that waits for a busy interpreter turns back."""
    assert (
        run("""
        spinning = threading.Thread(target=there.enter_and_catch, args=(entered,))
        spinning.start()
        entered.wait()
        send_when(lambda: atoll._core.visitor_count(worker) == 2)
        try:
            while True:
                there.count_to(3)
        except KeyboardInterrupt:
            print("turned back")
        worker.interrupt(workloads.CustomError)
        spinning.join()
    """)
        == "turned back\n"
    )


def test_handler_that_does_not_raise(run: Any) -> None:
    """The user's handler runs, in the main interpreter, while the call goes on to its end."""
    assert (
        run("""
        flag = there.Flag()
        def handle(number, frame):
            print(atoll.current().name, signal.Signals(number).name)
            flag.set()   # a call into the interpreter that was interrupted
        signal.signal(signal.SIGINT, handle)
        send_when(entered.is_set)
        print(there.spin_until_set(entered, flag))
    """)
        == "main SIGINT\nset\n"
    )


def test_other_signals(run: Any) -> None:
    """Any signal with a handler: here one that raises, set after the interpreter was made."""
    assert (
        run("""
        def handle(number, frame):
            raise workloads.CustomError(number)
        signal.signal(signal.SIGTERM, handle)
        send_when(entered.is_set, signal.SIGTERM)
        try:
            there.enter_and_spin(entered)
        except workloads.CustomError as error:
            print(error.args[0] == signal.SIGTERM)
    """)
        == "True\n"
    )


def test_alarm_signal(run: Any) -> None:
    """signal.setitimer works: the handler runs many times while one call lasts."""
    assert (
        run("""
        flag, count = there.Flag(), 0
        def handle(number, frame):
            global count
            count += 1
            if count == 20:
                flag.set()
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        print(there.spin_until_set(entered, flag))
        signal.setitimer(signal.ITIMER_REAL, 0)
    """)
        == "set\n"
    )


def test_other_visitors_are_not_disturbed(run: Any) -> None:
    """The exception is the main thread's, whoever else runs in the same interpreter."""
    assert (
        run("""
        from concurrent.futures import ThreadPoolExecutor
        flag = there.Flag()
        with ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(flag.spin_with_calls, lambda: None) for _ in range(3)]
            send_when(entered.is_set)
            try:
                there.enter_and_wait_for(entered, there.Flag(), lambda: None)
            except KeyboardInterrupt:
                print("interrupted")
            flag.set()
            print([each.result() for each in waiting])
    """)
        == "interrupted\n['set', 'set', 'set']\n"
    )


def test_default_action_is_kept(run_script: Any) -> None:
    """A signal without a handler still ends the process."""
    done = run_script(
        textwrap.dedent(HEAD)
        + textwrap.dedent("""
        signal.signal(signal.SIGTERM, lambda *unused: None)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        send_when(entered.is_set, signal.SIGTERM)
        there.enter_and_spin(entered)
    """)
    )
    assert done.returncode == -signal.SIGTERM


def test_uncaught_ends_the_process(tmp_path: Path) -> None:
    """Ctrl-C at a terminal ends a script that is inside another interpreter, with the traceback."""
    path = tmp_path / "script.py"
    path.write_text(
        textwrap.dedent("""
        import atoll, workloads
        worker = atoll.Interpreter("worker")
        there = worker.import_module("workloads")
        class Entered:
            def set(self):
                print("ready")
        there.enter_and_spin(Entered())
    """)
    )
    process = subprocess.Popen(
        [sys.executable, "-u", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, noise = process.communicate(timeout=limit(100))
    assert process.returncode == -signal.SIGINT
    assert "enter_and_spin" in noise
    assert noise.endswith("KeyboardInterrupt\n")
