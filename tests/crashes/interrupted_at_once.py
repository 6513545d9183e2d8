"""Threads interrupted as soon as that is possible: each ends by it, none of them misses it."""

from children import times
from common.spinning import be_silent, interrupt_at_once


def spin():  # goes by value
    while True:
        pass


be_silent()
for number in range(times(20)):
    interrupt_at_once(spin, KeyboardInterrupt(number), 60)
