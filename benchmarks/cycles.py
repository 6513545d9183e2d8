"""Make and close interpreters one after another; print the memory they leave behind.

A process of its own for each run: `python cycles.py atoll 1000`, and as its control
`python cycles.py plain 1000`, which does `pass` in a plain sub-interpreter of CPython. Both begin
with a few of both kinds, so that they differ in nothing but the interpreters that follow. Prints
two numbers: the resident bytes before those, and after.
"""

from __future__ import annotations

import _interpreters  # private; there in 3.13, 3.14 and 3.15
import os
import sys
from pathlib import Path

import atoll

WARM_UP = 3  # of both kinds, before the first look: what is loaded and cached once stays


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
    for _ in range(WARM_UP):
        cycle_atoll()
        cycle_plain()
    first = resident_bytes()
    for _ in range(int(sys.argv[2])):
        cycle()
    print(first, resident_bytes())


if __name__ == "__main__":
    main()
