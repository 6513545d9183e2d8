"""A Proxy has every special method that the remote type has, and only those."""

from __future__ import annotations

import copy
import operator
from typing import Any

import pytest
import workloads

import atoll

OPERANDS = {
    "int-like": ("Number(7)", "3"),
    "list": ("[1, 2]", "[3]"),
    "list times": ("[1, 2]", "2"),
    "set": ("{1, 2, 3}", "{2, 9}"),
    "dict": ("{1: 2}", "{3: 4}"),
    "bytearray": ("bytearray(b'ab')", "b'c'"),
    "deque": ("__import__('collections').deque([1])", "__import__('collections').deque([2])"),
    "counter": ("__import__('collections').Counter('aab')", "__import__('collections').Counter()"),
    "keys": ("{1: 0, 2: 0}.keys()", "{2, 3}"),
    "text": ("Text('a%s')", "Text('b')"),
    "mixed": ("[1]", "None"),
    "pair": ("Pair(1, 2)", "Pair(3, 4)"),
}  # fmt: skip
BINARY = """add sub mul matmul truediv floordiv mod pow lshift rshift and_ xor or_
eq ne lt le gt ge contains"""
IN_PLACE = "iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior"
REFLECTED = "add sub mul truediv floordiv mod pow lshift and_"
SPECIAL = """__len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__ __call__
__add__ __radd__ __iadd__ __enter__ __exit__ __await__ __aiter__ __anext__ __index__ __int__
__float__ __bool__ __reversed__ __matmul__ __neg__ __fspath__ __get__ __buffer__
__bytes__ __complex__ __length_hint__ __aenter__ __aexit__"""
UNARY = [
    operator.neg, operator.pos, operator.abs, operator.invert, operator.not_, operator.index,
    operator.length_hint, bool, len, iter, next, reversed, int, float, complex, str, repr, hash,
    round, bytes, list, tuple, set, dict, sorted, sum, min, any, format, callable,
    lambda x: round(x, 1), lambda x: format(x, ">10"), lambda x: x[0], lambda x: x[-1],
    lambda x: x[0:1], lambda x: x[::-1], lambda x: x[1], lambda x: [*x], lambda x: {**x},
    lambda x: f"{x!s}{x!r}", lambda x: divmod(x, 2), lambda x: divmod(20, x),
    lambda x: pow(x, 2, 5), lambda x: 1 in x, lambda x: x(), lambda x: "{}".format(x),  # noqa: UP032
    lambda x: __import__("math").floor(x), lambda x: __import__("math").trunc(x),
    lambda x: range(5)[x], lambda x: "abc"[x], lambda x: [1, 2] * x,
]  # fmt: skip
OBJECTS = [
    "[]", "[3, 1, 2]", "{}", "{0: 'a', 1: 'b'}", "{'k': 1}", "set()", "{1}", "bytearray(b'abc')",
    "iter([1, 2])", "iter(())", "Number(2)", "Number(0)",
    "type('F', (float,), {})(2.5)", "Pair(1, 2)", "Pair", "object", "{1: 2}.items()",
    "__import__('collections').deque([1, 2])", "lambda: 5", "Key(3)", "WithMeta",
    "__import__('types').SimpleNamespace(a=1)", "__import__('collections').Counter('aab')",
]  # fmt: skip


def outcome(function: Any, *args: Any) -> tuple[str, Any]:
    """What comes of a call: a value, compared by type name and repr, or an exception's type."""
    try:
        value = function(*args)
    except Exception as error:
        return "raised", type(error).__name__
    if hasattr(value, "__next__"):
        return "iterator", [repr(each) for each in value]
    return type_name(value), repr(value)


def type_name(value: Any) -> str:
    kind = atoll.type_of(value) if atoll.is_proxy(value) else type(value)
    return kind.__name__


@pytest.mark.parametrize("operation", BINARY.split())
@pytest.mark.parametrize("operands", OPERANDS.values(), ids=OPERANDS)
def test_binary_operator(there: Any, operation: str, operands: tuple[str, str]) -> None:
    """An operator between two objects of one owner gives what it gives there."""
    function = getattr(operator, operation)
    expected = outcome(function, *map(workloads.evaluate, operands))
    assert outcome(function, *map(there.evaluate, operands)) == expected


@pytest.mark.parametrize("operation", BINARY.split())
@pytest.mark.parametrize("value", ["3", "2.5", "True", "1j", "decimal.Decimal(2)", "None"])
def test_operator_with_a_value(there: Any, operation: str, value: str) -> None:
    """proxy OP value gives what the original gives."""
    function, right = getattr(operator, operation), workloads.evaluate(value)
    for left in ("Number(7)", "[1, 2.5]", "Key(3)", "__import__('fractions').Fraction(1, 3) + 0"):
        expected = outcome(function, workloads.evaluate(left), right)
        assert outcome(function, there.evaluate(left), right) == expected


@pytest.mark.parametrize("operation", REFLECTED.split())
@pytest.mark.parametrize("value", ["3", "2.5", "True", "1j"])
def test_reflected_operator(there: Any, operation: str, value: str) -> None:
    """value OP proxy gives what the original's reflected method gives."""
    function, left = getattr(operator, operation), workloads.evaluate(value)
    expected = outcome(function, left, workloads.Number(7))
    assert outcome(function, left, there.Number(7)) == expected


@pytest.mark.parametrize("operation", IN_PLACE.split())
@pytest.mark.parametrize("operands", OPERANDS.values(), ids=OPERANDS)
def test_in_place_operator(there: Any, operation: str, operands: tuple[str, str]) -> None:
    """In-place operators change the original, and give the same Proxy where it was changed."""
    function = getattr(operator, operation)
    left, right = (workloads.evaluate(each) for each in operands)
    expected = outcome(function, workloads.evaluate(operands[0]), right)
    proxy = there.evaluate(operands[0])
    assert outcome(function, proxy, there.evaluate(operands[1])) == expected
    try:
        is_same = function(left, right) is left
    except TypeError:
        is_same = False
    if is_same:
        again = there.evaluate(operands[0])
        assert function(again, there.evaluate(operands[1])) is again


@pytest.mark.parametrize("expression", OBJECTS)
@pytest.mark.parametrize("operation", range(len(UNARY)))
def test_operation(there: Any, operation: int, expression: str) -> None:
    """Functions and expressions of one operand give for a Proxy what they give for the original."""
    function = UNARY[operation]
    expected = outcome(function, workloads.evaluate(expression))
    got = outcome(function, there.evaluate(expression))
    if function is hash or " at 0x" in str(expected):
        assert got[0] == expected[0]
    else:
        assert got == expected


@pytest.mark.parametrize("expression", OBJECTS)
def test_only_special_methods_of_the_original(there: Any, expression: str) -> None:
    """The type of a Proxy has a special method if, and only if, the original's type has it.

    But for the reflected methods of its operators.
    """
    local, proxy = workloads.evaluate(expression), there.evaluate(expression)
    names = SPECIAL.split()
    if isinstance(local, type):
        names = ["__len__", "__iter__", "__enter__", "__add__", "__contains__"]
    for name in names:
        if not name.startswith("__r") or not hasattr(type(local), f"__{name[3:]}"):
            assert hasattr(type(proxy), name) == hasattr(type(local), name), name


def test_unhashable_stays_unhashable(there: Any) -> None:
    """A proxied list, dict or set cannot be hashed."""
    for expression in ("[]", "{}", "set()"):
        with pytest.raises(TypeError, match="unhashable type"):
            hash(there.evaluate(expression))


def test_items_are_set_and_deleted_there(there: Any) -> None:
    """Item and slice assignment and deletion change the original."""
    numbers = there.evaluate("list(range(6))")
    numbers[0] = 9
    numbers[1:3] = [7]
    del numbers[-1], numbers[::2]
    assert list(numbers) == [7, 4]
    table = there.evaluate("{}")
    table["a", 1] = numbers
    assert table["a", 1] is numbers
    del table["a", 1]
    assert not table


def test_context_manager(there: Any) -> None:
    """`with` enters and leaves there."""
    managed = there.Managed()
    with managed as entered:
        assert entered is managed
    assert list(managed.seen) == [None, "NoneType", None]


def test_context_manager_sees_the_exception(there: Any) -> None:
    """`__exit__` gets a real exception of the same type, and may swallow it."""
    managed = there.Managed(swallows=True)
    with managed:
        raise KeyError("inside")
    assert list(managed.seen) == [KeyError, "KeyError", ("inside",)]


def test_context_manager_that_lets_it_pass(there: Any) -> None:
    """An exception that `__exit__` does not swallow goes on as the same object."""
    error = KeyError("inside")
    with pytest.raises(KeyError) as caught, there.Managed():
        raise error
    assert caught.value is error


def test_lock_as_context_manager(there: Any) -> None:
    """A proxied lock works."""
    lock = there.evaluate("__import__('threading').Lock()")
    with lock:
        assert lock.locked()
    assert not lock.locked()


def test_descriptor_protocol(interpreter: atoll.Interpreter) -> None:
    """A proxied descriptor works in a local class."""
    interpreter.exec(
        "class D:\n"
        "    def __get__(self, obj, cls): return 'class' if obj is None else obj.hidden\n"
        "    def __set__(self, obj, value): obj.hidden = value\n"
        "    def __set_name__(self, cls, name): self.name = name\n"
    )

    class Local:
        attribute = interpreter.eval("D()")

    local = Local()
    local.attribute = 3
    assert local.attribute == local.hidden == 3
    assert Local.attribute == "class"
    assert Local.__dict__["attribute"].name == "attribute"


def test_fspath(there: Any, tmp_path: Any) -> None:
    """os functions take a proxied path-like object."""
    import os

    assert os.fspath(there.evaluate("type('P', (), {'__fspath__': lambda s: 'x'})()")) == "x"


def test_copy_functions(there: Any) -> None:
    """copy.copy and copy.deepcopy of a Proxy yield copies of the original, here or there."""
    numbers = there.evaluate("[[1], 2]")
    for copied in (copy.copy(numbers), copy.deepcopy(numbers)):
        assert copied == [[1], 2]
        assert copied is not numbers
        copied.append(3)
    assert len(numbers) == 2


def test_operator_of_two_owners(there: Any, interpreter: atoll.Interpreter) -> None:
    """Operators between objects of two other interpreters ask both."""
    key = interpreter.call(workloads.evaluate, "Key(1)")
    assert there.Key(1) == key
    assert there.Key(2) != key


def test_comparison_asks_the_reflected_method(there: Any) -> None:
    """NotImplemented of one side lets the other side answer."""
    key = there.Key(5)
    assert key == workloads.Key(5)
    assert workloads.Key(5) == key
    assert key != workloads.Key(6)
    assert hash(key) == hash(workloads.Key(5))
    assert {workloads.Key(5): "x"}[key] == "x"
    with pytest.raises(TypeError, match="not supported between instances"):
        _ = key < workloads.Key(6)


def test_result_types_are_checked_as_locally(interpreter: atoll.Interpreter) -> None:
    """A special method that returns nonsense is the TypeError that it is locally."""
    interpreter.exec(
        "class Bad:\n    def __len__(self): return -1\n    def __bool__(self): return 2\n"
        "    def __index__(self): return 'x'\n    def __str__(self): return 3"
    )
    bad = interpreter.eval("Bad()")
    with pytest.raises(ValueError, match="should return >= 0"):
        len(bad)
    for function in (bool, operator.index, str):
        with pytest.raises(TypeError):
            function(bad)


def test_subclass_results_of_str_and_int(interpreter: atoll.Interpreter) -> None:
    """str(), repr() and int() work where the original returns a subclass."""
    interpreter.exec(
        "class S(str): pass\nclass C:\n"
        "    def __str__(self): return S('s')\n    def __repr__(self): return S('r')\n"
        "    def __format__(self, spec): return S('f')"
    )
    proxy = interpreter.eval("C()")
    assert (str(proxy), repr(proxy), f"{proxy:x}") == ("s", "r", "f")
