"""What crosses by value: each kind of the design's table, in both directions."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import workloads

import atoll

SAME_OBJECT = """None True False Ellipsis NotImplemented int ValueError type object type(None)
type(len) BaseExceptionGroup type(lambda:0) memoryview zip"""

BUILTINS = [
    "0", "-1", "255", "256", "-5", "-6", "2**30", "2**31-1", "2**62", "2**63", "-2**63", "2**64",
    "2**30-1", "-2**30", "2**60-1", "2**60", "-2**62", "2**63-1", "2**64-1", "10**30", "-10**30",
    "2**1020-1", "2**1020", "-2**1020", "-2**200", "10**5000", "-(1<<100_001)", "(1<<1_000_000)-1",
    "0.0", "-0.0", "1.5", "1e308", "float('inf')", "-float('inf')", "float('nan')", "5e-324",
    "1j", "-0.0+2j", "complex('nan+infj')",
    "''", "'a'", "'\\0'", "'a\\0b'", "'é'", "'ÿ'", "'Ā'", "'漢字'", "'😀'", "'\\ud800'",
    "'x\\udc80y'", "'\\udc80'", "'\\u20ac' * 3", "'a' * 100", "'a' * 4096", "'a' * 4097",
    "'a' * 1_000_000", "'漢' * 1_000_000", "'😀' * 10_000",
    "b''", "b'\\0'", "b'a\\0b'", "bytes(range(256))", "b'x' * 5000", "b'x' * 1_000_000",
    "()", "(1,)", "(1, 'two', 3.0, None, b'')", "((), ((),), (((),),))", "tuple(range(17))",
    "tuple(map(str, range(1000)))", "('a' * 5000,) * 3", "(2**70,) * 20",
    "frozenset()", "frozenset({1, 'a', None})", "frozenset(range(1000))",
    "frozenset({(1, frozenset({2}))})", "frozenset({'\\ud800', 1.5, -1, -2})",
    "slice(None)", "slice(1, 2, 3)", "slice(None, 'a', (1, 2))", "(slice(1), slice(2**80))",
    "range(0)", "range(1, 10, 3)", "range(10, 0, -1)", "range(2**70, 2**80, 2**65)",
    "len", "print", "pow", "__import__('math').sqrt",
]  # fmt: skip

LIBRARY = [
    "date(2024, 2, 29)", "date.min", "date.max", "time(1, 2, 3, 4)", "time(1, fold=1)",
    "datetime(2024, 1, 2, 3, 4, 5, 6)", "datetime(2024, 1, 2, tzinfo=timezone.utc)",
    "datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=1), 'X'))", "timedelta(-1, 2, 3)",
    "timedelta.max", "timezone.utc", "timezone(timedelta(minutes=-90))",
    "date", "datetime", "timedelta",
    "decimal.Decimal('1.10')", "decimal.Decimal('-0')", "decimal.Decimal('NaN')",
    "decimal.Decimal('Infinity')", "decimal.Decimal('1e-1000')", "fractions.Fraction(-1, 3)",
    "uuid.UUID(int=5)", "pathlib.PurePosixPath('/a/b')", "pathlib.PureWindowsPath('c:/x')",
    "pathlib.Path('some') / 'file'", "pathlib.PurePath('')",
    "__import__('re').compile('a(b)', 2)", "__import__('re').compile(b'a')",
    *(f"__import__('ipaddress').ip_{each}" for each in ("address('::1')", "network('10.0.0.0/8')", "interface('::1/64')")),
    "Colour.RED", "Colour.GREEN", "Rank.HIGH", "Word.HELLO", "Mode.READ", "Mode.READ | Mode.WRITE",
    "Mode(0)", "__import__('http').HTTPStatus.OK", "__import__('re').IGNORECASE",
    "Point(1, 2)", "(Point(1, 2), {1}.__class__)", "(1, (Colour.RED, decimal.Decimal(1)))",
    "frozenset({Colour.RED, date(2024, 1, 1), decimal.Decimal(1)})",
    "slice(decimal.Decimal(1), None, Colour.RED)",
]  # fmt: skip

BY_REFERENCE = [
    "[]", "{}", "set()", "bytearray()", "object()", "lambda: 0", "count_up(1)", "Counter()",
    "Counter", "Counter().add", "Number(5)", "Text('x')",
    "__import__('sys')", "iter(())", "memoryview(b'')", "''.join", "str.join",
    "Counter.make", "property()", "type('T', (date,), {})(1, 1, 1)",
    "type('F', (frozenset,), {})()", "type('D', (float,), {})()", "Point", "Colour",
]  # fmt: skip


def short(expression: str) -> str:
    return expression[:40].encode("unicode_escape").decode()


@pytest.mark.parametrize("expression", SAME_OBJECT.split())
def test_shared_object_crosses_as_itself(there: Any, expression: str) -> None:
    """What all interpreters share is the same object everywhere."""
    value = workloads.evaluate(expression)
    assert there.evaluate(expression) is value
    assert there.identity(value) is value
    assert not there.is_foreign(value)


@pytest.mark.parametrize("expression", BUILTINS + LIBRARY, ids=short)
def test_value_arrives_there(there: Any, expression: str) -> None:
    """A value that is sent arrives as a value of the same type, equal to one made there."""
    assert there.matches(workloads.evaluate(expression), expression)


@pytest.mark.parametrize("expression", BUILTINS + LIBRARY, ids=short)
def test_value_arrives_here(there: Any, expression: str) -> None:
    """A value that is returned arrives as a value of the same type, equal to one made here."""
    assert workloads.matches(there.evaluate(expression), expression)


@pytest.mark.parametrize("expression", BUILTINS + LIBRARY, ids=short)
def test_value_next_to_a_reference(there: Any, expression: str) -> None:
    """A value crosses in a tuple that also holds something mutable, both ways."""
    local: list[Any] = []
    value, proxy, same = there.identity((workloads.evaluate(expression), [], local))
    assert workloads.matches(value, expression)
    assert proxy == []
    assert same is local


@pytest.mark.parametrize("expression", BUILTINS + LIBRARY, ids=short)
def test_value_as_keyword_and_attribute(there: Any, expression: str) -> None:
    """Keyword arguments and attributes obey the same rule as arguments."""
    value = workloads.evaluate(expression)
    assert there.matches(expression=expression, value=value)
    bag = there.Bag()
    bag.attribute = value
    assert workloads.matches(bag.attribute, expression)


@pytest.mark.parametrize("expression", BY_REFERENCE, ids=short)
def test_mutable_result_arrives_as_proxy(there: Any, expression: str) -> None:
    """What can change, and subclasses of what cannot, come as a Proxy."""
    assert atoll.is_proxy(there.evaluate(expression))


@pytest.mark.parametrize("expression", BY_REFERENCE, ids=short)
def test_mutable_argument_arrives_as_proxy(there: Any, expression: str) -> None:
    """What can change, and subclasses of what cannot, go as a Proxy."""
    assert there.is_foreign(workloads.evaluate(expression))


def test_negative_zero_keeps_its_sign(there: Any) -> None:
    """-0.0 crosses with its sign, alone and in a complex."""
    assert repr(there.evaluate("(-0.0, complex(-0.0, -0.0))")) == "(-0.0, (-0-0j))"


def test_enum_member_is_the_member(there: Any) -> None:
    """An Enum member arrives as the one member of the class here."""
    assert there.evaluate("Colour.GREEN") is workloads.Colour.GREEN
    assert there.evaluate("Mode.READ | Mode.WRITE") is workloads.Mode.READ | workloads.Mode.WRITE


def test_frozenset_with_deleted_entries(there: Any) -> None:
    """Entries deleted from the set that a frozenset was made of do not cross."""
    some = set(range(100))
    some -= set(range(0, 100, 3))
    frozen = frozenset(some)
    assert there.matches(frozen, "frozenset(set(range(100)) - set(range(0, 100, 3)))")
    assert there.evaluate("frozenset(set(range(50)) - {7, 8})") == set(range(50)) - {7, 8}


def test_frozenset_of_instances(there: Any) -> None:
    """Elements that can change are proxies, hashed and compared by their originals."""
    keys = there.evaluate("frozenset({Key(1), Key(2)})")
    assert len(keys) == 2
    assert workloads.Key(1) in keys
    assert workloads.Key(3) not in keys
    mine = workloads.Key(1)
    assert next(iter(there.identity(frozenset({mine})))) is mine


def test_nested_tuple_keeps_references(there: Any) -> None:
    """A tuple arrives as a new tuple whose mutable elements are references."""
    inner: list[int] = [1]
    result = there.identity((1, (inner, (inner, "x"))))
    assert result == (1, (inner, (inner, "x")))
    assert result[1][0] is inner
    assert result[1][1][0] is inner


@pytest.mark.parametrize("depth", [5, 20, 100, 200])
def test_deep_tuple(there: Any, depth: int) -> None:
    """Tuples cross at any reasonable depth."""
    expression = "(" * depth + "7" + ",)" * depth
    if depth > 100:  # more than CPython's parser takes
        expression = f"__import__('functools').reduce(lambda t, _: (t,), range({depth}), 7)"
    assert there.matches(workloads.evaluate(expression), expression)
    assert workloads.matches(there.evaluate(expression), expression)


def test_many_arguments(there: Any) -> None:
    """A call takes any number of arguments, values and references mixed."""
    local: list[int] = []
    args = (*tuple(range(500)), local)
    kwargs = {f"k{i}": i for i in range(100)} | {"mine": local}
    positional, keywords = there.pack(*args, **kwargs)
    assert positional == args
    assert dict(keywords) == kwargs
    assert positional[-1] is local
    assert dict(keywords)["mine"] is local


def test_keyword_with_odd_name(there: Any) -> None:
    """Any str is good as a keyword."""
    odd = {"": 1, "not a name": 2, "é\ud800": 3, "x" * 1000: 4}
    assert dict(there.pack(**odd)[1]) == odd


def test_interpreter_crosses_as_handle(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """An Interpreter arrives as the handle of the same interpreter, one object in each."""
    assert there.identity(shared_interpreter) is shared_interpreter
    assert there.evaluate("atoll.current()") is shared_interpreter
    assert there.identity((atoll.main(), []))[0] is atoll.main()


def test_registration_is_for_all_interpreters(interpreter: atoll.Interpreter) -> None:
    """A type registered in one interpreter goes by value from every interpreter."""
    interpreter.exec(
        "import atoll, fractions, types\n"
        "from email.headerregistry import Address\n"
        "atoll.register_value_type(Address)"
    )
    from email.headerregistry import Address

    assert interpreter.call(workloads.type_name, Address("a", "b", "c")) == "Address"
    assert not atoll.is_proxy(interpreter.eval("Address('a', 'b', 'c')"))
    assert interpreter.eval("Address('a', 'b', 'c')") == Address("a", "b", "c")


@pytest.mark.parametrize("wrong", [1, "workloads.Point", None, workloads.Point(1, 2)], ids=repr)
def test_register_value_type_wants_a_class(wrong: Any) -> None:
    """Only a class of this interpreter can be registered."""
    with pytest.raises(TypeError, match="class of this interpreter is required"):
        atoll.register_value_type(wrong)


def test_register_value_type_refuses_a_proxy(there: Any) -> None:
    """A class of another interpreter has to be registered there."""
    with pytest.raises(TypeError, match="class of this interpreter is required"):
        atoll.register_value_type(there.Counter)


def test_registered_class_of_main(run_cleanly: Any) -> None:
    """Instances of a registered class of `__main__` go by value, class included."""
    run_cleanly("""
        import atoll, workloads
        @atoll.register_value_type
        class Pixel:
            def __init__(self, x): self.x = x
        with atoll.Interpreter() as other:
            assert not other.call(workloads.is_foreign, Pixel(3))
            back = other.call(workloads.identity, Pixel(3))
            assert type(back) is Pixel and back.x == 3
    """)


def test_value_that_cannot_be_rebuilt_there(interpreter: atoll.Interpreter) -> None:
    """A value whose module cannot be imported by the other side arrives as a Proxy."""
    interpreter.exec(
        "import sys, types, enum\n"
        "module = sys.modules['nowhere'] = types.ModuleType('nowhere')\n"
        "Odd = module.Odd = enum.Enum('Odd', 'A B', module='nowhere')"
    )
    member = interpreter.eval("Odd.B")
    assert atoll.is_proxy(member)
    assert member.name == "B"
    assert member.value == 2
    assert interpreter.eval("lambda x: x is Odd.B")(member)


def test_value_that_cannot_be_pickled(interpreter: atoll.Interpreter) -> None:
    """A registered value that pickle refuses goes as a Proxy; nothing is lost."""
    interpreter.exec(
        "import atoll, sys, types\n"
        "class Sealed:\n"
        "    __module__ = 'sealed'\n"
        "    def __reduce_ex__(self, protocol): raise RuntimeError('no')\n"
        "sys.modules['sealed'] = types.SimpleNamespace(Sealed=Sealed)\n"
        "atoll.register_value_type(Sealed)\n"
        "it = Sealed()"
    )
    assert interpreter.eval("lambda x: x is it")(interpreter.eval("it"))


@pytest.mark.parametrize(
    "expression",
    ["frozendict()", "frozendict(a=1)", "frozendict({(1,): frozendict({2: 'x'})})",
     "frozendict({i: str(i) for i in range(100)})"],
)  # fmt: skip
def test_frozendict(there: Any, expression: str) -> None:
    """A frozendict crosses element by element, both ways."""
    assert there.matches(workloads.evaluate(expression), expression)
    assert workloads.matches(there.evaluate(expression), expression)


def test_frozendict_with_references(there: Any) -> None:
    """A frozendict's mutable values are references, and come home."""
    mine: list[int] = []
    frozen = atoll.frozendict({"mine": mine, "pair": (1, mine)})
    back = there.identity(frozen)
    assert type(back) is type(frozen)
    assert back["mine"] is mine
    assert back["pair"][1] is mine


def test_bare_object_of_a_module(there: Any) -> None:
    """An `object()` that a module has is the one that the module has there, and itself at home."""
    jobs: atoll.Queue[object] = atoll.Queue()
    for job in (1, object(), workloads.STOP):
        jobs.put(job)
    assert there.count_until_stop(jobs) == 2
    assert there.stop() is workloads.STOP
    assert there.identity((workloads.STOP, 1))[0] is workloads.STOP
    with atoll.InterpreterPoolExecutor(1) as pool:
        jobs.put(workloads.STOP)
        assert pool.submit(workloads.count_until_stop, jobs, workloads.STOP).result() == 0
    assert atoll.is_proxy(there.identity(atoll.ref(there.stop)))
    mine = object()
    assert there.identity(mine) is mine


def test_bare_object_of_main(run_cleanly: Any) -> None:
    """An `object()` of `__main__` is what its functions have under that name there."""
    run_cleanly("""
        import atoll
        STOP, OTHER = object(), object()
        def count(jobs):
            count = 0
            while jobs.get(timeout=30) is not STOP:
                count += 1
            return count
        def both(other, stop): return other is OTHER, stop is STOP
        def make(): return STOP, [OTHER]
        def jobs():
            made = atoll.Queue()
            for each in (1, OTHER, object(), STOP):
                made.put(each)
            return made
        def check(call):
            assert call(both, OTHER, STOP) == (True, True)
            assert call(both, STOP, object()) == (False, False)
            assert call(count, jobs()) == 3
            stop, others = call(make)
            assert stop is STOP and others[0] is OTHER
        thread = atoll.Thread(target=count, args=(jobs(),))
        thread.start()
        assert thread.result() == 3
        with atoll.Interpreter() as one, atoll.Interpreter() as two, atoll.InterpreterPoolExecutor(1) as pool:
            check(one.call)
            check(lambda *call: pool.submit(*call).result())
            assert one.call(lambda two, stop: two.call(lambda it: it is STOP, stop), two, STOP)
            kept, first = one.eval("[]"), STOP
            kept.append(STOP)
            STOP = object()
            check(one.call)
            assert kept[0] is not STOP
            one.exec("NONE = object()")
            none = one.eval("NONE")
            assert one.eval("lambda it: it is NONE")(none) and one.eval("NONE") is none
            one.exec("NONE = object()")
            assert not one.eval("lambda it: it is NONE")(none) and one.eval("NONE") is not none
    """)
