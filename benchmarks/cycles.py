"""Make and close interpreters one after another; print the memory they leave behind.

Each run is a process of its own: `python cycles.py atoll 1000`, and as its control
`python cycles.py plain 1000`, which does `pass` in a plain sub-interpreter of CPython. Both begin
with a few of both kinds, so that the runs differ only in the interpreters that follow. Prints two
numbers: the resident bytes before these interpreters, and after.
"""

from __future__ import annotations

import _interpreters  # private; there in 3.13, 3.14 and 3.15
import os
import sys
from pathlib import Path

import atoll

FIRST = 3  # interpreters of both kinds before the first measurement: code and caches stay loaded


def cycle_atoll() -> None:
    atoll.Interpreter().close()


def cycle_plain() -> None:
    identity = _interpreters.create("isolated")
    _interpreters.exec(identity, "pass")
    _interpreters.destroy(identity)


CYCLES = {"atoll": cycle_atoll, "plain": cycle_plain}


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    cycle = CYCLES[sys.argv[1]]
    for _ in range(FIRST):
        cycle_atoll()
        cycle_plain()
    first = resident_bytes()
    for _ in range(int(sys.argv[2])):
        cycle()
    print(first, resident_bytes())


if __name__ == "__main__":
    main()
