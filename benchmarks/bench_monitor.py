"""What it costs a program that does nothing but cross to be watched, as by `atoll top`.

Another process reads the documents. The program's crossings are timed in turns, watched and not:
processor time of the whole process for each crossing, so what atoll's thread uses is in it. The
second figure is what that thread uses alone.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import targets
from report import Bound, Figure, finish, parser

import atoll

BURST_SECONDS = 1.0
INTERVAL_SECONDS = 1.0  # between two documents, as of `atoll top`
CROSSINGS = 1000  # between two looks at the clock
PERCENT_BOUND = Bound(1.0, "value")

READER = """
import sys
from atoll._monitor import attach
with attach.connect(int(sys.argv[1])) as client:
    client.ask_every(float(sys.argv[2]))
    print(client.wait()["pid"], flush=True)
    while True:
        client.wait(60)
"""


@contextmanager
def watched(monitor: atoll.Monitor) -> Iterator[None]:
    """Have another process read documents."""
    pid = monitor.path.rpartition("/")[2].partition(".")[0]
    command = [sys.executable, "-c", READER, pid, str(INTERVAL_SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        try:
            yield
        finally:
            reader.kill()


def burst(counter: targets.Counter) -> tuple[float, float]:
    """Cross for a while; return nanoseconds of the process a crossing, and the share of others.

    The others are the process's other threads; the share is one of this thread's time, in percent.
    """
    count, until = 0, time.monotonic() + BURST_SECONDS
    process, thread = time.process_time_ns(), time.thread_time_ns()
    while time.monotonic() < until:
        for _ in range(CROSSINGS):
            counter.add(1)
        count += CROSSINGS
    process, thread = time.process_time_ns() - process, time.thread_time_ns() - thread
    return process / count, 100 * (process - thread) / thread


def main() -> int:
    options = parser(__doc__, rounds=15).parse_args()
    alone, together, shares = [], [], []
    with atoll.Interpreter() as interpreter, atoll.monitor() as monitor:
        counter = interpreter.call(targets.Counter)
        burst(counter)
        for _ in range(options.rounds):
            alone.append(burst(counter)[0])
            with watched(monitor):
                taken, share = burst(counter)
            together.append(taken)
            shares.append(share)
    unwatched = Figure("p.add(1), nobody watches", statistics.median(alone))
    figures = [
        Figure("p.add(1), watched", statistics.median(together), against=unwatched),
        Figure(
            "the monitor's thread, of the program's time",
            statistics.median(shares),
            "%",
            bound=PERCENT_BOUND,
        ),
    ]
    return finish("Being watched", figures, options)


if __name__ == "__main__":
    sys.exit(main())
