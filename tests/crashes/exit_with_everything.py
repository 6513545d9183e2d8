"""The process ends with live interpreters, proxies in cycles, views, kept exceptions, atexit callbacks on both sides."""

import atexit
import sys
import threading

import atoll

one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
numbers = one.eval("[1, 2]")
atexit.register(lambda: numbers.append(3))  # registered after ours: runs before the closing


@atexit.register
def late():
    assert numbers[0] == 1
    sys.modules["kept"] = numbers


two.exec("""
import atexit
def register(f, x):
    atexit.register(f, x)
class Cycle:
    def __init__(self, x): self.x, self.me = x, self
    def __del__(self): self.x
kept = []
""")
two.eval("register")(lambda x: x.append(4), numbers)
cycle = [two.eval("Cycle")(numbers)]
cycle.append(cycle)
two.eval("kept").append(cycle)
two.eval("Cycle")(cycle)


class Last:
    def __del__(self):
        try:
            numbers.append(5)
        except (ReferenceError, TypeError, ImportError):
            pass


sys.modules["last"] = Last()
last = Last()
try:
    one.exec("raise ValueError([1])")
except ValueError as error:
    sys.last = error
view = memoryview(one.eval("bytearray(3)"))
view.release()
worker = threading.Thread(target=lambda: [numbers.append(1) for _ in range(2000)])
worker.start()
