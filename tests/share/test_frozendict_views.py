"""Views of a frozendict, and iterators over it, are as those of a dict."""

from __future__ import annotations

import copy
import gc
import itertools
import operator
import pickle
import weakref
from collections.abc import Callable, ItemsView, Iterator, KeysView, MappingView, ValuesView
from typing import Any

import pytest

import atoll
from atoll import frozendict

CONTENT: dict[Any, Any] = {"b": 1, "a": (2, 3), 5: None}
NAMES = ["keys", "values", "items"]
OPERATORS = [
    operator.and_, operator.or_, operator.sub, operator.xor, operator.eq, operator.ne, operator.lt,
    operator.le, operator.gt, operator.ge,
]  # fmt: skip
OTHERS: list[Any] = [
    set(), {"b"}, {"b", "a", 5}, {"b", "z", ("b", 1)}, frozenset(range(10)), ["b", "b", 5],
    ("b", 1), {"b": 1}.keys(), {"b": 1}.items(), {"b": 2, "a": (2, 3), 5: None}.items(),
    CONTENT.keys(), CONTENT.items(), CONTENT.values(), CONTENT, iter(()), "ab", 5, None,
]  # fmt: skip


@pytest.fixture(params=["shared", "made here"])
def frozen(request: pytest.FixtureRequest) -> Any:
    """The same mapping, shared and not."""
    return atoll.share(CONTENT) if request.param == "shared" else frozendict(CONTENT)


def _outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        result = function(*arguments)
    except TypeError:
        return TypeError
    return type(result), result


@pytest.mark.parametrize("name", NAMES)
def test_is_a_view(frozen: Any, name: str) -> None:
    """A view is one of collections.abc, and reads as that of a dict."""
    view, model = getattr(frozen, name)(), getattr(CONTENT, name)()
    abstract = {"keys": KeysView, "values": ValuesView, "items": ItemsView}[name]
    assert isinstance(view, abstract)
    assert isinstance(view, MappingView)
    assert [cls for cls in (KeysView, ValuesView, ItemsView) if isinstance(view, cls)] == [abstract]
    assert len(view) == 3
    assert list(view) == list(model)
    assert list(reversed(view)) == list(reversed(model))
    assert repr(view) == repr(model)
    assert type(view).__name__ == type(model).__name__
    for each in (*model, *CONTENT, "z", ("b", 2), ("z", 1), ("b",)):
        assert (each in view) == (each in model)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("function", OPERATORS)
def test_operators(frozen: Any, name: str, function: Callable[..., Any]) -> None:
    """Each operator does with each operand, on either side, what it does with a view of a dict."""
    view, model = getattr(frozen, name)(), getattr(CONTENT, name)()
    for other in OTHERS:
        assert _outcome(function, view, other) == _outcome(function, model, other)
        assert _outcome(function, other, view) == _outcome(function, other, model)
    for its_name, (its_source, its_model) in itertools.product(
        NAMES, [(frozen, CONTENT), (frozendict(b=1, z=2), {"b": 1, "z": 2})]
    ):
        one, two = getattr(its_source, its_name)(), getattr(its_model, its_name)()
        if name != "values" and its_name != "values":
            assert _outcome(function, view, one) == _outcome(function, model, two)


@pytest.mark.parametrize("name", ["keys", "items"])
def test_is_disjoint(frozen: Any, name: str) -> None:
    """isdisjoint() takes whatever can be iterated."""
    view, model = getattr(frozen, name)(), getattr(CONTENT, name)()
    for other in (*OTHERS, view):
        assert _outcome(view.isdisjoint, other) == _outcome(model.isdisjoint, other)


def test_unhashable_values() -> None:
    """Items with values that have no hash are compared and intersected."""
    items = frozendict({1: [], 2: 3}).items()
    assert items == {1: [], 2: 3}.items()
    assert items & [(2, 3), (3, 4)] == {(2, 3)}
    assert (1, []) in items
    with pytest.raises(TypeError):
        items | set()


def test_hashes(frozen: Any) -> None:
    """Keys and items have no hash, as sets; a view of values has."""
    for view in (frozen.keys(), frozen.items()):
        with pytest.raises(TypeError):
            hash(view)
    assert isinstance(hash(frozen.values()), int)


def test_mapping(frozen: Any) -> None:
    """`mapping` can be read, and shows others the frozendict."""
    for name in NAMES:
        mapping = getattr(frozen, name)().mapping
        assert mapping == CONTENT
        assert gc.get_referents(mapping) == [frozen]
        with pytest.raises(TypeError):
            mapping["b"] = 2


@pytest.mark.parametrize("name", NAMES)
def test_cannot_be_made_or_copied(frozen: Any, name: str) -> None:
    """A view cannot be pickled or copied, and its class makes none."""
    view = getattr(frozen, name)()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(view, protocol)
    with pytest.raises(TypeError):
        copy.copy(view)
    with pytest.raises(TypeError):
        type(view)()
    with pytest.raises(TypeError):
        type(view).intruder = 1
    with pytest.raises(AttributeError):
        view.intruder = 1


@pytest.mark.parametrize("name", ["__iter__", *NAMES])
@pytest.mark.parametrize("step", [1, -1])
def test_iterators(frozen: Any, name: str, step: int) -> None:
    """An iterator knows how much is left, is pickled and copied with that, and stays at its end."""
    found: list[Any] = list(frozen) if name == "__iter__" else list(getattr(frozen, name)())
    source = frozen if name == "__iter__" else getattr(frozen, name)()
    for taken in range(4):
        iterator = iter(source) if step == 1 else reversed(source)
        for _ in range(taken):
            next(iterator)
        assert isinstance(iterator, Iterator)
        assert operator.length_hint(iterator) == 3 - taken
        assert list(pickle.loads(pickle.dumps(iterator))) == found[::step][taken:]
        assert list(copy.copy(iterator)) == found[::step][taken:]
        assert list(iterator) == found[::step][taken:]
        assert next(iterator, None) is None
        assert operator.length_hint(iterator) == 0
        assert list(copy.copy(iterator)) == []


def test_empty() -> None:
    """Views of an empty one are empty."""
    for frozen in (frozendict(), atoll.share({})):
        for name in NAMES:
            view = getattr(frozen, name)()
            assert list(view) == list(reversed(view)) == []
        assert repr(frozen.keys()) == "dict_keys([])"


def test_cycle_is_collected() -> None:
    """A view and an iterator in a cycle are collected with it."""

    class Watched:
        pass

    cycle: list[Any] = [Watched()]
    seen = weakref.ref(cycle[0])
    frozen = frozendict({"cycle": cycle})
    cycle += [frozen, frozen.values(), iter(frozen), reversed(frozen.items())]
    del cycle, frozen
    gc.collect()
    assert seen() is None


def test_repr_of_a_cycle() -> None:
    """The repr of one that contains itself, or its view, ends."""
    cycle: list[Any] = []
    frozen = frozendict({"cycle": cycle})
    cycle += [frozen, frozen.values()]
    assert repr(frozen).startswith("frozendict({'cycle': [")
    assert "..." in repr(frozen)


def test_elsewhere(there: Any) -> None:
    """A view goes by reference; another interpreter takes it for a view, and makes its own."""
    shared = atoll.share(CONTENT)
    assert there.evaluate("lambda view: list(view)")(shared.keys()) == list(CONTENT)
    view = there.evaluate("lambda shared: shared.items()")(shared)
    assert atoll.is_proxy(view)
    assert isinstance(view, ItemsView)
    assert list(view) == list(CONTENT.items())
    assert there.evaluate("lambda shared: list(shared.items())")(shared) == list(CONTENT.items())


def test_narrowed(there: Any) -> None:
    """Of a restricted object a view is a token; its iterators can only be advanced."""
    inner = atoll.restrict(frozendict({"b": 1}), ["keys", "__iter__", "__reversed__"])
    with pytest.raises(AttributeError):
        there.evaluate("lambda inner: inner.keys().mapping")(inner)
    for name in ("__iter__", "__reversed__"):
        assert there.evaluate(f"lambda inner: list(inner.{name}())")(inner) == ["b"]
        with pytest.raises(AttributeError):
            there.evaluate(f"lambda inner: inner.{name}().__setstate__")(inner)
