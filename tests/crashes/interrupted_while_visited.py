"""Threads are interrupted while visitors import in their interpreters and the collector calls."""

# stderr: as with Ctrl-C, importlib leaves a file open that it had just opened when broken off

import io
import threading

from children import times
from common.spinning import Interrupted, be_silent, interrupt_at_once, spin

import atoll

be_silent()
are_done = threading.Event()
ends = []


def interrupt():
    for number in range(times(4)):
        interrupt_at_once(spin, Interrupted(number), 180)
    ends.append(None)


def visit():
    while not are_done.is_set():
        try:
            atoll.gc.graph()  # imports atoll.gc everywhere
        except atoll.InterpreterClosedError:
            pass


def look():
    while not are_done.is_set():
        atoll.dump_traceback(io.StringIO())
        atoll.gc.collect()


interrupting = [threading.Thread(target=interrupt, daemon=True) for _ in range(2)]
others = [threading.Thread(target=each, daemon=True) for each in (visit, visit, look)]
for each in interrupting + others:
    each.start()
for each in interrupting:
    each.join()
are_done.set()
assert len(ends) == 2, "what never ends has ended in another way, or not at all"
for each in others:
    each.join()
