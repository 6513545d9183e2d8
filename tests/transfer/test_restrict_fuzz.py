"""restrict(): whatever its holder tries, it reaches nothing but what was named.

ATOLL_RESTRICT_SEEDS says how many seeds the random part has, ATOLL_RESTRICT_FIRST_SEED from which on;
ATOLL_RESTRICT_STEPS how long each is.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import types
from typing import Any

import pytest
import restrict_owners
import restrict_targets as targets

import atoll
from atoll import _core

pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SEEDS = int(os.environ.get("ATOLL_RESTRICT_SEEDS", "3"))
FIRST_SEED = int(os.environ.get("ATOLL_RESTRICT_FIRST_SEED", "0"))
STEPS = int(os.environ.get("ATOLL_RESTRICT_STEPS", "250"))
KINDS = list(targets.KINDS) if SEEDS > 4 else ["talkative", "class", "metaclass", "generator"]


@pytest.fixture(autouse=True)
def no_coroutine_is_left() -> Any:
    """Close those that nobody awaits now, while their warnings are ignored."""
    yield
    for each in gc.get_objects():
        if type(each) is types.CoroutineType:
            each.close()


@pytest.fixture
def reach(shared_interpreter: atoll.Interpreter) -> Any:
    """The function that tries it all, in another interpreter."""
    return shared_interpreter.import_module("restrict_probe").reach


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_reached_if_nothing_is_named(reach: Any, kind: str) -> None:
    """Of an object of any kind, restricted to no names, nothing at all is reached."""
    obj = targets.KINDS[kind]()
    opened, narrowed, text = reach(atoll.restrict(obj, []))
    assert (opened, narrowed) == ((), ())
    assert targets.SECRET not in text
    if isinstance(obj, io.IOBase):
        obj.close()


@pytest.mark.parametrize("part", range(4))
def test_names_lead_to_no_other(reach: Any, part: int) -> None:
    """What methods return, yield or raise does not lead to the object that they are of."""
    target = targets.Target()
    opened, _, _ = reach(atoll.restrict(target, targets.METHODS[part::4]), 2, 2)
    assert opened == ()


def test_probe_finds_what_is_not_restricted(reach: Any) -> None:
    """The same attempts do reach the secret of an object that is not restricted."""
    opened, _, _ = reach(targets.Target(), 1)
    assert any("Hidden" in each for each in opened)


# ---- at random ----

_loaded: list[str] = []  # what the audit hook saw
_is_watching = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _is_watching and event == "pickle.find_class":
        _loaded.append(repr(arguments))


@pytest.fixture
def watch() -> Any:
    """Have all that is unpickled here noted: a hook cannot be taken out again."""
    global _is_watching
    if not _loaded:
        sys.addaudithook(_watch)
    _is_watching = True
    _loaded.clear()
    yield
    _is_watching = False


def _wider_views(names: set[str]) -> list[Any]:
    """List the narrowed objects of this interpreter that allow what no rule allows."""
    advancing = {"__iter__", "__next__", "__length_hint__", "__await__", "__aiter__", "__anext__",
                 "send", "throw", "close", "asend", "athrow", "aclose"}  # fmt: skip
    views = [each for each in gc.get_objects() if _core.allowed(each) is not None]
    allowed = [frozenset(_core.allowed(each)) for each in views]
    known = ({"__call__"}, advancing, {"result"}, set(), names)
    return [(each, rules) for each, rules in zip(views, allowed, strict=True) if rules not in known]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_owner_and_holder_at_random(interpreter: Any, watch: Any, seed: int, threads: int) -> None:
    """No object of the owner's gets to the holder, whatever both do; nothing is unpickled."""
    explore = interpreter.import_module("restrict_holders").explore
    names = set(restrict_owners.NAMES)
    owner = restrict_owners.Owner()
    view = atoll.restrict(owner, names)
    gc.collect()
    before = _wider_views(names)
    assert explore(view, seed, STEPS // threads, threads) == ()
    assert [each for each in _wider_views(names) if each not in before] == []
    assert _loaded == []
    owner.kept.clear()


def test_holder_finds_what_is_not_restricted(interpreter: Any) -> None:
    """The same holder does find objects of an owner that is not restricted."""
    explore = interpreter.import_module("restrict_holders").explore
    assert explore(restrict_owners.Owner(), 1, 20) != ()
