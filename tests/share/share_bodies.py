"""Bodies of files for share.load(), made by hand: right ones and wrong ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

TUPLE, SET, DICT = range(3)
# The numbers of the constants.
NONE, FALSE, TRUE, ELLIPSIS, NOT_IMPLEMENTED, UTC = range(6)
FIRST = 6  # of what is in the file

DATE, TIME = struct.Struct("<HBB"), struct.Struct("<BBBiBB")
DATETIME, TIMEDELTA = struct.Struct("<HBBBBBiBB"), struct.Struct("<iii")


def numbers(values: Sequence[int], letter: str = "I") -> bytes:
    return letter.encode() + struct.pack(f"<{len(values)}{letter}", *values)


def row(things: Sequence[bytes], lengths: Sequence[int] | None = None) -> bytes:
    joined = b"".join(things)
    lengths = [*map(len, things)] if lengths is None else lengths
    return numbers(lengths) + struct.pack("<Q", len(joined)) + joined


def row_of_texts(texts: Sequence[str]) -> bytes:
    return row([text.encode("utf-8", "surrogatepass") for text in texts], [*map(len, texts)])


@dataclass
class Body:
    ints: list[int] = field(default_factory=list)
    floats: list[float] = field(default_factory=list)
    complexes: list[complex] = field(default_factory=list)
    dates: list[tuple[int, ...]] = field(default_factory=list)
    times: list[tuple[int, ...]] = field(default_factory=list)
    datetimes: list[tuple[int, ...]] = field(default_factory=list)
    timedeltas: list[tuple[int, ...]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    byte_strings: list[bytes] = field(default_factory=list)
    big_ints: list[bytes] = field(default_factory=list)
    later: list[list[int]] = field(default_factory=list)  # numbers of keys, then of values
    others: list[tuple[int, list[int]]] = field(default_factory=list)  # kind and numbers
    root: int | None = None  # the last object, if not given

    def _columns(self) -> list[Sequence[object]]:
        return [
            self.ints, self.floats, self.complexes, self.dates, self.times, self.datetimes,
            self.timedeltas, self.names, self.texts, self.byte_strings, self.big_ints,
        ]  # fmt: skip

    def first_container(self) -> int:
        """Return the number of the first dict that is filled later, or of what comes then."""
        return FIRST + sum(map(len, self._columns()))

    def counts(self) -> list[int]:
        last = self.first_container() + len(self.later) + len(self.others) - 1
        root = last if self.root is None else self.root
        return [*map(len, self._columns()), len(self.later), len(self.others), root]

    def columns(self) -> bytes:
        containers = [*((DICT, parts) for parts in self.later), *self.others]
        sizes = [len(parts) // (1 + (kind == DICT)) for kind, parts in containers]
        halves = [half for each in self.complexes for half in (each.real, each.imag)]
        return b"".join(
            (
                numbers(self.ints, "q"),
                struct.pack(f"<{len(self.floats)}d", *self.floats),
                struct.pack(f"<{len(halves)}d", *halves),
                *(DATE.pack(*fields) for fields in self.dates),
                *(TIME.pack(*fields) for fields in self.times),
                *(DATETIME.pack(*fields) for fields in self.datetimes),
                *(TIMEDELTA.pack(*fields) for fields in self.timedeltas),
                row_of_texts(self.names),
                row_of_texts(self.texts),
                row(self.byte_strings),
                row(self.big_ints),
                bytes(kind for kind, _ in self.others),
                numbers(sizes),
                numbers([number for _, parts in containers for number in parts]),
            )
        )

    def pack(self) -> bytes:
        return struct.pack("<14Q", *self.counts()) + self.columns()


def file(body: bytes, version: int = 2) -> bytes:
    """Return a file that is whole by its size and checksum."""
    return struct.pack("<8sIIQ", b"ATOLLSHR", version, zlib.crc32(body), len(body)) + body
