"""What share.load() reads, at random: bodies that were changed, and bodies that were made up.

    python tests/stress/fuzz_share_file.py [MUTATED [GENERATED [SEED]]]

Each is a value or a ValueError, within a bound of time and memory. Nothing is imported, opened, run
or compiled, nor does anything else happen that CPython tells its audit hooks. The seed repeats all
of it.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import resource
import struct
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import running

sys.path.insert(0, str(Path(__file__).parents[1] / "share"))

import share_bodies
from share_bodies import Body

import atoll
from atoll import _core
from atoll._share.reading import read
from atoll._share.writing import write

MOST_SECONDS = 20 * running.SLOWNESS  # of computing, for one body
MOST_BYTES = 1 << 29  # for all of them
COUNTS = 14 * 8  # the size of that part of a body
SHARED = 100  # one value in so many is shared, and stays in memory

# ---- what is watched ----

events: list[str] | None = None  # None: nothing is watched


def note(event: str, arguments: tuple[object, ...]) -> None:
    if events is not None:
        events.append(event)


def look(body: bytes, is_to_be_shared: bool) -> str:
    """Return what came of a body; raise if that should not be."""
    global events
    modules = len(sys.modules)
    began = time.thread_time()
    events = heard = []
    try:
        value = read(memoryview(body))
        if is_to_be_shared:
            _core.share(value, False)
        outcome = "a value"
    except ValueError as error:
        outcome = re.sub("'.*'|[0-9].*", "...", str(error))
    finally:
        events = None
    seconds = time.thread_time() - began
    if heard or len(sys.modules) != modules or seconds > MOST_SECONDS:
        raise AssertionError(f"{heard}, {len(sys.modules) - modules} imports, {seconds} s")
    return outcome


def limit_memory() -> None:
    status = Path("/proc/self/status").read_text()
    limit = int(status.split("VmData:")[1].split()[0]) * 1024 + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))


# ---- bodies that are changed ----


def values() -> list[Any]:
    """Values of which the bodies are the same in every process: no sets of strings."""
    part = (1, "common", (2.5, b"part"))
    endless: dict[Any, Any] = {"name": "endless"}
    endless["self"] = (endless, [endless])
    shared_twice: Any = (7, 8)
    for _ in range(6):
        shared_twice = (shared_twice, shared_twice)
    return [
        None, (), "text", 10**30, {}, frozenset({1}), int,
        (True, 5, -(2**40), 2**70, -(2**64), 1.5, float("nan"), -0.0, 1e300 * 1j),
        ("", "ascii", "ä", "€", "\U0001f600", "\ud800", b"", b"bytes", 300 * "x"),
        (dt.date(2020, 2, 29), dt.time(12, 30, 1, 5, fold=1), dt.time(1, tzinfo=dt.UTC)),
        (dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, tzinfo=dt.UTC), dt.timedelta(-5, 6, 7)),
        (int, ValueError, type(None), dt.date, atoll.frozendict, ..., NotImplemented, dt.UTC),
        {"a": part, "b": [part, part], (1, (2, 3)): {"c": part}, 5: frozenset({1, (2, 3)})},
        {atoll.frozendict({1: atoll.frozendict({2: (3,)})}): 4, frozenset({(1, 2)}): 5},
        endless, shared_twice, {shared_twice: 1}, {i: str(i) for i in range(50)},
        tuple((i, i * 0.5, f"{i}") for i in range(20)), {(-1, i): -i for i in range(20)},
    ]  # fmt: skip


def any_byte(choose: random.Random) -> int:
    return choose.choice((0, 1, 2, 6, 7, 0x7F, 0x80, 0xFF, *b"bhiqBHIQ", choose.randrange(256)))


def any_place(choose: random.Random, body: bytes | bytearray) -> int:
    """Return a position, seldom one in the counts: if these are wrong the rest is not looked at."""
    first = COUNTS if choose.randrange(8) and len(body) > COUNTS else 0
    return choose.randrange(first, len(body))


def change_bit(choose: random.Random, body: bytearray, _: bytes) -> None:
    body[any_place(choose, body)] ^= 1 << choose.randrange(8)


def change_byte(choose: random.Random, body: bytearray, _: bytes) -> None:
    body[any_place(choose, body)] = any_byte(choose)


def change_count(choose: random.Random, body: bytearray, _: bytes) -> None:
    place = choose.randrange(0, COUNTS, 8)
    if place + 8 <= len(body):
        (count,) = struct.unpack_from("<Q", body, place)
        new = choose.choice((0, count + 1, count - 1, 2 * count, 2**32, 2**63, 2**64 - 1))
        struct.pack_into("<Q", body, place, new % 2**64)


def cut(choose: random.Random, body: bytearray, _: bytes) -> None:
    del body[any_place(choose, body) :]


def remove(choose: random.Random, body: bytearray, _: bytes) -> None:
    start = any_place(choose, body)
    del body[start : start + choose.randrange(1, 10)]


def insert(choose: random.Random, body: bytearray, _: bytes) -> None:
    start = any_place(choose, body)
    body[start:start] = bytes(any_byte(choose) for _ in range(choose.randrange(1, 10)))


def repeat(choose: random.Random, body: bytearray, _: bytes) -> None:
    start, other = any_place(choose, body), any_place(choose, body)
    body[start : start + 8] = body[other : other + 8]


def splice(choose: random.Random, body: bytearray, other: bytes) -> None:
    start, length = any_place(choose, other), choose.randrange(1, 60)
    place = any_place(choose, body)
    body[place : place + length] = other[start : start + length]


CHANGES: list[Callable[[random.Random, bytearray, bytes], None]] = [
    *[change_bit, change_byte, repeat] * 4, change_count, cut, remove, insert, splice, splice,
]  # fmt: skip


def mutated(choose: random.Random, corpus: list[bytes]) -> bytes:
    body = bytearray(choose.choice(corpus))
    for _ in range(choose.choice((1, 1, 1, 2, 2, 3, 5, 10))):
        choose.choice(CHANGES)(choose, body, choose.choice(corpus))
        body = body or bytearray(1)
    return bytes(body)


# ---- bodies that are made up ----

INTS = (0, 1, -1, -2, 2**31, -(2**63), 2**63 - 1, 2**61 - 1, 2**62 - 2)
TEXTS = ("", "a", "b", "ä", "\U0001f600", "\ud800\udc00", "x" * 300, "self")
NAMES = ("builtins.int", "types.NoneType", "datetime.date", "builtins.ValueError", "builtins.str")
WRONG_NAMES = ("builtins.eval", "os.system", "datetime.MINYEAR", "builtins.__import__", "int", "",
               "builtins.int.__subclasses__", "types.sys", "datetime.__setattr__")  # fmt: skip
WRONG_FIELDS = (-(2**31), -1, 0, 60, 255)


class Generator:
    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.is_wrong = choose.randrange(3) == 0  # then it is so at some places

    def odd(self, chance: int = 8) -> bool:
        return self.is_wrong and self.choose.randrange(chance) == 0

    def some(self, make: Callable[[], Any], most: int = 4) -> list[Any]:
        return [make() for _ in range(self.choose.choice((0, 0, 1, most)))]

    def atoms(self) -> Body:
        choose = self.choose
        return Body(
            ints=self.some(lambda: choose.choice((*INTS, choose.randrange(100))), 9),
            floats=self.some(lambda: choose.choice((0.0, -0.0, float("nan"), 1.5, 1.0))),
            complexes=self.some(lambda: complex(choose.random(), float("inf"))),
            dates=self.some(lambda: self.day()),
            times=self.some(lambda: self.clock()),
            datetimes=self.some(lambda: (*self.day(), *self.clock())),
            timedeltas=self.some(lambda: self.difference()),
            names=self.some(lambda: choose.choice(WRONG_NAMES if self.odd() else NAMES)),
            texts=self.some(lambda: choose.choice(TEXTS)),
            byte_strings=self.some(lambda: choose.randbytes(choose.randrange(4))),
            big_ints=self.some(lambda: choose.randbytes(choose.choice((0, 1, 9, 20, 3000)))),
        )

    def day(self) -> tuple[int, ...]:
        choose = self.choose
        month = choose.choice((0, 13, 255)) if self.odd() else choose.randrange(1, 13)
        return choose.choice((1, 2020, 9999)), month, choose.randrange(1, 29)

    def clock(self) -> tuple[int, ...]:
        choose = self.choose
        microsecond = choose.choice(WRONG_FIELDS) if self.odd() else choose.randrange(10**6)
        flag = 2 if self.odd(20) else 1
        return choose.randrange(24), 59, 0, microsecond, choose.choice((0, flag)), flag

    def difference(self) -> tuple[int, ...]:
        choose = self.choose
        days = choose.choice((10**9, -(10**9), 2**31 - 1)) if self.odd() else -(10**9) + 1
        return days, choose.choice((0, 86399, -1 if self.odd() else 1)), choose.randrange(10**6)

    def numbers(self, count: int, below: int) -> list[int]:
        """Return numbers of objects, most of them of the latest."""
        choose = self.choose
        latest = max(0, below - choose.choice((1, 3, 10, below)))
        found = [choose.randrange(latest, below) for _ in range(count)]
        if found and self.odd():
            found[0] = choose.choice((below, below + 1, 2**32 - 1))
        return found

    def keys(self, count: int, below: int) -> list[int]:
        found = self.numbers(count, below)
        return found if self.odd() else [*dict.fromkeys(found)]

    def container(self, below: int, first: int) -> tuple[int, list[int]]:
        choose = self.choose
        kind = choose.choice((0, 0, 0, 1, 2, 9 if self.odd() else 0))
        size = choose.choice((0, 1, 2, 2, 3, 20))
        if kind == share_bodies.TUPLE or kind > share_bodies.DICT:
            return kind, self.numbers(size, below)
        keys = self.keys(size, first if choose.randrange(2) else below)
        if kind == share_bodies.SET:
            return kind, keys
        return kind, keys + self.numbers(len(keys), below)

    def body(self) -> bytes:
        choose = self.choose
        made = self.atoms()
        later, others = choose.choice((0, 0, 1, 3)), choose.choice((0, 1, 3, 10, 60))
        first = made.first_container()
        for number in range(others):
            made.others.append(self.container(first + later + number, first))
        for _ in range(later):
            keys = self.keys(choose.randrange(4), first if choose.randrange(4) else first + later)
            made.later.append(keys + self.numbers(len(keys), first + later + others))
        if self.odd() or not later + others:
            made.root = choose.randrange(first + later + others + (1 if self.odd() else 0))
        return made.pack()


# ---- all of it ----


def bodies(choose: random.Random, mutations: int, generations: int) -> Iterator[bytes]:
    corpus = [write(atoll.share(value, lists=True)) for value in values()]
    yield from corpus
    for _ in range(mutations):
        yield mutated(choose, corpus)
    for _ in range(generations):
        yield Generator(choose).body()


def main(mutations: int, generations: int, seed: int) -> tuple[str, list[str]]:
    outcomes: Counter[str] = Counter()
    sys.addaudithook(note)
    limit_memory()
    for number, body in enumerate(bodies(random.Random(seed), mutations, generations)):
        try:
            outcomes[look(body, number % SHARED == 0)] += 1
        except BaseException:
            return f"body {number}: {body.hex()}", [traceback.format_exc()]
    lines = [f"{count:9,}  {outcome}" for outcome, count in outcomes.most_common()]
    return "\n".join(lines), []


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:]), *(20_000, 5_000, 0)[len(sys.argv) - 1 :]]
    seed = given[2] or random.SystemRandom().randrange(10**6)
    print(f"{sys.version.split()[0]}: seed {seed}", flush=True)
    summary, failures = main(given[0], given[1], seed)
    print(summary)
    sys.exit(running.conclude(failures))
