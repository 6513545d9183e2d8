"""msgpack: Cython that calls hooks in the middle of packing, Timestamps, streams, errors."""

import datetime
import io
from typing import Any

import msgpack
import msgpack._cmsgpack

from ._facts import raised, told


def default(thing: Any) -> Any:
    """What the packer calls for what it does not know."""
    if isinstance(thing, complex):
        return msgpack.ExtType(1, f"{thing.real},{thing.imag}".encode())
    if isinstance(thing, set):
        return sorted(thing)
    raise TypeError(f"no way for {type(thing).__name__}")


def ext_hook(code: int, data: bytes) -> Any:
    """What the unpacker calls for extension types."""
    real, imaginary = map(float, bytes(data).split(b","))
    return complex(real, imaginary)


def document() -> dict[str, Any]:
    """Something of everything."""
    return {
        "numbers": list(range(-500, 1500)),
        "floats": {str(i): i * 0.5 for i in range(300)},
        "bytes": b"x" * 300,
        "complex": 1.5 + 2j,
        "set": {3, 1, 2},
        "text": "ü€😀" * 20,
        "at": datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        "stamp": msgpack.Timestamp(5, 6),
    }


def streamed(data: bytes) -> list[Any]:
    """Objects out of a stream that is read, and out of one that is fed in pieces."""
    reading = list(msgpack.Unpacker(io.BytesIO(data), ext_hook=ext_hook, timestamp=3, read_size=64))
    feeding = msgpack.Unpacker(ext_hook=ext_hook, timestamp=3)
    fed = []
    for start in range(0, len(data), 100):
        feeding.feed(data[start : start + 100])
        fed.extend(feeding)
    return [len(reading), reading == fed, fed[0]["at"], fed[0]["complex"]]


def work() -> str:
    """Pack and unpack with hooks, streams and errors."""
    whole = document()
    for _ in range(600):
        data = msgpack.packb(whole, default=default, datetime=True)
        back = msgpack.unpackb(data, ext_hook=ext_hook, timestamp=3)
    pairs = msgpack.unpackb(data, ext_hook=ext_hook, object_pairs_hook=lambda pairs: len(pairs))
    loop: list[Any] = []
    loop.append(loop)
    return told(
        length=len(data),
        same=back == whole | {"set": [1, 2, 3], "stamp": back["stamp"]},
        stamp=str(back["stamp"]),
        pairs=pairs,
        streamed=streamed(data * 2),
        compiled=msgpack.Packer.__module__,
        unknown=raised(lambda: msgpack.packb(object(), default=default)),
        more=raised(lambda: msgpack.unpackb(data * 2, ext_hook=ext_hook), with_text=False),
        deep=raised(lambda: msgpack.packb(loop)),
        large=raised(lambda: msgpack.packb(2**70)),
        hook=raised(lambda: msgpack.unpackb(data, ext_hook=lambda code, data: 1 // 0)),
        key=raised(lambda: msgpack.unpackb(msgpack.packb({1: 2}))),
        format=raised(lambda: msgpack.unpackb(b"\xc1"), with_text=False),
    )
