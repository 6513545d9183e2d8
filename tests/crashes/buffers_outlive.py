"""memoryviews that outlive their proxy, their thread, their holder's interpreter; close while they are in use."""

import gc
import threading

import atoll

one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
view = memoryview(one.eval("bytearray(b'x' * 100)"))
gc.collect()
one.eval("1")
view[0] = 65
assert bytes(view[:2]) == b"Ax"
sub = view[10:20]
view.release()
try:
    one.close(0.1)
    raise AssertionError("closed under a view")
except BufferError:
    pass
assert one.eval("1 + 1") == 2
thread = threading.Thread(target=sub.release)
thread.start()
thread.join()
two.exec("""
kept = []
class Cycle:
    def __init__(self, x): self.view, self.me = memoryview(x), self
def keep(x): kept.append(memoryview(x)); Cycle(x)
""")
mine = bytearray(10)
keep = two.eval("keep")
keep(mine)
keep(one.eval("bytearray(5)"))
del keep
two.close()
gc.collect()
mine.append(1)  # no view is left
for bad in ("[]", "object()", "b''", "'text'"):
    try:
        memoryview(one.eval(f"__import__('atoll').ref({bad})"))
    except (TypeError, BufferError):
        pass
one.exec("b = bytearray(10)")
held = memoryview(one.eval("b"))
try:
    one.exec("b.append(1)")
except BufferError:
    pass
del held
one.exec("b.append(1)")
one.close()
last = atoll.Interpreter("last")
still = memoryview(last.eval("bytearray(3)"))  # in use at exit
