"""The file in which a shared value is kept.

After a header comes a pickled list of nodes, of which no one refers to anything but builtin values:
it is read by an unpickler that knows no classes. A node is `(number, kind, items, references)`. Its
items are plain values, and tuples of those; where anything else is inside, items has None, and
references has (position, number) of its node. The root is the last node. So depth costs no
recursion, and a large flat table is one tuple.
"""

from __future__ import annotations

import builtins
import datetime
import io
import os
import pickle
import secrets
import struct
import types
import zlib
from contextlib import suppress
from typing import Any

from .._core import frozendict

_MAGIC = b"ATOLLSHR"
_VERSION = 1
_HEADER = struct.Struct("<8sIIQ")  # magic, version, checksum and size of the body

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_DATES = (datetime.date, datetime.time, datetime.timedelta)

# Kinds of nodes.
_TUPLE, _SET, _DICT, _ENDLESS_DICT, _COMPLEX, _DATE, _NAME = range(7)

_Node = tuple[int, int, tuple[Any, ...], tuple[tuple[int, int], ...]]


# ---- writing ----


def _is_plain(obj: Any) -> bool:
    kind = type(obj)
    return kind in _PLAIN or (kind is tuple and _PLAIN.issuperset(map(type, obj)))


def _name_of(obj: object) -> tuple[str, str]:
    for module in (builtins, types, datetime):
        for name, value in vars(module).items():
            if value is obj:
                return module.__name__, name
    raise TypeError(f"cannot save {obj!r}: it has no name in builtins, types or datetime")


def _parts(obj: Any) -> tuple[int, tuple[Any, ...]]:
    """Return the kind of an object that is not plain, and what it consists of."""
    if isinstance(obj, tuple):
        return _TUPLE, obj
    if isinstance(obj, frozenset):
        return _SET, tuple(obj)
    if isinstance(obj, frozendict):
        return _DICT, (*obj, *obj.values())
    if isinstance(obj, complex):
        return _COMPLEX, (obj.real, obj.imag)
    if isinstance(obj, _DATES):
        arguments = obj.__reduce_ex__(4)[1]
        plain = tuple(each for each in arguments if each is not datetime.UTC)
        return _DATE, (type(obj).__name__, len(plain) < len(arguments), *plain)
    return _NAME, _name_of(obj)


class _Branch:
    """An object of which the parts are being looked at."""

    def __init__(self, number: int, obj: Any) -> None:
        self.number = number
        self.kind, parts = _parts(obj)
        self.items = list(parts)
        self.references: list[tuple[int, int]] = []
        # Most are plain altogether: then nothing is to be looked at.
        self.open = [] if _is_plain(parts) else self._find_open(parts)

    @staticmethod
    def _find_open(parts: tuple[Any, ...]) -> list[int]:
        positions = [i for i, part in enumerate(parts) if not _is_plain(part)]
        positions.reverse()
        return positions

    def refer(self, position: int, number: int) -> None:
        self.items[position] = None
        self.references.append((position, number))

    def node(self) -> _Node:
        return self.number, self.kind, tuple(self.items), tuple(self.references)


def _flatten(root: Any) -> list[_Node]:
    """Return the nodes of a shared value, each after those that are in it."""
    nodes: list[_Node] = []
    numbers = {id(root): 0}  # shared values stay where they are
    stack = [_Branch(0, root)]
    while stack:
        top = stack[-1]
        if not top.open:
            nodes.append(stack.pop().node())
            continue
        position = top.open.pop()
        part = top.items[position]
        number = numbers.setdefault(id(part), len(numbers))
        top.refer(position, number)
        if number == len(numbers) - 1:
            stack.append(_Branch(number, part))
        else:
            _mark_endless(stack, number)
    return nodes


def _mark_endless(stack: list[_Branch], number: int) -> None:
    """If the part that has been met again contains itself: the dicts on the way are endless."""
    for depth, branch in enumerate(stack):
        if branch.number == number:
            for each in stack[depth:]:
                if each.kind == _DICT:
                    each.kind = _ENDLESS_DICT
            break


def save(shared: Any, path: str | os.PathLike[str]) -> None:
    """Write a value that was shared to a file."""
    body = pickle.dumps(_flatten((shared,)), 5)
    header = _HEADER.pack(_MAGIC, _VERSION, zlib.crc32(body), len(body))
    temporary = f"{os.fspath(path)}.{secrets.token_hex(8)}"
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


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def _check(path: str | os.PathLike[str], content: bytes) -> memoryview:
    """Return the body of a file.

    Raises:
        ValueError: If it is not whole.
    """
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise ValueError(f"{os.fspath(path)!r} is not a file that atoll.share.save() wrote")
    _, version, checksum, size = _HEADER.unpack_from(content)
    body = memoryview(content)[_HEADER.size :]
    if version > _VERSION:
        raise ValueError(
            f"{os.fspath(path)!r} has version {version} of the format; this atoll reads up to "
            f"{_VERSION}"
        )
    if len(body) != size or zlib.crc32(body) != checksum:
        raise ValueError(f"{os.fspath(path)!r} is damaged: length or checksum is wrong")
    return body


def _assemble(kind: int, items: tuple[Any, ...]) -> Any:
    if kind == _TUPLE:
        return items
    if kind == _SET:
        return frozenset(items)
    if kind == _COMPLEX:
        return complex(*items)
    if kind == _DATE:
        name, is_utc, *arguments = items
        return getattr(datetime, name)(*arguments, *([datetime.UTC] if is_utc else []))
    if kind == _NAME:
        module, name = items
        return getattr({m.__name__: m for m in (builtins, types, datetime)}[module], name)
    return frozendict(_pairs(items))


def _pairs(items: tuple[Any, ...]) -> zip[tuple[Any, Any]]:
    half = len(items) // 2
    return zip(items[:half], items[half:], strict=True)


def _resolve(node: _Node, made: dict[int, Any]) -> tuple[Any, ...]:
    """Return the items of a node.

    Raises:
        KeyError: If one of them is not made yet.
    """
    _, _, items, references = node
    if not references:
        return items
    filled = list(items)
    for position, number in references:
        filled[position] = made[number]
    return tuple(filled)


def _build(nodes: list[_Node]) -> Any:
    """Make the value; dicts that contain themselves are ordinary ones, for share to freeze."""
    endless = [node for node in nodes if node[1] == _ENDLESS_DICT]
    made: dict[int, Any] = {node[0]: {} for node in endless}
    waiting = [node for node in nodes if node[1] != _ENDLESS_DICT]
    while waiting:
        still_waiting = []
        for node in waiting:
            try:
                made[node[0]] = _assemble(node[1], _resolve(node, made))
            except KeyError:  # what contains it has to be made first
                still_waiting.append(node)
        if len(still_waiting) == len(waiting):
            raise ValueError("a node is missing")
        waiting = still_waiting
    for node in endless:
        made[node[0]].update(_pairs(_resolve(node, made)))
    (root,) = made[0]
    return root


def load(path: str | os.PathLike[str]) -> Any:
    """Read a value that `share` can freeze.

    Raises:
        ValueError: If the file is damaged, of a later version or no such file at all.
    """
    with open(path, "rb") as file:
        content = file.read()
    body = _check(path, content)
    try:
        return _build(_Unpickler(io.BytesIO(body)).load())
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError, EOFError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged: {error}") from error
