"""restrict(): the holder of such a Proxy can reach the named attributes and nothing else."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import workloads

import atoll


def test_named_method_works(there: Any) -> None:
    """A named method can be called, and works on the whole object."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    assert there.call(there.evaluate("lambda c: c.add(2)"), view) == 3
    assert counter.n == 3


@pytest.mark.parametrize(
    "use",
    ["v.n", "v.add_many(1)", "v.__class__", "v.__dict__", "v.__init__", "setattr(v, 'n', 1)",
     "setattr(v, 'add', 1)", "delattr(v, 'n')", "v.add.__self__", "v.add.__func__",
     "v.add.__call__.__self__", "v.__getattribute__('n')", "v.__reduce_ex__(2)[1].n", "vars(v)",
     "object.__getattribute__(v, 'n')", "type(v).n", "type(v).add.__get__", "v.__doc__",
     "__import__('copy').copy(v).n", "__import__('atoll').copy(v).n",
     "__import__('atoll').type_of(v)", "__import__('pickle').dumps(v)", "type(v).__dict__['n']"],
)  # fmt: skip
def test_nothing_else_is_reached(there: Any, use: str) -> None:
    """What was not named raises, whatever way it is asked for."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    with pytest.raises((AttributeError, TypeError, KeyError, pickle.PicklingError)):
        there.call(there.evaluate(f"lambda v: {use}"), view)
    assert vars(counter) == {"n": 1}


@pytest.mark.parametrize(
    "use", ["v()", "len(v)", "v[0]", "v + v", "iter(v)", "1 in v", "+v", "with_(v)"]
)
def test_no_special_method(there: Any, use: str) -> None:
    """Special methods that were not named do not exist."""
    view = atoll.restrict(
        workloads.evaluate("type('L', (list,), {'__call__': lambda s: 1})()"), ["x"]
    )
    with pytest.raises((TypeError, AttributeError)):
        there.call(there.evaluate(f"lambda v: {use.replace('with_(v)', 'v.__enter__()')}"), view)


def test_named_special_methods(there: Any) -> None:
    """Special methods that are named work by their syntax."""
    view = atoll.restrict([1, 2], ["__len__", "__getitem__"])
    assert there.call(len, view) == 2
    assert there.call(there.evaluate("lambda v: (v[1], hasattr(v, 'append'))"), view) == (2, False)
    called = atoll.restrict(lambda x: x + 1, ["__call__"])
    assert there.call(there.call, called, 4) == 5


def test_method_can_only_be_called(there: Any) -> None:
    """A named method may be kept and passed on, and be called."""
    counter = workloads.Counter(1)
    add = there.call(there.evaluate("lambda v: v.add"), atoll.restrict(counter, ["add"]))
    assert add(1) == 2
    kept = there.Slotted(atoll.restrict(counter, ["add"]))
    assert there.call(there.evaluate("lambda s: s.value.add(1)"), kept) == 3


def test_comes_home_narrowed(there: Any) -> None:
    """When it comes home it is the narrowed object, not the whole one."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    back = there.identity(view)
    assert back is view
    assert back is not counter
    assert back.add(1) == 2
    with pytest.raises(AttributeError, match="'n' is not allowed"):
        _ = back.n
    with pytest.raises(AttributeError, match="cannot be changed"):
        back.n = 1


def test_both_views_at_once(there: Any) -> None:
    """The whole object and a narrowed view of it are told apart there."""
    counter = workloads.Counter(1)
    result = there.call(
        there.evaluate("lambda c, v: (c is v, c.n, hasattr(v, 'n'))"),
        counter, atoll.restrict(counter, ["add"]),
    )  # fmt: skip
    assert result == (False, 1, False)


def test_result_of_another_interpreter(interpreter: atoll.Interpreter) -> None:
    """An interpreter may hand out narrowed objects."""
    interpreter.exec("import atoll\nimport queue\nq = queue.Queue()")
    put = interpreter.eval("atoll.restrict(q, ['put', 'qsize'])")
    put.put(3)
    assert put.qsize() == 1
    with pytest.raises(AttributeError, match="this proxy is restricted: 'get' is not allowed"):
        put.get()
    assert not hasattr(put, "queue")
    assert "get" not in repr(put)


def test_dir_and_repr_tell_nothing(there: Any) -> None:
    """repr() of a narrowed object does not show what it holds."""
    view = atoll.restrict(["secret"], ["append"])
    assert "secret" not in there.call(repr, view)
    assert "secret" not in there.call(str, view)


@pytest.mark.parametrize("names", ["add", 3, [1], [b"add"], None])
def test_names_must_be_str(names: Any) -> None:
    """Names that are no strings, or one bare string, are a TypeError."""
    with pytest.raises(TypeError):
        atoll.restrict([], names)
