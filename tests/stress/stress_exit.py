"""The process ends at random moments, threads in flight: exit status right, no noise, no hang.

    python tests/stress/stress_exit.py RUNS [FIRST_SEED]

Runs itself RUNS times; each run makes interpreters, threads (also daemon ones, also inside
interpreters), atexit callbacks on both sides that call proxies, and then ends in some way: by
falling off the end, sys.exit, an exception, SystemExit out of another interpreter, SIGTERM's default.
"""

from __future__ import annotations

import atexit
import os
import random
import signal
import subprocess
import sys
import threading

import running
import targets

import atoll

PATIENCE = 20 * running.SLOWNESS  # seconds for one process; an idle machine needs 1 to 3

# A debug build of CPython asserts at its end that no interpreter was left, not even one in which a
# thread is stuck.
IS_DEBUG_BUILD = hasattr(sys, "gettotalrefcount")


def visit(counter: object, choose: random.Random, how: str) -> None:
    """What a thread does until the process ends."""
    add = counter.add  # type: ignore[attr-defined]
    try:
        while True:
            match how:
                case "call":
                    add(1)
                case "home":
                    counter.call(lambda: None)  # type: ignore[attr-defined]
                case "hold":
                    counter.numbers(10)[0]  # type: ignore[attr-defined]
                case "make":
                    with atoll.Interpreter() as short:
                        short.eval("1")
                case "fail":
                    try:
                        counter.fail("custom")  # type: ignore[attr-defined]
                    except targets.Custom:
                        pass
    except (atoll.InterpreterClosedError, RuntimeError, ImportError):
        return  # closed, or Python is ending: both are expected


def run(seed: int) -> int:
    """One process; returns the status that it is going to end with."""
    choose = random.Random(seed)
    interpreters = [
        atoll.Interpreter(preemptive=choose.randrange(4) == 0)
        for _ in range(choose.randrange(1, 4))
    ]
    modules = [each.import_module("targets") for each in interpreters]
    counters = [module.counter for module in modules]
    for counter in counters:
        for _ in range(choose.randrange(3)):
            counter.keep(choose.choice(counters).numbers(3))
            counter.keep([1])
    if choose.randrange(2):
        atexit.register(targets.call_if_open, counters[0].add, 1)
    if choose.randrange(2):
        for counter in counters:
            counter.at_exit(lambda counter: None, counters[0])
            counter.at_exit(counters[-1].add, 1)
    threads = []
    stop = threading.Event()
    for _ in range(choose.randrange(5)):
        how = choose.choice(("call", "call", "home", "hold", "fail", "make"))
        thread = threading.Thread(target=visit, args=(choose.choice(counters), choose, how))
        thread.daemon = True
        threads.append(thread)
    if choose.randrange(3) == 0:  # one that ends by itself
        target = choose.choice(counters)
        threads.append(threading.Thread(target=lambda: [target.add(1) for _ in range(3000)]))
    if choose.randrange(3) == 0:  # an interpreter's own thread, which is joined at exit
        choose.choice(counters).make_thread(choose.choice(counters).spin, 100_000)
    kept: list[object] = [counters[0].numbers(5)]
    kept.append(kept)
    sys.kept = kept  # type: ignore[attr-defined]
    if choose.randrange(3) == 0:  # one whose result is held, and some that have only just begun
        kept.append(choose.choice(counters).make_atoll_thread(list, "ab").result())
        choose.choice(counters).make_atoll_thread(sum, range(choose.randrange(10**6)))
        for _ in range(choose.randrange(3)):
            is_daemon = choose.randrange(2) == 0
            threads.append(atoll.Thread(target=sum, args=(range(10**5),), daemon=is_daemon))
    if choose.randrange(4) == 0 and not IS_DEBUG_BUILD:  # somebody who is stuck inside
        block = choose.choice(interpreters).eval("lambda: __import__('threading').Event().wait()")
        threads.append(threading.Thread(target=block, daemon=True))
    for thread in threads:
        thread.start()
    stop.wait(choose.random() * 0.05)
    if choose.randrange(4) == 0:
        interpreters[0].close() if not any(t.is_alive() for t in threads) else None
    match seed % 6:
        case 0 | 1:
            return 0
        case 2:
            sys.exit(7)
        case 3:
            try:
                counters[-1].fail("exit")
            except atoll.InterpreterClosedError:
                sys.exit(3)
        case 4:
            signal.signal(signal.SIGTERM, lambda *unused: sys.exit(9))
            os.kill(os.getpid(), signal.SIGTERM)
            stop.wait()
        case 5:
            try:
                counters[-1].fail("value")
            except (ValueError, atoll.InterpreterClosedError):
                os._exit(11)
    raise AssertionError("not reached")


EXPECTED = {0: 0, 1: 0, 2: 7, 3: 3, 4: 9, 5: 11}


def main(runs: float = 20, first: float = 0) -> int:
    first = int(first) or random.SystemRandom().randrange(10**6)
    failures = []
    for seed in range(first, first + int(runs)):
        try:
            done = subprocess.run(
                [sys.executable, "-X", "faulthandler", "-W", "error", __file__, "run", str(seed)],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            status, noise = done.returncode, done.stdout + done.stderr
        except subprocess.TimeoutExpired as error:
            status, noise = "hang", str(error.stderr)
        if status != EXPECTED[seed % 6] or noise:
            failures.append(
                f"seed {seed}: {status} instead of {EXPECTED[seed % 6]}\n{noise[-1500:]}"
            )
    print(f"{sys.version.split()[0]}: {int(runs)} processes from seed {first}")
    return running.conclude(failures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        sys.exit(run(int(sys.argv[2])))
    sys.exit(main(*map(float, sys.argv[1:])))
