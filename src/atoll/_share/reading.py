"""Turns the bytes of a file into a value; `format` describes them.

Any bytes, also hostile ones, make a value of the types below or raise a ValueError. Names are
looked up only in our own tables, and only the constructors here are called, with arguments of the
right types and within their range. No count makes anything that is not in the file: so memory is a
multiple of the file's size. So is time, with a bound on hashing and comparing keys: see `_Keys`.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

from .._core import count_probes, frozendict
from .format import (
    CONSTANTS,
    COUNTS,
    DICT,
    RECORDS,
    SET,
    SIGNED,
    TUPLE,
    UNSIGNED,
    named_types,
)

# ---- columns ----


class _Bytes:
    """The bytes that are not read yet."""

    def __init__(self, body: memoryview) -> None:
        self._rest = body

    def take(self, size: int) -> memoryview:
        if size > len(self._rest):
            raise ValueError("it is too short for its contents")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def take_numbers(self, count: int, letters: str = UNSIGNED) -> tuple[int, ...]:
        letter = chr(self.take(1)[0])
        if letter not in letters:
            raise ValueError(f"{letter!r} is not a type of numbers")
        return struct.unpack(f"<{count}{letter}", self.take(count * struct.calcsize(f"<{letter}")))

    def take_floats(self, count: int) -> tuple[float, ...]:
        return struct.unpack(f"<{count}d", self.take(count * 8))

    def take_records(self, count: int, record: struct.Struct) -> Iterator[tuple[int, ...]]:
        return record.iter_unpack(self.take(count * record.size))

    def take_row(self, count: int) -> tuple[tuple[int, ...], memoryview]:
        """Return the lengths of objects, and all of these in one row."""
        lengths = self.take_numbers(count)
        (size,) = struct.unpack("<Q", self.take(8))
        return lengths, self.take(size)

    def take_texts(self, count: int) -> list[str]:
        lengths, row = self.take_row(count)
        return _cut(str(row, "utf-8", "surrogatepass"), lengths)

    def take_bytes(self, count: int) -> list[bytes]:
        lengths, row = self.take_row(count)
        return _cut(bytes(row), lengths)

    def finish(self) -> None:
        if len(self._rest):
            raise ValueError("it is longer than its contents")


def _cut[T: (str, bytes)](row: T, lengths: tuple[int, ...]) -> list[T]:
    if sum(lengths) != len(row):
        raise ValueError("lengths are wrong")
    return [row[start:stop] for start, stop in pairwise(accumulate(lengths, initial=0))]


# ---- atoms ----


def _type_named(name: str, types: dict[str, Any]) -> Any:
    if name not in types:
        raise ValueError(f"{name[:80]!r} is not a type that this Python can share")
    return types[name]


def _zone(is_utc: int) -> datetime.timezone | None:
    if is_utc > 1:
        raise ValueError("a time zone is wrong")
    return datetime.UTC if is_utc else None


def _date(fields: tuple[int, ...]) -> datetime.date:
    year, month, day = fields
    return datetime.date(year, month, day)


def _time(fields: tuple[int, ...]) -> datetime.time:
    hour, minute, second, microsecond, fold, is_utc = fields
    return datetime.time(hour, minute, second, microsecond, _zone(is_utc), fold=fold)


def _datetime(fields: tuple[int, ...]) -> datetime.datetime:
    day, time = _date(fields[:3]), _time(fields[3:])
    return datetime.datetime.combine(day, time)


def _timedelta(fields: tuple[int, ...]) -> datetime.timedelta:
    days, seconds, microseconds = fields
    if not (abs(days) < 10**9 and 0 <= seconds < 86400 and 0 <= microseconds < 10**6):
        raise ValueError("a timedelta is out of its range")
    return datetime.timedelta(days, seconds, microseconds)


_FROM_RECORD = (_date, _time, _datetime, _timedelta)  # as in RECORDS


def _read_atoms(body: _Bytes, counts: Sequence[int]) -> Iterator[Sequence[Any]]:
    """Yield the columns; the last is that of the big ints."""
    ints, floats, complexes, *records, names, texts, byte_strings, big_ints = counts
    yield body.take_numbers(ints, SIGNED)
    yield body.take_floats(floats)
    halves = body.take_floats(2 * complexes)
    yield [*map(complex, halves[::2], halves[1::2])]
    for make, record, count in zip(_FROM_RECORD, RECORDS.values(), records, strict=True):
        yield [make(fields) for fields in body.take_records(count, record)]
    types = named_types() if names else {}
    yield [_type_named(name, types) for name in body.take_texts(names)]
    yield body.take_texts(texts)
    yield body.take_bytes(byte_strings)
    yield [int.from_bytes(each, "little", signed=True) for each in body.take_bytes(big_ints)]


# ---- containers ----


class _Containers:
    """The kinds, sizes and parts of the containers; parts are indices."""

    def __init__(self, body: _Bytes, later: int, others: int) -> None:
        self.later = later
        kinds = bytes(body.take(others))
        if kinds and max(kinds) > DICT:
            raise ValueError(f"there is no container of kind {max(kinds)}")
        self.sizes = body.take_numbers(later + others)
        self.kinds = bytes([DICT]) * later + kinds
        widths = [
            2 * n if kind == DICT else n for n, kind in zip(self.sizes, self.kinds, strict=True)
        ]
        self._parts = body.take_numbers(sum(widths))
        self._stops = [*accumulate(widths, initial=0)]

    def __len__(self) -> int:
        return len(self.kinds)

    def parts(self, index: int) -> tuple[int, ...]:
        return self._parts[self._stops[index] : self._stops[index + 1]]


class _Keys:
    """Limits the time for hashing and comparing keys, in proportion to the size of the file.

    Sixty tuples, each of which contains the one before it twice, are small in a file, but hashing
    the last one as a key would take for ever. So would putting many thousand keys into a dict, if
    their hashes are the same, or chosen so that the search for each passes all others. So such
    costs are counted: 1 for hashing or comparing a small object, or for one more slot in a search.
    """

    DEEPEST = 200  # hashing recurses without a check of the stack
    ALWAYS = 1 << 22  # costs that any file may have,
    PER_BYTE = 32  # and more for each byte
    USUAL = 64  # this many slots for each key, in all tables as a container grows, are free

    def __init__(self, atoms: list[Any], heavy: int, containers: _Containers, size: int) -> None:
        self._atoms = atoms
        self._heavy = heavy  # from this index on objects are weighed
        self._first = len(atoms)  # the index of the first container
        self._containers = containers
        self._weights: list[int] = []  # by index, as far as they were needed
        self._depths: list[int] = []
        self._costs: dict[int, int] = {}  # of searches in containers; comparing costs this again
        self._limit = self._left = self.ALWAYS + self.PER_BYTE * size

    def check(
        self, owner: int, is_set: bool, numbers: tuple[int, ...], keys: tuple[Any, ...]
    ) -> None:
        """Check the keys of a container.

        Raises:
            ValueError: If it cannot be filled with them.
        """
        most = max(numbers, default=0)
        weight = 1
        if most >= self._heavy:
            weight = self._weigh(numbers, most)
        elif len(keys) < 16:
            return
        usual = self.USUAL * len(keys)
        try:
            cost = count_probes(keys, is_set, weight, usual + self._left)
        except TypeError:
            raise ValueError("a key contains a dict that is filled later") from None
        self._costs[owner] = cost
        self._spend(max(0, cost - usual))

    def _weigh(self, numbers: tuple[int, ...], most: int) -> int:
        """Count the cost of hashing objects; return the weight of the heaviest."""
        if not self._weights:
            self._weights = [*map(self._weight_of_atom, self._atoms)]
            self._depths = [0] * self._first
        for number in range(len(self._weights), most + 1):
            self._weigh_container(number)
        if max(map(self._depths.__getitem__, numbers)) > self.DEEPEST:
            raise ValueError("a key is nested too deeply")
        weights = [*map(self._weights.__getitem__, numbers)]
        self._spend(sum(weights))
        return max(weights)

    @staticmethod
    def _weight_of_atom(atom: Any) -> int:
        if isinstance(atom, int):
            return 1 + atom.bit_length() // 128
        return 1 + len(atom) // 256 if isinstance(atom, (str, bytes)) else 1

    def _weigh_container(self, number: int) -> None:
        index = number - self._first
        # A dict that is filled later has no hash, and neither has what contains it.
        parts = self._containers.parts(index) if index >= self._containers.later else ()
        weight = 1 + sum(map(self._weights.__getitem__, parts)) + self._costs.get(number, 0)
        self._weights.append(min(weight, self._limit + 1))
        self._depths.append(1 + max(map(self._depths.__getitem__, parts), default=0))

    def _spend(self, weight: int) -> None:
        self._left -= weight
        if self._left < 0:
            raise ValueError("its keys would take too long to hash and compare")


class _Assembly:
    """Makes the objects."""

    def __init__(self, atoms: list[Any], keys: _Keys, containers: _Containers) -> None:
        self._keys = keys
        self._containers = containers
        self._first = len(atoms)
        self.objects = atoms + [{} for _ in range(containers.later)]

    def make_all(self) -> None:
        later = self._containers.later
        for index in range(later, len(self._containers)):
            self.objects.append(self._make(index))
        for index in range(later):
            dictionary = self.objects[self._first + index]
            dictionary.update(self._pairs(index))
            self._check_size(index, dictionary)

    def _make(self, index: int) -> Any:
        kind = self._containers.kinds[index]
        if kind == TUPLE:
            return self._resolve(self._containers.parts(index))
        made: Any
        if kind == SET:
            made = frozenset(self._resolve_keys(index, self._containers.parts(index)))
        else:
            made = frozendict(self._pairs(index))
        self._check_size(index, made)
        return made

    def _pairs(self, index: int) -> zip[tuple[Any, Any]]:
        size = self._containers.sizes[index]
        parts = self._containers.parts(index)
        return zip(
            self._resolve_keys(index, parts[:size]), self._resolve(parts[size:]), strict=True
        )

    def _resolve_keys(self, index: int, numbers: tuple[int, ...]) -> tuple[Any, ...]:
        keys = self._resolve(numbers)
        is_set = self._containers.kinds[index] == SET
        self._keys.check(self._first + index, is_set, numbers, keys)
        return keys

    def _resolve(self, numbers: tuple[int, ...]) -> tuple[Any, ...]:
        try:
            return tuple(map(self.objects.__getitem__, numbers))
        except IndexError:
            raise ValueError("an object is inside one that comes before it") from None

    def _check_size(self, index: int, made: Any) -> None:
        if len(made) != self._containers.sizes[index]:
            raise ValueError("two keys are equal")


# ---- all of it ----


def read(body: memoryview) -> Any:
    """Return what the body of a file contains, for share() to freeze.

    Raises:
        ValueError: If it is damaged; the message says how.
    """
    rest = _Bytes(body)
    *atom_counts, later, others, root = COUNTS.unpack(rest.take(COUNTS.size))
    columns = [CONSTANTS, *_read_atoms(rest, atom_counts)]
    containers = _Containers(rest, later, others)
    rest.finish()

    atoms = [*chain.from_iterable(columns)]
    keys = _Keys(atoms, len(atoms) - len(columns[-1]), containers, len(body))
    assembly = _Assembly(atoms, keys, containers)
    assembly.make_all()
    if root >= len(assembly.objects):
        raise ValueError("the value itself is missing")
    return assembly.objects[root]
