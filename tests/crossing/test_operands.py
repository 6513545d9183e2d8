"""Operators between an object here and one elsewhere: as between two objects of one interpreter."""

from __future__ import annotations

from itertools import product
from typing import Any

import operands
import pytest
from operands import make, outcome, outcome_in_place

import atoll

# Of each group every two are compared, and so on.
GROUPS = [
    ["[1]", "[1, 2]", "Stack([1])", "UserList([1])", "deque([1])", "(1, [])", "bytearray(b'a')"],
    ["{'a': 1}", "{'b': 2}", "Counter('a')", "Counter('ab')", "defaultdict(int, a=1)",
     "OrderedDict(a=1)", "OrderedDict(a=1, b=2)", "Table(a=1)", "UserDict(a=1)", "ChainMap({'a': 1})"],
    ["{1}", "{1, 2}", "Group({1})", "frozenset({1})", "{1: 2}.keys()", "{1: 2}.items()"],
    ["deque([1])", "deque([1, 2], 5)", "deque([1])", "array.array('i', [1])",
     "array.array('d', [1])", "array.array('i', [0, 5])"],
    ["SimpleNamespace(a=1)", "SimpleNamespace(a=2)", "SimpleNamespace(a=[1])"],
    ["ipaddress.ip_address('::1')", "ipaddress.ip_address('::2')", "ipaddress.ip_network('::/64')"],
    ["Money(1)", "Money(2)", "Euro(1)", "Money((1, 2))"],
    ["Amount(1)", "BigAmount(1)"],
    ["Tally(of='a')", "Tally(of='bc')", "1"],
    ["Day(in_june=1)", "Day(in_june=2)", "datetime.date(2024, 6, 2)"],
    ["Pair(1, 2)", "Pair(1, 3)", "(1, 2)"],
    ["Bag(of=[1])", "Bag(of=[1, 2])", "{1}"],
    ["Only()"],
    ["Thing(1)", "Thing(2)", "Thing([1])", "SlottedThing(1)", "Slots(1)", "Slots(2)", "Refusing(1)"],
]  # fmt: skip
PAIRS = [pair for group in GROUPS for pair in product(group, group)]
OPERATORS = ["eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "and_", "or_", "xor", "mul"]
SIGNS = ["+", "|", "&", "-", "^", "*"]
# A class that asks for type(other) cannot be told that its operand is a Proxy.
ASKS_FOR_TYPE = {"Money(1)", "Money(2)", "Money((1, 2))", "Only()"}


@pytest.fixture
def far(shared_interpreter: atoll.Interpreter) -> Any:
    return shared_interpreter.import_module("operands")


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_remote_left_operand(far: Any, left: str, right: str) -> None:
    """`p OP x` gives what it gives where both are in one interpreter."""
    for name in OPERATORS:
        expected = outcome(name, make(left), make(right))
        assert outcome(name, far.make(left), make(right)) == expected, name


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_remote_right_operand(far: Any, left: str, right: str) -> None:
    """`x OP p` gives what it gives where both are in one interpreter."""
    if left in ASKS_FOR_TYPE:
        pytest.skip("type(p) is asked for here")
    for name in OPERATORS:
        expected = outcome(name, make(left), make(right))
        assert outcome(name, make(left), far.make(right)) == expected, name


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_both_operands_elsewhere(far: Any, left: str, right: str) -> None:
    """`p OP q` gives what it gives there, where both are."""
    for name in OPERATORS:
        expected = outcome(name, make(left), make(right))
        assert outcome(name, far.make(left), far.make(right)) == expected, name


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_operators_in_place(far: Any, left: str, right: str) -> None:
    """`x OP= p` and `p OP= x` change the left operand, or make a new one, as always."""
    for sign in SIGNS:
        expected = outcome_in_place(sign, make(left), make(right))
        assert outcome_in_place(sign, far.make(left), make(right)) == expected, sign
        if left not in ASKS_FOR_TYPE:
            assert outcome_in_place(sign, make(left), far.make(right)) == expected, sign
