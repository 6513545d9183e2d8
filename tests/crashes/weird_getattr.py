"""`__getattr__` and descriptors that return proxies, themselves, classes, delete themselves, close interpreters."""

import atoll

one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
one.exec("""
import atoll
class Weird:
    hook = None
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return self.hook(self, name) if self.hook else self
    def __setattr__(self, name, value):
        if name == "hook": object.__setattr__(self, name, value)
    def __dir__(self): return [1, None, "a", self]
    def __len__(self): return -5
    def __index__(self): return "x"
    def __bool__(self): return 7
    def __iter__(self): return self
    def __hash__(self): return 10**30
    def __str__(self): return 5
    def __instancecheck__(self, x): return []
weird = Weird()
""")
weird = one.eval("weird")
assert weird.anything is weird and weird.a.b.c is weird
hooks = [
    lambda self, name: self,
    lambda self, name: [self],
    lambda self, name: type(self),
    lambda self, name: getattr,
    lambda self, name: self.other,
    lambda self, name: two.eval("[]"),
    lambda self, name: 1 / 0,
    lambda self, name: self.__class__,
]
for hook in hooks:
    weird.hook = hook
    for name in ("a", "b", "method", "m" * 300):
        try:
            getattr(weird, name)
            getattr(weird, name)()
        except (TypeError, ZeroDivisionError, RecursionError, AttributeError):
            pass
weird.hook = None
for use in (
    dir,
    len,
    bool,
    iter,
    hash,
    str,
    range,
    lambda x: [1][x],
    lambda x: isinstance(1, x),
    list,
    reversed,
    lambda x: f"{x:>10}",
    lambda x: x @ x,
    memoryview,
    float,
    lambda x: x.__dict__,
    lambda x: vars(x),
):
    try:
        use(weird)
    except (TypeError, ValueError, RecursionError, AttributeError, OverflowError):
        pass
weird.hook = lambda self, name: two.close(5)
weird.now
assert two.is_closed
one.close()
