"""Slots for attributes, called by hand with names that are no strings: of proxies, classes, methods, restricted."""

import atoll

one = atoll.Interpreter("one")
one.exec("""
import atoll
class M(type): pass
class C(metaclass=M):
    def get(self): pass
narrow = atoll.restrict(C(), ["get"])
""")
cls, narrow = one.eval("C"), one.eval("narrow")
whole = one.eval("C()")
local = atoll.restrict([], ["append"])
for obj in cls, whole, whole.get, narrow, narrow.get, local, local.append:
    for name in 1, None, b"x", [], object():
        for use in (
            lambda: type(obj).__getattribute__(obj, name),
            lambda: type(obj).__setattr__(obj, name, 1),
            lambda: type(obj).__delattr__(obj, name),
        ):
            try:
                use()
            except (TypeError, AttributeError):
                continue
            raise AssertionError(obj)
