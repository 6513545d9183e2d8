"""Objects whose `__class__` changes, classes whose bases and methods change, modules with a class of their own."""

import atoll

one = atoll.Interpreter("one")
one.exec("""
import sys, types
class A:
    def m(self): return "A"
    def __len__(self): return 1
class B:
    def m(self): return "B"
    def __call__(self): return 2
class Lying:
    @property
    def __class__(self): return dict
class Failing:
    @property
    def __class__(self): raise ZeroDivisionError
a = A()
def change(to): a.__class__ = to
class Base1:
    def n(self): return 1
class Base2:
    def n(self): return 2
class Derived(Base1): pass
d = Derived()
class Module(types.ModuleType):
    def __getattr__(self, name): return name
sys.modules["changing"] = types.ModuleType("changing")
sys.modules["changing"].__class__ = Module
def temporary():
    global a
    for i in range(200):
        a.__class__ = type("T%d" % i, (A,), {"m": lambda self, i=i: i})
        yield i
""")
a, change = one.eval("a"), one.eval("change")
A, B = one.eval("A"), one.eval("B")
for _ in range(20):
    assert a.m() == "A" and len(a) == 1
    change(B)
    assert a.m() == "B"
    change(A)
change(B)
del a
again = one.eval("a")
assert again.m() == "B" and again() == 2
method = again.m
change(A)
assert method() in ("A", "B")
for value in one.eval("temporary()"):
    assert one.eval("a").m() == value
for name in ("Lying()", "Failing()"):
    thing = one.eval(name)
    for use in (repr, type, lambda x: x.__class__, lambda x: isinstance(x, dict)):
        try:
            use(thing)
        except ZeroDivisionError:
            pass
d = one.eval("d")
assert d.n() == 1
one.exec("Derived.__bases__ = (Base2,)")
assert d.n() == 2
one.exec("Derived.n = 5")
assert d.n == 5
assert one.import_module("changing").anything == "anything"
local = one.eval("A()")
try:
    object.__setattr__(local, "__class__", type(one.eval("B()")))
except (TypeError, AttributeError):
    pass
try:
    local.m()
except AttributeError:
    pass
one.close()
