"""Types of the core, their bases, attributes, instances and `__class__`: changed by all means."""

import copy
import copyreg
import itertools
import pickle

import atoll
from atoll import _core

inside = {
    name: getter.__get__ for name, getter in type.__dict__.items() if hasattr(getter, "__get__")
}
set_class = object.__dict__["__class__"].__set__

there, spare = atoll.Interpreter("there"), atoll.Interpreter("spare")
there.exec("""
import atoll
class Meta(type): pass
class Class(metaclass=Meta):
    def __len__(self): return 3
    def method(self): return 1
""")


def objects():
    proxy = there.eval("Class()")
    workers = _core.WorkerPool(1, _core.Task)
    workers.end(1)
    values = "[1]; {1: 2}; len; bytearray(3); lambda: 1; Class; Meta; atoll.restrict([1], ['pop'])"
    waker, queue, buffer = _core.EventfdWaker(), atoll.Queue(), atoll.Buffer(16)
    return [
        *map(there.eval, values.split("; ")),
        *(proxy, proxy.method, proxy.__len__, inside["__dict__"](type(proxy))["__len__"]),
        *(spare, there.statistics(), atoll.Thread(target=int), atoll.timeout(9), workers, waker),
        *(queue, atoll.PriorityQueue(), _core.queue_begin_get(queue, waker, 1)),
        *(buffer, atoll.AtomicInt(buffer), atoll.share({"a": frozenset({1})})),
        *(atoll.ref([]), atoll.restrict([], ["append"])),
    ]


def types_of(things):
    found = {}
    for thing in things:
        for each in (thing, type(thing), type(type(thing))):
            if isinstance(each, type):
                found.update((id(base), base) for base in inside["__mro__"](each))
    return [
        each
        for each in found.values()
        if not inside["__module__"](each).startswith(("builtins", "collections"))
    ]


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except Exception:
        return None


class Maker:
    def __new__(cls, *arguments):
        return object.__new__(cls)


NAMESPACES = (
    {},
    {"__slots__": ()},
    {"__slots__": ("a",)},
    {"__new__": Maker.__new__},
    {"__class__": int},
)
CHANGES = (
    lambda kind: type.__setattr__(kind, "__len__", lambda self: 7),
    lambda kind: type.__setattr__(kind, "__call__", None),
    lambda kind: type.__delattr__(kind, "__len__"),
    lambda kind: type.__delattr__(kind, "__new__"),
    lambda kind: type.__dict__["__bases__"].__set__(kind, (object,)),
    lambda kind: type.__dict__["__bases__"].__set__(kind, (Maker, object)),
    lambda kind: type.__dict__["__name__"].__set__(kind, "Other"),
    lambda kind: type.__init__(kind, "Other", (), {}),
    lambda kind: set_class(kind, type),
    lambda kind: set_class(kind, type("Meta", (type(kind),), {})),
    lambda kind: type.__setattr__(kind, "n_fields", 10**6),
)
USES = (
    *(repr, hash, len, bool, iter, dir, memoryview, copy.copy, copy.deepcopy, type.mro),
    *(atoll.is_proxy, atoll.owner, atoll.type_of, object.__getstate__),
    lambda it: it.method(),
    lambda it: it.unknown,
    lambda it: setattr(it, "x", 1),
    lambda it: it == it,
    lambda it: it < 5,
    lambda it: it[0],
    lambda it: isinstance(1, it),
    lambda it: issubclass(it, it),
    lambda it: there.call(lambda x: x, it),
    lambda it: pickle.loads(pickle.dumps(it)),
    lambda it: it.__reduce_ex__(2),
    lambda it: object.__reduce_ex__(it, 2),
    lambda it: object.__reduce_ex__(it, 0),
)


def use(thing):
    for each in USES:
        attempt(each, thing)


def derive(kind):
    for meta, before, namespace in itertools.product(
        (type, type(kind), _core.RemoteClass), ((), (Maker,)), NAMESPACES
    ):
        made = attempt(type.__new__, meta, "Derived", (*before, kind), dict(namespace))
        if made is not None:
            yield made


def half_made(kind):
    for arguments in ((), (8,), (None,)):
        yield attempt(kind.__new__, kind, *arguments)
        yield attempt(object.__new__, kind, *arguments)
        yield attempt(type.__call__, kind, *arguments)
        yield attempt(copyreg.__newobj__, kind, *arguments)
    yield attempt(copyreg._reconstructor, kind, object, None)


kept = objects()
core_types = [each for each in types_of(kept) if inside["__flags__"](each) & 1 << 8]
assert len(core_types) > 15, core_types
derived = [made for kind in core_types for made in derive(kind)]
for thing in kept:
    before = type(thing)
    for kind in (*core_types, *derived, object, int, type):
        if kind is not before:
            attempt(set_class, thing, kind)
            attempt(object.__setattr__, thing, "__class__", kind)
    assert type(thing) is before or not inside["__flags__"](before) & 1 << 8, thing
    use(thing)
for kind in core_types:
    for change in CHANGES:
        attempt(change, kind)
for kind in (*core_types, *derived):
    use(kind)
    for thing in half_made(kind):
        use(thing)
        attempt(type(thing).__init__, thing)
        attempt(type(thing).__init__, thing, 5)
for thing in kept:
    use(thing)
proxy = there.eval("Class()")
assert (proxy.method(), len(proxy)) == (1, 3)
assert there.eval("[1, 2]")[1] == 2
assert there.statistics().exports > 0
buffer = atoll.Buffer(8)
atoll.AtomicInt(buffer).add(5)
assert there.call(lambda buffer: buffer[0], buffer) == 5
set_class(spare, atoll.Interpreter)
spare.close()
there.close()
