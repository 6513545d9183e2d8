"""orjson: Rust that keeps Python's types and key strings in statics, and calls `default`."""

import dataclasses
import datetime
import enum
import uuid
from typing import Any

import orjson

from ._facts import raised, told


@dataclasses.dataclass
class Point:
    """Serialized field by field."""

    x: float
    label: str


class Kind(enum.Enum):
    """Serialized by value."""

    SMALL = "s"
    LARGE = 2


class Unknown:
    """Known only to the callback."""


def default(thing: object) -> Any:
    """What orjson calls for what it does not know."""
    if isinstance(thing, Unknown):
        return {"unknown": [1, 2]}
    raise TypeError(f"no way for {type(thing).__name__}")


def document() -> dict[str, Any]:
    """One of each type that is recognised by its address."""
    return {
        "numbers": [i * 0.25 for i in range(2000)],
        "records": [{f"key{i % 50}": i, "text": "ü€😀" * 3} for i in range(400)],
        "at": datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC),
        "day": datetime.date(2024, 2, 29),
        "time": datetime.time(1, 2, 3, 4),
        "id": uuid.UUID(int=77),
        "point": Point(1.5, "p"),
        "kind": [Kind.SMALL, Kind.LARGE],
        "thing": Unknown(),
    }


def work() -> str:
    """Write and read the same document many times."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_INDENT_2
    whole = document()
    for _ in range(300):
        text = orjson.dumps(whole, default=default, option=options)
        back = orjson.loads(text)
    fragment = orjson.dumps([orjson.Fragment(b'{"raw":1}'), {1: 2}], option=orjson.OPT_NON_STR_KEYS)
    return told(
        length=len(text),
        back={key: back[key] for key in ("at", "day", "time", "id", "point", "kind", "thing")},
        records=back["records"][399],
        fragment=fragment,
        unknown=raised(lambda: orjson.dumps(object(), default=default)),
        cause=raised(lambda: orjson.dumps({1: 2})),
        broken=raised(lambda: orjson.loads(b'{"a": nope}')),
        is_value_error=issubclass(orjson.JSONDecodeError, ValueError),
        surrogate=raised(lambda: orjson.dumps("\ud800")),
    )
