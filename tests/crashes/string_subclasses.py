"""str subclasses as attribute names, keyword names, dict keys, and as values."""

import gc

import atoll


class Name(str):
    __slots__ = ("extra",)

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return str(self) == str(other)


class Number(int):
    pass


one = atoll.Interpreter("one")
one.exec("""
class C:
    def f(self, *args, **kwargs): return sorted(kwargs), [type(each).__name__ for each in kwargs]
c = C()
""")
c = one.eval("c")
for number in range(500):
    name = Name(f"x{number}é")
    for operation in (
        lambda: setattr(c, name, number),
        lambda: getattr(c, name),
        lambda: c.f(**{name: 1}),
        lambda: c.f(name, Number(5), key=name),
        lambda: delattr(c, name),
    ):
        try:
            operation()
        except (TypeError, AttributeError):
            pass
    del name
    gc.collect(0)
one.exec("import gc; gc.collect()")
one.close()
