"""The file of a shared value: a header, and a body that `writing` writes.

The header has the size of the body and a checksum, against accidents. Against attacks there is
`reading`, which can make only values of a body.
"""

from __future__ import annotations

import os
import secrets
import struct
import zlib
from contextlib import suppress
from typing import Any, BinaryIO

from .reading import read
from .writing import write

_MAGIC = b"ATOLLSHR"
_VERSION = 2
_HEADER = struct.Struct("<8sIIQ")  # magic, version, checksum and size of the body


# ---- writing ----


def save(shared: Any, path: str | os.PathLike[str]) -> None:
    """Write a value that was shared to a file.

    Raises:
        ValueError: If `load` would refuse it.
    """
    body = write(shared)
    try:
        read(memoryview(body))
    except ValueError as error:
        raise ValueError(f"cannot save it: {error}") from error
    header = _HEADER.pack(_MAGIC, _VERSION, zlib.crc32(body), len(body))
    temporary = f"{os.fsdecode(path)}.{secrets.token_hex(8)}"
    try:
        with open(temporary, "xb") as file:
            file.write(header)
            file.write(body)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


# ---- reading ----


def _read_body(file: BinaryIO) -> memoryview:
    """Return the body of a file.

    Raises:
        ValueError: If it is incomplete.
    """
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        raise ValueError("is not a file that atoll.share.save() wrote")
    _, version, checksum, size = _HEADER.unpack(header)
    if version != _VERSION:
        raise ValueError(
            f"has version {version} of the format; this atoll reads version {_VERSION}"
        )
    body = file.read()
    if len(body) != size or zlib.crc32(body) != checksum:
        raise ValueError("is damaged: length or checksum is wrong")
    return memoryview(body)


def load(path: str | os.PathLike[str]) -> Any:
    """Read a value, for `share` to freeze.

    Raises:
        ValueError: If the file is damaged, of another version, or was not written by `save`.
    """
    with open(path, "rb") as file:
        try:
            body = _read_body(file)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)!r} {error} [docs: how-to/shared-tables]") from None
    try:
        return read(body)
    except ValueError as error:
        raise ValueError(
            f"{os.fspath(path)!r} is damaged: {error} [docs: how-to/shared-tables]"
        ) from error
