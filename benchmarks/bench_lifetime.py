"""What it costs to make an interpreter and to close it, and what memory stays."""

from __future__ import annotations

import _interpreters  # private; there in 3.13, 3.14 and 3.15
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from report import Bound, Figure, finish, parser

import atoll

IMPORT_BOUND = Bound(3.0, "value")  # milliseconds
ADDED_BOUND = Bound(0.3)  # of what a plain one takes, on a machine that is busy or slow
MEMORY_BOUND = Bound(1.05)  # of the control run
KIBIBYTE, MEBIBYTE = 2**10, 2**20

Times = dict[str, float]  # milliseconds by name


def elapsed(function: Callable[[], object]) -> float:
    """Milliseconds that a call takes."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def time_atoll() -> Times:
    """The life of one Interpreter."""
    start = time.perf_counter()
    interpreter = atoll.Interpreter(preemptive=True)  # a new one: none of these is kept ready
    created = (time.perf_counter() - start) * 1e3
    first_call = elapsed(lambda: interpreter.call(int))
    return {
        "create": created,
        "first call": first_call,
        "close": elapsed(interpreter.close),
    }


def time_plain() -> Times:
    """The life of one plain sub-interpreter of CPython."""
    start = time.perf_counter()
    identity = _interpreters.create("isolated")
    created = (time.perf_counter() - start) * 1e3
    first_call = elapsed(lambda: _interpreters.exec(identity, "pass"))
    return {
        "create": created,
        "first call": first_call,
        "close": elapsed(lambda: _interpreters.destroy(identity)),
    }


def measure_times(rounds: int) -> list[Figure]:
    """The best times of both kinds of interpreter, in turns."""
    ours, plain = [], []
    for _ in range(rounds):
        ours.append(time_atoll())
        plain.append(time_plain())
    create, first_call, close = (
        _compare(name, ours, plain) for name in ("create", "first call", "close")
    )
    return [create, *what_is_added_to(create), first_call, close]


def _compare(name: str, ours: list[Times], plain: list[Times]) -> Figure:
    control = Figure(f"plain, {name}", min(times[name] for times in plain), "ms")
    return Figure(name, min(times[name] for times in ours), "ms", control)


def what_is_added_to(create: Figure) -> list[Figure]:
    """What an Interpreter costs more than a plain one: importing atoll, and what it inherits."""
    added = create.value - create.against.value if create.against else create.value
    name = "of which added by atoll (its import)"
    return [
        Figure(name, added, "ms", bound=IMPORT_BOUND),
        Figure(f"{name}, against a plain one", added, "ms", create.against, ADDED_BOUND),
    ]


def run_cycles(kind: str, cycles: int) -> tuple[int, int]:
    """Resident bytes of a process before and after so many interpreters."""
    script = Path(__file__).with_name("cycles.py")
    command = [sys.executable, str(script), kind, str(cycles)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    first, last = map(int, printed.split())
    return first, last


def measure_memory(cycles: int) -> list[Figure]:
    """The resident memory after so many interpreters, and what each of them left behind."""
    first, last = run_cycles("atoll", cycles)
    plain_first, plain_last = run_cycles("plain", cycles)
    name = f"memory after {cycles:,} interpreters"
    control = Figure("plain ones", plain_last / MEBIBYTE, "MiB")
    return [
        Figure(name, last / MEBIBYTE, "MiB", control, MEMORY_BOUND),
        Figure("left behind by each", (last - first) / cycles / KIBIBYTE, "KiB"),
        Figure(
            "left behind by each plain one", (plain_last - plain_first) / cycles / KIBIBYTE, "KiB"
        ),
    ]


def main() -> int:
    options_parser = parser(__doc__, rounds=20)
    options_parser.add_argument("--cycles", type=int, default=1_000, help="interpreters made")
    options = options_parser.parse_args()
    figures = [*measure_times(options.rounds), *measure_memory(options.cycles)]
    return finish("lifetime", figures, options)


if __name__ == "__main__":
    sys.exit(main())
