"""psycopg: libpq and Cython without a server: refused connections, adaptation, composing of SQL."""

import datetime
import decimal
import pickle
import socket
import uuid
from typing import Any

import psycopg
from psycopg import adapt, errors, pq, sql
from psycopg.types import json as json_types
from psycopg.types.range import Range

from ._facts import raised, told


class Point:
    """A type that PostgreSQL does not know until a dumper says how."""

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y


class PointDumper(adapt.Dumper):
    """Called by the compiled Transformer."""

    oid = psycopg.adapters.types["point"].oid

    def dump(self, point: Point) -> bytes:
        return f"({point.x},{point.y})".encode()


class UpperLoader(adapt.Loader):
    """Called by the compiled Transformer for each cell."""

    def load(self, data: Any) -> str:
        return bytes(data).decode().upper()


def closed_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def adapted() -> dict[str, object]:
    """Values there and back through the compiled adapters, also of our own."""
    adapters = adapt.AdaptersMap(psycopg.adapters)
    adapters.register_dumper(Point, PointDumper)
    adapters.register_loader("text", UpperLoader)
    values = [
        1,
        2.5,
        "it's",
        decimal.Decimal("1.50"),
        datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC),
        datetime.timedelta(days=1, seconds=2),
        uuid.UUID(int=9),
        [1, None, 3],
        True,
        b"\x00\xff",
        Range(1, 5),
        json_types.Jsonb({"a": [1]}),
    ]
    oids = psycopg.adapters.types
    plain = adapt.Transformer()
    loaded = [
        plain.get_loader(oid, pq.Format.TEXT).load(text)
        for oid, text in (
            (oids["int4"].oid, b"12"),
            (oids["numeric"].oid, b"1.50"),
            (oids["date"].oid, b"2024-02-29"),
            (oids["interval"].oid, b"1 day 00:00:02"),
            (oids["jsonb"].oid, b'{"a": [1]}'),
            (oids["bytea"].oid, b"\\x00ff"),
            (oids["bool"].oid, b"t"),
            (oids["int4"].array_oid, b"{1,NULL,3}"),
        )
    ]
    own = adapt.Transformer.from_context(_Context(adapters))
    return {
        "literals": [bytes(plain.as_literal(each)) for each in values],
        "loaded": loaded,
        "dumped": bytes(own.get_dumper(Point(1, 2), adapt.PyFormat.TEXT).dump(Point(1, 2)) or b""),
        "upper": own.get_loader(oids["text"].oid, pq.Format.TEXT).load(b"shout"),
        "unknown": raised(lambda: plain.as_literal(object())),
    }


class _Context:
    """What a Transformer asks for its tables."""

    connection = None

    def __init__(self, adapters: adapt.AdaptersMap) -> None:
        self.adapters = adapters


def composed() -> dict[str, object]:
    """SQL from parts."""
    columns = sql.SQL(", ").join(map(sql.Identifier, ("id", 'na"me')))
    query = sql.SQL("select {} from {} where at > {}").format(
        columns, sql.Identifier("public", "t"), sql.Literal(datetime.date(2024, 1, 1))
    )
    return {
        "query": query.as_string(None),
        "parsed": {
            option.keyword: option.val
            for option in pq.Conninfo.parse(b"host=a port=5 dbname=x")
            if option.val
        },
        "bad_conninfo": raised(lambda: pq.Conninfo.parse(b"nonsense"), with_text=False),
        "escaped": bytes(pq.Escaping().escape_string(b"it's")),
        "states": (errors.lookup("23505").__name__, errors.UniqueViolation.sqlstate),
    }


def refused() -> dict[str, object]:
    """What a connection that is refused raises, pickled too, in blocking and polling form."""
    port = closed_port()
    address = f"host=127.0.0.1 port={port} connect_timeout=5"
    connection = pq.PGconn.connect_start(address.encode())
    polled = connection.connect_poll()
    message = connection.get_error_message()
    connection.finish()
    try:
        psycopg.connect(address)
    except psycopg.OperationalError as error:
        again = pickle.loads(pickle.dumps(error))
        types = type(error).__name__, type(again) is type(error), error.sqlstate
    return {
        "refused": types,
        "polled": (polled == pq.PollingStatus.FAILED, "refused" in message),
        "finished": raised(lambda: connection.server_version, with_text=False),
    }


def work() -> str:
    """Do a little of everything, adaptation often."""
    for _ in range(200):
        there_and_back = adapted()
    for _ in range(5):
        connecting = refused()
    return told(compiled=pq.__impl__, **there_and_back, **composed(), **connecting)
