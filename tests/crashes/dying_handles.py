"""Handles are asked for while they are being freed, by this thread and by another."""

import gc
import threading
import weakref

import atoll


class Jobs(atoll.Queue):
    """With a dict, which is cleared while the handle is being freed."""


class Slotted(atoll.Queue):
    __slots__ = ("last",)


class Pixels(atoll.Buffer):
    """With a dict."""


class Last:
    """Calls a function when it ends."""

    def __init__(self, function):
        self.function = function

    def __del__(self):
        self.function()


class Deep(atoll.Queue):
    """Holds another one: so long a chain is freed by CPython in pieces (trashcan)."""


def check(found, kind, others):
    assert type(found) is kind, found
    assert not any(each is found for each in others)
    others.clear()
    gc.collect()
    if kind is atoll.Buffer:
        assert found.nbytes == 8
    else:
        found.put(5)
        assert found.get() == 5


gc.disable()  # the collector empties in the order of age, which a collection in between changes
control = atoll.Queue()
revived = []


def ask_in_dealloc(make, kind):
    """By its own attribute."""
    handle, found = make(), []
    control.put(handle)
    handle.last = Last(lambda: found.append(control.get_nowait()))
    del handle
    check(found.pop(), kind, [make() for _ in range(5)])


def ask_in_callback(make, kind):
    """By a weak reference's callback."""
    handle, found = make(), []
    control.put(handle)
    reference = weakref.ref(handle, lambda _: found.append(control.get_nowait()))
    del handle
    assert reference() is None
    check(found.pop(), kind, [make() for _ in range(5)])


def ask_in_another_thread(make, kind):
    """By another thread, while an attribute's end lets the GIL go."""
    handle, found, asked, done = make(), [], threading.Event(), threading.Event()
    control.put(handle)

    def ask():
        asked.wait()
        found.append(control.get_nowait())
        done.set()

    def last():
        asked.set()
        done.wait()

    thread = threading.Thread(target=ask)
    thread.start()
    handle.last = Last(last)
    del handle
    thread.join()
    check(found.pop(), kind, [make() for _ in range(5)])


def ask_in_a_deep_chain():
    """While CPython has put it aside, with count zero."""
    handle, found = Deep(), []
    control.put(handle)
    handle.last = Last(lambda: found.append(control.get_nowait()))
    chain = handle
    del handle
    for _ in range(5000):
        chain = [chain]
        outer = Deep()
        outer.inner = chain
        chain = outer
    del outer
    del chain
    check(found.pop(), atoll.Queue, [Deep() for _ in range(5)])


class Revived(atoll.Queue):
    """Its finalizer asks for itself, which keeps it."""

    def __del__(self):
        revived.append(control.get_nowait())


def ask_in_its_finalizer():
    handle = Revived()
    handle.name = "jobs"
    control.put(handle)
    number = id(handle)
    del handle
    kept = revived.pop()
    assert type(kept) is Revived
    assert id(kept) == number
    assert kept.name == "jobs"
    control.put(kept)
    assert control.get() is kept
    kept.put(1)
    assert kept.get() == 1


def ask_in_a_cycle(is_finalizer):
    """Condemned by the collector: finalizers get it as it is, and keep it so."""
    handle, found = Jobs(), []
    handle.itself = [handle]
    handle.name = "jobs"
    control.put(handle)
    number = id(handle)
    if is_finalizer:
        trigger = Last(lambda: found.append(control.get_nowait()))
    else:
        trigger = compile("1", "x", "eval")  # it goes when what holds it is emptied
        reference = weakref.ref(trigger, lambda _: found.append(control.get_nowait()))
    holder = [trigger, handle]
    holder.append(holder)
    del handle, holder, trigger
    gc.collect()
    kept = found.pop()
    if is_finalizer:
        assert id(kept) == number
        assert kept.itself == [kept]
        assert kept.name == "jobs"
    else:
        del reference
    gc.collect()
    control.put(kept)
    assert control.get() is kept
    kept.put(1)
    assert kept.get() == 1


def ask_while_it_is_emptied():
    """By its own attribute, which the collector clears."""
    handle, found = Jobs(), []
    control.put(handle)
    code = compile("1", "x", "eval")  # not the collector's: it has no finalizer that goes before
    reference = weakref.ref(code, lambda _: found.append(control.get_nowait()))
    handle.cycle = [code, handle]
    del handle, code
    gc.collect()
    del reference
    control.put(found[0])
    assert control.get() is found[0]
    check(found.pop(), Jobs, [Jobs() for _ in range(5)])


for _ in range(3):
    ask_while_it_is_emptied()
    for make, kind in (
        (Jobs, atoll.Queue),
        (Slotted, atoll.Queue),
        (lambda: Pixels(8), atoll.Buffer),
    ):
        ask_in_dealloc(make, kind)
        ask_in_callback(make, kind)
        ask_in_another_thread(make, kind)
    ask_in_a_deep_chain()
    ask_in_its_finalizer()
    ask_in_a_cycle(is_finalizer=True)
    ask_in_a_cycle(is_finalizer=False)
gc.collect()
