"""os.fork while other threads are inside an interpreter; the child fills and empties its C heap."""

import gc
import threading
import warnings

from children import times
from common.forks import failing_forks

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
one = atoll.Interpreter("one")
numbers = one.eval("[1, 2]")


def child():
    global numbers
    try:
        numbers.append(3)
    except atoll.InterpreterClosedError:
        pass
    else:
        raise AssertionError("a forgotten interpreter answered")
    with atoll.Interpreter("two") as two:
        assert two.eval("[5]").count(5) == 1
    numbers = None
    for _ in range(20):
        [[{} for _ in range(100)], bytearray(5000), "a" * 3000]
    gc.collect()


def visit():
    while not stop.is_set():
        numbers.count(1)
        atoll.copy(numbers)


stop = threading.Event()
visitors = [threading.Thread(target=visit) for _ in range(3)]
for each in visitors:
    each.start()
failed = failing_forks(times(15), child)
stop.set()
for each in visitors:
    each.join()
one.close()
assert not failed, failed
