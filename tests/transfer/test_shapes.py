"""What crosses element by element: named tuples, struct sequences, frozen dataclasses, Enums."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest
import shaped
import workloads

import atoll

VALUES = [
    "Pair(1, 2)", "Pair(left=(1, 'x'), right=None)", "Nothing()", "Typed('a')", "Boxed(2.5)",
    "Checked(5)", "Loose(1, 2)", "Outer.Inner(3)", "(Pair(1, Pair(2, 3)), Typed('b', 4))",
    "Point(1)", "Point(1, (2, 'three'))", "Point(Point(1, Point(2, 3)))", "Slotted(1, 2)",
    "Deep(1, 2, 3)", "DeepSlotted(1, 2, 3)", "Mixed(1, 2, 3)", "Ordered(x=4)", "Derived(3, 4)",
    "Cached(5)", "Boxes[int](3)", "Boxes(Pair(1, 2))", "Refusing(1, 'yes')",
    "Wide(*range(20))", "Wider(*range(40))",
    "frozenset({Point(1), Pair(1, 2)})", "atoll.frozendict(a=Point(1))", "slice(Point(1), None)",
    "os.stat('/')", "time.gmtime(0)", "time.localtime(0)", "sys.version_info", "sys.float_info",
    "os.terminal_size((80, 24))", "os.uname()", "__import__('urllib.parse').parse.urlsplit('http://a/b?c')",
    "Colour.RED", "Colour.ROUGE", "Colour.BLUE", "Unpicklable.A", "Weekday.MONDAY", "Weekday(0)",
    "Weekday(3)", "Weekday.MONDAY | 8", "Open(6)", "Text.A", "Lenient.A",
]  # fmt: skip

MEMBERS = [each for each in VALUES if each[0] in "CUWOTL" and "." in each and "Outer" not in each]

BY_REFERENCE = [
    "Reduced(1, 2)", "Changeable(1)", "Unequal(1)", "Interned(1)", "Ending(1)", "Pickled(1)",
    "Thawed(1)", "Halved(1)", "Number()", "tuple.__new__(type('T', (tuple,), {}), (1, 2))",
]  # fmt: skip


def make(expression: str) -> Any:
    return eval(expression, vars(shaped) | {"os": os, "time": time, "sys": sys, "atoll": atoll})


def is_value(value: Any, expression: str) -> bool:
    """Is it really, and not only by proxy, the value of the expression?"""
    expected = make(expression)
    same = value is expected if expression in MEMBERS else value == expected
    return type(value) is type(expected) and same


@pytest.fixture
def far(shared_interpreter: atoll.Interpreter) -> Any:
    """This module in the other interpreter."""
    return shared_interpreter.import_module("test_shapes")


@pytest.mark.parametrize("expression", VALUES)
def test_instance_crosses_by_value(far: Any, there: Any, expression: str) -> None:
    """An instance arrives as an equal one of the class of that name; a member as that member."""
    assert far.is_value(make(expression), expression)
    assert is_value(far.make(expression), expression)
    assert is_value(there.identity(make(expression)), expression)


@pytest.mark.parametrize("expression", VALUES)
def test_instance_crosses_in_a_queue(expression: str) -> None:
    """Through a queue, of which nobody knows who reads it, they go by value as well."""
    queue: atoll.Queue[Any] = atoll.Queue()
    queue.put(make(expression))
    assert is_value(queue.get(), expression)


@pytest.mark.parametrize("expression", BY_REFERENCE)
def test_instance_crosses_by_reference(far: Any, there: Any, expression: str) -> None:
    """What can change, is compared by identity, or says how to be pickled, goes by reference."""
    original = make(expression)
    assert there.is_foreign(original)
    assert there.identity(original) is original
    assert atoll.is_proxy(far.make(expression))


@pytest.mark.parametrize("kind", ["Pair", "Loose", "Typed", "Point", "Slotted", "Mixed"])
def test_elements_cross_by_the_rule(there: Any, kind: str) -> None:
    """What can change inside of an instance goes by reference and comes home."""
    inner: list[int] = [1]
    back = there.identity(make(kind)(inner, 2))
    assert type(back) is make(kind)
    assert next(iter(back if isinstance(back, tuple) else (back.x,))) is inner
    elsewhere = there.evaluate("[1]")
    assert there.identity(make(kind)(elsewhere, 2)) == make(kind)(elsewhere, 2)


def test_post_init_does_not_run_again(far: Any) -> None:
    """No code of the class runs to make an instance again."""
    value = shaped.Derived(3, 4)
    made = len(shaped.Derived.made), far.count_made()
    assert far.echo_derived(value).twice == 10
    assert (len(shaped.Derived.made), far.count_made()) == made


def echo_derived(value: Any) -> Any:
    assert type(value) is shaped.Derived
    return value


def count_made() -> int:
    return len(shaped.Derived.made)


def test_state_beside_the_fields_crosses(there: Any) -> None:
    """What else lies in the dict of an instance is not lost: attributes, cached properties."""
    loose, cached, partial = shaped.Loose(1, 2), shaped.Cached(5), shaped.Partial(1)
    loose.extra = mine = []
    assert cached.square == 25
    loose, cached, partial = there.identity((loose, cached, partial))
    assert loose.extra is mine
    assert vars(cached) == {"x": 5, "square": 25}
    assert vars(partial) == {"x": 1}


@pytest.mark.parametrize("expression", ["Point(1, 2)", "Deep(1, 2, 3)", "Wide(*range(20))"])
def test_fields_are_attributes_like_others(there: Any, expression: str) -> None:
    """What has arrived keeps its fields in their order, takes others, and loses some."""
    for _ in range(3):
        original = make(expression)
        back = there.identity(there.identity(original))
        assert list(vars(back).items()) == list(vars(original).items())
        back = there.identity(original)
        object.__setattr__(back, "extra", 1)
        assert list(vars(there.identity(back)).items()) == [*vars(original).items(), ("extra", 1)]
        first = next(iter(vars(original)))
        object.__delattr__(back, first)
        object.__setattr__(back, first, "last")
        assert list(vars(there.identity(back)).items()) == list(vars(back).items())


@pytest.mark.parametrize("is_seen", [False, True])
def test_dict_that_was_replaced(there: Any, is_seen: bool) -> None:
    """The fields are those of the dict that an instance has by now."""
    point = shaped.Point(1, 2)
    assert there.identity(point) == point
    if is_seen:
        assert vars(point) == {"x": 1, "y": 2}
    object.__setattr__(point, "__dict__", {"y": 3, "x": 4})
    assert list(vars(there.identity(point)).items()) == [("y", 3), ("x", 4)]


def test_many_instances_at_once(far: Any) -> None:
    """Several arguments of one call, inside of tuples and by keyword too, arrive each as itself."""
    values = [make(each) for each in VALUES[:24]]
    assert far.all_are_values(*values, inner=(tuple(values), values[0]))


def all_are_values(*values: Any, inner: Any) -> bool:
    return inner == (values, values[0]) and all(map(is_value, values, VALUES))


def test_method_that_became_an_instance(there: Any) -> None:
    """A remote method that is a named tuple by now goes as that."""
    counter = there.Counter()
    method = counter.add
    counter.add = shaped.Pair("left" * 10, 10**30)
    assert there.identity(method) == shaped.Pair("left" * 10, 10**30)


def test_member_with_a_value_that_can_change(there: Any) -> None:
    """A member is the member, whatever its value is."""
    assert there.identity(shaped.Colour.BLUE) is shaped.Colour.BLUE
    assert there.identity(shaped.Colour.BLUE).value is shaped.Colour.BLUE.value


def test_instances_in_a_circle_end(there: Any) -> None:
    """An instance inside of itself goes by reference there, and comes home."""
    one, other = shaped.Point(1), shaped.Point(2)
    object.__setattr__(one, "y", other)
    object.__setattr__(other, "y", one)
    back = there.identity(one)
    assert type(back) is shaped.Point
    assert back.y.y is one


@pytest.mark.parametrize("branches", [1, 2])
def test_many_instances_in_instances(there: Any, branches: int) -> None:
    """Deep in others instances go by reference: what is shared is not copied again and again."""
    tree: Any = None
    for _ in range(200):
        tree = shaped.Point(tree, tree if branches == 2 else None)
    assert there.identity(tree).x.x.x.y == (tree.x.x.x.y)


def test_class_that_is_not_to_be_had_there(interpreter: atoll.Interpreter) -> None:
    """An instance of a class that the other side cannot import arrives as a Proxy."""
    interpreter.exec(
        "import sys, types, collections\n"
        "module = sys.modules['nowhere'] = types.ModuleType('nowhere')\n"
        "Odd = module.Odd = collections.namedtuple('Odd', 'a b', module='nowhere')"
    )
    odd = interpreter.eval("Odd(1, [2])")
    assert atoll.is_proxy(odd)
    assert odd.a == 1
    assert odd == (1, [2])


def test_class_that_was_replaced(interpreter: atoll.Interpreter) -> None:
    """An instance of a class that its name does not lead to any more goes by reference."""
    interpreter.exec(
        "import shaped\n"
        "old = shaped.Pair(1, 2)\n"
        "Old = shaped.Pair\n"
        "shaped.Pair = shaped.namedtuple('Pair', 'left right', module='shaped')"
    )
    assert atoll.is_proxy(interpreter.eval("old"))
    assert type(interpreter.eval("shaped.Pair(1, 2)")) is shaped.Pair
    assert interpreter.eval("lambda x: type(x) is shaped.Pair")(shaped.Pair(1, 2))
    interpreter.exec("shaped.Pair = Old")
    assert interpreter.eval("lambda x: type(x) is Old")(shaped.Pair(1, 2))


def test_class_that_is_replaced_later(interpreter: atoll.Interpreter) -> None:
    """Each time its name is followed, wherever its module keeps it: in both directions."""
    interpreter.exec(
        "import shaped, sys, types\n"
        "def replace():\n"
        "    shaped.Pair = shaped.namedtuple('Pair', 'left right', module='shaped')\n"
        "def move():\n"
        "    shaped.Pair, vars(shaped)['moved'] = vars(shaped).pop('Pair'), 0\n"
        "    for number in range(500): vars(shaped)[f'more{number}'] = 0\n"
        "    for name in [*sys.modules]: sys.modules[name] = sys.modules.pop(name)"
    )
    is_of_class = interpreter.eval("lambda x: type(x) is shaped.Pair")
    for _ in range(2):
        for _ in range(2):
            assert is_of_class(shaped.Pair(1, 2))
            assert type(interpreter.eval("shaped.Pair(1, 2)")) is shaped.Pair
        interpreter.exec("old = shaped.Pair(1, 2)\nreplace()")
        assert atoll.is_proxy(interpreter.eval("old"))
        assert is_of_class(shaped.Pair(1, 2))
        interpreter.exec("move()")
    interpreter.exec("sys.modules['shaped'] = types.ModuleType('shaped')")
    assert atoll.is_proxy(interpreter.eval("shaped.Pair(1, 2)"))


def test_class_of_other_fields(interpreter: atoll.Interpreter) -> None:
    """A class of the same name with other fields is another class."""
    interpreter.exec(
        "import shaped, dataclasses\n"
        "shaped.Point = dataclasses.make_dataclass('Point', ['y', 'x'], frozen=True)\n"
        "shaped.Point.__module__ = 'shaped'\n"
        "shaped.Pair = shaped.namedtuple('Pair', shaped.Pair._fields[::-1], module='shaped')"
    )
    for kind in "Point", "Pair":
        assert interpreter.call(workloads.is_foreign, getattr(shaped, kind)(1, 2))
        assert atoll.is_proxy(interpreter.eval(f"shaped.{kind}(1, 2)"))


def test_local_classes_go_by_value(there: Any) -> None:
    """A class that cannot be imported goes along by value, once, and is itself at home."""
    import enum
    from collections import namedtuple
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Local:
        x: int

    values = Local(3), namedtuple("Odd", "a")(4), enum.Enum("local", "A").A
    for value in values:
        assert not there.is_foreign(value)
        assert there.type_name(value) == type(value).__name__
        assert type(there.identity(value)) is type(value)
    assert there.identity(values) == values
    assert there.identity(values[2]) is values[2]


def test_local_class_that_cannot_go(there: Any) -> None:
    """An instance of a class that cannot go by value itself goes by reference."""
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Local:
        x: int
        generator = (i for i in ())

    value = Local(3)
    assert there.is_foreign(value)
    assert there.identity(value) is value


def test_classes_of_main(run_cleanly: Any) -> None:
    """Classes of `__main__` arrive with the first instance, or in the call that uses them."""
    run_cleanly("""
        import enum, atoll, workloads
        from dataclasses import dataclass
        from typing import NamedTuple
        class Local(enum.Enum):
            A = 1
        class Bits(enum.Flag):
            A = 1
            B = 2
        class Named(NamedTuple):
            x: int
        @dataclass(frozen=True)
        class Frozen:
            x: int
            y: object = None
        def check(*values):
            return values == (Local.A, Bits(3), Named(1), Frozen(1)) and values[0] is Local.A
        values = Local.A, Bits.A | Bits.B, Named(1), Frozen(1)
        for call in range(3):
            with atoll.Interpreter() as other:
                if call:
                    assert not any(other.call(workloads.is_foreign, each) for each in values)
                assert other.call(check, *values)
                assert other.call(workloads.identity, values) == values
                assert other.call(lambda: Local.A) is Local.A
                assert type(other.call(lambda: Frozen(1))) is Frozen
        with atoll.InterpreterPoolExecutor(1) as pool:
            assert pool.submit(check, *values).result()
            assert pool.submit(lambda: Local.A).result() is Local.A
        with atoll.Interpreter() as one, atoll.Interpreter() as two:
            echo = two.call(lambda: lambda value: value)
            assert one.call(lambda f, v: f(v) == v, echo, Frozen(1, Named(2)))
    """)


@pytest.mark.parametrize("expression", ["Pair(1, 2)", "Point(1)", "Colour.RED", "os.stat('/')"])
def test_restricted_objects_take_no_instances(there: Any, expression: str) -> None:
    """Nothing is put together for the owner of a restricted object, nor for its holder."""
    bag = there.Bag()
    bag.value, bag.is_foreign = make(expression), there.is_foreign
    restricted = there.call(there.restrict, bag, ("value", "is_foreign"))
    assert restricted.is_foreign(make(expression))
    assert atoll.is_proxy(restricted.value)
