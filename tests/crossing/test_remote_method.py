"""`proxy.name` is one object while nothing else is asked; whoever keeps it keeps the Proxy."""

from __future__ import annotations

import gc
import weakref
from typing import Any


def test_kept_methods_stay_apart(there: Any) -> None:
    """Methods that are kept stay what they are while others of the same Proxy are asked for."""
    counter = there.Counter(1)
    methods = [counter.add, counter.add_many, counter.add, counter.add_many]
    assert [method.__name__ for method in methods] == ["add", "add_many", "add", "add_many"]
    assert [method(2) for method in methods] == [3, 5, 7, 9]
    assert methods[0] == methods[2] != methods[3]
    assert all(method.__self__ is counter for method in methods)


def test_method_keeps_its_proxy(there: Any) -> None:
    """A Proxy lives as long as a method of it is kept, weak references included."""
    counter = there.Counter(5)
    method, reference = counter.add, weakref.ref(counter)
    del counter
    assert method(1) == 6
    assert method.__self__ is reference()
    assert method.__self__.add(1) == 7
    del method
    assert reference() is None


def test_gc_knows_that_a_method_keeps_its_proxy(there: Any) -> None:
    """While a method is kept, gc finds its Proxy alive: no weak reference to it is cleared."""
    counter = there.Counter(5)
    method, cycle = counter.add, [counter]
    cycle.append(cycle)  # type: ignore[arg-type]
    fired: list[Any] = []
    reference = weakref.ref(counter, fired.append)
    table = weakref.WeakKeyDictionary({counter: "data"})
    assert method in gc.get_referrers(counter)
    del counter, cycle
    gc.collect()
    assert not fired
    assert reference() is method.__self__
    assert table[method.__self__] == "data"
    del method
    assert len(fired) == 1
    assert reference() is None


def test_gc_frees_a_cycle_with_a_method(there: Any) -> None:
    """A method that only garbage keeps does not keep its Proxy."""
    counter = there.Counter(5)
    reference = weakref.ref(counter)
    cycle = [counter.add]
    cycle.append(cycle)
    for is_latest in (True, False):
        if not is_latest:
            cycle.append(counter.add_many)
            cycle.append(counter)
        gc.collect()
        assert reference() is counter
    del counter
    gc.collect()
    assert reference() is cycle[0].__self__
    del cycle
    gc.collect()
    assert reference() is None


def test_replaced_method_keeps_its_proxy(there: Any) -> None:
    """So does one after which another method was asked for."""
    counter = there.Counter(5)
    reference = weakref.ref(counter)
    first, second = counter.add, counter.add_many
    del counter
    assert first(1) == 6
    del first
    assert second(2) == 8
    assert reference() is second.__self__
    del second
    assert reference() is None


def test_method_that_nobody_keeps_keeps_nothing(there: Any) -> None:
    """A Proxy ends with its last reference, whatever of it was called."""
    counter = there.Counter(5)
    reference = weakref.ref(counter)
    assert counter.add(1) + counter.add_many(1) + counter.add(1) == 6 + 7 + 8
    del counter
    assert reference() is None


def test_method_of_a_proxy_that_nobody_keeps(there: Any) -> None:
    """A method can be called of what a call has just returned."""
    assert [there.Counter(5).add(1) for _ in range(100)] == [6] * 100


class Clearing:
    """Empties a list when it is added to a number."""

    def __init__(self, emptied: list[Any]) -> None:
        self.emptied = emptied

    def __radd__(self, other: int) -> int:
        self.emptied.clear()
        return other + 1


def test_proxy_whose_last_reference_goes_during_a_call(there: Any) -> None:
    """A method runs to its end although the Proxy that it was asked of is gone meanwhile."""
    holder = [there.Counter(5)]
    reference = weakref.ref(holder[0])
    assert holder[0].add(Clearing(holder)) == 6
    assert holder == []
    assert reference() is None


class Name(str):
    """Asks for another method when it ends."""

    __slots__ = ("counter",)

    def __del__(self) -> None:
        self.counter.add(1)


def test_name_whose_end_asks_for_another_method(there: Any) -> None:
    """A name of a subclass of str may run Python when it ends."""
    counter = there.Counter(5)
    name = Name("add")
    name.counter = counter
    assert getattr(counter, name)(1) == 6
    del name
    method = counter.add_many
    assert method.__name__ == "add_many"
    assert method(1) == 8
