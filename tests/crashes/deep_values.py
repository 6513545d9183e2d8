"""Tuples nested 100,000 deep, self-containing exceptions, long chains of causes."""

import threading

import atoll

one = atoll.Interpreter("one")
one.exec("""
def echo(x): return x
def make(n):
    x = ()
    for _ in range(n): x = (x,)
    return x
def chain(n):
    try:
        if n: chain(n - 1)
    except ValueError as e:
        raise ValueError(n) from e
    raise ValueError(0)
def knot():
    a, b = ValueError("a"), KeyError("b")
    a.__cause__, b.__cause__, a.args = b, a, (b, a)
    raise a
""")


def nested(count, inner=()):
    for _ in range(count):
        inner = (inner,)
    return inner


def run():
    for depth in (10, 31, 32, 33, 100):
        assert one.eval("echo")(nested(depth)) == nested(depth)
        one.eval("echo")(nested(depth, ([],)))
    for operation in (
        lambda: one.eval("echo")(nested(100_000)),
        lambda: one.eval("echo")(nested(100_000, ([],))),
        lambda: one.eval("make")(100_000),
        lambda: one.eval("chain")(300),
        lambda: one.eval("knot")(),
        lambda: one.eval("echo")(slice(nested(200), slice(1, [], 2))),
    ):
        try:
            operation()
        except (RecursionError, ValueError, MemoryError):
            pass


run()
threading.stack_size(512 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
assert one.eval("echo")(1) == 1
one.close()
