"""Collections by several threads while interpreters are made, used, interrupted and closed."""

import random
import sys
import threading
import time

import atoll

# stderr: a finalizer may be interrupted before it has begun
random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else None)
END = time.monotonic() + (float(sys.argv[2]) if len(sys.argv) > 2 else 2)
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


threads = [
    threading.Thread(target=target)
    for target in (collect, collect, tie, tie, renew, spin, interrupt)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors
atoll.gc.collect()
