"""The cycle collector runs at every allocation, in both interpreters, while values are packed."""

import gc

import atoll

one = atoll.Interpreter("one")
one.exec("""
import gc
gc.set_threshold(1, 1, 1)
class C:
    def __init__(self): self.me = self
    def echo(self, *a, **k): C(); return a, tuple(k.items())
    def __del__(self): [[], {}, ()]
def fail(): raise ExceptionGroup("g", [ValueError([1]), KeyError({})])
c = C()
""")
gc.set_threshold(1, 1, 1)
c, fail = one.eval("c"), one.eval("fail")
for number in range(300):
    mine = [number]
    args, kwargs = c.echo(mine, (mine, {"a": 1}), frozenset({(1, 2)}), k=mine, z=[[]])
    assert args[0] is mine and kwargs[0] == ("k", mine)
    (
        one.eval("C()"),
        one.eval("C"),
        one.eval("type('T', (), {})()"),
        one.eval("[C() for _ in range(5)]"),
    )
    try:
        fail()
    except ExceptionGroup:
        pass
    cycle = [c.echo, one.eval("C()")]
    cycle.append(cycle)
    del cycle
gc.set_threshold(700, 10, 10)
one.close()
