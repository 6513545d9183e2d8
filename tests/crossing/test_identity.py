"""Within an interpreter a remote object has one live Proxy; at home it is itself."""

from __future__ import annotations

import gc
import queue
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll


def settle(interpreter: atoll.Interpreter) -> None:
    """Have the interpreter run what it was left to do: any visit does."""
    interpreter.eval("1")


def test_one_proxy_per_object(there: Any) -> None:
    """However an object arrives, its Proxy is the same object."""
    bag = there.Bag()
    bag.itself = bag
    pair = there.identity((bag, [bag]))
    assert bag.itself is bag
    assert pair[0] is bag
    assert there.identity(bag) is bag


@pytest.mark.parametrize(
    "make",
    [list, dict, object, workloads.Counter, lambda: workloads.Counter, lambda: workloads.identity],
)
def test_home_coming(there: Any, make: Any) -> None:
    """A local object that comes home is the original."""
    mine = make()
    assert there.identity(mine) is mine
    kept = there.Slotted(mine)
    assert kept.value is mine
    assert there.identity((1, mine))[1] is mine


def test_home_coming_by_a_third(there: Any, interpreter: atoll.Interpreter) -> None:
    """An object that comes home through two others is the original."""
    second = interpreter.import_module("workloads")
    mine: list[int] = []
    assert second.call(there.identity, mine) is mine
    assert second.call(there.Slotted, mine).value is mine


def test_is_holds_there(there: Any) -> None:
    """`is` holds in the other interpreter as well."""
    mine = object()
    assert there.evaluate("lambda a, b: a is b")(mine, mine)
    assert not there.evaluate("lambda a, b: a is b")(mine, object())


def test_equality_and_hash_by_identity(there: Any) -> None:
    """Objects without `__eq__` are equal to themselves only; the hash is the original's."""
    bag, other = there.Bag(), there.Bag()
    assert bag == bag
    assert bag != other
    assert {bag: 1, other: 2}[bag] == 1
    assert hash(bag) == there.evaluate("lambda x: hash(x)")(bag)


def test_equality_and_hash_by_value(there: Any) -> None:
    """Objects with `__eq__` and `__hash__` compare and hash as the original does."""
    assert there.Key(5) == there.Key(5) != there.Key(6)
    assert hash(there.Key(5)) == hash(5)
    assert {there.Key(5): "found"}[there.Key(5)] == "found"
    assert {there.Key(5): "found"}[workloads.Key(5)] == "found"


def test_proxies_as_keys_there(there: Any) -> None:
    """Our objects are good as keys of their dicts."""
    table = there.evaluate("{}")
    keys = [object(), workloads.Key(1), len, workloads.Counter]
    for i, key in enumerate(keys):
        table[key] = i
    assert [table[key] for key in keys] == [0, 1, 2, 3]
    assert table[workloads.Key(1)] == 1


def test_weakref_to_a_proxy(there: Any) -> None:
    """A weak reference to a Proxy dies with it and calls back."""
    log: list[str] = []
    bag = there.Bag()
    reference = weakref.ref(bag, lambda _: log.append("gone"))
    assert reference() is bag
    del bag
    gc.collect()
    assert reference() is None
    assert log == ["gone"]


def test_proxy_dies_with_the_last_reference(interpreter: atoll.Interpreter) -> None:
    """When the last Proxy is dropped the owner lets go of the object."""
    interpreter.exec("import weakref\nclass C: pass\nc = C()\nref = weakref.ref(c)")
    proxy = interpreter.eval("c")
    interpreter.exec("del c")
    assert interpreter.eval("ref() is not None")
    del proxy
    gc.collect()
    settle(interpreter)
    assert interpreter.eval("ref() is None")


def test_finalizer_runs_in_the_owner(interpreter: atoll.Interpreter) -> None:
    """The finalizer of an object runs in its own interpreter."""
    log: queue.SimpleQueue[str] = queue.SimpleQueue()
    proxy = interpreter.call(workloads.Finalized, workloads.Appendable(log.put))
    assert log.empty()
    del proxy
    gc.collect()
    settle(interpreter)
    assert log.get(timeout=60) == "fresh"  # the reaper may have been faster, and still be at it


def test_our_object_dropped_there(interpreter: atoll.Interpreter) -> None:
    """A local object that only another interpreter held is finalized here."""
    log: list[str] = []
    kept = interpreter.call(workloads.Slotted, workloads.Finalized(log))
    gc.collect()
    assert log == []
    kept.value = None
    interpreter.exec("import gc; gc.collect()")
    atoll.main().exec("1")
    while not log:
        atoll.checkpoint()  # the drop is left for the next one who enters main
        interpreter.call(workloads.call, gc.isenabled)
    assert log == ["main"]


def test_idle_interpreter_is_cleaned(interpreter: atoll.Interpreter) -> None:
    """With threads about, an object is freed soon though nobody visits its owner any more."""
    log: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        pool.submit(interpreter.eval, "1").result()
        proxy = interpreter.call(workloads.Finalized, log)
        del proxy
        gc.collect()
        while not log:
            pass
    assert log == ["fresh"]


def test_idle_interpreter_of_a_single_thread(run_cleanly: Any) -> None:
    """Without other threads, objects are freed before thousands of them have gathered."""
    run_cleanly("""
        import atoll, workloads
        with atoll.Interpreter() as other:
            log = []
            proxies = [other.call(workloads.Finalized, log) for _ in range(2000)]
            proxies.clear()
            while not log:
                pass
    """)


def test_dropped_and_exported_again(interpreter: atoll.Interpreter) -> None:
    """An object whose Proxy was dropped gets a new one, with its state kept."""
    interpreter.exec("kept = [1]")
    for i in range(2, 50):
        proxy = interpreter.eval("kept")
        proxy.append(i)
        del proxy
    assert sum(interpreter.eval("kept")) == sum(range(50))


def test_dropped_and_exported_by_many(interpreter: atoll.Interpreter) -> None:
    """Threads that drop and fetch one object at once never lose it."""
    interpreter.exec("kept = [0]")

    def use() -> None:
        for _ in range(300):
            interpreter.eval("kept")[0] += 0
            assert len(interpreter.eval("kept")) == 1

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(use) for _ in range(4)]:
            each.result()
    assert list(interpreter.eval("kept")) == [0]


def test_exports_are_counted_down(interpreter: atoll.Interpreter) -> None:
    """Dropping proxies frees the owner's exports."""
    settle(interpreter)
    before = interpreter.statistics().exports
    many = [interpreter.eval("[]") for _ in range(1000)]
    assert interpreter.statistics().exports >= before + 1000
    many.clear()
    for _ in range(10):
        settle(interpreter)
    assert interpreter.statistics().exports <= before + 5


def test_new_object_at_an_old_address(interpreter: atoll.Interpreter) -> None:
    """A new object where an old one was is told apart from it."""
    interpreter.exec("def make(i): return {'i': i}")
    make = interpreter.eval("make")
    for i in range(300):
        assert make(i)["i"] == i


def test_class_is_one_object(there: Any) -> None:
    """A remote class is the same object however it arrives, and after its Proxy was dropped."""
    assert there.Counter is there.Counter is type(there.Counter())
    first = repr(there.Bag)
    gc.collect()
    assert repr(there.Bag) == first


META = """
import threading
both_are_here = threading.Barrier(2)
askers = []

class MetaMeta(type):
    @property
    def __name__(cls):
        if len(askers) < 2:  # who asks what Meta is has found no local class for C
            askers.append(cls)
            both_are_here.wait(60)
        return "Meta"

class Meta(type, metaclass=MetaMeta): pass
class C(metaclass=Meta): pass
c = C()
"""


@pytest.mark.parametrize("names", [("C", "C"), ("c", "c"), ("C", "c")])
def test_class_that_two_threads_meet_at_once(
    interpreter: atoll.Interpreter, names: tuple[str, str]
) -> None:
    """Of two threads that meet a class for the first time at once, both get the same local one."""
    interpreter.exec(META)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(interpreter.eval, names))
    classes = [each if isinstance(each, type) else type(each) for each in found]
    assert classes[0] is classes[1] is interpreter.eval("C")
    assert type(classes[0]) is interpreter.eval("Meta")
    assert type(interpreter.eval("c")) is classes[0]
    assert (found[0] is found[1]) == (names[0] == names[1])


def test_many_classes_come_and_go(interpreter: atoll.Interpreter) -> None:
    """Classes made and dropped by the hundred are not mixed up."""
    make = interpreter.eval("lambda i: type(f'C{i}', (), {'number': i, '__len__': lambda s: i})()")
    for i in range(300):
        made = make(i)
        assert (made.number, len(made), type(made).__name__) == (i, i, f"C{i}")


def test_cycle_through_a_proxy_is_no_leak_at_close(interpreter: atoll.Interpreter) -> None:
    """A cycle over two interpreters is broken when one of them closes."""
    log: list[str] = []
    mine = [workloads.Finalized(log)]
    mine.append(interpreter.call(workloads.Slotted, mine))
    del mine
    gc.collect()
    assert log == []
    interpreter.close()
    gc.collect()
    assert log == ["main"]
