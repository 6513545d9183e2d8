"""What restrict() narrows: special methods, classes, home-coming, cycles, restricting proxies, in the owner itself."""

import gc

import atoll

one = atoll.Interpreter("one")
one.exec("""
import atoll
class C:
    def get(self): return self
    def put(self, x): return [x]
    def __len__(self): return 5
c = C()
narrow = atoll.restrict(c, ["get", "__len__"])
def check(x): return x is narrow
def use(x): return x.get()
""")
narrow = one.eval("narrow")
assert len(narrow) == 5 and one.eval("check")(narrow)
for attempt in (
    lambda: narrow.put(1),
    lambda: narrow.__class__,
    lambda: narrow.__dict__,
    lambda: setattr(narrow, "x", 1),
    lambda: narrow(),
    lambda: narrow[0],
    lambda: narrow.get.__self__.put(1),
    lambda: narrow.get.__func__,
    lambda: atoll.copy(narrow),
    lambda: atoll.type_of(narrow),
    lambda: type(narrow).put(narrow, 1),
    lambda: object.__getattribute__(narrow, "put"),
    lambda: iter(narrow),
    lambda: memoryview(narrow),
    lambda: narrow.__reduce_ex__(4),
    lambda: one.eval("use")(atoll.restrict([1], [])),
):
    try:
        attempt()
    except (AttributeError, TypeError, BufferError):
        continue
    except Exception as error:
        assert "restricted" in str(error) or "pickle" in str(error), error
narrow.get()
hash(narrow), repr(narrow), narrow == narrow, bool(narrow)
mine = atoll.restrict([1, 2], ["append"])
assert one.eval("lambda x: x")(mine) is mine
again = atoll.restrict(narrow, ["__len__"])
one.eval("lambda x: len(x)")(again)
nested = atoll.restrict(atoll.restrict({}, ["get", "__len__"]), ["get"])
try:
    one.eval("lambda x: len(x)")(nested)
except TypeError:
    pass
cycle = [atoll.restrict(narrow, ["get"])]
cycle.append(atoll.restrict(cycle, ["append"]))
del cycle, again, narrow
gc.collect()
one.close()
gc.collect()
