"""Objects of many kinds that refer to each other, in one interpreter: for stress_gc.py.

Every node has a box, a list that begins with its token and goes on with what the node refers to.
"""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import atoll

IS_HOME = atoll.current().id == 0  # where nothing crosses

building: dict[int, Any] = {}  # what keeps nodes until they are sealed
roots: dict[int, Any] = {}
resurrected: list[Any] = []
finalized: list[int] = []
called_back: list[int] = []
complaints: list[str] = []
tokens: dict[int, weakref.ref[Token]] = {}
watchers: dict[int, weakref.ref[Token]] = {}


class Token:
    """Tells by its end that its node has ended."""

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.box: list[Any] = []


class Final(Token):
    """Notes that it was finalized, and what did not work then."""

    def __del__(self) -> None:
        finalized.append(self.ident)
        for edge in self.box[1:]:
            try:
                hasattr(edge, "__doc__")  # crosses, if it is a Proxy
            except Exception as error:
                complaints.append(f"finalizer of {self.ident}: {error!r}")


class Phoenix(Final):
    """Comes back to life, once."""

    def __del__(self) -> None:
        super().__del__()
        resurrected.append(self.box)


TOKENS = {"plain": Token, "final": Final, "phoenix": Phoenix}


# ---- kinds of nodes ----


class Instance:
    def __init__(self, box: list[Any]) -> None:
        self.box = box

    def touch(self) -> None:
        pass


class Slotted:
    __slots__ = ("box",)

    def __init__(self, box: list[Any]) -> None:
        self.box = box


def make_closure(box: list[Any]) -> Callable[[], list[Any]]:
    def closure() -> list[Any]:
        return box

    return closure


def generate(box: list[Any]) -> Generator[list[Any], Any]:
    held: Any = None
    while True:
        # The stack refers to what the variables refer to, across the yield.
        held = (box, held, (yield box)) if held is None else (box, box, (yield box))


def make_generator(box: list[Any]) -> Generator[list[Any], Any]:
    generator = generate(box)
    next(generator)
    return generator


async def wait_with(box: list[Any]) -> None:
    await Pause(box)


class Pause:
    def __init__(self, box: list[Any]) -> None:
        self.box = box

    def __await__(self) -> Generator[list[Any]]:
        yield self.box


def make_coroutine(box: list[Any]) -> Any:
    coroutine = wait_with(box)
    coroutine.send(None)
    return coroutine


def make_class(box: list[Any]) -> type:
    return type("Made", (), {"box": box})


def make_exception(box: list[Any]) -> Instance:
    """Make an object that holds it: an exception itself would cross as an exception."""
    try:
        raise_with(box)
    except ValueError as error:
        return Instance([error])
    raise AssertionError


def raise_with(box: list[Any]) -> None:
    raise ValueError("no box") from None


def make_restricted(box: list[Any]) -> Any:
    return atoll.restrict(Instance(box), ["touch"])


def make_partial(box: list[Any]) -> Any:
    return functools.partial(Instance.touch, Instance(box))


KINDS: dict[str, Callable[[list[Any]], Any]] = {
    "list": lambda box: box,
    "tuple": lambda box: (1, (box,)),
    "dict": lambda box: {"box": box},
    "instance": Instance,
    "slotted": Slotted,
    "closure": make_closure,
    "generator": make_generator,
    "coroutine": make_coroutine,
    "class": make_class,
    "frozenset": lambda box: frozenset([Instance(box)]),
    "iterator": lambda box: iter([box]),
    "method": lambda box: Instance(box).touch,
    "partial": make_partial,
    "exception": make_exception,
    "map": lambda box: map(Instance, [box]),
}

BOXES: dict[str, Callable[[Any], list[Any]]] = {
    "list": lambda node: node,
    "tuple": lambda node: node[1][0],
    "dict": lambda node: node["box"],
    "instance": lambda node: node.box,
    "slotted": lambda node: node.box,
    "closure": lambda node: node(),
    "generator": lambda node: node.send(1),
    "coroutine": lambda node: node.cr_frame.f_locals["box"],
    "class": lambda node: node.box,
    "frozenset": lambda node: next(iter(node)).box,
    "iterator": lambda node: node.__reduce__()[1][0][0],
    "method": lambda node: node.__self__.box,
    "partial": lambda node: node.args[0].box,
    "exception": lambda node: node.box[0].__traceback__.tb_next.tb_frame.f_locals["box"],
    "map": lambda node: node.__reduce__()[1][1].__reduce__()[1][0][0],
}


# ---- what stress_gc.py calls ----


def prepare() -> None:
    """What is here already need not be looked through each time."""
    gc.collect()
    gc.freeze()


def make(ident: int, kind: str, token_kind: str, is_watched: bool) -> None:
    token = TOKENS[token_kind](ident)
    box = [token]
    token.box = box
    tokens[ident] = weakref.ref(token)
    if is_watched:
        watchers[ident] = weakref.ref(token, lambda _: called_back.append(ident))
    node = KINDS[kind](box)
    building[ident] = node


def as_reference(edge: Any) -> Any:
    """What it is, by reference even where it could go by value."""
    return edge if IS_HOME else atoll.ref(edge)


def get(ident: int) -> Any:
    return as_reference(building[ident])


def link(node: Any, kind: str, other: Any, way: str) -> None:
    """Have a node refer to another; by a method of it, if that is the way."""
    BOXES[kind](node).append(other if way == "object" else getattr(other, way))


def unlink(node: Any, kind: str, position: int) -> None:
    del BOXES[kind](node)[1 + position]


def look(node: Any, kind: str) -> Any:
    """A node's number and what it refers to, by reference; nothing of a generator that has ended.

    Its finalizer ends it, also if it comes back to life with others.
    """
    if (kind == "generator" and node.gi_frame is None) or (
        kind == "coroutine" and not node.cr_frame
    ):
        return ()
    box = BOXES[kind](node)
    return (box[0].ident, *map(as_reference, box[1:]))


def look_resurrected(position: int) -> Any:
    box = resurrected[position]
    return (box[0].ident, *map(as_reference, box[1:]))


def seal(kept: tuple[int, ...]) -> None:
    """Keep only these from now on."""
    for ident in kept:
        roots[ident] = building[ident]
    building.clear()


def get_root(ident: int) -> Any:
    return as_reference(roots[ident])


def drop_root(ident: int) -> None:
    del roots[ident]


def alive() -> tuple[int, ...]:
    return tuple(ident for ident, token in tokens.items() if token() is not None)


def take_notes() -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...], tuple[int, ...]]:
    reborn = tuple(box[0].ident for box in resurrected)
    return tuple(finalized), tuple(called_back), tuple(complaints), reborn


def forget_resurrected(count: int) -> None:
    """Of the oldest ones; others may have come back since they were looked at."""
    del resurrected[:count]


def begin() -> None:
    """Before a new batch, when all is gone."""
    for each in (tokens, watchers, roots, building):
        each.clear()
    for notes in (finalized, called_back, complaints, resurrected):
        notes.clear()  # type: ignore[attr-defined]


def collect_locally() -> None:
    gc.collect()
