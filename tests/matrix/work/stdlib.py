"""The control: no package at all, only extension modules of the standard library."""

import decimal
import json
import pickle
import sqlite3
import zlib

from ._facts import raised, told

TEXT = json.dumps({str(i): [i / 7, "x" * (i % 13)] for i in range(2000)})


def work() -> str:
    """Parse, compress, compute and query, with calls from SQLite into Python."""
    with sqlite3.connect(":memory:") as connection:
        connection.create_function("thrice", 1, lambda number: 3 * number)
        thrice = connection.execute("select thrice(14)").fetchone()
    connection.close()
    for _ in range(60):
        parsed = json.loads(TEXT)
    packed = zlib.compress(pickle.dumps(parsed), 6)
    return told(
        entries=len(parsed),
        same=pickle.loads(zlib.decompress(packed)) == parsed,
        thrice=thrice,
        root=decimal.Decimal(2).sqrt(),
        error=raised(lambda: json.loads("[")),
    )
