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
        workloads.evaluate("type('L', (list,), {'__call__': lambda s: 1})()"), ["pop"]
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


class Machine:
    """Its methods hand it out, or run later."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def itself(self) -> Any:
        return self

    def count(self) -> Any:
        for number in range(3):
            try:
                yield number
            except LookupError as error:
                self.log.append(repr(error))

    async def later(self) -> Any:
        return self.log

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.log.append("left")

    def keys(self) -> Any:
        return {"a": self, "b": self}.keys()

    def fail(self) -> None:
        raise LocalError(self, self.log)


class LocalError(Exception):
    """Unlike this one, what a test module defines cannot be imported elsewhere."""


def test_result_that_is_the_object(there: Any) -> None:
    """A method that returns its object returns what its caller has."""
    view = atoll.restrict(Machine(), ["itself"])
    assert there.call(there.evaluate("lambda v: v.itself().itself() is v"), view)
    assert view.itself() is view


def test_generators_can_be_run(there: Any) -> None:
    """A generator that an allowed method returns can be run, thrown into and closed."""
    machine = Machine()
    source = """lambda v: (list(v.count()), (c := v.count()).send(None), c.throw(KeyError('k')),
                           c.close(), list(c))"""
    view = atoll.restrict(machine, ["count"])
    assert there.call(there.evaluate(source), view) == ([0, 1, 2], 0, 1, None, [])
    assert machine.log == ["KeyError('k')"]


def test_coroutines_can_be_awaited(interpreter: atoll.Interpreter) -> None:
    """Allowed async methods and async context managers work."""
    interpreter.exec("""
async def use(v):
    async with v as entered:
        return entered is v, list(await v.later())
def run(v):
    import asyncio
    return asyncio.run(use(v))
""")
    machine = Machine()
    view = atoll.restrict(machine, ["later", "__aenter__", "__aexit__"])
    assert interpreter.call(interpreter.eval("run"), view) == (True, [])
    assert machine.log == ["left"]


def test_views_can_be_read(there: Any) -> None:
    """A view of a dict can be read and compared, not asked for the dict."""
    view = atoll.restrict(Machine(), ["keys"])
    source = "lambda v: (len(v.keys()), sorted(v.keys()), 'a' in v.keys())"
    assert there.call(there.evaluate(source), view) == (2, ["a", "b"], True)
    with pytest.raises(AttributeError):
        there.call(there.evaluate("lambda v: v.keys().mapping"), view)


def test_exception_comes_home_as_its_type(there: Any) -> None:
    """An exception of an allowed method that passes through is of its type when it is home."""
    with pytest.raises(LocalError) as caught:
        there.call(there.evaluate("lambda v: v.fail()"), atoll.restrict(Machine(), ["fail"]))
    assert len(caught.value.args) == 2


def test_narrowing_twice(there: Any) -> None:
    """Of a narrowed object only less can be allowed."""
    narrow = atoll.restrict([1, 2], ["__len__", "pop"])
    again = atoll.restrict(narrow, ["__len__", "append"])
    assert there.call(len, again) == 2
    for name in ("pop", "append"):
        with pytest.raises(AttributeError):
            there.call(getattr, again, name)


def test_class(there: Any) -> None:
    """A narrowed class is an object like any other, and no class for who holds it."""
    view = atoll.restrict(Machine, ["__call__", "__name__"])
    assert there.call(there.evaluate("lambda v: (isinstance(v, type), v.__name__)"), view) == (
        False,
        "Machine",
    )
    assert type(there.call(there.evaluate("lambda v: v()"), view)) is Machine


def test_abstract_classes(there: Any) -> None:
    """A narrowed list is no sequence; what it has are the protocols that were named."""
    view = atoll.restrict([1], ["__len__", "__iter__"])
    source = """lambda v: [issubclass(type(v), getattr(__import__('collections.abc').abc, name))
                           for name in ('Sequence', 'MutableSequence', 'Sized', 'Iterable')]"""
    assert there.call(there.evaluate(source), view) == [False, False, True, True]
