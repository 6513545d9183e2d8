"""frozendict: the builtin type from 3.15 on and ours before, shared and not, behave alike."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
from collections.abc import Hashable, Iterator, Mapping, Reversible
from typing import Any

import pytest

import atoll
from atoll import frozendict

CONTENT: dict[Any, Any] = {"b": 1, "a": (2, 3), 5: None}


@pytest.fixture(params=["shared", "made here"])
def frozen(request: pytest.FixtureRequest) -> Any:
    """The same mapping, shared and not."""
    return atoll.share(CONTENT) if request.param == "shared" else frozendict(CONTENT)


def test_is_a_mapping(frozen: Any) -> None:
    """It is a Mapping, hashable and reversible, and no dict."""
    assert type(frozen) is frozendict
    assert isinstance(frozen, Mapping)
    assert isinstance(frozen, Hashable)
    assert isinstance(frozen, Reversible)
    assert not isinstance(frozen, dict)


def test_lookup(frozen: Any) -> None:
    """Keys are found as in a dict."""
    assert len(frozen) == 3
    assert frozen["b"] == 1
    assert frozen[5.0] is None
    assert frozen.get("a") == (2, 3)
    assert frozen.get("c") is None
    assert frozen.get("c", 7) == 7
    assert "a" in frozen
    assert "c" not in frozen


@pytest.mark.parametrize("key", ["c", (1, 2), None, 6])
def test_missing_key(frozen: Any, key: Any) -> None:
    """A missing key is a KeyError with the key, also if that is a tuple."""
    with pytest.raises(KeyError) as caught:
        frozen[key]
    assert caught.value.args == (key,)


def test_unhashable_key(frozen: Any) -> None:
    """An unhashable key is a TypeError."""
    for ask in (frozen.__getitem__, frozen.get, frozen.__contains__):
        with pytest.raises(TypeError, match="unhashable"):
            ask([])


def test_order_and_views(frozen: Any) -> None:
    """Iteration and views keep the order; views compare and combine as those of a dict."""
    assert list(frozen) == ["b", "a", 5]
    assert list(reversed(frozen)) == [5, "a", "b"]
    assert list(frozen.values()) == [1, (2, 3), None]
    assert list(frozen.items()) == list(CONTENT.items())
    assert frozen.keys() == CONTENT.keys()
    assert frozen.keys() & {"a", "z"} == {"a"}
    assert ("b", 1) in frozen.items()
    assert isinstance(iter(frozen), Iterator)
    assert dict(frozen) == CONTENT
    assert {**frozen} == CONTENT


def test_cannot_change(frozen: Any) -> None:
    """There is no way to change it."""
    with pytest.raises(TypeError):
        frozen["b"] = 2
    with pytest.raises(TypeError):
        del frozen["b"]
    with pytest.raises(AttributeError):
        frozen.extra = 1
    for name in ("pop", "popitem", "clear", "update", "setdefault", "__ior__"):
        assert not hasattr(frozen, name)
    with pytest.raises((TypeError, AttributeError)):
        frozendict.get = 5


def test_equality(frozen: Any) -> None:
    """It is equal to dicts and frozendicts of the same content, whatever the order."""
    again = dict(reversed(CONTENT.items()))
    assert frozen == CONTENT
    assert again == frozen
    assert frozen == frozendict(again)
    assert frozen == atoll.share(again)
    assert frozen != {**CONTENT, "z": 1}
    assert frozen != [("b", 1)]
    assert frozen != None  # noqa: E711
    with pytest.raises(TypeError):
        assert frozen < frozen


def test_foreign_comparison_gets_no_dict(frozen: Any) -> None:
    """An object that wants to know what it is compared with sees the frozendict."""
    seen = []

    class Curious:
        def __eq__(self, other: object) -> bool:
            seen.append(other)
            return True

        __hash__ = None  # type: ignore[assignment]

    class CuriousDict(dict[Any, Any]):
        def __eq__(self, other: object) -> bool:
            seen.append(other)
            return True

        __hash__ = None  # type: ignore[assignment]

    assert frozen == Curious()
    assert CuriousDict() == frozen
    assert frozen == CuriousDict(CONTENT)
    assert all(each is frozen for each in seen)
    assert seen


def test_hash(frozen: Any) -> None:
    """Equal ones have equal hashes; one is found as a key by another."""
    assert hash(frozen) == hash(frozendict(reversed(CONTENT.items())))
    assert hash(frozen) == hash(atoll.share(CONTENT))
    assert {frozen: 1}[atoll.share(dict(reversed(CONTENT.items())))] == 1
    assert frozen in {frozendict(CONTENT)}
    assert hash(frozendict()) == hash(atoll.share({}))


def test_unhashable_value() -> None:
    """The hash of one with an unhashable value is a TypeError."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(frozendict({1: []}))


def test_representation(frozen: Any) -> None:
    """The repr is an expression that makes it again."""
    assert repr(frozen) == "frozendict({'b': 1, 'a': (2, 3), 5: None})"
    assert eval(repr(frozen)) == frozen
    assert f"{frozen}" == str(frozen) == repr(frozen)


def test_union(frozen: Any) -> None:
    """| makes a new one of the left side's type; the right side wins."""
    assert type(frozen | {"z": 1}) is frozendict
    assert type({"z": 1} | frozen) is dict
    assert type(frozen | frozen) is frozendict
    assert list((frozen | {"b": 2, "z": 1}).items()) == [
        ("b", 2),
        ("a", (2, 3)),
        (5, None),
        ("z", 1),
    ]
    assert {"b": 2, "z": 1} | frozen == {"z": 1, **CONTENT}
    with pytest.raises(TypeError):
        frozen | [("z", 1)]
    with pytest.raises(TypeError):
        5 | frozen
    before = frozen
    frozen |= {"z": 1}
    assert "z" not in before
    assert frozen["z"] == 1


def test_copies(frozen: Any) -> None:
    """A copy is the object itself; a deep copy is equal."""
    assert frozen.copy() is frozen
    assert copy.copy(frozen) is frozen or copy.copy(frozen) == frozen
    assert copy.deepcopy(frozen) == frozen
    assert frozendict(frozen) is frozen
    mutable = frozendict({1: []})
    assert copy.deepcopy(mutable)[1] is not mutable[1]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(frozen: Any, protocol: int) -> None:
    """It is pickled by value."""
    again = pickle.loads(pickle.dumps(frozen, protocol))
    assert type(again) is frozendict
    assert list(again.items()) == list(frozen.items())


def test_pattern(frozen: Any) -> None:
    """It matches mapping patterns and class patterns."""
    match frozen:
        case {"a": (x, y), **rest}:
            assert (x, y, rest) == (2, 3, {"b": 1, 5: None})
        case _:
            pytest.fail("no match")
    match frozen:
        case frozendict():
            pass
        case _:
            pytest.fail("no match")


def test_making() -> None:
    """It is made as a dict is."""
    assert frozendict() == {}
    assert frozendict(a=1, b=2) == {"a": 1, "b": 2}
    assert frozendict([("a", 1)], b=2) == {"a": 1, "b": 2}
    assert frozendict(frozendict(a=1), a=3) == {"a": 3}
    assert frozendict.fromkeys("ab") == {"a": None, "b": None}
    assert frozendict.fromkeys("ab", 1) == {"a": 1, "b": 1}
    assert type(frozendict.fromkeys("a")) is frozendict
    assert frozendict[str, int]


@pytest.mark.parametrize("arguments", [(5,), ({}, {}), ([1],), ("ab",)])
def test_bad_arguments(arguments: Any) -> None:
    """What makes no dict is the error that dict raises."""
    with pytest.raises((TypeError, ValueError)):
        frozendict(*arguments)


def test_source_does_not_show_through() -> None:
    """A change of the dict that it was made from does not change it."""
    source = {1: 2}
    frozen = frozendict(source)
    source[1] = 3
    assert frozen[1] == 2


def test_collected() -> None:
    """A cycle through an ordinary frozendict is collected; a shared one is never looked at."""
    inner: list[Any] = []
    inner.append(frozendict({"cycle": inner}))
    watched = inner.append
    del inner
    gc.collect()
    assert not gc.is_tracked(atoll.share({"a": 1}))
    assert watched is not None
    frozen = frozendict({"a": []})
    assert gc.is_tracked(frozen)


def test_size() -> None:
    """sys.getsizeof counts the table."""
    assert (
        sys.getsizeof(frozendict.fromkeys(range(1000)))
        > sys.getsizeof({**dict.fromkeys(range(1000))}) - 100
    )


def test_nested(there: Any) -> None:
    """Another interpreter knows the same type, and one that was not shared goes element by element."""
    assert there.evaluate("frozendict") is frozendict
    frozen = frozendict({"nested": frozendict(a=1)})
    back = there.identity(frozen)
    assert type(back) is type(back["nested"]) is frozendict
    assert back == frozen


def test_json(frozen: Any) -> None:
    """json takes it with default=dict."""
    text = json.dumps(atoll.share({"a": {"b": 1}}), default=dict)
    assert json.loads(text) == {"a": {"b": 1}}
