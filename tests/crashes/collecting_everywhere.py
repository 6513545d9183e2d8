"""Collections by several threads while interpreters are made, used, interrupted, forked and closed."""

import os
import random
import sys
import threading
import time
import warnings

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
choose = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else None)
END = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) > 2 else 4)
errors = []
SOURCE = """
import atoll, gc, weakref
class Node:
    others = ()
    def __init__(self, *others):
        self.others = list(others)
    def add(self, other):
        self.others.append(other)
class Final(Node):
    def __del__(self):
        for other in self.others:
            try:
                hasattr(other, "others")
            except Exception:
                pass  # its interpreter has closed, or was interrupted
        Node(*self.others)
def hold(*others):
    kept = Node(*others)
    kept.add(kept)
"""
atoll.gc.set_threshold(50)


class Local:
    def __init__(self):
        self.others = []


def guarded(function):
    def run():
        while time.monotonic() < END:
            try:
                function()
            except (atoll.InterpreterClosedError, KeyError):
                pass
            except BaseException as error:
                errors.append(error)
                raise

    return run


def make():
    interpreter = atoll.Interpreter(preemptive=random.random() < 0.3)
    interpreter.exec(SOURCE)
    return interpreter


members = [make() for _ in range(3)]
# Imports what is needed: a child that is forked during an import cannot do it again.
assert members[0].eval("[1]").count(1) == 1
members[0].eval("hold")(Local(), atoll.restrict(Local(), ["others"]))


@guarded
def collect():
    atoll.gc.collect()


@guarded
def tie():
    one, two = random.sample(members, 2)
    first = one.eval(random.choice(["Node", "Final"]))()
    second = two.eval(random.choice(["Node", "Final"]))(first)
    local = Local()
    local.others.append(second)
    first.add(random.choice([second, second.add, local, atoll.restrict(local, ["others"])]))
    second.add(type(first))
    one.eval("hold")(first, second)


@guarded
def renew():
    place = random.randrange(len(members))
    old, members[place] = members[place], make()
    time.sleep(0.05)
    old.close()


@guarded
def spin():
    random.choice(members).exec("for i in range(100_000): pass")


@guarded
def interrupt():
    random.choice(members).interrupt(KeyError("interrupted"))
    time.sleep(0.02)


def fork():
    child = os.fork()
    if child == 0:
        with atoll.Interpreter() as new:
            there = new.eval("[]")
            there.append([there])
            del there
            freed = atoll.gc.collect()
        if freed != 2:
            print('freed', freed, atoll.gc.statistics(), atoll.gc.graph(), atoll.gc.collect(), file=sys.stderr, flush=True)
        os._exit(0 if freed == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


threads = [
    threading.Thread(target=target) for target in (collect, collect, tie, tie, renew, spin, interrupt)
]
for thread in threads:
    thread.start()
while time.monotonic() < END:
    fork()
    time.sleep(0.1)
for thread in threads:
    thread.join()
assert not errors
atoll.gc.collect()
