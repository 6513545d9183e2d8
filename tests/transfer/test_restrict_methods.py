"""restrict(): a method that its owner may set anew brings the owner nothing of the sender's."""

from __future__ import annotations

import types
from decimal import Decimal
from typing import Any

import pytest

import atoll


class Hub:
    """Gives out a token, keeps methods of what it is given, and gives them back."""

    def __init__(self) -> None:
        self.secret = types.SimpleNamespace(top="s3cret", file=open)
        self.kept: Any = None

    def token(self) -> Any:
        return self.secret

    def is_secret(self, thing: Any) -> bool:
        return thing is self.secret

    def keep(self, source: Any) -> None:
        self.kept = source.notify

    def give(self) -> Any:
        return self.kept

    def give_in_tuple(self) -> Any:
        return (self.kept, frozenset({self.kept}))

    def give_iterator(self) -> Any:
        return iter([self.kept])

    def tell(self, callback: Any) -> None:
        callback(self.kept)


NAMES = ["token", "is_secret", "keep", "give", "give_in_tuple", "give_iterator", "tell"]
WAYS = ["give", "give_in_tuple", "frozenset", "give_iterator", "tell"]
HOLDER = """
import types

class Source(ValueError):
    pass

def source_of(kind):
    def function(): pass
    source = {"function": function, "exception": ValueError("x"), "class": Source("x")}[kind]
    source.notify = types.MethodType(lambda self, *given: given, source)
    return source

def told(v):
    given = []
    v.tell(given.append)
    return given[0]

ways = {
    "give": lambda v: v.give(),
    "give_in_tuple": lambda v: v.give_in_tuple()[0],
    "frozenset": lambda v: next(iter(v.give_in_tuple()[1])),
    "give_iterator": lambda v: next(v.give_iterator()),
    "tell": told,
}

def swap(v, kind, way):
    source = source_of(kind)
    v.keep(source)
    source.notify = v.token()
    got = ways[way](v)
    return hasattr(got, "top"), got.__self__ is source

def swap_known(v, source, way):
    source.notify = v.token()
    got = ways[way](v)
    return hasattr(got, "top"), v.is_secret(got)

def stays(v, kind):
    source = source_of(kind)
    v.keep(source)
    got = v.give()
    return got(1, 2), got.__self__ is source
"""


@pytest.fixture
def holder(interpreter: atoll.Interpreter) -> atoll.Interpreter:
    """An interpreter with functions that use a Hub that was restricted."""
    interpreter.exec(HOLDER)
    return interpreter


@pytest.mark.parametrize("kind", ["function", "exception", "class"])
@pytest.mark.parametrize("way", WAYS)
def test_method_that_is_a_token_by_now(holder: Any, kind: str, way: str) -> None:
    """What was read of a holder's object goes back as that, whatever it was set to since."""
    view = atoll.restrict(Hub(), NAMES)
    assert holder.eval("swap")(view, kind, way) == (False, True)


@pytest.mark.parametrize("way", WAYS)
def test_method_of_a_proxy_that_became_a_token(holder: Any, way: str) -> None:
    """So does one of an object of the holder's that the owner knows without a restriction."""
    hub = Hub()
    source = holder.eval("source_of")("function")
    hub.keep(source)
    view = atoll.restrict(hub, NAMES)
    assert holder.eval("swap_known")(view, source, way) == (False, True)


def test_method_that_became_an_object_by_rule(holder: Any) -> None:
    """A method that has become the owner's own object goes by the rule of the result."""
    hub = Hub()
    source = holder.eval("source_of")("function")
    hub.keep(source)
    view = atoll.restrict(hub, {"give": ["file"], "token": None, "is_secret": None})
    assert holder.eval("swap_known")(view, source, "give") == (False, True)
    assert holder.eval("lambda v: hasattr(v.give(), 'file')")(view)


@pytest.mark.parametrize("kind", ["function", "exception", "class"])
def test_method_of_the_holders(holder: Any, kind: str) -> None:
    """A method of the holder's that stays one goes home, as its own."""
    assert holder.eval("stays")(atoll.restrict(Hub(), NAMES), kind) == ((1, 2), True)


@pytest.mark.parametrize("use", ["give", "getattr", "setattr", "repr"])
def test_method_that_means_itself(holder: Any, use: str) -> None:
    """A method that was set to a token of that same method is an error when it is used."""
    hub = Hub()
    source = holder.eval("source_of")("function")
    hub.keep(source)
    view = atoll.restrict(hub, ["give"])
    with atoll.Interpreter() as other:
        other.exec("def swap(v, source): source.notify = v.give()")
        other.eval("swap")(view, source)
        uses = {
            "give": lambda: holder.eval("lambda v: v.give()")(view),
            "getattr": lambda: hub.kept.name,
            "setattr": lambda: setattr(hub.kept, "name", 1),
            "repr": lambda: repr(hub.kept),
        }
        with pytest.raises(RecursionError):
            uses[use]()


@pytest.mark.parametrize("value", [5, (1, 2), Decimal("1.5")])
def test_method_that_became_a_value(holder: Any, value: Any) -> None:
    """A method that was set to one of the sender's values crosses by value, or as ref() says."""
    source = holder.eval("source_of")("function")
    method = source.notify
    source.notify = atoll.ref(value)
    is_proxy = holder.eval("__import__('atoll').is_proxy")
    assert not is_proxy(method)
    assert is_proxy(atoll.ref(method))


ITERATOR = """
class Iterator:
    __module__ = "itertools"
    def __iter__(self): return self
    def __next__(self): return 1
    def send(self, value): return value
iterator = Iterator()
"""


@pytest.mark.parametrize("module", ["itertools", "_collections", "atoll.dict_iterator"])
def test_proxy_whose_class_lies_about_its_module(there: Any, module: str) -> None:
    """A Proxy to an object of a third interpreter is a token, whatever its class says it is."""
    with atoll.Interpreter() as other:
        other.exec(ITERATOR.replace("itertools", module))
        hub = Hub()
        hub.kept = other.eval("iterator")
        use = there.evaluate("lambda v: [n for n in ('send', '__next__') if hasattr(v.give(), n)]")
        assert use(atoll.restrict(hub, ["give"])) == []
        with pytest.raises(TypeError, match="cannot be copied"):
            there.evaluate("lambda v: v.give()")(atoll.restrict(hub, {"give": atoll.copy}))
