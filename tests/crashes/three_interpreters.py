"""Proxies of proxies across three interpreters: identity, coming home, the middle one closes."""

import gc

import atoll

one, two, three = (atoll.Interpreter(name) for name in ("one", "two", "three"))
for each in (one, two, three):
    each.exec(
        "kept = []\ndef keep(x): kept.append(x); return x\ndef last(): return kept[-1]\nclass C:\n    def __init__(self, x=None): self.x = x"
    )
numbers = one.eval("[1, 2]")
assert two.eval("keep")(numbers) is numbers
assert three.eval("keep")(two.eval("last")()) is numbers
assert atoll.owner(three.eval("last")()) is one
wrapped = two.eval("C")(three.eval("C")(one.eval("C")(numbers)))
assert wrapped.x.x.x is numbers
assert atoll.owner(wrapped.x) is three and atoll.owner(wrapped.x.x) is one
mine = {}
assert two.eval("C")(three.eval("C")(mine)).x.x is mine
assert one.eval("lambda f, g, x: f(g(x))")(two.eval("keep"), three.eval("keep"), mine) is mine
bound = wrapped.x.x.x.append
two.eval("keep")(bound)(3)
assert list(numbers) == [1, 2, 3]
kind = three.eval("C")
assert type(kind()) is kind and two.eval("keep")(kind) is kind
assert two.eval("isinstance")(kind(), kind)
three.close()
try:
    wrapped.x.x
    raise AssertionError
except atoll.InterpreterClosedError:
    pass
for use in (
    repr,
    lambda x: x(),
    lambda x: x.__name__,
    lambda x: isinstance(1, x),
    two.eval("keep"),
    atoll.owner,
    type,
    hash,
):
    try:
        use(kind)
    except (atoll.InterpreterClosedError, TypeError):
        pass
try:
    two.eval("kept[-1].x")
except (atoll.InterpreterClosedError, AttributeError):
    pass
del wrapped, kind
gc.collect()
two.close()
one.close()
