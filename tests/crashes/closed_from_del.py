"""A `__del__` closes interpreters: its own (refused), another one, at collection and at exit."""

import gc

import atoll

one, two = atoll.Interpreter("one"), atoll.Interpreter("two")


class Closer:
    def __init__(self, target):
        self.target = target
        self.cycle = self

    def __del__(self):
        try:
            self.target.close(5)
        except RuntimeError as error:
            assert "cannot be closed" in str(error), error


Closer(one)
gc.collect()
assert one.is_closed
two.exec("""
class Closer:
    def __init__(self, target): self.target = target; self.cycle = self
    def __del__(self):
        try:
            self.target.close(5)
        except RuntimeError as error:
            assert "cannot be closed" in str(error), error
import gc, atoll
Closer(atoll.current()); gc.collect()
Closer(atoll.main()); gc.collect()
""")
three = atoll.Interpreter("three")
maker = two.eval("Closer")
held = maker(three)  # a Proxy to a Closer in two: two's end closes three
late = maker(two)
del held, late
two.close()
assert three.is_closed and two.is_closed
four = atoll.Interpreter("four")
keep = Closer(four)  # collected while Python finalises
