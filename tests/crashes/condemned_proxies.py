"""Whatever is asked for again while `gc` frees it is whole, and the only one of its object."""

import gc
import itertools
import weakref

import atoll

gc.disable()
one = atoll.Interpreter("one")
one.exec("""
class Meta(type):
    def __len__(cls): return 5
class C(metaclass=Meta):
    def __len__(self): return 3
    def itself(self): return self
c = C()
def get_class(): return C
def get(): return c
def get_new(): return C()
def get_others(): return [type("Other%d" % i, (), {})() for i in range(130)]
""")
get, get_class, get_new = one.eval("get"), one.eval("get_class"), one.eval("get_new")
get_others = one.eval("get_others")
references = []


class Finalized:
    """Its finalizer runs before anything is emptied."""

    def __init__(self, ask):
        self.ask = ask

    def __del__(self):
        self.ask()


def in_finalizer(ask):
    return Finalized(ask)


def in_callback(ask):
    trigger = Finalized(int)  # its weak reference is told before finalizers run
    references.append(weakref.ref(trigger, lambda _: ask()))
    return trigger


def while_emptying(ask):
    code = compile("1", "x", "eval")  # not the collector's: it goes when what holds it is emptied
    references.append(weakref.ref(code, lambda _: ask()))
    return code


def leave_cache():
    """Have so many other classes met that it does not keep C."""
    list(get_others())


def check(kept):
    gc.collect()
    gc.collect()
    for each in kept:
        if isinstance(each, type):
            assert each is get_class()
            assert len(each) == 5
        else:
            assert type(each) is get_class() is each.__class__
            assert len(each) == 3
            assert each.itself() is each
    assert get() is get()


def run(trigger, ask, is_first, is_held, position, has_method):
    kept = []

    def asked():
        kept.append(ask())

    cycle = [], []
    if is_first:  # older than the class, so that it may be emptied before
        cycle[0].append(trigger(asked))
    p = get() if is_held else get_class()
    if not is_first:
        cycle[0].append(trigger(asked))
    holder = [p, p.itself if has_method and is_held else None]
    cycle[position].append(holder)
    cycle[0].append(cycle)
    cycle[1].append(cycle)
    del p, holder, cycle
    leave_cache()
    gc.collect()
    assert len(kept) == 1, kept
    check(kept)


gc.freeze()  # what there is by now need not be looked at each time
triggers = [in_finalizer, in_callback, while_emptying]
questions = [get, get_class, get_new]
flags = [True, False]
for case in itertools.product(triggers, questions, flags, flags, [0, 1], flags):
    _, _, is_first, is_held, _, has_method = case
    if has_method and not is_held:
        continue  # there is none
    if is_first:
        leave_cache()  # so that the class is made anew, after the cycle
    run(*case)
    references.clear()
    gc.collect()
    gc.collect()
one.close()
gc.collect()
