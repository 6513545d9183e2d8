"""Exceptions in `__del__`, `__hash__`, `__eq__`, `__repr__`, `__bool__`, `__len__`, `__getattribute__`."""

import gc
import sys

import atoll

seen = []
sys.unraisablehook = lambda unraisable: seen.append(unraisable.exc_type)
one = atoll.Interpreter("one")
one.exec("""
import sys
seen = []
sys.unraisablehook = lambda unraisable: seen.append(unraisable.exc_type)
class Bad:
    def bad(self, *args): raise ZeroDivisionError("bad")
    __del__ = __hash__ = __eq__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = __call__ = bad
    __getitem__ = __contains__ = __enter__ = __exit__ = __add__ = __radd__ = __format__ = bad
class Worse:
    def __getattribute__(self, name): raise ZeroDivisionError(name)
class Exit:
    def __hash__(self): raise SystemExit(9)
    def __repr__(self): raise KeyboardInterrupt
def take(x):
    try:
        return repr(x)
    except ZeroDivisionError:
        return "caught"
""")
bad = one.eval("Bad()")
for attempt in (
    lambda: hash(bad),
    lambda: bad == 1,
    lambda: repr(bad),
    lambda: str(bad),
    lambda: bool(bad),
    lambda: len(bad),
    lambda: list(bad),
    lambda: bad(),
    lambda: bad[1],
    lambda: 1 in bad,
    lambda: bad + 1,
    lambda: 1 + bad,
    lambda: f"{bad}",
    lambda: {bad: 1},
    lambda: bad.__enter__(),
    lambda: one.eval("Worse()").anything,
):
    try:
        attempt()
    except ZeroDivisionError:
        pass
    else:
        raise AssertionError(attempt)
try:
    hash(one.eval("Exit()"))
except SystemExit as error:
    assert error.code == 9
try:
    repr(one.eval("Exit()"))
except KeyboardInterrupt:
    pass


class Mine:
    def __repr__(self):
        raise ZeroDivisionError

    def __del__(self):
        raise ZeroDivisionError


assert one.eval("take")(Mine()) == "caught"
del bad
one.eval("1")  # runs the deferred job
assert one.eval("seen == [ZeroDivisionError]"), one.eval("str(seen)")
gc.collect()
one.close()
assert set(seen) <= {ZeroDivisionError}
sys.unraisablehook = lambda unraisable: None
