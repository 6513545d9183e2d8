"""What it costs to start an atoll.Thread, what two of them gain, and what the standby costs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import targets
from report import Bound, Figure, finish, parser

import atoll

START_BOUND = Bound(5.0)  # of threading.Thread.start()
READY_BOUND, FIRST_BOUND = Bound(1.9, side="at least"), Bound(1.8, side="at least")
STANDBY_BOUND = Bound(1.25)
SPIN_TURNS = 6_000  # about half a second
MADE = 10  # interpreters made in the background at a time


def elapsed_start(thread: threading.Thread) -> float:
    """Microseconds that start() takes."""
    begin = time.perf_counter()
    thread.start()
    taken = time.perf_counter() - begin
    thread.join()
    return taken * 1e6


def measure_start(rounds: int) -> list[Figure]:
    """start() of both kinds of thread, in turns; a ready interpreter is there each time."""
    ours, plain = [], []
    for _ in range(rounds):
        atoll.prewarm(1, wait=True)
        ours.append(elapsed_start(atoll.Thread(target=int)))
        plain.append(elapsed_start(threading.Thread(target=int)))
    control = Figure("threading.Thread.start()", min(plain), "us")
    return [Figure("Thread.start(), interpreter ready", min(ours), "us", control, START_BOUND)]


def spin_in_turn() -> float:
    """Seconds that the work of two threads takes in one thread."""
    begin = time.perf_counter()
    for _ in range(2):
        targets.spin(SPIN_TURNS)
    return time.perf_counter() - begin


def spin_in_threads() -> float:
    """Seconds that it takes in two threads, from making them until both have ended."""
    begin = time.perf_counter()
    threads = [atoll.Thread(target=targets.spin, args=(SPIN_TURNS,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def measure_ready(rounds: int) -> list[Figure]:
    """The speed-up with ready interpreters."""
    times = []
    for _ in range(rounds):
        atoll.prewarm(2, wait=True)
        times.append((spin_in_turn(), spin_in_threads()))
    return [_speed_up("interpreters ready", times, READY_BOUND)]


def measure_first(rounds: int) -> list[Figure]:
    """The speed-up of the first two threads of a process."""
    command = [sys.executable, str(Path(__file__)), "--as-first-process"]
    times = []
    for _ in range(rounds):
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        alone, together = map(float, printed.split())
        times.append((alone, together))
    return [_speed_up("the first of a process", times, FIRST_BOUND)]


def _speed_up(name: str, times: list[tuple[float, float]], bound: Bound) -> Figure:
    alone, together = (min(each) * 1e3 for each in zip(*times, strict=True))
    control = Figure("in 2 threads, start included", together, "ms")
    return Figure(f"pure Python one after the other, {name}", alone, "ms", control, bound)


def measure_standby(rounds: int) -> list[Figure]:
    """How much slower the main interpreter computes while interpreters are made."""
    alone, beside = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        targets.spin(SPIN_TURNS // 10)
        alone.append(time.perf_counter() - begin)
        atoll.prewarm(MADE)
        begin = time.perf_counter()
        targets.spin(SPIN_TURNS // 10)
        beside.append(time.perf_counter() - begin)
        atoll.prewarm(0, wait=True)
        for _ in range(MADE):
            atoll.Interpreter().close()
    control = Figure("while none is made", min(alone) * 1e3, "ms")
    name = "the main interpreter while others are made"
    return [Figure(name, min(beside) * 1e3, "ms", control, STANDBY_BOUND)]


def main() -> int:
    options_parser = parser(__doc__, rounds=7)
    options_parser.add_argument("--as-first-process", action="store_true", help="for measure_first")
    options = options_parser.parse_args()
    if options.as_first_process:
        together = spin_in_threads()
        print(spin_in_turn(), together)
        return 0
    figures = [
        *measure_start(options.rounds * 10),
        *measure_ready(options.rounds),
        *measure_first(options.rounds),
        *measure_standby(options.rounds),
    ]
    return finish("thread", figures, options)


if __name__ == "__main__":
    sys.exit(main())
