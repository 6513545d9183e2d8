"""Recursion across interpreters in threads with small stacks: RecursionError, not a segfault."""

import sys
import threading

import atoll

SOURCE = """
class Node:
    def down(self, level, other):
        return 0 if level == 0 else 1 + other.down(level - 1, self)
    def fail(self, level, other):
        if level == 0: raise ValueError("bottom")
        return other.fail(level - 1, self)
    def same(self, f, level):
        return 0 if level == 0 else 1 + f(self.same, f, level - 1)
"""
exec(SOURCE)
one = atoll.Interpreter("one")
one.exec(SOURCE)
here, there = Node(), one.eval("Node()")
failures = []


def run():
    try:
        assert here.down(20, there) == 20
        for _ in range(3):
            try:
                here.down(900, there)
            except (RecursionError, MemoryError):  # the compiler's own word for it
                pass
        assert here.down(10, there) == 10
    except BaseException as error:
        failures.append(error)


for size in (256, 512, 1024, 4096):
    threading.stack_size(size * 1024)
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert not failures, failures
one.close()
