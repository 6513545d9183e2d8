"""The same five tasks done with atoll and with alternatives.

Each is done from the main thread and from a worker thread: some rivals cost far more on one of
them. All take turns within one run; loop overhead does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import atoll_proxy
import local_call
import manager_proxy
import rpyc_socket
import stdlib_interpreters
import thread_pool
from measure import Loop, interleave
from report import format_value, make_console, parser, print_metadata
from rich.table import Table
from rival import TASKS, Names, Rival

RIVALS = (
    local_call.RIVAL,
    atoll_proxy.RIVAL,
    stdlib_interpreters.RIVAL,
    manager_proxy.RIVAL,
    rpyc_socket.RIVAL,
    thread_pool.RIVAL,
)

Costs = Mapping[str, float]  # nanoseconds by loop name


def loop_name(rival: Rival, task: str) -> str:
    return f"{rival.name}: {task}"


def loops_of(rival: Rival, names: Names) -> list[Loop]:
    return [Loop(loop_name(rival, task), rival.statements[task], names) for task in TASKS]


def measure(rounds: int) -> Costs:
    """The cost of every task with every rival that is there, from the calling thread."""
    with ExitStack() as stack:
        loops = [
            loop
            for rival in RIVALS
            if rival.missing is None
            for loop in loops_of(rival, stack.enter_context(rival.open()))
        ]
        return interleave(loops, rounds)


def measure_in_worker(rounds: int) -> Costs:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(measure, rounds).result()


def make_table(columns: Sequence[Costs]) -> Table:
    table = Table("task", "rival", title="rivals", title_justify="left", highlight=False)
    for heading in ("main thread", "x atoll", "worker thread", "x atoll"):
        table.add_column(heading, justify="right")
    for task, description in TASKS.items():
        for rival in RIVALS:
            table.add_row(description, rival.name, *_cells(rival, task, columns))
        table.add_section()
    return table


def _cells(rival: Rival, task: str, columns: Sequence[Costs]) -> list[str]:
    if rival.missing is not None:
        return ["-"] * 2 * len(columns)
    return [cell for costs in columns for cell in _cost_and_ratio(rival, task, costs)]


def _cost_and_ratio(rival: Rival, task: str, costs: Costs) -> tuple[str, str]:
    cost = costs[loop_name(rival, task)]
    ratio = cost / costs[loop_name(atoll_proxy.RIVAL, task)]
    return _format_cost(cost), f"{ratio:,.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _format_cost(cost: float) -> str:
    return format_value(cost, "ns") if cost < 10_000 else format_value(cost / 1_000, "us")


def main() -> int:
    options = parser(__doc__, rounds=15).parse_args()
    console = make_console()
    columns = (measure(options.rounds), measure_in_worker(options.rounds))
    print_metadata(console)
    console.print(make_table(columns))
    for rival in RIVALS:
        if rival.missing is not None:
            console.print(f"- {rival.name}: {rival.missing}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
