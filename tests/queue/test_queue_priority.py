"""PriorityQueue orders what cannot be compared across interpreters by what it is made of."""

from __future__ import annotations

import enum
import heapq
import math
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import queue_workloads
from children import times
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naming import label

import atoll


def in_order(items: list[Any]) -> list[Any]:
    """Put all, get all."""
    q = atoll.PriorityQueue()
    for item in items:
        q.put(item)
    return [q.get() for _ in items]


NUMBERS = (
    st.integers()
    | st.integers(-(2**53) - 3, 2**53 + 3)
    | st.integers(-(2**2000), 2**2000)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.sampled_from([2**53 + 1, -(2**53) - 1, 2.0**53, 2**1024, -(2**1024), 1e308, -0.0, 0])
)
COMPARABLE = {
    "numbers": NUMBERS,
    "strings": st.text(st.characters(codec=None)),
    "strings of few characters": st.text(alphabet="ab\0\x01é\U0001f600", max_size=4),
    "bytes": st.binary(),
    "pairs": st.tuples(NUMBERS, st.text()),
    "tuples": st.lists(NUMBERS, max_size=4).map(tuple),
    "nested": st.tuples(
        st.none(), st.binary(), st.tuples(st.text(alphabet="a\0\x01\xff"), NUMBERS)
    ),
}


@pytest.mark.parametrize("items", COMPARABLE.values(), ids=COMPARABLE)
def test_order_is_pythons(items: st.SearchStrategy[Any]) -> None:
    """Items of one kind come as sorted() puts them, equal ones in the order of their arrival."""

    @settings(max_examples=times(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(items, max_size=12))
    def check(drawn: list[Any]) -> None:
        got = in_order(drawn)
        assert got == sorted(drawn)
        assert list(map(repr, got)) == list(map(repr, sorted(drawn)))  # 1, 1.0 and True

    check()


def test_kinds_side_by_side() -> None:
    """None comes first, then numbers, strings, bytes, tuples."""
    expected = [
        None,
        -math.inf,
        1,
        math.inf,
        "",
        "a",
        b"",
        b"a",
        (),
        (None,),
        (1,),
        (1, "x"),
        ("a",),
    ]
    assert in_order(expected[::-1]) == expected


def test_jobs_need_no_order() -> None:
    """In (priority, job) the job may be anything; equal priorities come in the order of arrival."""
    jobs = [(2, {}), (1, [1]), (2, queue_workloads.Thing()), (1, print), (0, (1, {}))]
    assert in_order(jobs) == [jobs[4], jobs[1], jobs[3], jobs[0], jobs[2]]


def test_interleaved_with_gets() -> None:
    """Whatever is put and got in between, the smallest is next."""
    q, mirror = atoll.PriorityQueue(), []
    number = 7
    for _ in range(2000):
        number = number * 1103515245 % 2**31
        if number % 3 and mirror:
            assert q.get() == heapq.heappop(mirror)
        else:
            q.put(number % 50)
            heapq.heappush(mirror, number % 50)
    assert q.qsize() == len(mirror)


class Level(enum.IntEnum):
    LOW = 3
    HIGH = 1


class Job(NamedTuple):
    level: int
    name: str


class Backwards(int):
    def __lt__(self, other: int) -> bool:
        return not int.__lt__(self, other)


def test_subclasses() -> None:
    """What derives from these types is ordered as they are, unless it compares in its own way."""
    assert in_order([Level.LOW, 2, Level.HIGH]) == [1, 2, 3]
    assert in_order([Job(2, "b"), Job(1, "z"), Job(2, "a")])[0] == (1, "z")
    with pytest.raises(TypeError, match="Backwards"):
        atoll.PriorityQueue().put(Backwards(1))


@pytest.mark.parametrize("item", [[1], {}, object(), 1j, Decimal(1), ({}, 1), (([],),)], ids=label)
def test_what_has_no_order(item: Any) -> None:
    """Anything else is a TypeError of put, and the queue is unchanged."""
    q = atoll.PriorityQueue()
    with pytest.raises(TypeError, match="a priority queue orders"):
        q.put(item)
    with pytest.raises(ValueError, match="NaN"):
        q.put((1, math.nan))
    assert q.qsize() == q.unfinished_tasks == 0


def test_deep_tuples() -> None:
    """A tuple that is too deep to be ordered is an error of put."""
    item: Any = ()
    for _ in range(200_000):
        item = (item,)
    q = atoll.PriorityQueue()
    with pytest.raises(RecursionError):
        q.put(item)
    assert q.qsize() == 0
    while item:
        item = item[0]


def test_several_interpreters(interpreter: atoll.Interpreter) -> None:
    """Items of several interpreters are in one order."""
    q = atoll.PriorityQueue()
    for number in range(20):
        where = interpreter if number % 2 else atoll.main()
        where.call(queue_workloads.put, q, (-number, [number]))
    assert [q.get()[1][0] for _ in range(20)] == list(range(19, -1, -1))
