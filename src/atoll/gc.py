"""Finds and frees garbage cycles that span interpreters, as the module `gc` does within one.

A Proxy keeps its object alive. Two objects of two interpreters that hold Proxies of each other, or
a longer ring of them, would keep each other alive for ever: CPython's collector sees only the part
in its own interpreter. The collector here sees all interpreters. It runs by itself, in its own
thread, when exports have grown, or when `collect()` is called.

What is referred to by anything else lives: variables and arguments of running calls, items in
queues, objects that are crossing, calls of executors that have not begun, buffers in use, and what
`gc.freeze()` has set aside.
Finalizers are called in the interpreter of their object, once, while everything still works; an
object that one of them brings back to life lives on. Callbacks of weak references are called there
too.

Each interpreter is paused for about as long as its own `gc.collect()` takes, one after another, and
those in a ring together for a fraction of a millisecond. Without a ring of interpreters that hold
Proxies of each other nothing is done at all. An interpreter that cannot be entered, because of a
long call in C, is left out that time, and what it refers to lives; the others do not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any

    from ._interpreter.interpreter import Interpreter

__all__ = [
    "GCStatistics",
    "GraphEdge",
    "GraphNode",
    "ReferenceGraph",
    "callbacks",
    "collect",
    "disable",
    "enable",
    "get_threshold",
    "graph",
    "is_enabled",
    "set_threshold",
    "statistics",
]

callbacks: list[Callable[[str, dict[str, int]], Any]] = []
"""Functions that are called in this interpreter before and after each collection.

As `gc.callbacks`: with "start" or "stop", and a dict, whose "collected" is the number of objects
that were freed. They run in a thread of the collector. Each interpreter has its own list.
"""

_core.set_callbacks(callbacks)


# ---- collecting ----


def collect() -> int:
    """Find and free the garbage cycles between interpreters, now.

    First each interpreter runs its own collector, so that Proxies in its own garbage do not count.
    Finalizers and callbacks of weak references are called in threads of the collector: do not hold
    a lock that they need.

    Returns:
        How many objects were freed that Proxies referred to. 0 in a finalizer or callback that a
        collection calls.

    Raises:
        KeyboardInterrupt: If Ctrl-C comes; the collection goes on in the background.
        RuntimeError: If no thread can be started for it.
        MemoryError: If there is not enough memory for it.

    Threads: any, of any interpreter. Other threads can run in this interpreter meanwhile.

    Example:
        >>> there = interpreter.eval("[]")
        >>> there.append([there])  # the list there holds one of ours, which holds the list there
        >>> del there
        >>> atoll.gc.collect()
        2
    """
    return _core.collect()


def enable() -> None:
    """Let collections run by themselves, in the whole process: the default. Threads: any."""
    _core.enable_collector(True)


def disable() -> None:
    """Run no collections except by `collect()`. Threads: any."""
    _core.enable_collector(False)


def is_enabled() -> bool:
    """Tell whether collections run by themselves. Threads: any."""
    return _core.is_collector_enabled()


def set_threshold(exports: int) -> None:
    """Set when a collection runs by itself.

    Args:
        exports: How many more exports (objects that others hold) one interpreter must have than
            after the last collection; it must also be a quarter more. With 0 none runs by itself.

    In addition, 40 times as long must pass after a collection as it spent on what was not garbage.

    Raises:
        ValueError: If `exports` is negative.
        TypeError: If it is not an integer.

    Threads: any; it applies to the process.
    """
    _core.set_collector_threshold(exports)


def get_threshold() -> int:
    """Return what `set_threshold` has set; 2,000 at first. Threads: any."""
    return _core.get_collector_threshold()


class GCStatistics(NamedTuple):
    """What collections have done in the whole process so far.

    Attributes:
        collections: How many collections there were.
        automatic: How many of those ran by themselves.
        freed: How many objects were freed that Proxies referred to.
        abandoned: How often stopping interpreters was given up, because one did not stop in time.
        seconds: The time for which interpreters were paused.
        longest_pause: The longest pause of one interpreter, in seconds, without finalizers.
        longest_stop: The longest pause of several together, in seconds.
    """

    collections: int
    automatic: int
    freed: int
    abandoned: int
    seconds: float
    longest_pause: float
    longest_stop: float


def statistics() -> GCStatistics:
    """Return what collections have done so far. Threads: any."""
    return GCStatistics(*_core.count_collections())


# ---- the graph of references ----


class GraphNode(NamedTuple):
    """Objects of one type in one interpreter to which others hold references.

    Attributes:
        interpreter: Where they are.
        type: The name of their type.
        objects: How many.
    """

    interpreter: Interpreter
    type: str
    objects: int


class GraphEdge(NamedTuple):
    """Proxies in one interpreter to objects of one type in another.

    Attributes:
        holder: Where the Proxies are.
        owner: Where the objects are.
        type: The name of the objects' type.
        proxies: How many Proxies.
    """

    holder: Interpreter
    owner: Interpreter
    type: str
    proxies: int


class ReferenceGraph(NamedTuple):
    """The references between interpreters: see `graph()`.

    Attributes:
        nodes: What is referred to, by interpreter and type.
        edges: The Proxies that refer to it, by holder, owner and type.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]

    def write_html(self, path: str | os.PathLike[str]) -> None:
        """Draw it on an HTML page that needs no other file.

        Modules and classes are left out.

        Raises:
            OSError: If the file cannot be written.

        Threads: any.

        Example:
            >>> atoll.gc.graph().write_html("graph.html")
        """
        from datetime import datetime
        from pathlib import Path

        from ._page.graph import page

        Path(path).write_text(page(self, datetime.now()), encoding="utf-8")


def graph() -> ReferenceGraph:
    """Return the references between all open interpreters, at this moment.

    Interpreters are asked one after another, so references that change meanwhile may be counted
    twice or not at all. Those of atoll itself are left out.

    What crosses: numbers and names.

    Threads: any, of any interpreter. It waits for each interpreter as a call would.

    Example:
        >>> for edge in atoll.gc.graph().edges:
        ...     print(edge.holder.name, "->", edge.owner.name, edge.type, edge.proxies)
    """
    from ._interpreter.interpreter import interpreters
    from ._transfer.errors import InterpreterClosedError

    everyone = {each.id: each for each in interpreters()}
    here = _core.current().id
    nodes: list[GraphNode] = []
    edges: list[GraphEdge] = []
    for each in everyone.values():
        try:
            exports, proxies = (
                _core.count_references()
                if each.id == here
                else _core.invoke(each, "atoll.gc:_count_references", (), None)
            )
        except InterpreterClosedError:
            continue
        nodes += [GraphNode(each, name, count) for _, name, count in exports]
        edges += [
            GraphEdge(each, everyone[owner], name, count)
            for owner, name, count in proxies
            if owner in everyone
        ]
    return ReferenceGraph(tuple(nodes), tuple(edges))


def _count_references() -> tuple[
    tuple[tuple[int, str, int], ...], tuple[tuple[int, str, int], ...]
]:
    return _core.count_references()
