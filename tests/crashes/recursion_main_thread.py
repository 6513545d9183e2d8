"""Recursion 100,000 deep across interpreters on the main thread, the recursion limit raised everywhere."""

import sys

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
sys.setrecursionlimit(1_000_000)
exec(SOURCE)
one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
for each in (one, two):
    each.exec("import sys; sys.setrecursionlimit(1_000_000)")
    each.exec(SOURCE)
here, there, third = Node(), one.eval("Node()"), two.eval("Node()")
for a, b in ((here, there), (there, third), (there, here)):
    assert a.down(200, b) == 200
    try:
        a.down(100_000, b)
    except RecursionError:
        pass
    else:
        raise AssertionError("no RecursionError")
    assert a.down(50, b) == 50
    try:
        a.fail(50, b)
    except ValueError as error:
        assert error.args == ("bottom",)
one.close()
two.close()
