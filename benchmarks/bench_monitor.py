"""What it costs a program that does nothing but cross to be watched, as by `atoll top`.

Another process reads the documents. A program loses in two ways: its crossings may take longer, and
atoll's thread uses processor time. The first is told by the best batches, watched and not, which
take turns: a mean of either would tell how busy the machine was. The second is counted, by the
second: a program that gets less of a busy machine is not looked at less often.
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

BURST_NANOSECONDS = 1_000_000_000
INTERVAL_SECONDS = 1.0  # between two documents, as of `atoll top`
CROSSINGS = 250  # of a batch
RATIO_BOUND = Bound(1.01)
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
    """Cross for a while; return nanoseconds a crossing in the best batch, and the share of others.

    The others are the process's other threads; the share is one of a processor, in percent.
    """
    best, start = sys.maxsize, time.monotonic_ns()
    until = start + BURST_NANOSECONDS
    process, thread = time.process_time_ns(), time.thread_time_ns()
    while time.monotonic_ns() < until:
        began = time.perf_counter_ns()
        for _ in range(CROSSINGS):
            counter.add(1)
        best = min(best, time.perf_counter_ns() - began)
    process, thread = time.process_time_ns() - process, time.thread_time_ns() - thread
    return best / CROSSINGS, 100 * (process - thread) / (time.monotonic_ns() - start)


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
    unwatched = Figure("p.add(1), nobody watches", min(alone))
    figures = [
        Figure("p.add(1), watched", min(together), against=unwatched, bound=RATIO_BOUND),
        Figure(
            "the monitor's thread, of a processor",
            statistics.median(shares),
            "%",
            bound=PERCENT_BOUND,
        ),
    ]
    return finish("Being watched", figures, options)


if __name__ == "__main__":
    sys.exit(main())
