"""Turns a shared value into the bytes of a file; `format` describes them."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import Any

from .._core import frozendict
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

_CONTAINERS = (tuple, frozenset, frozendict)


class _BigInt:
    """Stands for the kind of ints that have more than 64 bits."""


_ATOMS = (int, float, complex, *RECORDS, type, str, bytes, _BigInt)  # in the order of the columns
_NOT_CONTAINERS = {*_ATOMS, *map(type, CONSTANTS)}


# ---- parts ----


class _Container:
    __slots__ = ("inner", "kind", "parts", "size")

    def __init__(self, obj: Any) -> None:
        self.parts: tuple[Any, ...]
        if isinstance(obj, tuple):
            self.kind, self.parts = TUPLE, obj
        elif isinstance(obj, frozendict):
            self.kind, self.parts = DICT, (*obj, *obj.values())
        else:
            self.kind, self.parts = SET, tuple(obj)
        self.size = len(obj)
        self.inner = _containers_among(self.parts)

    def hashed(self) -> list[Any]:
        """Return the containers in it whose hashes it needs."""
        if self.kind == TUPLE or not self.inner:
            return []
        return self.inner if self.kind == SET else _containers_among(self.parts[: self.size])


def _containers_among(parts: tuple[Any, ...]) -> list[Any]:
    if _NOT_CONTAINERS.issuperset(map(type, parts)):
        return []
    return [part for part in parts if isinstance(part, _CONTAINERS)]


def _find_containers(root: Any) -> dict[int, _Container]:
    """Return all containers in a shared value, by id: ids of shared objects are stable."""
    found: dict[int, _Container] = {}
    waiting = _containers_among((root,))
    while waiting:
        obj = waiting.pop()
        if id(obj) not in found:
            container = found[id(obj)] = _Container(obj)
            waiting += container.inner
    return found


def _find_atoms(root: Any, containers: Iterable[_Container]) -> dict[type, list[Any]]:
    """Return the atoms, in columns by type."""
    parts = [root, *chain.from_iterable([each.parts for each in containers])]
    found: dict[type, list[Any]] = {kind: [] for kind in _ATOMS}
    for part in dict(zip(map(id, parts), parts, strict=True)).values():
        kind = type(part)
        if kind in found:
            found[kind].append(part)
    found[_BigInt] = [each for each in found[int] if each.bit_length() > 63]
    if found[_BigInt]:
        found[int] = [each for each in found[int] if each.bit_length() <= 63]
    return found


def _find_hashed(containers: dict[int, _Container]) -> set[int]:
    """Return which containers are inside a key or an item of a set."""
    waiting = [part for each in containers.values() for part in each.hashed()]
    found = set()
    while waiting:
        part = id(waiting.pop())
        if part not in found:
            found.add(part)
            waiting += containers[part].inner
    return found


def _in_order(containers: dict[int, _Container]) -> dict[int, _Container]:
    """Return the containers in an order in which each comes after those inside it.

    Raises:
        ValueError: If there is no such order.
    """
    done = {number: each for number, each in containers.items() if not each.inner}
    begun = set()
    stack = [number for number in containers if number not in done]
    while stack:
        top = stack[-1]
        inner = () if top in done else map(id, containers[top].inner)
        missing = [part for part in inner if part in containers and part not in done]
        if not missing:
            done[stack.pop()] = containers[top]
        elif top in begun:
            raise ValueError("cannot save what contains itself, except by values of dicts")
        begun.add(top)
        stack += missing
    return done


# ---- columns ----


def _write_numbers(values: Sequence[int], letters: str = UNSIGNED) -> bytes:
    least, most = min(values, default=0), max(values, default=0)

    def holds_all(letter: str) -> bool:
        bits = 8 * struct.calcsize(f"<{letter}") - (letters == SIGNED)
        return most < 1 << bits and (least >= 0 or -least <= 1 << bits)

    letter = next(filter(holds_all, letters))
    return letter.encode() + struct.pack(f"<{len(values)}{letter}", *values)


def _write_row(lengths: Iterable[int], row: bytes) -> Iterator[bytes]:
    yield _write_numbers([*lengths])
    yield struct.pack("<Q", len(row))
    yield row


def _write_texts(texts: list[str]) -> Iterator[bytes]:
    return _write_row(map(len, texts), "".join(texts).encode("utf-8", "surrogatepass"))


def _write_names(types: list[type]) -> Iterator[bytes]:
    names: dict[int, str] = {}
    for name, value in named_types().items() if types else ():
        names.setdefault(id(value), name)
    for each in types:
        if id(each) not in names:
            raise TypeError(f"cannot save {each!r}: it has no name in builtins, types or datetime")
    return _write_texts([names[id(each)] for each in types])


def _fields(value: Any) -> tuple[int, ...]:
    """Return the fields of the record of a date, time, datetime or timedelta."""
    if isinstance(value, datetime.timedelta):
        return value.days, value.seconds, value.microseconds
    day: tuple[int, ...] = ()
    if isinstance(value, datetime.date):
        day = value.year, value.month, value.day
        if not isinstance(value, datetime.datetime):
            return day
    clock = value.hour, value.minute, value.second, value.microsecond
    return *day, *clock, value.fold, value.tzinfo is not None


def _write_atoms(atoms: dict[type, list[Any]]) -> Iterator[bytes]:
    yield _write_numbers(atoms[int], SIGNED)
    yield struct.pack(f"<{len(atoms[float])}d", *atoms[float])
    halves = [half for each in atoms[complex] for half in (each.real, each.imag)]
    yield struct.pack(f"<{len(halves)}d", *halves)
    for kind, record in RECORDS.items():
        yield b"".join([record.pack(*_fields(each)) for each in atoms[kind]])
    yield from _write_names(atoms[type])
    yield from _write_texts(atoms[str])
    yield from _write_row(map(len, atoms[bytes]), b"".join(atoms[bytes]))
    big = [
        each.to_bytes(each.bit_length() // 8 + 1, "little", signed=True) for each in atoms[_BigInt]
    ]
    yield from _write_row(map(len, big), b"".join(big))


# ---- all of it ----


def write(root: Any) -> bytes:
    """Return the body of a file with a shared value.

    Raises:
        TypeError: If it has a type that has no name.
        ValueError: If an object contains itself, except by values of dicts.
    """
    containers = _find_containers(root)
    atoms = _find_atoms(root, containers.values())
    hashed = _find_hashed(containers)
    later: dict[int, _Container] = {}
    others: dict[int, _Container] = {}
    for number, each in containers.items():
        (later if each.kind == DICT and number not in hashed else others)[number] = each
    others = _in_order(others)

    atom_ids = map(id, chain(CONSTANTS, *atoms.values()))
    numbers = dict(zip(chain(atom_ids, later, others), count()))
    ordered = [*later.values(), *others.values()]
    parts = chain.from_iterable([each.parts for each in ordered])
    columns = (
        COUNTS.pack(*map(len, atoms.values()), len(later), len(others), numbers[id(root)]),
        *_write_atoms(atoms),
        bytes([each.kind for each in others.values()]),
        _write_numbers([each.size for each in ordered]),
        _write_numbers([*map(numbers.__getitem__, map(id, parts))]),
    )
    return b"".join(columns)
