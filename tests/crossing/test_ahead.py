"""Items of remote iterators that are brought before they are asked for: nobody can tell."""

from __future__ import annotations

import copy
import operator
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import iterations
import pytest

import atoll

KINDS = [*iterations.CHANGING, *iterations.FIXED]
FETCHED = [
    "list",
    "list of more than a batch",
    "subclass of list",
    "keys",
    "defaultdict",
    "set",
    "range",
    "str",
    "bytes",
    "frozenset",
]


@pytest.fixture(scope="module")
def owner() -> Iterator[Any]:
    """The module `iterations` of another interpreter."""
    with atoll.Interpreter("owner") as interpreter:
        yield interpreter.import_module("iterations")


@pytest.fixture(scope="module")
def third() -> Iterator[Any]:
    """The module `iterations` of a third one."""
    with atoll.Interpreter("third") as interpreter:
        yield interpreter.import_module("iterations")


def crossings(module: Any) -> int:
    return atoll.owner(module).statistics().crossings


def play(seed: int, where: dict[str, Any], items: Any, iterator: Any) -> list[Any]:
    """Use and change an iterator, in an order and in places that the seed says."""
    choose = random.Random(seed)
    told: list[Any] = []
    actions = ["step"] * 6 + ["change", "left", "rest", "call_next"] + ["move"] * (seed % 2)
    for _ in range(25):
        place = where[choose.choice([*where])]
        action = choose.choice(actions)
        number = choose.randrange(100)
        if action == "step":
            count = choose.choice([1, 2, 3, 5, 12])
            told.append(place("step", iterator, count))
        elif action == "change" and not isinstance(items, (tuple, str, bytes, range, frozenset)):
            told.append(place("change", items, number))
        elif action == "move":
            told.append(place("move", iterator, number))
        elif action != "change":
            told.append(place(action, iterator))
    return told


def caller(module: Any, *, in_thread: bool = False) -> Callable[..., Any]:
    def call(name: str, *arguments: Any) -> Any:
        function = getattr(module, name)
        result = module.in_thread(function, *arguments) if in_thread else function(*arguments)
        return list(result) if name == "step" else result

    return call


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_iteration_is_as_within_one_interpreter(
    kind: str, seed: int, owner: Any, third: Any
) -> None:
    """Whoever takes items, and whoever changes the container meanwhile, sees what Python says."""
    items, iterator = owner.make(kind)
    everywhere = {
        "here": caller(iterations),
        "here again": caller(iterations),
        "a thread here": caller(iterations, in_thread=True),
        "there": caller(owner),
        "a thread there": caller(owner, in_thread=True),
        "third": caller(third),
    }
    in_one = dict.fromkeys(everywhere, caller(iterations))
    expected = play(seed, in_one, *iterations.make(kind))
    assert play(seed, everywhere, items, iterator) == expected


@pytest.mark.parametrize("kind", FETCHED)
def test_items_come_together(kind: str, owner: Any) -> None:
    """A loop over a builtin container of values crosses far less than once for each item."""
    _, iterator = owner.make(kind)
    before = crossings(owner)
    expected, _ = iterations.make(kind)
    assert list(iterator) == list(iterations.make(kind)[1])
    assert crossings(owner) - before < 20 < len(expected)


@pytest.mark.parametrize("use", [list, tuple, sum, sorted, max, set])
def test_whoever_iterates_crosses_little(use: Callable[..., Any], owner: Any) -> None:
    """Functions in C that take an iterable take what comes together."""
    items, _ = owner.make("list")
    before = crossings(owner)
    assert use(items) == use(range(iterations.COUNT))
    assert crossings(owner) - before < 20


def test_unpacking_crosses_little(owner: Any) -> None:
    """So does unpacking."""
    items, _ = owner.make("list")
    before = crossings(owner)
    first, *others, last = items
    assert (first, len(others), last) == (0, iterations.COUNT - 2, iterations.COUNT - 1)
    assert crossings(owner) - before < 20


def play_lookups(seed: int, where: dict[str, Any], items: Any) -> list[Any]:
    """Look up the keys in their order, as dict() does, while the dict is changed."""
    choose = random.Random(seed)
    told: list[Any] = []
    keys: list[Any] = []
    for _ in range(25):
        if not keys or choose.random() < 0.1:
            keys = list(items.keys())
        if choose.random() < 0.7:
            count = choose.choice([1, 3, 12])
            told.append(iterations.look_up(items, keys[:count]))
            keys = keys[count:]
        else:
            told.append(where[choose.choice([*where])]("change", items, choose.randrange(100)))
    return told


@pytest.mark.parametrize("kind", iterations.DICTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_lookups_are_as_within_one_interpreter(
    kind: str, seed: int, owner: Any, third: Any
) -> None:
    """Values of a dict that is changed meanwhile are those that Python says."""
    everywhere = {
        "here": caller(iterations),
        "a thread here": caller(iterations, in_thread=True),
        "there": caller(owner),
        "a thread there": caller(owner, in_thread=True),
        "third": caller(third),
    }
    in_one = dict.fromkeys(everywhere, caller(iterations))
    expected = play_lookups(seed, in_one, iterations.DICTS[kind]())
    assert play_lookups(seed, everywhere, owner.DICTS[kind]()) == expected


@pytest.mark.parametrize("copy_of", [dict, lambda items: {**items}, lambda items: {} | dict(items)])
@pytest.mark.parametrize("kind", ["ints", "strings", "gaps", "gaps among ints"])
def test_copying_a_dict_crosses_little(copy_of: Any, kind: str, owner: Any) -> None:
    """The values come together, as the keys do; also when it is done again."""
    items, expected = owner.DICTS[kind](), iterations.DICTS[kind]()
    before = crossings(owner)
    for _ in range(2):
        copied = copy_of(items)
        assert copied == expected
        assert list(copied) == list(expected)
    assert crossings(owner) - before < 30


def test_lookup_compares_keys_when_it_is_asked(owner: Any) -> None:
    """A key whose comparison runs Python is not compared before its entry is asked for."""
    items = owner.DICTS["keys of all kinds"]()
    keys = list(items.keys())
    before = owner.Same.compared
    assert [items[key] for key in keys[1:5]] == [1, 2, 3, 4]
    assert owner.Same.compared == before
    assert items[5] == 5
    assert owner.Same.compared == before + 1


def test_items_that_cannot_change_stay_good(owner: Any) -> None:
    """While others run in the owner, a loop over what cannot change still crosses little."""
    items, _ = owner.make("list")
    _, iterator = owner.make("range")
    before = crossings(owner)
    count = sum(items[0] + 1 for _ in iterator)
    assert count == len(iterations.make("range")[0])
    assert crossings(owner) - before < count + 10


def test_generator_is_never_ahead(owner: Any) -> None:
    """A generator runs only as far as it is asked."""
    counting = owner.Counting()
    for number, _ in zip(counting.run(), range(30), strict=False):
        assert counting.yielded == number + 1


def test_objects_are_not_exported_unasked(owner: Any) -> None:
    """Items that cross by reference come one by one, and so do their uses."""
    _, iterator = owner.make("list of lists")
    before = crossings(owner)
    assert [next(iterator)[0] for _ in range(20)] == [*range(20)]
    assert crossings(owner) - before >= 40


def test_rest_is_there_for_the_owner(owner: Any) -> None:
    """What came, and was not taken, is still there for whoever uses the iterator next."""
    _, iterator = owner.make("list")
    assert [next(iterator) for _ in range(12)] == [*range(12)]
    assert owner.step(iterator, 1) == ["12"]
    assert next(iterator) == 13
    assert operator.length_hint(iterator) == iterations.COUNT - 14
    assert list(copy.copy(iterator)) == [*range(14, iterations.COUNT)]


def test_iterator_held_by_its_owner_is_never_ahead(owner: Any) -> None:
    """The owner, if it has the iterator itself, sees each item taken as it is taken."""
    _, iterator = owner.make("list")
    owner.kept.append(iterator)
    assert [next(iterator) for _ in range(20)] == [*range(20)]
    assert owner.kept_length_hint() == iterations.COUNT - 20
    owner.kept.clear()


@pytest.mark.parametrize(
    "kind", ["list", "list of more than a batch", "items", "set", "range", "tuple"]
)
def test_each_item_is_taken_once(kind: str, owner: Any, third: Any) -> None:
    """Threads of several interpreters that share an iterator share its items."""
    _, iterator = owner.make(kind)
    results: list[Any] = [[] for _ in range(4)]
    places = [iterations, third, iterations, third]
    threads = [
        threading.Thread(target=place.take_all, args=(iterator, taken))
        for place, taken in zip(places, results, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [repr(item) for part in results for item in part]
    assert sorted(taken) == sorted(map(repr, iterations.make(kind)[1]))


def test_own_threads_of_the_owner_are_seen(owner: Any) -> None:
    """What a thread of the owner's own changes, while this one is elsewhere, is seen."""
    items, iterator = owner.make("list")
    told: atoll.Queue[None] = atoll.Queue()
    done: atoll.Queue[None] = atoll.Queue()
    thread = owner.negate_when_told(items, told, done)
    assert [next(iterator) for _ in range(12)] == [*range(12)]
    told.put(None)
    done.get()
    assert [*iterator] == [-number for number in range(12, iterations.COUNT)]
    thread.join()


def test_code_that_runs_as_an_item_crosses_is_seen(owner: Any) -> None:
    """An item that changes the list when it is taken apart changes those that follow."""
    assert list(owner.meddle()) == [0, "meddled", *range(102, 120)]


def test_closed_owner_gives_nothing() -> None:
    """When the owner has closed, what had come before is not given out."""
    with atoll.Interpreter("closing") as interpreter:
        _, iterator = interpreter.import_module("iterations").make("range")
        assert [next(iterator) for _ in range(3)] == [5, 12, 19]
    with pytest.raises(atoll.InterpreterClosedError):
        next(iterator)


def test_iterator_of_a_view_is_as_before(owner: Any) -> None:
    """What comes out of a restricted object only advances, item by item."""
    items, _ = owner.make("list")
    view = owner.restricted(items)
    iterator = iter(view)
    before = crossings(owner)
    assert [next(iterator) for _ in range(20)] == [*range(20)]
    assert crossings(owner) - before >= 20
