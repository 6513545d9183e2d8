"""distributed's clusters on one machine: 4 interpreters, 4 processes and 4 threads.

    uv run --group bench --with distributed,pandas,pyarrow python benchmarks/bench_dask.py

Each cluster is a scheduler here and its workers in processes: one worker with 4 threads that have
interpreters, 4 workers with a thread each, one with 4 threads. One after the other starts, does
each work for the first time, and tells its memory then: the PSS of the workers' processes. Then
all three live, and take turns; warm times, and the CPU time of the workers, are the least of all
rounds.
"""

from __future__ import annotations

import string
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

try:
    import dask
    import dask.bag
    import dask.dataframe
    import pandas
    from distributed import Client, LocalCluster
except ImportError as error:
    sys.exit(f"This benchmark needs {error.name}: pip install 'atoll[dask]' pandas pyarrow")

from processes import pss
from report import Bound, Figure, finish, parser

WORKERS = 4
KINDS: dict[str, dict[str, Any]] = {
    "interpreters": {"n_workers": 1, "threads_per_worker": WORKERS, "preload": ["atoll.dask"]},
    "processes": {"n_workers": WORKERS, "threads_per_worker": 1},
    "threads": {"n_workers": 1, "threads_per_worker": WORKERS},
}


def make_text(seed: int) -> list[str]:
    letters = string.ascii_lowercase
    return [letters[(seed + n) % 20 :: 3] + " " + letters[n % 23 :] for n in range(20_000)]


def count_letters(lines: list[str]) -> int:
    return sum(len(set(word)) for line in lines for word in line.split())


def bag_of_text() -> object:
    """Count in texts that are made where they are counted."""
    parts = [dask.delayed(count_letters)(dask.delayed(make_text)(seed)) for seed in range(8)]
    return dask.bag.from_delayed([dask.delayed(lambda n: [n])(part) for part in parts]).sum()


def make_frame(seed: int) -> pandas.DataFrame:
    rows = range(50_000)
    return pandas.DataFrame({"key": [(n * seed) % 97 for n in rows], "value": list(rows)})


def group_by() -> object:
    """Group a dataframe that is made where it is grouped."""
    frame = dask.dataframe.from_map(make_frame, list(range(1, 9)), meta=make_frame(1).head(0))
    return frame.groupby("key").value.mean()


WORKS: dict[str, Callable[[], object]] = {
    "bag of text": bag_of_text,
    "group-by of a dataframe": group_by,
}


def pss_of(client: Client) -> float:
    """Return the megabytes of the workers' processes, shared pages by parts."""
    return pss(client.run(lambda: __import__("os").getpid()).values())


def cpu_of(client: Client) -> float:
    """Return the CPU seconds that the workers' processes have used."""
    return float(sum(client.run(time.process_time).values()))


def seconds(client: Client, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    client.compute(work(), optimize_graph=True).result()
    return time.perf_counter() - began


def tell(part: str, found: dict[str, float], unit: str) -> None:
    """Print a part as soon as it is there."""
    each = ", ".join(f"{kind} {value:.3g} {unit}" for kind, value in found.items())
    print(f"{part}: {each}", flush=True)


def start(stack: ExitStack, **how: Any) -> Client:
    cluster = stack.enter_context(
        LocalCluster(processes=True, dashboard_address=":0", silence_logs="ERROR", **how)
    )
    return stack.enter_context(Client(cluster, set_as_default=False))


def compare(stack: ExitStack, rounds: int) -> list[Figure]:
    clients: dict[str, Client] = {}
    first: dict[str, dict[str, float]] = {name: {} for name in WORKS}
    memory: dict[str, dict[str, float]] = {name: {} for name in WORKS}
    for kind, how in KINDS.items():
        clients[kind] = start(stack, **how)
        for name, work in WORKS.items():
            first[name][kind] = seconds(clients[kind], work)
            memory[name][kind] = pss_of(clients[kind])
            tell(f"{name}, first", first[name], "s")
            tell(f"{name}, memory then (PSS)", memory[name], "MB")
    figures = []
    for name, work in WORKS.items():
        warm = dict.fromkeys(KINDS, float("inf"))
        spent = dict(warm)
        for _ in range(rounds):
            for kind, client in clients.items():
                before = cpu_of(client)
                warm[kind] = min(warm[kind], seconds(client, work))
                spent[kind] = min(spent[kind], cpu_of(client) - before)
        tell(f"{name}, warm", warm, "s")
        tell(f"{name}, CPU", spent, "s")
        figures += rows(f"{name}, first", first[name], "s", None)
        figures += rows(f"{name}, warm", warm, "s", Bound(1.05))
        figures += rows(f"{name}, warm: CPU", spent, "s", None)
        figures += rows(f"{name}, memory (PSS)", memory[name], "MB", Bound(0.75))
    return figures


def rows(name: str, found: dict[str, float], unit: str, bound: Bound | None) -> list[Figure]:
    """Set interpreters against processes, with the bound, and against threads."""
    ours = found["interpreters"]
    return [
        Figure(name, ours, unit, Figure(f"{WORKERS} processes", found["processes"], unit), bound),
        Figure(name, ours, unit, Figure(f"{WORKERS} threads", found["threads"], unit)),
    ]


def main() -> int:
    options = parser(__doc__, rounds=3).parse_args()
    with ExitStack() as stack:
        figures = compare(stack, options.rounds)
    return finish("dask", figures, options)


if __name__ == "__main__":
    sys.exit(main())
