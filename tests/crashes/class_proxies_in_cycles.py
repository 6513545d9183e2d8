"""Remote classes in cycles, collected while deferred jobs and finalizers ask for them again (half-cleared types)."""

import gc

import atoll

one = atoll.Interpreter("one")
one.exec("""
class C:
    def m(self): return 1
classes = [type("K%d" % i, (C,), {}) for i in range(300)]
def flush(i): return classes[i]
""")
found = []
evaluate = one.eval


class NotTracked:  # no __dict__: the collector does not see it, so __del__ runs in the middle of clearing
    __slots__ = ()

    def __del__(self):
        found.append(evaluate("C"))
        found.append(evaluate("C()"))


for how in range(3):
    kind = evaluate("C")
    instance = kind()
    cycle = {"kind": kind, "dropper": NotTracked(), "instance": instance, "method": instance.m}
    if how == 1:
        cycle = {"dropper": NotTracked(), "kind": kind}
    cycle["me"] = cycle
    if how == 2:
        kind = instance = None
    del kind, instance
    flush = evaluate("flush")
    for index in range(300):
        flush(index)
    del cycle, flush
    gc.collect()
    for each in found:
        repr(each), type(each), each.m, isinstance(evaluate("C()"), evaluate("C"))
    found.clear()
    gc.collect()
    assert evaluate("C")().m() == 1
assert evaluate("C") is evaluate("C")
assert type(evaluate("C()")) is evaluate("C")
one.close()
gc.collect()
