"""The format of a shared value in a file, for its writer and its reader.

A value is a list of objects that refer to each other by their indices in it. First come the
constants below, which are not in the file, then one column for each kind of atom, then dicts that
are filled after all objects are made, then the other containers, each after its parts.

The body: COUNTS (the length of each column, in this order, and the index of the value itself); the
columns. All is little-endian. A column of

- integers is a letter of `struct` and an array of that type;
- floats and complex numbers is an array of doubles;
- dates and the like is an array of RECORDS;
- names, strings, bytes and big ints is the lengths (as integers; of texts, in characters), the
  size of what follows, and all of them in a row: texts in UTF-8, with lone surrogates, ints in
  two's complement.

Containers are: a byte for each that is not a dict to be filled later, TUPLE, SET or DICT; the sizes
of all; the indices of all their parts in a row, a dict's values after its keys.

A dict is filled later, so that it may contain itself, unless it is inside a key or an item of a
set: then its hash is needed, and it cannot contain itself.
"""

from __future__ import annotations

import builtins
import datetime
import struct
import types
from typing import Any

from .._core import frozendict, is_shared

CONSTANTS = (None, False, True, ..., NotImplemented, datetime.UTC)

# ints, floats, complex numbers, dates, times, datetimes, timedeltas, names of types, strings,
# bytes, big ints; dicts to be filled, other containers; the index of the value itself
COUNTS = struct.Struct("<14Q")

SIGNED, UNSIGNED = "bhiq", "BHIQ"
TUPLE, SET, DICT = range(3)

RECORDS = {
    datetime.date: struct.Struct("<HBB"),
    datetime.time: struct.Struct("<BBBiBB"),  # the last two: fold, and whether it is in UTC
    datetime.datetime: struct.Struct("<HBBBBBiBB"),
    datetime.timedelta: struct.Struct("<iii"),
}


def named_types() -> dict[str, Any]:
    """Return the types that can be shared and have a name, by that name."""
    found = {
        f"{module.__name__}.{name}": value
        for module in (builtins, types, datetime)
        for name, value in vars(module).items()
        if isinstance(value, type) and is_shared(value)
    }
    return found | {"builtins.frozendict": frozendict}
