"""A Proxy is complete and invisible: attributes, calls, types, and questions about it."""

from __future__ import annotations

import collections.abc
import inspect
from typing import Any

import pytest
import workloads

import atoll


@pytest.fixture
def counter(there: Any) -> Any:
    return there.Counter(5)


# ---- attributes ----


def test_attribute_is_read_there(counter: Any) -> None:
    """Reading an attribute gives the original's."""
    assert counter.n == 5
    assert counter.double == 10


def test_attribute_is_set_there(counter: Any) -> None:
    """Setting an attribute sets the original's."""
    counter.n = 7
    assert counter.add(1) == 8


def test_attribute_is_deleted_there(counter: Any) -> None:
    """Deleting an attribute deletes the original's."""
    del counter.n
    with pytest.raises(AttributeError, match="'Counter' object has no attribute 'n'"):
        _ = counter.n


def test_missing_attribute(counter: Any) -> None:
    """A missing attribute is an AttributeError, so hasattr and getattr answer truly."""
    assert not hasattr(counter, "nothing")
    assert getattr(counter, "nothing", 3) == 3
    with pytest.raises(AttributeError):
        del counter.nothing


def test_new_attribute_holds_a_reference(counter: Any) -> None:
    """A mutable object set as an attribute stays where it is, and comes home as itself."""
    mine: list[int] = []
    counter.mine = mine
    assert counter.mine is mine


def test_property_without_setter(counter: Any) -> None:
    """A property's refusal is the caller's AttributeError."""
    with pytest.raises(AttributeError, match="double"):
        counter.double = 3


@pytest.mark.parametrize("name", ["", "ä", "a b", "x" * 10_000, "\ud800", "a\0b"])
def test_any_str_is_an_attribute_name(there: Any, name: str) -> None:
    """Attribute names need not be identifiers."""
    bag = there.Bag()
    setattr(bag, name, 3)
    assert getattr(bag, name) == 3
    delattr(bag, name)
    assert not hasattr(bag, name)


def test_many_attribute_names(there: Any) -> None:
    """More names than any cache holds keep apart."""
    bag = there.Bag()
    for i in range(3000):
        setattr(bag, f"name{i}", i)
    assert all(getattr(bag, f"name{i}") == i for i in range(3000))


def test_attribute_name_must_be_str(counter: Any) -> None:
    """getattr with anything but a str is a TypeError, as locally."""
    with pytest.raises(TypeError, match="attribute name must be string"):
        getattr(counter, 3)


def test_attribute_of_a_str_subclass_name(counter: Any) -> None:
    """A name of a subclass of str works as the str."""
    assert getattr(counter, workloads.Text("n")) == 5


def test_dunder_attributes_are_the_originals(counter: Any, there: Any) -> None:
    """`__dict__`, `__module__` and `__doc__` are the original's."""
    assert dict(counter.__dict__) == {"n": 5}
    assert counter.__module__ == "workloads"
    assert counter.__doc__ == "A counter without a lock."
    assert there.identity.__name__ == "identity"
    assert there.identity.__annotations__["return"] == "Any"


def test_proxy_has_no_attribute_of_its_own(there: Any) -> None:
    """dir() and vars() are the original's."""
    bag = there.Bag()
    assert dir(bag) == dir(workloads.Bag())
    bag.x = 1
    assert dict(vars(bag)) == {"x": 1}


def test_slots(there: Any) -> None:
    """Slots are reached, and refuse other names, as locally."""
    slotted = there.Slotted([1])
    slotted.value.append(2)
    assert list(slotted.value) == [1, 2]
    with pytest.raises(AttributeError):
        slotted.other = 1


# ---- methods and calls ----


def test_method_runs_there(counter: Any) -> None:
    """A method runs in the owner."""
    assert counter.add(3) == 8
    assert counter.add(k=2) == 10


def test_static_and_class_methods(there: Any) -> None:
    """Static and class methods work from the instance and from the class."""
    assert there.Counter.sum(1, 2, 3) == there.Counter().sum(1, 2, 3) == 6
    assert there.Counter.make(4).n == there.Counter().make(4).n == 4


def test_kept_method(counter: Any) -> None:
    """A method that is kept behaves as the bound method."""
    add = counter.add
    assert add(1) == 6
    assert add(1) == 7
    assert add == counter.add
    assert add != counter.add_many
    assert hash(add) == hash(counter.add)
    assert add.__self__ is counter
    assert add.__name__ == "add"
    assert callable(add)
    assert atoll.is_proxy(add)
    assert repr(add).startswith("<bound method Counter.add of")


def test_method_passed_back(there: Any, counter: Any) -> None:
    """A method that is passed to its owner is the bound method itself."""
    assert there.call(counter.add, 10) == 15
    assert there.type_name(counter.add) == "method"
    assert there.type_name([].append) == "builtin_function_or_method"


def test_method_follows_the_attribute(there: Any) -> None:
    """An instance attribute that hides a method is seen at once, in both directions."""
    counter = there.Counter(1)
    assert counter.add(1) == 2
    counter.add = 7
    assert counter.add == 7
    assert type(counter.add) is int
    del counter.add
    assert counter.add(1) == 3


def test_method_replaced_on_the_class(interpreter: atoll.Interpreter) -> None:
    """A method replaced on the class is replaced for proxies that have used the old one."""
    interpreter.exec("class C:\n    __slots__ = ()\n    def f(self): return 1")
    instance, cls = interpreter.eval("C()"), interpreter.eval("C")
    assert instance.f() == 1
    interpreter.exec("C.f = lambda self: 2")
    assert instance.f() == 2
    interpreter.exec("C.f = property(lambda self: 3)")
    assert cls is atoll.type_of(instance)
    assert instance.f == 3


def test_wrong_arguments(counter: Any) -> None:
    """Wrong arguments are the usual TypeError."""
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'k'"):
        counter.add()
    with pytest.raises(TypeError, match="unexpected keyword argument 'typo'"):
        counter.add(1, typo=2)


def test_not_callable(there: Any) -> None:
    """A Proxy is callable only if its original is."""
    bag = there.Bag()
    assert not callable(bag)
    assert callable(there.Bag)
    assert callable(there.identity)
    with pytest.raises(TypeError, match="not callable"):
        bag()


def test_callback_runs_at_home(there: Any) -> None:
    """A local function that is passed runs here when it is called there."""
    names: list[str] = []
    there.call(lambda: names.append(atoll.current().name))
    assert names == ["main"]


def test_callback_from_a_sort(there: Any) -> None:
    """C code of the owner may call back here, in the middle of its work."""
    numbers = there.evaluate("[3, -1, 2]")
    numbers.sort(key=lambda x: -x)
    assert list(numbers) == [3, 2, -1]


def test_generator(there: Any) -> None:
    """Generators run, take values and exceptions, and close."""
    assert list(there.count_up(3)) == [0, 1, 2]
    echo = there.echo()
    assert next(echo) is None
    assert echo.send(5) == 5
    assert echo.throw(ValueError("oops")) == ("caught", True, ("oops",))
    echo.close()
    with pytest.raises(StopIteration):
        next(echo)


# ---- types ----


def test_class_is_the_remote_class(there: Any, counter: Any) -> None:
    """The class that the owner names and type_of(p) are one object."""
    assert atoll.type_of(counter) is there.Counter
    assert isinstance(counter, there.Counter)
    assert not isinstance(there.Bag(), there.Counter)
    assert issubclass(there.SubPoint, there.Point)
    assert not issubclass(there.Point, there.SubPoint)


@pytest.mark.parametrize("expression", ["[]", "{}", "set()", "bytearray()", "iter([])"])
def test_class_of_a_builtin(there: Any, expression: str) -> None:
    """A proxied builtin is an instance of the builtin type, which all share."""
    proxy, kind = there.evaluate(expression), type(workloads.evaluate(expression))
    assert proxy.__class__ is kind
    assert atoll.type_of(proxy) is kind
    assert isinstance(proxy, kind)


def test_every_proxy_is_a_proxy(there: Any) -> None:
    """All proxies to instances are instances of atoll.Proxy; local objects are not."""
    assert isinstance(there.evaluate("[]"), atoll.Proxy)
    assert isinstance(there.Bag(), atoll.Proxy)
    assert not isinstance([], atoll.Proxy)


def test_one_proxy_class_per_type(there: Any) -> None:
    """Objects of one type have proxies of one type."""
    assert type(there.evaluate("[]")) is type(there.evaluate("[1]"))
    assert type(there.Bag()) is type(there.Bag())
    assert type(there.Bag()) is not type(there.Counter())


def test_class_statement_with_a_metaclass(there: Any) -> None:
    """The metaclass's special methods work on a proxied class."""
    assert len(there.WithMeta) == 42
    assert isinstance(5, there.WithMeta)
    assert not isinstance("5", there.WithMeta)
    assert type(there.WithMeta) is there.Meta


def test_proxied_class_makes_instances_there(there: Any) -> None:
    """Calling a proxied class makes the instance in the owner."""
    made = there.Counter(n=3)
    assert atoll.is_proxy(made)
    assert made.n == 3


def test_proxy_cannot_be_made_by_hand(there: Any) -> None:
    """atoll.Proxy and the classes of proxies cannot be instantiated."""
    with pytest.raises(TypeError):
        atoll.Proxy()
    with pytest.raises(TypeError):
        type(there.evaluate("[]")).__new__(type(there.evaluate("[]")))


def test_type_of_a_proxy_to_a_builtin_makes_a_builtin(there: Any) -> None:
    """`type(x)(...)` gives an object of that type, here, if it is the same type everywhere."""
    assert type(type(there.evaluate("[]"))("ab")) is list


@pytest.mark.parametrize(
    "expression",
    ["[]", "{}", "set()", "bytearray()", "iter(())", "count_up(1)", "{}.keys()", "{}.items()",
     "{}.values()", "lambda: 0", "Bag()", "Pair(1, 2)", "__import__('collections').deque()",
     "__import__('collections').UserDict()", "__import__('types').MappingProxyType({})", "Key(1)"],
)  # fmt: skip
@pytest.mark.parametrize("abc", sorted(set(collections.abc.__all__) - {"ByteString"}))
def test_abcs_answer_truly(there: Any, abc: str, expression: str) -> None:
    """isinstance with any of collections.abc answers as for the original."""
    cls = getattr(collections.abc, abc)
    local = isinstance(workloads.evaluate(expression), cls)
    assert isinstance(there.evaluate(expression), cls) is local


def test_abc_does_not_cross_for_others(interpreter: atoll.Interpreter) -> None:
    """A Proxy whose interpreter has closed does not disturb isinstance of unrelated objects."""
    interpreter.exec("from collections import UserList\nproxy = UserList()")
    proxy = interpreter.eval("proxy")
    assert isinstance(proxy, collections.abc.MutableSequence)
    interpreter.close()

    class Unrelated:
        pass

    assert not isinstance(Unrelated(), collections.abc.Sequence)


def test_match_statement(there: Any) -> None:
    """match sees sequences, mappings and classes in proxies."""
    match there.evaluate("[1, {'a': [2]}]"):
        case [1, {"a": [x]}]:
            assert x == 2
        case other:
            pytest.fail(repr(other))
    match there.Counter(3):
        case there.Counter(n=n):
            assert n == 3


def test_inspect_signature(there: Any) -> None:
    """inspect works on a proxied function."""
    assert str(inspect.signature(there.pack)).startswith("(*args: 'Any', **kwargs: 'Any')")


# ---- functions about proxies ----


def test_is_proxy(there: Any, counter: Any) -> None:
    """is_proxy() is True for what stands for a foreign object only."""
    assert all(map(atoll.is_proxy, (counter, there, there.Counter, counter.add)))
    assert not any(map(atoll.is_proxy, (1, [], list, workloads, atoll.main(), atoll.Proxy)))


def test_owner(there: Any, counter: Any, shared_interpreter: atoll.Interpreter) -> None:
    """owner() names the interpreter of the original."""
    for proxy in (counter, there, there.Counter, counter.add):
        assert atoll.owner(proxy) is shared_interpreter


@pytest.mark.parametrize("function", [atoll.owner, atoll.type_of])
@pytest.mark.parametrize("local", [1, [], list, workloads, None])
def test_questions_need_a_proxy(function: Any, local: Any) -> None:
    """owner() and type_of() of a local object are TypeErrors."""
    with pytest.raises(TypeError, match="a Proxy is required"):
        function(local)


def test_three_interpreters(there: Any, interpreter: atoll.Interpreter) -> None:
    """A Proxy passed on to a third interpreter leads straight to the owner."""
    counter = there.Counter(1)
    second = interpreter.import_module("workloads")
    assert second.call(counter.add, 2) == 3
    assert second.identity(counter) is counter
    kept = second.Slotted(counter)
    assert kept.value is counter
    assert second.call_in(atoll.owner(counter), workloads.identity, counter) is counter
