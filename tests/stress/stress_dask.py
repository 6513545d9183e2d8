"""A scheduler and two workers of distributed, of which one is killed and restarted under load.

    python tests/stress/stress_dask.py KILLS [TASKS]

They are started as a user would, on loopback: `dask scheduler`, `dask worker --preload atoll.dask`.
Every task must have its result in the end. Not a test of the suite, as it takes a minute.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import Any

from distributed import Client, as_completed

WORKER = ("worker", "--no-nanny", "--nthreads", "2", "--no-dashboard", "--preload", "atoll.dask")


def start(*arguments: str, folder: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "dask", *arguments)
    return subprocess.Popen(command, cwd=folder, text=True, stderr=subprocess.PIPE)


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def address_of(scheduler: subprocess.Popen[str]) -> str:
    assert scheduler.stderr is not None
    for line in scheduler.stderr:
        if "Scheduler at:" in line:
            return line.rpartition(" ")[2].strip()
    raise RuntimeError("the scheduler has ended")


def compute(n: int, before: int) -> int:
    return sum(k % 7 for k in range(20_000)) - 59_997 + n + before


def submit_all(client: Client, count: int) -> list[Any]:
    """Submit chains of tasks: results of a worker that is lost are needed by others."""
    firsts = [client.submit(compute, n, 0, key=f"first-{n}", retries=20) for n in range(count)]
    return [
        client.submit(compute, n, first, key=f"second-{n}", retries=20)
        for n, first in enumerate(firsts)
    ]


def run(kills: int, count: int, stack: ExitStack) -> None:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    scheduler = start(
        "scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard", folder=folder
    )
    stack.callback(end, scheduler)
    address = address_of(scheduler)
    stack.callback(end, start(*WORKER, address, folder=folder))
    victim = start(*WORKER, address, folder=folder)
    client = stack.enter_context(Client(address))
    client.wait_for_workers(2)
    for number in range(kills):
        began = time.monotonic()
        futures = submit_all(client, count)
        done = as_completed(futures)
        for _ in range(count // 4):  # under load, when some results are there
            next(done)
        victim.send_signal(signal.SIGKILL if number % 2 == 0 else signal.SIGTERM)
        victim.communicate()
        victim = start(*WORKER, address, folder=folder)
        assert client.gather(futures) == [compute(n, compute(n, 0)) for n in range(count)]
        del futures, done
        print(f"kill {number}: no result is lost, {time.monotonic() - began:.1f} s")
    end(victim)


def main(kills: str, count: str = "100") -> None:
    with ExitStack() as stack:
        run(int(kills), int(count), stack)


if __name__ == "__main__":
    main(*sys.argv[1:])
