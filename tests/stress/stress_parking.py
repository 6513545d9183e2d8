"""GILs that are parked, by threads that come and go, and everybody who may want one.

    python tests/stress/stress_parking.py [SECONDS [THREADS [SEED]]]

Each worker makes runs of calls from its own interpreter, or from main, into a few that all use; in
between it rests, so that what it has parked is revoked by others or by time. Some calls detach
inside, some call back, and some start a thread in C that wants the main interpreter. Others close
interpreters and make them again, and fork. Every call is counted, and none may be lost.
"""

from __future__ import annotations

import ctypes
import os
import random
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

os.environ["ATOLL_PARKING"] = "1"

import running

import atoll

HOSTS = 3
CLOSED = atoll.InterpreterClosedError
INSIDE = """
import ctypes, time
libc = ctypes.CDLL(None)
count = 0
def add():
    global count
    before = count
    for _ in range(3):
        pass
    count = before + 1
    return count
def sleep(seconds):
    time.sleep(seconds)
    return add()
def call(function):
    function()
    return add()
def run(code):
    thread = ctypes.c_ulong()
    libc.pthread_create(ctypes.byref(thread), None, ctypes.c_void_p(code), None)
    libc.pthread_join(thread, None)
    return add()
"""
LOOP = """
def loop(function, times):
    for _ in range(times):
        function()
"""


class Host:
    """One interpreter that all use, and how often it was."""

    def __init__(self, name: str) -> None:
        self.interpreter = atoll.Interpreter(name)
        self.interpreter.exec(INSIDE)
        self.add, self.sleep, self.call, self.run = map(
            self.interpreter.eval, ("add", "sleep", "call", "run")
        )


class Run:
    """What all threads share."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.stop_at = time.monotonic() + seconds
        self.seed = seed
        self.hosts = [Host(f"host-{number}") for number in range(HOSTS)]
        self.made: Counter[int] = Counter()  # calls, by the number of the host
        self.lock = threading.Lock()
        self.failures: list[str] = []
        self.foreign = 0
        self.callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(self.note_foreign)
        self.address = ctypes.cast(self.callback, ctypes.c_void_p).value

    def note_foreign(self, _: object) -> None:
        self.foreign += 1

    def is_over(self) -> bool:
        return bool(self.failures) or time.monotonic() > self.stop_at

    def fail(self) -> None:
        with self.lock:
            self.failures.append(traceback.format_exc())


def work(run: Run, number: int) -> None:
    """Make calls from one home."""
    choose = random.Random(run.seed * 1_000_003 + number)
    made: Counter[int] = Counter()

    def plain(loop: Callable[..., None], host: Host) -> int:
        times = choose.choice((1, 10, 300, 3000))
        loop(host.add, times)
        return times

    def detached(_: Any, host: Host) -> int:
        host.sleep(choose.random() * 0.003)
        return 1

    def back(_: Any, host: Host) -> int:
        host.call(lambda: None)
        return 1

    def foreign(_: Any, host: Host) -> int:
        host.run(run.address)
        return 1

    try:
        with atoll.Interpreter(f"home-{number}") as home:
            home.exec(LOOP)
            there = home.eval("loop")
            scope: dict[str, Any] = {}
            exec(LOOP, scope)
            while not run.is_over():
                which = choose.randrange(HOSTS)
                kind = choose.choice((plain, plain, plain, detached, back, foreign))
                made[which] += kind(choose.choice((there, scope["loop"])), run.hosts[which])
                if choose.random() < 0.2:
                    time.sleep(choose.random() * 0.02)
    except BaseException:
        run.fail()
    with run.lock:
        run.made += made


def start_again(run: Run) -> None:
    """Keep starting threads for one call: thread states of the dead are deleted."""
    choose = random.Random(run.seed)
    while not run.is_over():
        which = choose.randrange(HOSTS)
        thread = threading.Thread(target=run.hosts[which].add)
        thread.start()
        thread.join()
        with run.lock:
            run.made[which] += 1


def close_again(run: Run) -> None:
    """Keep closing an interpreter that another thread is using."""
    try:
        while not run.is_over():
            host = Host("closing")

            def use(add: Callable[[], int] = host.add) -> None:
                try:
                    while True:
                        add()
                except CLOSED:
                    pass

            thread = threading.Thread(target=use)
            thread.start()
            time.sleep(0.01)
            host.interpreter.close()
            thread.join()
    except BaseException:
        run.fail()


def fork_again(run: Run) -> None:
    """Keep forking: the child makes an interpreter of its own."""
    try:
        while not run.is_over():
            child = os.fork()
            if child == 0:
                with atoll.Interpreter() as own:
                    os._exit(0 if own.eval("len")([1]) == 1 else 1)
            if os.waitpid(child, 0)[1] != 0:
                raise AssertionError("a forked child failed")
            time.sleep(0.2)
    except BaseException:
        run.fail()


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    warnings.simplefilter("ignore", DeprecationWarning)  # of os.fork()
    run = Run(seconds, seed)
    others = [start_again, close_again]
    if "libtsan" not in os.environ.get("LD_PRELOAD", ""):  # a forked child may start no thread
        others.append(fork_again)
    crew = [threading.Thread(target=work, args=(run, number)) for number in range(threads)]
    crew += [threading.Thread(target=other, args=(run,)) for other in others]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    counts = [host.interpreter.eval("count") for host in run.hosts]
    if not run.failures and counts != [run.made[number] for number in range(HOSTS)]:
        run.failures.append(f"{counts} were counted, {run.made} were made")
    totals = [host.interpreter.statistics() for host in run.hosts]
    parked, revoked = sum(each.parked for each in totals), sum(each.revoked for each in totals)
    obstacle = atoll._core.parking_obstacle() or "on"
    summary = f"parking {obstacle}: {sum(counts)} calls, {parked} parked, {revoked} revoked"
    return f"{summary}, {run.foreign} foreign threads", run.failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=4))
