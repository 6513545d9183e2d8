"""The same expression of an object and of a Proxy to one like it gives the same."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import subjects
import uses
from known_differences import KNOWN, SOMETIMES

import atoll


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Any]:
    """The module `subjects` of an interpreter of their own: some uses leave traces."""
    with atoll.Interpreter("elsewhere") as interpreter:
        yield interpreter.import_module("subjects")


def type_name(value: Any) -> str:
    kind = atoll.type_of(value) if atoll.is_proxy(value) else type(value)
    return str(kind.__name__)


def shape(value: Any) -> tuple[str, Any]:
    """What a value looks like: the name of its type, and its repr or what it yields."""
    if hasattr(value, "__next__") and not hasattr(value, "readline"):
        return type_name(value), [shape(each) for each in itertools.islice(value, 20)]
    return type_name(value), re.sub(r"0x[0-9a-f]+", "0x", repr(value))


def outcome(use: Callable[[Any], Any], x: Any) -> tuple[str, Any]:
    try:
        return shape(use(x))
    except Exception as error:
        return "raised", type(error).__name__


def differing(kind: str, elsewhere: Any) -> dict[str, tuple[Any, Any]]:
    """The uses of a kind that give something else by Proxy, and what."""
    found = {}
    for expression in uses.of_kind(kind):
        use = eval(f"lambda x: {expression}", uses.NAMES)
        here, there = outcome(use, subjects.make(kind)), outcome(use, elsewhere.make(kind))
        if here != there and (expression, kind) not in SOMETIMES:
            found[expression] = here, there
    return found


def known(kind: str) -> set[str]:
    listed = [entry for entries in KNOWN.values() for entry in entries.items()]
    return {each for each, kinds in listed if kind in kinds.split() and each in uses.of_kind(kind)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", subjects.KINDS)
def test_differences(elsewhere: Any, kind: str) -> None:
    """What differs is listed, with the reason, and what is listed differs."""
    if kind.startswith("numpy"):
        pytest.importorskip("numpy")
    found = differing(kind, elsewhere)
    expected = known(kind)
    assert {use: both for use, both in found.items() if use not in expected} == {}
    assert expected <= found.keys(), "no longer differs"


def test_all_that_is_listed_is_tried() -> None:
    """Each entry of the table names kinds that there are, and an expression tried with each."""
    for entries in KNOWN.values():
        for expression, kinds in entries.items():
            for kind in kinds.split():
                assert expression in uses.of_kind(kind), (expression, kind)
