"""A thousand attributes and methods, dynamic names, twenty thousand names, names that are no identifiers."""

import atoll

one = atoll.Interpreter("one")
one.exec("""
class C:
    pass
for i in range(1000):
    setattr(C, f"method{i}", lambda self, i=i: i)
c = C()
""")
c = one.eval("c")
for i in range(1000):
    assert getattr(c, f"method{i}")() == i
    setattr(c, f"attribute{i}", i)
for i in range(1000):
    assert getattr(c, f"attribute{i}") == i
    assert getattr(c, f"method{i}")() == i
    delattr(c, f"attribute{i}")
    assert not hasattr(c, f"attribute{i}")
for i in range(20_000):
    setattr(c, f"name{i}", 1)
exec("\n".join(f"c.interned{i} = {i}" for i in range(17_000)))
assert c.interned16999 == 16_999 and c.name19999 == 1
for name in ("", " ", "a b", "\0", "x" * 100_000, "é" * 1000, "\ud800", "__class__x", "for"):
    setattr(c, name, 5)
    assert getattr(c, name) == 5
    assert name in vars(c)
one.close()
