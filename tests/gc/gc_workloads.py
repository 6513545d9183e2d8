"""What the tests of atoll.gc do in other interpreters."""

from __future__ import annotations

import contextvars
import functools
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import atoll

_variable: contextvars.ContextVar[Any] = contextvars.ContextVar("held")
_thread_local = threading.local()
_held: list[Any] = []
notes: list[Any] = []
resurrected: list[Any] = []


class Node:
    """Refers to others, and is counted."""

    alive: ClassVar[weakref.WeakSet[Node]] = weakref.WeakSet()

    def __init__(self, *others: Any) -> None:
        self.others = list(others)
        Node.alive.add(self)

    def add(self, other: Any) -> None:
        self.others.append(other)

    def count(self) -> int:
        return len(self.others)

    def __call__(self) -> int:
        return len(self.others)


class Finalized(Node):
    """Uses what it refers to when it is finalized."""

    def __del__(self) -> None:
        notes.append(tuple(other.count() for other in self.others))


class Phoenix(Node):
    def __del__(self) -> None:
        notes.append("finalized")
        resurrected.append(self)


class Memory(bytearray):
    """Has a buffer, and can refer to something."""

    other: Any = None


class Meta(type):
    pass


def alive() -> int:
    return len(Node.alive)


def take_notes() -> tuple[Any, ...]:
    taken = tuple(notes)
    notes.clear()
    return taken


def make(*others: Any) -> Node:
    return Node(*others)


def make_phoenix(*others: Any) -> Node:
    return Phoenix(*others)


def make_finalized(*others: Any) -> Node:
    return Finalized(*others)


def make_memory(other: Any) -> Memory:
    memory = Memory(b"12345678")
    memory.other = other
    return memory


def make_class(other: Any) -> type:
    return Meta("Made", (), {"other": other, "add": classmethod(setattr_of_class)})


def setattr_of_class(cls: type, other: Any) -> None:
    cls.other = other  # type: ignore[attr-defined]


def watch(node: Node, name: str) -> None:
    """Note when it goes."""
    _held.append(weakref.ref(node, lambda _: notes.append(name)))


def watch_from_within(node: Node) -> None:
    """A weak reference that goes along with its object: its callback is not called."""
    node.others.append(weakref.ref(node, lambda _: notes.append("never")))


def resurrect_last() -> Any:
    return resurrected.pop()


def make_memoryview(node: Any, memory: Any) -> None:
    node.add(memoryview(memory))


def use_local_garbage(other: Any) -> None:
    """A cycle here that nobody holds, and that holds a Proxy."""
    node = Node(other)
    node.add(node)


def compute(has_started: Callable[[], None]) -> None:
    """In Python, until it is interrupted."""
    has_started()
    number = 0
    while True:
        number += 1


# ---- to hold something in some way, until released ----

type Wait = Callable[[], None]


def _hold_in_local(box: list[Any], wait: Wait) -> None:
    held = box.pop()
    wait()
    held.count()


def _hold_on_stack(box: list[Any], wait: Wait) -> None:
    (box.pop(), wait())[0].count()


def _hold_as_argument(box: list[Any], wait: Wait) -> None:
    def use(held: Any) -> None:
        wait()
        held.count()

    use(box.pop())


def _hold_in_partial(box: list[Any], wait: Wait) -> None:
    def use(held: Any) -> None:
        del held
        wait()

    functools.partial(use, box.pop())()


def _hold_in_sort(box: list[Any], wait: Wait) -> None:
    """While it is sorted, a list is empty."""

    def key(held: Any) -> int:
        del held
        if not waited:
            waited.append(True)
            wait()
        return 0

    waited: list[bool] = []
    box.append(Node())
    box.sort(key=key)


def _hold_in_map(box: list[Any], wait: Wait) -> None:
    def use(held: Any) -> None:
        wait()

    list(map(use, iter([box.pop()])))


def _hold_in_running_generator(box: list[Any], wait: Wait) -> None:
    def generate() -> Iterator[Any]:
        held = box.pop()
        wait()
        yield held

    next(generate()).count()


def _hold_in_suspended_generator(box: list[Any], wait: Wait) -> None:
    def generate() -> Iterator[Any]:
        held = box.pop()
        (held, (yield))[0].count()

    generator = generate()
    next(generator)
    wait()
    for _ in generator:
        pass


def _hold_in_coroutine(box: list[Any], wait: Wait) -> None:
    import asyncio

    async def hold() -> None:
        held = box.pop()
        await asyncio.to_thread(wait)
        held.count()

    asyncio.run(hold())


def _hold_in_exception(box: list[Any], wait: Wait) -> None:
    try:
        raise LookupError(box.pop())
    except LookupError:
        wait()


def _hold_in_traceback(box: list[Any], wait: Wait) -> None:
    def fail() -> None:
        held = box.pop()
        held.count()
        raise LookupError

    try:
        fail()
    except LookupError as error:
        kept = error
    wait()
    del kept


def _hold_in_context_variable(box: list[Any], wait: Wait) -> None:
    _variable.set(box.pop())
    wait()


def _hold_in_thread_local(box: list[Any], wait: Wait) -> None:
    _thread_local.held = box.pop()
    wait()
    del _thread_local.held


def _hold_in_sys(box: list[Any], wait: Wait) -> None:
    sys.atoll_test = box.pop()  # type: ignore[attr-defined]
    wait()
    del sys.atoll_test  # type: ignore[attr-defined]


def _hold_in_module(box: list[Any], wait: Wait) -> None:
    _held.append(box.pop())
    wait()
    _held.pop()


def _hold_in_frozen(box: list[Any], wait: Wait) -> None:
    gc.freeze()
    wait()
    gc.unfreeze()
    box.pop()


def _hold_in_closure(box: list[Any], wait: Wait) -> None:
    held = box.pop()
    kept = [lambda: held]
    wait()
    kept.pop()().count()


def _hold_in_method(box: list[Any], wait: Wait) -> None:
    held = box.pop().count
    wait()
    held()


def _hold_in_mark(box: list[Any], wait: Wait) -> None:
    held = atoll.ref(box.pop())
    wait()
    del held


def _hold_in_queue(box: list[Any], wait: Wait) -> None:
    queue: atoll.Queue = atoll.Queue()
    queue.put(atoll.ref(box.pop()))
    wait()
    queue.get().count()


def _hold_in_own_queue(box: list[Any], wait: Wait) -> None:
    import queue

    held: queue.SimpleQueue[Any] = queue.SimpleQueue()
    held.put(box.pop())
    wait()
    held.get().count()


def _hold_in_restricted(box: list[Any], wait: Wait) -> None:
    held = atoll.restrict(box.pop(), ["count"])
    wait()
    held.count()


def _hold_in_iterator(box: list[Any], wait: Wait) -> None:
    def generate() -> Iterator[Any]:
        for held in [box.pop()]:
            wait()
            yield held

    for each in generate():
        each.count()


HOLDERS = {
    name.removeprefix("_hold_").replace("_", " "): function
    for name, function in list(globals().items())
    if name.startswith("_hold_")
}


def hold(way: str, held: Any, wait: Wait) -> None:
    """Hold on to it in one way only, while `wait` has not returned."""
    box = [held]
    del held
    _hold_box(way, box, wait)


def _hold_box(way: str, box: list[Any], wait: Wait) -> None:
    HOLDERS[way](box, wait)
