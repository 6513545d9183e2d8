"""What it costs to make an interpreter, import atoll in it and close it; what memory stays."""

from __future__ import annotations

import _interpreters  # private; there in 3.13, 3.14 and 3.15
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from report import Bound, Figure, finish, parser

import atoll

IMPORT_BOUND = 3.0  # milliseconds
MEMORY_BOUND = 1.05  # of the control run
MEBIBYTE = 2**20

TIME_IMPORT = """
import os, sys, time
sys.path[:] = path.split(os.pathsep)
start = time.perf_counter_ns()
import {module}
os.write(pipe, str(time.perf_counter_ns() - start).encode())
"""

Times = dict[str, float]  # milliseconds by name


def elapsed(function: Callable[[], object]) -> float:
    """Milliseconds that a call takes."""
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def time_atoll() -> Times:
    """The life of one Interpreter."""
    start = time.perf_counter()
    interpreter = atoll.Interpreter()
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


def time_import(module: str) -> float:
    """Milliseconds to import a module in a new plain interpreter."""
    reader, writer = os.pipe()
    identity = _interpreters.create("isolated")
    try:
        shared = {"pipe": writer, "path": os.pathsep.join(sys.path)}
        failure = _interpreters.exec(identity, TIME_IMPORT.format(module=module), shared)
        if failure is not None:
            raise ImportError(failure.formatted)
        return int(os.read(reader, 64)) / 1e6
    finally:
        _interpreters.destroy(identity)
        os.close(reader)
        os.close(writer)


def measure_times(rounds: int) -> list[Figure]:
    """The best times of both kinds of interpreter, in turns."""
    ours, plain, imports = [], [], []
    for _ in range(rounds):
        ours.append(time_atoll())
        plain.append(time_plain())
        imports.append(time_import("atoll"))
    return [
        *(_compare(name, ours, plain) for name in ("create", "first call", "close")),
        Figure("import atoll in a new one", min(imports), "ms", None, Bound(IMPORT_BOUND, "value")),
    ]


def _compare(name: str, ours: list[Times], plain: list[Times]) -> Figure:
    control = Figure(f"plain, {name}", min(times[name] for times in plain), "ms")
    return Figure(name, min(times[name] for times in ours), "ms", control)


def run_cycles(kind: str, cycles: int) -> tuple[int, int]:
    """Resident bytes of a process before and after so many interpreters."""
    script = Path(__file__).with_name("cycles.py")
    command = [sys.executable, str(script), kind, str(cycles)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    first, last = map(int, printed.split())
    return first, last


def measure_memory(cycles: int) -> list[Figure]:
    first, last = run_cycles("atoll", cycles)
    plain_first, plain_last = run_cycles("plain", cycles)
    control = Figure("plain interpreters", plain_last / MEBIBYTE, "MiB")
    control_growth = Figure("plain interpreters", (plain_last - plain_first) / cycles / 1024, "KiB")
    return [
        Figure(
            f"memory after {cycles:,} interpreters",
            last / MEBIBYTE,
            "MiB",
            control,
            Bound(MEMORY_BOUND),
        ),
        Figure("growth per interpreter", (last - first) / cycles / 1024, "KiB", control_growth),
    ]


def main() -> int:
    options_parser = parser(__doc__, rounds=20)
    options_parser.add_argument("--cycles", type=int, default=1_000, help="interpreters made")
    options = options_parser.parse_args()
    figures = [*measure_times(options.rounds), *measure_memory(options.cycles)]
    return finish("lifetime", figures, options)


if __name__ == "__main__":
    sys.exit(main())
