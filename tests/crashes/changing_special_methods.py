"""Special methods come and go in one interpreter while threads use Proxies in several others."""

import gc
import random
import threading

import atoll

NAMES = "len call iter getitem contains buffer add eq hash bool enter int round neg".split()
owner = atoll.Interpreter("owner")
owner.exec("""
import random
class Base: pass
class Other: pass
class Meta(type): pass
classes = [type("C%d" % i, (Base,), {}) for i in range(4)] + [Meta("D", (Base,), {})]
things = [kind() for kind in classes]
answer = lambda self, *arguments: 1
def change(names, seed):
    rnd = random.Random(seed)
    for _ in range(20):
        kind, name = rnd.choice([Base, Meta, *classes]), "__%s__" % rnd.choice(names)
        if name in vars(kind) and rnd.random() < 0.6:
            delattr(kind, name)
        else:
            setattr(kind, name, rnd.choice([answer, None]))
def rebase(seed):
    classes[0].__bases__ = (Base, Other)[seed % 2],
def more():
    kind = type("E", (Base,), {"__call__": answer})
    return kind()
""")
USE = """
import gc
def use(it):
    for action in (len, iter, bool, hash, int, round, repr, callable, memoryview,
                   lambda it: it(), lambda it: it[0], lambda it: 1 in it, lambda it: it + 1,
                   lambda it: -it, lambda it: it == 5, lambda it: it.missing):
        try:
            action(it)
        except (TypeError, AttributeError, ValueError, RecursionError):
            pass
def use_all(things, seed):
    for thing in things:
        use(thing)
        use(type(thing))
    if seed % 7 == 0:
        gc.collect()
"""
exec(USE)
change, rebase, more = owner.eval("change"), owner.eval("rebase"), owner.eval("more")
things = tuple(owner.eval("tuple(things)"))
holders = [atoll.Interpreter(f"holder {i}") for i in range(2)]
for holder in holders:
    holder.exec(USE)
failures = []


def work(seed):
    rnd = random.Random(seed)
    try:
        for step in range(25):
            change(tuple(NAMES), rnd.randrange(10**9))
            use_all((*things, more()), step)
            rnd.choice(holders).eval("use_all")((*things, more()), step)
            if seed == 0:
                rebase(step)
    except BaseException as error:
        failures.append(error)
        raise


threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures
gc.collect()
for holder in holders:
    holder.close()
owner.close()
