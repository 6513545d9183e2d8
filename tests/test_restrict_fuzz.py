"""restrict(): whatever its holder tries, it reaches nothing but what was named."""

from __future__ import annotations

import gc
import io
import types
from typing import Any

import pytest
import restrict_targets as targets
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import atoll

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")

Reached = tuple[tuple[Any, ...], str]


@pytest.fixture
def reach(shared_interpreter: atoll.Interpreter) -> Any:
    """The function that tries it all, in another interpreter."""
    return shared_interpreter.import_module("restrict_probe").reach


def _forbidden(obj: Any) -> list[Any]:
    cls = type(obj)
    hidden = [each for each in gc.get_objects() if type(each) is targets.Hidden]
    held = [getattr(obj, "__dict__", None), getattr(obj, "__globals__", None)]
    return [obj, cls, vars(targets), targets.Target, *hidden, *[h for h in held if h is not None]]


def _leaks(obj: Any, reached: Reached) -> list[Any]:
    objects, _ = reached  # what exceptions say in words is theirs to say
    forbidden = _forbidden(obj)
    found = [each for each in objects if any(each is bad for bad in forbidden)]
    frames = [each for each in objects if type(each).__name__ in ("frame", "code", "traceback")]
    functions = [each for each in objects if type(each) in (type(_leaks), type(_leaks.__get__))]
    for each in gc.get_objects():
        if isinstance(each, types.CoroutineType):
            each.close()  # now, while their warnings are ignored
    return found + frames + functions


@pytest.mark.parametrize("kind", targets.KINDS)
def test_nothing_is_reached_if_nothing_is_named(reach: Any, kind: str) -> None:
    """Of an object of any kind, restricted to no names, nothing at all is reached."""
    obj = targets.KINDS[kind]()
    view = atoll.restrict(obj, [])
    objects, text = reach(view)
    assert [each for each in objects if each is not view] == []
    assert targets.SECRET not in text
    if isinstance(obj, io.IOBase):
        obj.close()


@pytest.mark.parametrize("name", targets.METHODS)
def test_one_name_leads_to_no_other(reach: Any, name: str) -> None:
    """What a method returns, yields or raises does not lead to the object that it is of."""
    target = targets.Target()
    assert _leaks(target, reach(atoll.restrict(target, [name]), 3)) == []


@given(st.sets(st.sampled_from(targets.METHODS)))
@example(set(targets.METHODS))
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_names_together_lead_to_no_other(reach: Any, names: set[str]) -> None:
    """Nor do any names together."""
    target = targets.Target()
    assert _leaks(target, reach(atoll.restrict(target, names), 2, 12)) == []


def test_probe_finds_what_is_not_restricted(reach: Any) -> None:
    """The same attempts do reach the secret of an object that is not restricted."""
    target = targets.Target()
    assert any(type(each) is targets.Hidden for each in reach(target, 1)[0])
