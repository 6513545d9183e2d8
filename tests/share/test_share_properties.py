"""share() on random values: equal, of the same types, whole in every interpreter and in a file."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import pytest
from children import times
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import atoll

ATOMS = st.deferred(
    lambda: st.one_of(
        st.none(), st.booleans(), st.integers(), st.integers(-10, 1100), st.floats(), st.binary(),
        st.complex_numbers(), st.text(), st.text(st.characters(), max_size=3), st.just("__init__"),
        st.dates(), st.datetimes(timezones=st.sampled_from([None, dt.UTC])), st.timedeltas(),
        st.times(timezones=st.sampled_from([None, dt.UTC])), st.sampled_from([int, ValueError, ...]),
    )
)  # fmt: skip
HASHABLE = st.deferred(
    lambda: ATOMS | st.lists(HASHABLE, max_size=3).map(tuple) | st.frozensets(HASHABLE, max_size=3)
)
VALUES = st.deferred(
    lambda: (
        HASHABLE
        | st.lists(VALUES, max_size=3).map(tuple)
        | st.dictionaries(HASHABLE, VALUES, max_size=3)
    )
)
FREEZABLE = st.deferred(
    lambda: (
        VALUES
        | st.binary().map(bytearray)
        | st.sets(HASHABLE, max_size=3)
        | st.lists(FREEZABLE, max_size=3)
        | st.dictionaries(HASHABLE, FREEZABLE, max_size=3)
    )
)

MANY = settings(
    max_examples=times(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def frozen(value: Any) -> Any:
    """What share() should make of a value, as ordinary objects."""
    if isinstance(value, (list, tuple)):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return atoll.frozendict({frozen(key): frozen(each) for key, each in value.items()})
    if isinstance(value, (set, frozenset)):
        return frozenset(map(frozen, value))
    return bytes(value) if isinstance(value, bytearray) else value


def same(one: Any, two: Any) -> bool:
    """Are they of the same types all the way down, and equal, nan with nan?"""
    if isinstance(one, frozenset):
        return isinstance(two, frozenset) and sorted(map(repr, one)) == sorted(map(repr, two))
    if type(one) is not type(two):
        return False
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, atoll.frozendict):
        return same(tuple(one), tuple(two)) and same(tuple(one.values()), tuple(two.values()))
    return one == two or repr(one) == repr(two)


@MANY
@given(VALUES)
def test_equal(value: Any) -> None:
    """A shared value is what the original is, and all that it consists of is shared."""
    shared = atoll.share(value)
    assert same(shared, frozen(value))
    waiting = [shared]
    while waiting:
        each = waiting.pop()
        assert atoll.is_shared(each)
        if isinstance(each, (tuple, frozenset, atoll.frozendict)):
            waiting.extend(each)
        if isinstance(each, atoll.frozendict):
            waiting.extend(each.values())
            assert all(each[key] is value for key, value in each.items())


@MANY
@given(FREEZABLE)
def test_frozen(value: Any) -> None:
    """With lists=True what can change becomes what cannot."""
    assert same(atoll.share(value, lists=True), frozen(value))


@MANY
@given(HASHABLE)
def test_hash(value: Any) -> None:
    """A shared value has the hash of the original, and finds it in a dict."""
    shared = atoll.share(value)
    if shared == value:  # no nan in it
        assert hash(shared) == hash(value)
        assert {value: 1}[shared] == 1
        assert {shared: 1}[value] == 1


@MANY
@given(VALUES)
def test_elsewhere(there: Any, value: Any) -> None:
    """It comes back from another interpreter as the same object, also from inside a container."""
    shared = atoll.share(value)
    assert there.identity(shared) is shared
    assert there.identity((1, shared))[1] is shared


@MANY
@given(VALUES)
def test_file(tmp_path: Path, value: Any) -> None:
    """It is the same after save() and load(), and after pickling."""
    shared = atoll.share(value)
    atoll.share.save(shared, tmp_path / "value")
    assert same(atoll.share.load(tmp_path / "value"), shared)
    assert same(atoll.share(pickle.loads(pickle.dumps(shared, 5))), shared)


class Refused:
    pass


@MANY
@given(st.lists(VALUES, max_size=4), st.integers(0, 4), VALUES)
def test_refused_at_any_place(around: list[Any], place: int, deep: Any) -> None:
    """Wherever something is that cannot be shared, the error is a TypeError, and later calls work."""
    around.insert(place % (len(around) + 1), {"deep": (deep, Refused())})
    with pytest.raises(TypeError, match=r"\['deep'\]\[1\]: test_share_properties.Refused"):
        atoll.share(tuple(around))
    assert same(atoll.share(deep), frozen(deep))
