"""Import NumPy in main and then in interpreters; print what each import takes.

Each run is a process of its own, as there is one first import: `python first_import.py`. Prints the
milliseconds of the import in main, in a first interpreter, in a second one, and of the copying in
the second one; then the bytes by which a third one, and one without NumPy, make the process grow.
"""

from __future__ import annotations

import time
from pathlib import Path

import atoll
from atoll import _core

MILLISECONDS, NANOSECONDS, KIBIBYTE = 1e3, 1e9, 2**10


def milliseconds_of(there: atoll.Interpreter) -> float:
    """The time that the import takes in an interpreter."""
    start = time.perf_counter()
    there.import_module("numpy")
    return (time.perf_counter() - start) * MILLISECONDS


def memory() -> int:
    """The memory of this process in bytes; a page that is mapped several times counts once."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIBIBYTE
    raise RuntimeError("/proc/self/smaps_rollup has no Pss")


def make() -> atoll.Interpreter:
    return atoll.Interpreter(preemptive=True)  # a new one: none of these is kept ready


def main() -> None:
    start = time.perf_counter()
    import numpy  # noqa: F401

    in_main = (time.perf_counter() - start) * MILLISECONDS
    first, second = make(), make()
    taken = [in_main, milliseconds_of(first), milliseconds_of(second)]
    copying = second.call(_core.count_private_copies)[3] / NANOSECONDS * MILLISECONDS
    before = memory()
    third = make()
    third.import_module("numpy")
    between = memory()
    plain = make()
    print(*taken, copying, between - before, memory() - between)
    for each in (first, second, third, plain):
        each.close()


if __name__ == "__main__":
    main()
