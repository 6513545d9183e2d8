"""share(): what becomes of a value, what is the same object everywhere, and what is refused."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import gc
import math
import operator
import pickle
import struct
import sys
import weakref
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import workloads

import atoll

# ---- values ----

EXPRESSIONS = [
    "None", "True", "...", "NotImplemented", "0", "256", "257", "1024", "1025", "-6", "10**100", "-(2**62)",
    "1.5", "-0.0", "float('inf')", "1e300 * 1j", "''", "'a'", "'abc'", "'ä'", "'äöü'", "'€uro'",
    "'\\U0001f600'", "'\\ud800'", "'x' * 5000", "'__len__'", "'__no_such_name__'", "b''", "b'a'", "b'abc' * 999",
    "()", "(1, 2.5, 'three')", "((), ((),), (((),),))", "frozenset()", "frozenset({1, 'a', (2, 3)})",
    "frozenset(range(1000))", "frozenset({frozenset({1}), frozenset({2})})",
    "int", "ValueError", "type(None)", "date", "date(2020, 2, 29)", "time(12, 30, 1, 5)", "time(1, fold=1)",
    "time(1, tzinfo=timezone.utc)", "datetime(2020, 1, 2, 3, 4, 5, 6)", "datetime(2020, 1, 2, fold=1)",
    "datetime(2020, 1, 2, tzinfo=timezone.utc)", "timedelta(days=-1, seconds=5)", "timezone.utc",
    "frozendict()", "frozendict(a=1)", "frozendict({(1, 2): frozendict({3: frozendict()})})",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_values(expression: str) -> None:
    """What is shared is equal to the original, of its type, and is recognised."""
    value = workloads.evaluate(expression)
    shared = atoll.share(value)
    assert shared == value or repr(shared) == repr(value)
    assert type(shared) is type(value) or isinstance(value, frozenset)
    assert hash(shared) == hash(value)
    assert repr(shared) == repr(value)
    assert atoll.is_shared(shared)
    assert atoll.share(shared) is shared


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_same_object(there: Any, expression: str) -> None:
    """In another interpreter it is the same object, as an argument and when it comes back."""
    shared = atoll.share(workloads.evaluate(expression))
    assert there.identity(shared) is shared
    if not isinstance(shared, type):
        assert there.address(shared) == id(shared)
        assert there.identity(("x", shared))[1] is shared
    assert there.matches(shared, expression) or isinstance(shared, frozenset)


def test_parts_are_shared(there: Any) -> None:
    """What is inside a shared value is shared as well, and comes out by pointer."""
    shared = atoll.share({"table": (1000, 2.5, {"deep": frozenset({12345})})})
    inner = there.item_of(shared, "table")
    assert inner is shared["table"]
    assert there.item_of(inner, 0) is inner[0]
    assert all(map(atoll.is_shared, inner))


def test_not_shared() -> None:
    """Ordinary objects are not shared."""
    assert not any(map(atoll.is_shared, ([], {}, object(), 10**30, "abc" * 9, (1, 2), lambda: 0)))


def test_original_is_not_changed() -> None:
    """The original stays as it is."""
    original = {"list": [1, {2}], "text": "t" * 99}
    before = copy.deepcopy(original)
    shared = atoll.share(original, lists=True)
    assert original == before
    original["list"].append(3)  # type: ignore[attr-defined]
    assert shared == {"list": (1, frozenset({2})), "text": "t" * 99}


def test_maker_is_closed() -> None:
    """It is valid after the interpreter that made it has been closed."""
    with atoll.Interpreter() as maker:
        shared = maker.call(workloads.share_table, 1000)
    gc.collect()
    assert shared["key 999"] == (999, 999.5, b"999")
    assert list(shared) == [f"key {i}" for i in range(1000)]
    with atoll.Interpreter() as other:
        assert other.call(workloads.item_of, shared, "key 7") is shared["key 7"]


class Spot:
    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y
        self.name: str


@pytest.mark.parametrize("count", [0, 1, 5, 6, 85, 86, 170, 171, 21845, 21846, 50_000])
def test_dicts_of_every_size(count: int) -> None:
    """Every key of a dict is found, whatever the width of its indices, and no other."""
    shared = atoll.share({i * 7: i for i in range(count)})
    assert all(shared[i * 7] == i for i in range(count))
    assert not any(i * 7 + 1 in shared for i in range(count))
    assert list(shared) == [i * 7 for i in range(count)]
    strings = atoll.share({f"{i:x}": i for i in range(count)})
    assert all(strings[f"{i:x}"] == i for i in range(count))
    assert "no" not in strings
    assert 5 not in strings


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 100, 5000])
def test_sets_of_every_size(count: int) -> None:
    """Every item of a frozenset is found, and no other."""
    shared = atoll.share(frozenset(i * 1001 for i in range(count)))
    assert all(i * 1001 in shared for i in range(count))
    assert not any(i * 1001 + 1 in shared for i in range(count))
    assert sorted(shared) == [i * 1001 for i in range(count)]


def test_dict_with_holes() -> None:
    """A dict of which keys were deleted, and one of an instance, are shared in their order."""
    holes = {i: str(i) for i in range(100)}
    for i in range(0, 100, 3):
        del holes[i]
    assert list(atoll.share(holes).items()) == list(holes.items())
    many = [Spot(1, 2) for _ in range(3)]
    many[0].name = "a third"
    fields = vars(many[0]), vars(many[1])
    assert atoll.share(fields) == ({"x": 1, "y": 2, "name": "a third"}, {"x": 1, "y": 2})


def test_nan() -> None:
    """A nan stays the key and the item that it was; two of them stay two."""
    one, two = float("nan"), float("nan")
    shared = atoll.share(({one: 1, two: 2}, frozenset({one, (one, 5)}), one, two))
    table, items, first, second = shared
    assert table[first] == 1
    assert table[second] == 2
    assert first in items
    assert (first, 5) in items
    assert second not in items
    assert first is not second
    assert atoll.share({complex(one, 0): 1})


def test_lone_surrogates() -> None:
    """A string with lone surrogates is shared; it has no UTF-8 form, time and again."""
    shared = atoll.share("\ud800 \udfff")
    for _ in range(3):
        with pytest.raises(UnicodeEncodeError):
            shared.encode()
    assert shared.encode("utf-8", "surrogatepass") == "\ud800 \udfff".encode(
        "utf-8", "surrogatepass"
    )


def test_special_names() -> None:
    """The name of a special method is CPython's own string, by whose identity slots are found."""
    name = atoll.share("".join(["__le", "n__"]))
    assert name is sys.intern("__len__")
    cls = type("Sized", (), {})
    setattr(cls, name, lambda self: 5)
    assert len(cls()) == 5


# ---- once ----


def test_common_parts() -> None:
    """What occurs more than once is shared once, also across calls when it is small."""
    part = (10**30, "part" * 50)
    shared = atoll.share({"a": part, "b": [part, part]}, lists=True)
    assert shared["a"] is shared["b"][0] is shared["b"][1]
    assert atoll.share((shared["a"],))[0] is shared["a"]


@pytest.mark.parametrize("make", [lambda: "not int" + "erned", lambda: b"by" + bytes(b"tes"),
                                  lambda: int("123456"), lambda: float("2.25")])  # fmt: skip
def test_small_values_are_pooled(make: Any) -> None:
    """Small values that are equal are one object, within one call and across calls."""
    shared = atoll.share((make(), (make(), make())))
    assert shared[0] is shared[1][0] is shared[1][1]
    assert atoll.share(make()) is shared[0]


def test_pool_of_colliding_floats() -> None:
    """Floats that are made to have the same place in the pool are found as far as the first ones.

    Else each would be looked for along all the others.
    """
    inverse = pow(0x9E3779B97F4A7C15, -1, 1 << 64)
    all_bits = [((i << 48 | 7 << 32) * inverse) % (1 << 64) for i in range(1, 400)]
    packed = struct.pack(f"<{len(all_bits)}Q", *all_bits)
    floats = [x for x in struct.unpack(f"<{len(all_bits)}d", packed) if x == x]
    assert len(floats) > 300
    first, again = atoll.share((tuple(floats), tuple(0.0 + x for x in floats)))
    assert first == again
    found = sum(map(operator.is_, first, again))
    assert 1 < found < 100


def test_pool_tells_types_apart() -> None:
    """Equal values of different types, and 0.0 and -0.0, are not mixed up."""
    shared = atoll.share((1000, 1000.0, 1000 + 0j, "1000", b"1000", 0.0, -0.0))
    assert [type(item) for item in shared] == [int, float, complex, str, bytes, float, float]
    assert math.copysign(1, shared[5]) == 1
    assert math.copysign(1, shared[6]) == -1


def test_statistics() -> None:
    """The statistics count objects by type, and bytes."""
    before = atoll.share.statistics()
    atoll.share((b"statistics" * 20, {"of one": 10**40}, frozenset({"an item of statistics"})))
    after = atoll.share.statistics()
    grown = {name: after.by_type[name] - before.by_type[name] for name in after.by_type}
    assert grown == {
        "int": 1, "float": 0, "complex": 0, "str": 2, "bytes": 1, "datetime": 0, "tuple": 1,
        "frozenset": 1, "frozendict": 1,
    }  # fmt: skip
    assert after.objects - before.objects == 7
    assert 600 < after.bytes - before.bytes < 2000
    assert f"{after.objects} shared objects" in repr(after)


def test_memory_is_not_larger() -> None:
    """A large table takes no more memory than the original."""
    table = {f"word {i}": (i, i + 0.5) for i in range(20_000)}
    size = sys.getsizeof(table) + sum(
        sys.getsizeof(each) + 15 & ~15  # as allocators round
        for key, pair in table.items()
        for each in (key, pair, *pair)
        if not atoll.is_shared(each)
    )
    before = atoll.share.statistics().bytes
    atoll.share(table)
    assert atoll.share.statistics().bytes - before <= size


# ---- depth and cycles ----


@pytest.mark.parametrize("wrap", [lambda inner: (inner,), lambda inner: {0: inner},
                                  lambda inner: [inner]])  # fmt: skip
def test_depth(wrap: Any) -> None:
    """100,000 levels of tuples, dicts or lists are no problem."""
    nested: Any = "the innermost"
    for _ in range(100_000):
        nested = wrap(nested)
    shared = atoll.share(nested, lists=True)
    for _ in range(100_000):
        shared = shared[0]
    assert shared == "the innermost"


def test_depth_inside_itself() -> None:
    """300,000 levels that all refer to a tuple around them are no problem."""
    table: dict[int, Any] = {}
    around = (table,)
    nested: Any = ()
    for _ in range(300_000):
        nested = (nested, around)
    table[0] = nested
    shared = atoll.share(around)
    assert shared[0][0][1] is shared


def test_dict_in_itself() -> None:
    """A dict that contains itself is shared as one that does."""
    endless: dict[str, Any] = {}
    endless["self"] = endless
    endless["list"] = [endless, (1, endless)]
    shared = atoll.share(endless, lists=True)
    assert shared["self"] is shared
    assert shared["list"][0] is shared
    assert shared["list"][1][1] is shared
    assert repr(shared).count("...") == 3
    other = atoll.share(endless, lists=True)
    with pytest.raises(RecursionError):
        assert shared == other


def test_hash_of_an_endless_dict() -> None:
    """The hash of what contains itself is an error or a number, never a crash."""
    endless: dict[str, Any] = {}
    endless["self"] = (1, endless)
    shared = atoll.share(endless)
    try:
        assert hash(shared) == hash(shared)
        assert hash(shared["self"]) == hash(shared["self"])
    except RecursionError:
        assert sys.version_info < (3, 14)


def test_list_in_itself() -> None:
    """A list that contains itself through lists alone is refused: no tuple can do that."""
    endless: list[Any] = [1]
    endless.append([2, endless])
    with pytest.raises(
        ValueError, match=r"cannot share endless\[1\]\[1\]: the list contains itself"
    ):
        atoll.share(endless, lists=True)


# ---- what is refused ----


class Name(str):
    pass


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True)
class Pair:
    one: int
    two: int


Named = namedtuple("Named", "a b")


@pytest.mark.parametrize(
    ("value", "where", "why"),
    [
        ([], "value: list", "lists=True"),
        ((1, {"db": (1, 2, 3, [4])}), "value[1]['db'][3]: list", "lists=True"),
        ({"k": {1: bytearray(b"x")}}, "value['k'][1]: bytearray", "lists=True"),
        ((0, {1, 2}), "value[1]: set", "lists=True"),
        ({"k": Name("x")}, "value['k']: test_share.Name", "str(...)"),
        ({Name("x"): 1}, "a key of value: test_share.Name", "str(...)"),
        ((1, Named(1, 2)), "value[1]: test_share.Named", "tuple(...)"),
        (frozenset({(1, Named(1, 2))}), "an item of value[1]: test_share.Named", "tuple(...)"),
        (OrderedDict(a=1), "value: collections.OrderedDict", "dict(...)"),
        ({"colour": Colour.RED}, "value['colour']: test_share.Colour", "share its value"),
        ((Pair(1, 2),), "value[0]: test_share.Pair", "dataclasses.asdict()"),
        ((Pair,), "value[0]: type", "a class belongs to one interpreter"),
        ((len,), "value[0]: builtin_function_or_method", "Proxy"),
        ((range(3),), "value[0]: range", "Proxy"),
        ((object(),), "value[0]: object", "Proxy"),
        (
            (dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),),
            "value[0]: datetime.datetime", "astimezone(UTC)",
        ),
    ],
)  # fmt: skip
def test_refused(value: Any, where: str, why: str) -> None:
    """What can change or is an instance of a class is refused; the error says where, and what to do."""
    before = atoll.share.statistics()
    with pytest.raises(TypeError) as caught:
        atoll.share(value)
    assert str(caught.value).startswith(f"cannot share {where}")
    assert why in str(caught.value)
    assert atoll.share.statistics().objects == before.objects


def test_name_of_the_value() -> None:
    """The path begins with the caller's name for the value, or obj."""
    config = {"db": [1]}
    with pytest.raises(TypeError, match=r"cannot share config\['db'\]: list"):
        atoll.share(config)
    with pytest.raises(TypeError, match=r"cannot share obj\['db'\]: list"):
        atoll.share({"db": [1]})


def test_proxy(there: Any) -> None:
    """A Proxy is refused: its copy can be shared."""
    proxy = there.evaluate("[1, 2]")
    with pytest.raises(TypeError, match=r"it is a Proxy.*atoll\.copy"):
        atoll.share((proxy,))
    assert atoll.share(atoll.copy(proxy), lists=True) == (1, 2)


def test_lists() -> None:
    """With lists=True lists become tuples, sets frozensets and bytearrays bytes, at any depth."""
    value = {"a": [1, [2, {3}], bytearray(b"four"), bytearray()], "b": (set(),)}
    assert atoll.share(value, lists=True) == {
        "a": (1, (2, frozenset({3})), b"four", b""),
        "b": (frozenset(),),
    }


def test_failure_leaves_nothing() -> None:
    """After many failures the memory that they took is used again."""
    big = tuple(f"{i} of many strings" for i in range(5000))
    for _ in range(200):
        with pytest.raises(TypeError):
            atoll.share((big, []))
    shared = atoll.share(big)
    assert shared == big


@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_bad_arguments(arguments: tuple[Any, ...]) -> None:
    """share takes one object, and lists by keyword."""
    with pytest.raises(TypeError):
        atoll.share(*arguments)


def test_share_itself_crosses(there: Any) -> None:
    """The function is found by name in another interpreter, and pickled so."""
    assert there.call_with(atoll.share, "text" * 9) == "text" * 9
    assert pickle.loads(pickle.dumps(atoll.share)) is atoll.share
    assert copy.copy(atoll.share) is atoll.share


# ---- ways to go ----


def test_by_queue(interpreter: atoll.Interpreter) -> None:
    """Through a Queue it goes by pointer."""
    shared = atoll.share({"queue": (1, 2)})
    items: atoll.Queue[Any] = atoll.Queue()
    interpreter.call(workloads.put, items, shared)
    items.put([shared])
    assert items.get() is shared
    assert items.get()[0] is shared


def test_by_executor() -> None:
    """An executor, which copies everything else, takes and returns it by pointer."""
    shared = atoll.share({"executor": (1, 2)})
    with atoll.InterpreterPoolExecutor(1) as pool:
        assert pool.submit(workloads.address, shared).result() == id(shared)
        assert pool.submit(workloads.identity, shared).result() is shared
        assert pool.submit(lambda: id(shared)).result() == id(shared)  # captured
        assert pool.submit(workloads.address_in_list, [shared]).result() == id(shared)


def test_by_exception(interpreter: atoll.Interpreter) -> None:
    """As an argument of an exception it goes by pointer."""
    shared = atoll.share({"exception": 1})
    with pytest.raises(KeyError) as caught:
        interpreter.call(workloads.raise_with, KeyError, shared)
    assert caught.value.args[0] is shared


def test_by_value_copy(there: Any) -> None:
    """Inside something that is copied it stays the shared object."""
    shared = atoll.share({"copy": ("of", "a", "list")})
    assert there.address_in_list(atoll.copy([shared])) == id(shared)
    assert atoll.copy(there.list_of(shared))[0] is shared


# ---- frozensets ----


def test_frozenset_behaves() -> None:
    """A shared frozenset is a frozenset in all but its exact type."""
    plain = frozenset({1, 2, "three"})
    shared = atoll.share(plain)
    assert isinstance(shared, frozenset)
    assert shared == plain
    assert plain == shared
    assert hash(shared) == hash(plain)
    assert {plain: 1}[shared] == 1
    assert type(shared | {4}) is frozenset
    assert shared - {1} == frozenset({2, "three"})
    assert shared.union([9]) == plain | {9}
    assert shared.copy() is shared
    assert copy.copy(shared) is shared
    assert copy.deepcopy(shared) == shared
    assert frozenset(shared) == shared
    assert repr(shared).startswith("frozenset({")
    for protocol in range(2, 6):
        again = pickle.loads(pickle.dumps(shared, protocol))
        assert type(again) is frozenset
        assert again == shared


def test_no_weak_references(there: Any) -> None:
    """A weak reference to a shared frozenset, which would be written into it, is refused."""
    shared = atoll.share(frozenset({"weakly"}))
    for make in (weakref.ref, weakref.proxy, weakref.WeakSet().add, weakref.finalize):
        with pytest.raises(TypeError, match="weak reference"):
            make(shared, *([print] if make is weakref.finalize else []))
    with pytest.raises(TypeError, match="weak reference"):
        there.call_with(there.evaluate("__import__('weakref').ref"), shared)
    assert weakref.ref(frozenset({"local"}) | {1}) is not None


def test_pickled_proxy(there: Any) -> None:
    """A pickle of a Proxy, which may leave the process, has the values themselves."""
    proxy = there.list_of(atoll.share(("a value of its own",)))
    assert b"a value of its own" in pickle.dumps(proxy)
    assert pickle.loads(pickle.dumps(proxy)) == [("a value of its own",)]
