"""copy() sends or fetches by value; ref() sends by reference what would go by value."""

from __future__ import annotations

import collections
import decimal
import gc
import threading
from typing import Any

import pytest
import workloads

import atoll


@pytest.mark.parametrize(
    "expression",
    ["[1, [2, {'a': (3,)}]]", "{1: {2}}", "set('abc')", "bytearray(b'x\\0')", "Counter(3)",
     "__import__('collections').deque([1])", "__import__('array').array('d', [1])",
     "type(Counter())", "identity", "__import__('types').SimpleNamespace(a=[1])"],
)  # fmt: skip
def test_fetch(there: Any, expression: str) -> None:
    """copy(proxy) is an object here, of the same type, equal to the original."""
    proxy, local = there.evaluate(expression), workloads.evaluate(expression)
    fetched = atoll.copy(proxy)
    assert not atoll.is_proxy(fetched)
    assert type(fetched) is type(local)
    assert fetched == local or (fetched.args if expression[0] == "V" else vars(fetched)) in (
        (1,),
        vars(local) if hasattr(local, "__dict__") else None,
    )


def test_fetched_copy_is_separate(there: Any) -> None:
    """Changing the copy leaves the original alone."""
    proxy = there.evaluate("[[1], 2]")
    fetched = atoll.copy(proxy)
    fetched[0].append(9)
    assert list(proxy[0]) == [1]


def test_fetch_keeps_shape(there: Any) -> None:
    """Shared references and cycles inside are kept."""
    proxy = there.evaluate("[[], 1]")
    proxy.append(proxy[0])
    proxy.append(proxy)
    fetched = atoll.copy(proxy)
    assert fetched[0] is fetched[2]
    assert fetched[3] is fetched


def test_fetch_a_nested_proxy(there: Any) -> None:
    """What the original holds by Proxy is copied as well."""
    mine = [1, 2]
    proxy = there.evaluate("[]")
    proxy.append(mine)
    fetched = atoll.copy(proxy)
    assert fetched == [[1, 2]]
    assert fetched[0] is not mine


def test_fetch_what_cannot_be_pickled(there: Any) -> None:
    """What pickle refuses is the pickle's error, and nothing is changed."""
    with pytest.raises(TypeError, match="cannot pickle"):
        atoll.copy(there.evaluate("[__import__('threading').Lock()]"))


def test_fetch_a_lambda(there: Any) -> None:
    """A function that cannot be imported is copied by value."""
    function = atoll.copy(there.evaluate("lambda x: x + 1"))
    assert not atoll.is_proxy(function)
    assert function(1) == 2


def test_send(there: Any) -> None:
    """copy(local) arrives as a copy, in place of a Proxy."""
    mine = [3, 1, 2]
    assert not there.is_foreign(atoll.copy(mine))
    kept = there.Slotted(atoll.copy(mine))
    kept.value.append(4)
    assert mine == [3, 1, 2]
    assert list(kept.value) == [3, 1, 2, 4]
    assert atoll.is_proxy(kept.value)


def test_send_nested_and_by_keyword(there: Any) -> None:
    """A copy may stand anywhere in the arguments."""
    mine: list[int] = []
    assert not there.is_foreign(value=atoll.copy(mine))
    are_foreign = there.evaluate("lambda t: tuple(map(is_foreign, t))")
    assert are_foreign((atoll.copy(mine), mine, (atoll.copy(mine),))) == (False, True, False)


def test_return_a_copy(interpreter: atoll.Interpreter) -> None:
    """A function there may return a copy."""
    interpreter.exec("import atoll\ndef f(): return atoll.copy([1, {2}])")
    assert interpreter.eval("f")() == [1, {2}]


def test_send_what_cannot_be_pickled(there: Any) -> None:
    """The call that a bad copy is passed to raises; nothing runs."""
    with pytest.raises(TypeError, match="cannot pickle"):
        there.identity(atoll.copy(threading.Lock()))


def test_send_instance_of_main(run_cleanly: Any) -> None:
    """A copy of an instance of a class of `__main__` takes the class along."""
    run_cleanly("""
        import atoll, workloads
        class Mine:
            def __init__(self): self.x = [1]
            def total(self): return sum(self.x)
        with atoll.Interpreter() as other:
            there = other.call(workloads.identity, atoll.copy(Mine()))
            there.x.append(5)
            assert atoll.is_proxy(there) and there.total() == 6
            back = atoll.copy(there)
            assert type(back) is Mine and back.x == [1, 5]
    """)


@pytest.mark.parametrize("value", [(1, 2), "text", 5, frozenset({1}), decimal.Decimal(1), 2.5, b"b",
                                   range(3), workloads.Colour.RED, len])  # fmt: skip
def test_ref_sends_by_reference(there: Any, value: Any) -> None:
    """ref(value) arrives as a Proxy, and comes home as the value itself."""
    assert there.is_foreign(atoll.ref(value))
    assert there.identity(atoll.ref(value)) is value
    assert there.call(repr, atoll.ref(value)) == repr(value)


def test_ref_of_a_tuple_is_a_tuple_there(there: Any) -> None:
    """A tuple by reference behaves as the tuple."""
    value = ([1], 2)
    assert there.call(there.evaluate("lambda t: (len(t), t[1], t == t)"), atoll.ref(value)) == (
        2,
        2,
        True,
    )


def test_return_a_ref(interpreter: atoll.Interpreter) -> None:
    """A function there may return a value by reference."""
    interpreter.exec("import atoll\ndef f(): return atoll.ref((1, 2))")
    pair = interpreter.eval("f")()
    assert atoll.is_proxy(pair)
    assert len(pair) == 2
    assert pair[0] == 1
    assert atoll.type_of(pair) is tuple


@pytest.mark.parametrize("cls", [list, object, type, KeyError, type(None), type(iter([]))])
def test_ref_of_a_builtin_class(interpreter: atoll.Interpreter, cls: type) -> None:
    """A builtin class is the same object everywhere, by reference too."""
    interpreter.exec("import atoll\ndef same(cls): return atoll.ref(cls)")
    assert interpreter.eval("same")(atoll.ref(cls)) is cls
    gc.collect()
    assert interpreter.eval("[1]")[0] == 1


def test_ref_of_a_proxy(there: Any) -> None:
    """ref(proxy) goes as the Proxy would."""
    proxy = there.evaluate("[]")
    assert not there.is_foreign(atoll.ref(proxy))
    assert there.identity(atoll.ref(proxy)) is proxy


def test_repr_of_marks() -> None:
    """What copy() and ref() return says what it is."""
    assert repr(atoll.copy([1])) == "atoll.copy([1])"
    assert repr(atoll.ref((1,))) == "atoll.ref((1,))"


def test_user_containers(there: Any) -> None:
    """Containers of the standard library are fetched whole."""
    proxy = there.evaluate("__import__('collections').defaultdict(list, a=[1])")
    fetched = atoll.copy(proxy)
    assert fetched == collections.defaultdict(list, a=[1])
    assert fetched.default_factory is list
