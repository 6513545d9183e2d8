"""Deadlines, interruptions and signals, while threads call to and fro and interpreters close.

    python tests/stress/stress_interrupt.py SECONDS [THREADS] [SEED]

Nothing is timed. Every call ends in one of: its result, TimeoutError (only where a limit was set),
Interrupted (only while somebody interrupts), InterpreterClosedError. No update is lost to a visitor
that was let in to turn back; in the end every interpreter and every signal still works.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
import traceback
from typing import Any

import running
import targets

import atoll


class Interrupted(BaseException):
    """What interrupt() raises here."""


class Shared:
    """The interpreters, which one thread replaces one after another."""

    def __init__(self, count: int) -> None:
        self.interpreters = [atoll.Interpreter() for _ in range(count)]
        self.modules = [each.import_module("targets") for each in self.interpreters]
        self.stopped = False
        self.ends = {"result": 0, "timeout": 0, "interrupted": 0, "closed": 0}
        self.signals = 0
        self.may_raise = False  # may the signal handler?

    def replace(self, index: int) -> None:
        before = self.interpreters[index]
        made = atoll.Interpreter()
        self.interpreters[index], self.modules[index] = made, made.import_module("targets")
        while True:
            try:
                before.close(0.05)
                return
            except TimeoutError:
                before.interrupt(Interrupted)


def call(shared: Shared, choose: random.Random) -> None:
    """One call of some kind, whose answer is checked."""
    counter = choose.choice(shared.modules).counter
    other = choose.choice(shared.modules).counter
    match choose.randrange(6):
        case 0:
            counter.spin(10**9)
        case 1:
            assert counter.spin(1000) == 499500
        case 2:
            assert counter.call(other.spin, 1000) == 499500
        case 3:
            counter.call(other.spin, 10**9)
        case 4:
            assert counter.call(targets.counter.echo, "x" * 300) == "x" * 300
        case 5:
            assert counter.call_twice(other.call, counter.echo, (1, "2")) == ((1, "2"), (1, "2"))


def work(shared: Shared, seed: int) -> None:
    choose = random.Random(seed)
    while not shared.stopped:
        end = "result"
        try:
            with atoll.timeout(choose.choice((0, 0.0005, 0.002, 0.01))):
                call(shared, choose)
                if choose.randrange(4) == 0:
                    call(shared, choose)
        except TimeoutError:
            end = "timeout"
        except Interrupted:
            end = "interrupted"
        except atoll.InterpreterClosedError:
            end = "closed"
        shared.ends[end] += 1


def disturb(shared: Shared, seed: int) -> None:
    choose = random.Random(seed)
    while not shared.stopped:
        if choose.randrange(200) == 0:
            shared.replace(choose.randrange(len(shared.interpreters)))
        else:
            choose.choice(shared.interpreters).interrupt(Interrupted)
        time.sleep(0.001 * choose.random())


def on_alarm(shared: Shared) -> Any:
    def handle(number: int, frame: object) -> None:
        shared.signals += 1
        if shared.may_raise and shared.signals % 3 == 0:
            raise Interrupted

    return handle


def call_in_main(shared: Shared, seed: int) -> None:
    """The main thread's turn; a signal handler may raise in it."""
    try:
        shared.may_raise = True
        with atoll.timeout(0.01):
            call(shared, random.Random(seed))
    finally:
        shared.may_raise = False


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    shared = Shared(3)
    failures: list[str] = []

    def guarded(function: Any, *args: Any) -> None:
        try:
            function(*args)
        except BaseException:
            failures.append(traceback.format_exc())
            shared.stopped = True

    workers = [
        threading.Thread(target=guarded, args=(work, shared, seed + i)) for i in range(threads)
    ]
    workers.append(threading.Thread(target=guarded, args=(disturb, shared, seed - 1)))
    for each in workers:
        each.start()

    signal.signal(signal.SIGALRM, on_alarm(shared))
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    stop_at = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < stop_at and not shared.stopped:
        rounds += 1
        try:
            call_in_main(shared, seed + rounds)
        except (TimeoutError, Interrupted, atoll.InterpreterClosedError):
            pass
        except BaseException:
            failures.append(traceback.format_exc())
            break
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 0)
    shared.stopped = True
    for each in workers:
        each.join()
    for interpreter in shared.interpreters:
        assert interpreter.call(pow, 2, 3) == 8
        interpreter.close()
    return f"{shared.ends}, {rounds} rounds of main, {shared.signals} signals", failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=4))
