"""share.save() and share.load(): a shared value in a file."""

from __future__ import annotations

import datetime
import math
import os
import pickle
import random
import stat
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import share_bodies
import workloads
from share_bodies import DICT, FIRST, NONE, SET, TRUE, TUPLE, Body
from test_share import EXPRESSIONS

import atoll


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "value.atoll"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_round_trip(path: Path, expression: str) -> None:
    """What was saved is loaded again: shared, equal, of the same type."""
    value = workloads.evaluate(expression)
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded == value or repr(loaded) == repr(value)
    assert type(loaded) is type(atoll.share(value))
    assert atoll.is_shared(loaded)


def test_tree(path: Path) -> None:
    """A tree keeps its order, its common parts and its types."""
    part = (1, 2.5, ("deep", b"bytes"))
    value = atoll.share(
        {
            "z": [part, part, {"in": part}],
            ("a", 1): {frozenset({part, "x"}), 1j},
            "dates": [workloads.evaluate("datetime(2020, 1, 2, fold=1, tzinfo=timezone.utc)")],
            int: ...,
        },
        lists=True,
    )
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded == value
    assert list(loaded) == list(value)
    assert loaded["z"][0] is loaded["z"][1] is loaded["z"][2]["in"]
    assert loaded["dates"][0].fold == 1


def test_lists(path: Path) -> None:
    """save() freezes as share() does, and refuses what it refuses."""
    atoll.share.save({"a": [1]}, os.fspath(path), lists=True)
    assert atoll.share.load(os.fspath(path)) == {"a": (1,)}
    with pytest.raises(TypeError, match="cannot share .*list"):
        atoll.share.save({"a": [1]}, path)
    assert atoll.share.load(path) == {"a": (1,)}


def test_depth(path: Path) -> None:
    """100,000 levels are no problem."""
    nested: Any = 5
    for level in range(100_000):
        nested = (nested,) if level % 2 else {"in": nested}
    atoll.share.save(nested, path)
    loaded = atoll.share.load(path)
    for _ in range(50_000):
        loaded = loaded[0]["in"]
    assert loaded == 5


def test_cycle(path: Path) -> None:
    """Dicts that contain themselves are loaded as such."""
    one: dict[str, Any] = {"name": "one"}
    two = {"name": "two", "other": (one, [{"deep": one}])}
    one["other"] = two
    one["self"] = one
    atoll.share.save((one, two), path, lists=True)
    loaded_one, loaded_two = atoll.share.load(path)
    assert loaded_one["self"] is loaded_one
    assert loaded_one["other"] is loaded_two
    assert loaded_two["other"][0] is loaded_one
    assert loaded_two["other"][1][0]["deep"] is loaded_one


def test_cycles_of_every_kind(path: Path) -> None:
    """Also where a dict is next to itself, is met by several ways, or only closes another cycle."""
    alone: dict[str, Any] = {}
    alone["self"] = alone
    inner: list[Any] = []
    outer = [{"a": inner}, {"b": inner}]
    inner.append(outer)
    atoll.share.save({"alone": alone, "outer": outer}, path, lists=True)
    loaded = atoll.share.load(path)
    assert loaded["alone"]["self"] is loaded["alone"]
    assert loaded["outer"][0]["a"] is loaded["outer"][1]["b"]
    assert loaded["outer"][0]["a"][0] is loaded["outer"]


def test_common_parts_are_written_once(path: Path) -> None:
    """What is met a hundred times is in the file once."""
    part = frozenset(range(10_000))
    sizes = []
    for count in (1, 100):
        atoll.share.save((part,) * count, path)
        sizes.append(path.stat().st_size)
        assert len(set(map(id, atoll.share.load(path)))) == 1
    assert sizes[1] < sizes[0] + 1000


def test_identity(path: Path) -> None:
    """What was one object is one again, and what was two is two, nan as well."""
    long, one, two = "long" * 99, float("nan"), float("nan")
    value = (long, (long, 2**100), one, {one: 1, two: 2}, two, -0.0, 0.0)
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded[0] is loaded[1][0]
    assert loaded[3][loaded[2]] == 1
    assert loaded[3][loaded[4]] == 2
    assert [math.copysign(1, each) for each in loaded[5:]] == [-1, 1]


def test_dicts_in_keys(path: Path) -> None:
    """A dict may be a key, or inside one, and elsewhere too."""
    inner = atoll.frozendict({"b": (1, 2), "a": 3})
    value = {inner: 1, (inner, 2): inner, frozenset({(inner,)}): {"in": inner}}
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded == value
    key = next(iter(loaded))
    assert list(key) == ["b", "a"]
    assert loaded[(inner, 2)] is key


def test_refused(path: Path) -> None:
    """What load() would refuse is refused by save(), which leaves the file that was there."""
    deep: Any = ()
    for _ in range(300):
        deep = (deep,)
    atoll.share.save("before", path)
    refused = [{deep: 1}]
    if sys.version_info >= (3, 14):  # else it has no hash
        endless: dict[str, Any] = {}
        endless["self"] = endless
        refused.append({atoll.share(endless): 1})
    for value in refused:
        with pytest.raises(ValueError, match="cannot save"):
            atoll.share.save(value, path)
    with pytest.raises(TypeError, match="has no name"):
        atoll.share.save(type(iter(())), path)
    assert atoll.share.load(path) == "before"


@pytest.mark.parametrize(
    "value",
    [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, -(2**71), 255, -128, 65536, 2**9000,
     "\ud800\udc00", "\udc00", "a\0b", b"\0\xff", 5e-324, complex("-0-nanj"), datetime.date.max,
     datetime.timedelta.min, datetime.timedelta.max, datetime.time(fold=1, tzinfo=datetime.UTC)],
    ids=lambda value: str(repr(value)[:20].encode()),
)  # fmt: skip
def test_edges(path: Path, value: Any) -> None:
    """The least and the largest of each kind, alone and beside others."""
    atoll.share.save((value, [1, value, "x"]), path, lists=True)
    loaded = atoll.share.load(path)
    for each in (loaded[0], loaded[1][1]):
        assert (type(each), repr(each)[:99]) == (type(value), repr(value)[:99])
        assert each == value or each != each


def test_path_of_bytes(path: Path) -> None:
    """A path may be bytes."""
    atoll.share.save(5, os.fsencode(path))  # type: ignore[arg-type]
    assert atoll.share.load(os.fsencode(path)) == 5  # type: ignore[arg-type]
    assert list(path.parent.iterdir()) == [path]


def test_other_interpreter(interpreter: atoll.Interpreter, path: Path) -> None:
    """Any interpreter can load it, for all."""
    atoll.share.save({"table": tuple(range(2000))}, path)
    loaded = interpreter.call(atoll.share.load, path)
    assert atoll.is_shared(loaded)
    assert loaded["table"][1999] == 1999


def test_mode_and_leftovers(path: Path) -> None:
    """The file gets the usual permissions, and nothing else is left in the folder."""
    path.with_suffix(".other").write_text("")
    atoll.share.save(1, path)
    atoll.share.save(2, path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(
        path.with_suffix(".other").stat().st_mode
    )
    assert {each.suffix for each in path.parent.iterdir()} == {".atoll", ".other"}


def test_failing_write(tmp_path: Path) -> None:
    """Where the file cannot be put in its place, the error is an OSError and nothing is left."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(OSError):
        atoll.share.save(1, tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        atoll.share.save(1, tmp_path / "missing" / "file")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


# ---- damage ----


def test_missing(path: Path) -> None:
    """A file that is not there is a FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        atoll.share.load(path)


@pytest.mark.parametrize("content", [b"", b"ATOLL", b"not a shared value at all, but long enough",
                                     pickle.dumps({})])  # fmt: skip
def test_other_files(path: Path, content: bytes) -> None:
    """Any other file is a ValueError that says so."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a file that atoll.share.save"):
        atoll.share.load(path)


def test_every_damage_is_noticed(path: Path) -> None:
    """A file with any one byte changed, or cut anywhere, is a ValueError."""
    atoll.share.save({"a": (1, 2, "three"), "b": 5.5}, path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="value.atoll"):
            atoll.share.load(path)
        path.write_bytes(whole[:position])
        with pytest.raises(ValueError, match="value.atoll"):
            atoll.share.load(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match="damaged"):
        atoll.share.load(path)


def test_later_version(path: Path) -> None:
    """A file of a later version is refused, with the two versions."""
    atoll.share.save(1, path)
    whole = bytearray(path.read_bytes())
    whole[8:12] = struct.pack("<I", 99)
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"version 99 .* reads version 2"):
        atoll.share.load(path)


def test_earlier_version(path: Path) -> None:
    """A file of the first version, which was a pickle, is refused without a look into it."""
    path.write_bytes(share_bodies.file(pickle.dumps([]), version=1))
    with pytest.raises(ValueError, match=r"version 1 .* reads version 2"):
        atoll.share.load(path)


# ---- files that are made by hand ----


def load_forged(path: Path, body: Body) -> Any:
    path.write_bytes(share_bodies.file(body.pack()))
    return atoll.share.load(path)


def test_made_by_hand(path: Path) -> None:
    """The bodies of the tests below are read, where nothing is wrong with them."""
    first = Body(ints=[5], texts=["x"]).first_container()
    assert load_forged(path, Body(ints=[5], texts=["x"], root=FIRST)) == 5
    body = Body(
        ints=[5],
        texts=["x"],
        later=[[FIRST + 1, FIRST, first, first + 2]],  # {"x": itself, 5: the last}
        others=[(SET, [FIRST]), (TUPLE, [first + 1, FIRST, NONE])],
        root=first,
    )
    loaded = load_forged(path, body)
    assert loaded["x"] is loaded
    assert loaded[5] == (frozenset({5}), 5, None)
    moment = Body(datetimes=[(2020, 1, 2, 3, 4, 5, 6, 1, 1)], root=FIRST)
    assert load_forged(path, moment).fold == 1


INNER = Body().first_container()

WRONG = {
    "name of a function": (Body(names=["builtins.eval"]), "builtins.eval"),
    "name of a module": (Body(names=["os.system"]), "os.system"),
    "name with dots": (Body(names=["builtins.int.mro"]), "builtins.int.mro"),
    "name of no type": (Body(names=["datetime.MINYEAR"]), "MINYEAR"),
    "name of an attribute": (Body(names=["datetime.__setattr__"]), "__setattr__"),
    "month": (Body(dates=[(2020, 13, 1)]), "month"),
    "year": (Body(dates=[(0, 1, 1)]), "year"),
    "hour": (Body(times=[(24, 0, 0, 0, 0, 0)]), "hour"),
    "microsecond": (Body(times=[(1, 0, 0, 2**31 - 1, 0, 0)]), "microsecond"),
    "fold": (Body(times=[(1, 0, 0, 0, 2, 0)]), "fold"),
    "zone": (Body(times=[(1, 0, 0, 0, 0, 2)]), "zone"),
    "zone of a datetime": (Body(datetimes=[(2020, 1, 1, 1, 0, 0, 0, 0, 9)]), "zone"),
    "days": (Body(timedeltas=[(10**9, 0, 0)]), "timedelta"),
    "seconds": (Body(timedeltas=[(0, 86400, 0)]), "timedelta"),
    "microseconds": (Body(timedeltas=[(0, 0, -1)]), "timedelta"),
    "kind": (Body(others=[(3, [])]), "kind"),
    "root": (Body(ints=[1], root=FIRST + 1), "value itself"),
    "root of nothing": (Body(root=2**64 - 1), "value itself"),
    "number that is too large": (Body(others=[(TUPLE, [2**32 - 1])]), "before it"),
    "tuple in itself": (Body(others=[(TUPLE, [INNER])]), "before it"),
    "set in itself": (Body(others=[(SET, [INNER])]), "before it"),
    "part that comes later": (Body(others=[(TUPLE, [INNER + 1]), (TUPLE, [])]), "before it"),
    "value that comes later": (Body(others=[(DICT, [NONE, INNER])]), "before it"),
    "value that is not there": (Body(later=[[NONE, INNER + 1]]), "before it"),
    "dict as its own key": (Body(later=[[INNER, NONE]]), "filled later"),
    "dict in a key": (Body(later=[[]], others=[(TUPLE, [INNER]), (SET, [INNER + 1])]), "later"),
    "dict in a frozendict as a key": (
        Body(later=[[]], others=[(DICT, [NONE, INNER]), (SET, [INNER + 1])]),
        "filled later",
    ),
    "item twice": (Body(others=[(SET, [TRUE, TRUE])]), "equal"),
    "key twice": (Body(later=[[TRUE, TRUE, NONE, NONE]]), "equal"),
    "items that are equal": (Body(ints=[1], others=[(SET, [TRUE, FIRST])]), "equal"),
    "keys that are equal": (Body(ints=[1], later=[[TRUE, FIRST, NONE, NONE]]), "equal"),
    "keys of a frozendict": (Body(ints=[1], others=[(DICT, [TRUE, FIRST, 0, 0])]), "equal"),
    "key nested too deeply": (
        Body(others=[(TUPLE, [INNER + i - 1]) for i in range(100_000)] + [(SET, [INNER + 9999])]),
        "deep",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_wrong(path: Path, fault: str) -> None:
    """What is wrong in a file, whole by its checksum, is a ValueError that names both."""
    body, message = WRONG[fault]
    with pytest.raises(ValueError, match=rf"value.atoll' is damaged: .*{message}"):
        load_forged(path, body)


@pytest.mark.parametrize("column", range(14))
@pytest.mark.parametrize("count", [100, 2**31, 2**63, 2**64 - 1])
def test_wrong_counts(path: Path, column: int, count: int) -> None:
    """A count of what is not in the file makes no memory be taken."""
    body = bytearray(Body(ints=[1], later=[[]], others=[(TUPLE, [NONE])]).pack())
    struct.pack_into("<Q", body, 8 * column, count)
    path.write_bytes(share_bodies.file(body))
    with pytest.raises(ValueError, match="damaged"):
        atoll.share.load(path)


def doubling(levels: int) -> list[tuple[int, list[int]]]:
    """Tuples of which each has the one before it twice."""
    return [(TUPLE, [INNER + i - 1] * 2) for i in range(levels)]


ENDLESS = {
    "hash of a key": [*doubling(60), (SET, [INNER + 59])],
    "hash of a dict in a key": [*doubling(60), (DICT, [0, INNER + 59]), (SET, [INNER + 60])],
    "keys of which each is large": [
        *doubling(16),
        *((TUPLE, [INNER + 15, i % 6, i // 6 % 6, i // 36]) for i in range(200)),
        (SET, [*range(INNER + 16, INNER + 216)]),
    ],
    "sets in sets": [(SET, [INNER + i - 1]) for i in range(300)],
}


@pytest.mark.parametrize("what", ENDLESS)
def test_endless(path: Path, what: str) -> None:
    """A small file in which hashing a key would take for ever is refused."""
    with pytest.raises(ValueError, match=r"too long|too deep"):
        load_forged(path, Body(others=ENDLESS[what]))


def test_equal_hashes(path: Path) -> None:
    """A file in which many keys have the same hash is refused, whatever they are."""
    modulus = 2**61 - 1
    big = [(modulus * i).to_bytes(12, "little") for i in range(1, 20_001)]
    with pytest.raises(ValueError, match="too long"):
        load_forged(path, Body(big_ints=big, others=[(SET, [*range(FIRST, FIRST + 20_000)])]))
    pairs = [(TUPLE, [FIRST + (i >> bit & 1) for bit in range(14)]) for i in range(1 << 14)]
    first = Body(ints=[-1, -2]).first_container()
    keys = [*range(first, first + len(pairs))]
    with pytest.raises(ValueError, match="too long"):
        load_forged(path, Body(ints=[-1, -2], others=[*pairs, (SET, keys)]))


def colliding(bits: int) -> list[int]:
    """Return keys for a dict of 2**bits slots, of which a quarter are looked for along the others.

    These are in the slots that a search visits after it has used up the bits of a hash. The hashes
    of the rest are found by trying: each of their first slots is one of these as well.
    """
    count, mask = 1 << bits, (1 << bits) - 1
    keys = [1]
    while len(keys) < count // 2:
        keys.append((5 * keys[-1] + 1) & mask)
    taken = set(keys)
    for key in range(count, 128 * count):
        slot, rest = key & mask, key
        while slot in taken and rest:
            rest >>= 5
            slot = (5 * slot + rest + 1) & mask
        if slot in taken:
            keys.append(key)
        if len(keys) == 2 * count // 3:
            break
    return keys


@pytest.mark.parametrize("type_of_keys", [int, float, complex])
def test_colliding_hashes(path: Path, type_of_keys: type) -> None:
    """A dict is refused if its keys are looked for along each other, with no two hashes equal."""
    keys = colliding(15)
    assert len(set(keys)) == (2 << 15) // 3
    numbers = [*range(FIRST, FIRST + len(keys))]
    column = {int: "ints", float: "floats", complex: "complexes"}[type_of_keys]
    columns: Any = {column: [*map(type_of_keys, keys)]}
    pairs = [*numbers, *[NONE] * len(keys)]
    with pytest.raises(ValueError, match="too long"):
        load_forged(path, Body(**columns, others=[(DICT, pairs)]))
    later = Body(**columns, later=[pairs])
    with pytest.raises(ValueError, match="too long"):
        load_forged(path, later)


RANDOM = random.Random(1)


@pytest.mark.parametrize(
    "keys",
    [
        range(40_000),
        range(0, -40_000, -1),
        range(0, 40_000 << 32, 1 << 32),
        range(0, 40_000 << 45, 1 << 45),
        [RANDOM.getrandbits(64) for _ in range(40_000)],
        [float(i) for i in range(40_000)],
        [i / 2**30 for i in range(40_000)],
        [complex(i % 300, i // 300) for i in range(36_000)],
        [(i % 300, i // 300) for i in range(36_000)],
    ],
    ids=["ints", "negative", "2**32", "2**45", "random", "floats", "fractions", "complex", "pairs"],
)
def test_many_keys(path: Path, keys: Sequence[Any]) -> None:
    """Many numbers as keys are loaded, also those whose hashes have much in common."""
    value = (dict.fromkeys(keys), frozenset(keys))
    atoll.share.save(value, path)
    assert atoll.share.load(path) == value


def test_common_parts_outside_keys(path: Path) -> None:
    """The same parts are no problem where nobody needs their hash."""
    loaded = load_forged(path, Body(others=doubling(60)))
    assert loaded[0] is loaded[1]
    assert loaded[0][1][0][1] is loaded[1][0][1][0]


def test_depth_of_frozendicts(path: Path) -> None:
    """A file with 100,000 levels of frozendicts is no problem either, nor is a damaged one."""
    levels = [(DICT, [NONE, INNER + i - 1]) for i in range(100_000)]
    loaded = load_forged(path, Body(others=levels))
    for _ in range(100_000 - 1):
        loaded = loaded[None]
    assert loaded == {None: datetime.UTC}
    with pytest.raises(ValueError, match="kind"):
        load_forged(path, Body(others=[*levels, (7, [])]))
    with pytest.raises(ValueError, match="before it"):
        load_forged(path, Body(others=[*levels, (TUPLE, [2**32 - 1])]))


def test_nothing_is_run(path: Path, run_cleanly: Any) -> None:
    """Loading a file opens it, and does nothing else that CPython tells audit hooks."""
    atoll.share.save({"a": (1, 2.5, int, frozenset({datetime.UTC}))}, path)
    run_cleanly(
        f"""
import atoll, sys
atoll.share.save(1, {os.fspath(path.with_suffix(".other"))!r})  # imports what reads and writes
events = []
sys.addaudithook(lambda event, arguments: events.append(event))
atoll.share.load({os.fspath(path)!r})
assert events == ["open"], events
"""
    )
