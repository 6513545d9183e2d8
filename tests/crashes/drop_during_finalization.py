"""Proxies into main and a third interpreter are dropped while their holder is finalised."""

import gc
import time

import atoll

dropped = []


class Home:
    def __del__(self):
        dropped.append(1)


third = atoll.Interpreter("third")
third.exec("class T:\n    pass")
holder = atoll.Interpreter("holder")
holder.exec("""
import atexit, builtins, sys
kept = []
class Cycle:
    def __init__(self, *what): self.what, self.me = what, self
    def __del__(self):
        for each in self.what: repr(each)
def keep(*what):
    kept.extend(what)
    Cycle(*what)
    sys.modules["kept in modules"] = Cycle(*what)
    builtins.kept_in_builtins = Cycle(*what)
    atexit.register(lambda: [repr(each) for each in what])
    sys.kept = Cycle(*what)
""")
keep = holder.eval("keep")
for _ in range(50):
    keep(Home(), third.eval("T()"), [1], third.eval("T"), Home)
del keep
holder.close()
gc.collect()
while len(dropped) < 50 or third.statistics().exports > 3:
    time.sleep(0.001)  # another thread may be about to drop the last one
assert len(dropped) == 50
third.close()
