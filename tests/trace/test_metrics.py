"""`atoll.metrics`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import atoll

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "tracing.md"


def test_plain_numbers() -> None:
    """All values are ints or floats, also where another interpreter asks."""
    numbers = atoll.metrics()
    assert {type(value) for value in numbers.values()} == {int, float}
    with atoll.Interpreter("asking") as asking:
        theirs = set(asking.call(atoll.metrics))
    assert theirs == set(numbers)


def test_names() -> None:
    """Names are those of the records that have the same numbers."""
    names = set(atoll.metrics())
    assert names >= set(atoll.Statistics.__match_args__)
    assert names >= {f"gc_{name}" for name in atoll.gc.GCStatistics._fields}


def test_sums(interpreter: atoll.Interpreter) -> None:
    """Exports, Proxies and crossings are those of all interpreters together."""
    held = interpreter.eval("[[] for _ in range(10)]")
    kept = [held[each] for each in range(10)]
    numbers, own = atoll.metrics(), interpreter.statistics()
    assert own.exports >= len(kept) + 1
    assert numbers["exports"] >= own.exports
    assert numbers["proxies"] >= own.exports
    assert numbers["crossings"] >= own.crossings
    assert numbers["interpreters"] >= 2


def test_closed_interpreters_count() -> None:
    """Crossings into an interpreter count also when it is closed."""
    before = atoll.metrics()
    with atoll.Interpreter("brief") as brief:
        numbers = brief.eval("[]")
        for each in range(100):
            numbers.append(each)
        during = atoll.metrics()
    after = atoll.metrics()
    assert after["crossings"] >= during["crossings"] >= before["crossings"] + 100


def test_prometheus() -> None:
    """The recipe of the documentation gives prometheus_client all numbers."""
    pytest.importorskip("prometheus_client")
    from prometheus_client import REGISTRY, generate_latest

    [recipe] = re.findall(
        r"^```python\n(from prometheus_client.*?)^```", PAGE.read_text(), re.M | re.S
    )
    names: dict[str, Any] = {"atoll": atoll}
    before = set(REGISTRY._collector_to_names)
    exec(recipe, names)
    try:
        text = generate_latest(REGISTRY).decode()
    finally:
        for each in set(REGISTRY._collector_to_names) - before:
            REGISTRY.unregister(each)
    assert re.search(r"^atoll_crossings_total \d", text, re.M)
    assert re.search(r"^atoll_interpreters \d", text, re.M)
