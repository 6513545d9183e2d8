"""Callbacks of weak references to proxies use proxies, ask for the dying object again, close."""

import gc
import weakref

import atoll

one = atoll.Interpreter("one")
one.exec("kept = [[i] for i in range(10)]\nclass C: pass")
get = one.eval("kept.__getitem__")
called = []


def again(index):
    def callback(reference):
        assert reference() is None
        other = get(index)  # the same export, a new Proxy
        called.append(other[0])
        other.append(1)

    return callback


references = []
for index in range(10):
    proxy = get(index)
    references.append(weakref.ref(proxy, again(index)))
    del proxy
assert called == list(range(10)), called
# Not at exit: the interpreter is closed by then.
finalizers = [weakref.finalize(get(i), called.append, i) for i in range(10)]
for finalizer in finalizers:
    finalizer.atexit = False
gc.collect()
proxy = get(0)
weakref.finalize(proxy, one.close, 5)
kind = one.eval("C")
instance = kind()
weakref.finalize(kind, called.append, "class")
table = weakref.WeakKeyDictionary({instance: 1, get: 2})
values = weakref.WeakValueDictionary({1: instance})
assert len(table) == 2
del proxy, instance, finalizers
gc.collect()
assert one.is_closed
try:
    get(0)
except atoll.InterpreterClosedError:
    pass
assert len(table) == 1 and len(values) == 0
