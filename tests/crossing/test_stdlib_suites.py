"""CPython's own tests of sequences and mappings, run through proxies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from stdlib_suites import load, make_in, skip

import atoll

OWNER = "owner of the suites"


list_tests, seq_tests, mapping_tests = map(load, ("list_tests", "seq_tests", "mapping_tests"))


@pytest.fixture(scope="module", autouse=True)
def owner() -> Iterator[atoll.Interpreter]:
    """The interpreter in which the lists, tuples and dicts live."""
    with atoll.Interpreter(OWNER) as interpreter:
        yield interpreter


def make(kind: str, *args: Any, **kwargs: Any) -> Any:
    """Make an object in the owner; returns its Proxy."""
    return make_in(OWNER, kind, *args, **kwargs)


class Factory:
    """Stands in for the type that is tested: makes it in the owner."""

    kind = ""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return make(cls.kind, *args, **kwargs)


class ListFactory(Factory):
    kind = "list"


class TupleFactory(Factory):
    kind = "tuple"


class DictFactory(Factory):
    kind = "dict"


FINALIZER = "subclasses the type with a __del__, but the object here is no instance of the subclass"


@skip(test_free_after_iterating=FINALIZER)
class TestProxiedList(list_tests.CommonTest):
    type2test = ListFactory


LEFT_TUPLE = (
    "a sum of tuples comes by value, and a tuple here adds no Proxy: the type has no __radd__"
)


@skip(test_free_after_iterating=FINALIZER, test_iadd=LEFT_TUPLE, test_addmul=LEFT_TUPLE)
class TestProxiedTuple(seq_tests.CommonTest):
    type2test = TupleFactory


@skip(test_fromkeys="calls the class method of subclasses of the type; see the test below")
class TestProxiedDict(mapping_tests.TestHashMappingProtocol):
    type2test = DictFactory


def test_fromkeys(owner: atoll.Interpreter) -> None:
    """dict.fromkeys of a proxied dict makes a dict in the owner, of anything iterable here."""
    proxy = make("dict")
    for keys in ("abc", (4, 5), [], {1}, iter("ab")):
        expected = dict.fromkeys(list(keys) if not isinstance(keys, Iterator) else "ab", 0)
        made = proxy.fromkeys(keys, 0)
        assert made == expected
        assert atoll.owner(made) is owner
    with pytest.raises(TypeError):
        proxy.fromkeys(3)


def test_the_suites_ran_on_proxies(owner: atoll.Interpreter) -> None:
    """What the factories make is not local."""
    for factory in (ListFactory, TupleFactory, DictFactory):
        assert atoll.owner(factory()) is owner
