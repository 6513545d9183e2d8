"""Random graphs over several interpreters, collected and compared with what a model says.

    python tests/stress/stress_gc.py SECONDS [INTERPRETERS] [SEED]

A batch of graphs is built: nodes of many kinds, each in one interpreter, that refer to each other
directly or by Proxy. Some are held by what counts as a root. Then references are added and removed,
and objects are walked to and held; in some batches while collections run all the time in another
thread. Afterwards everything that the model calls reachable must be there and work, all else must
be gone, every finalizer and callback must have been called once, and none of those that are alive.
"""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import gc_nodes
import running

import atoll

GRAPHS_PER_BATCH = 20
NODES = (2, 14)  # of one graph
MUTATIONS = 150  # of one batch
MOST_COLLECTIONS = 6  # until all garbage is gone
ROOT_KINDS = ("dict", "dict", "held", "queue")


@dataclass
class Node:
    place: int
    kind: str
    token: str
    is_watched: bool
    edges: list[int] = field(default_factory=list)


class World:
    """The interpreters, the model, and what main holds."""

    def __init__(self, interpreters: list[atoll.Interpreter], seed: int) -> None:
        self.places: list[Any] = [
            gc_nodes,
            *(each.import_module("gc_nodes") for each in interpreters),
        ]
        self.choose = random.Random(seed)
        self.nodes: dict[int, Node] = {}
        self.roots: dict[int, str] = {}
        self.reborn: set[int] = set()
        self.held: dict[int, Any] = {}
        self.queue: atoll.Queue = atoll.Queue()
        self.graphs = self.collected = self.kept = 0

    # ---- building ----

    def build(self) -> None:
        for _ in range(GRAPHS_PER_BATCH):
            self._build_graph()
        kept: list[list[int]] = [[] for _ in self.places]
        for ident, kind in self.roots.items():
            place = self.nodes[ident].place
            if kind == "dict":
                kept[place].append(ident)
            elif kind == "held":
                self.held[ident] = self.places[place].get(ident)
            else:
                self.queue.put((ident, self._by_reference(ident)))
        for place, idents in zip(self.places, kept, strict=True):
            place.seal(tuple(idents))

    def _by_reference(self, ident: int) -> Any:
        node = self.places[self.nodes[ident].place].get(ident)
        return atoll.ref(node) if self.nodes[ident].place == 0 else node

    def _build_graph(self) -> None:
        choose = self.choose
        first, count = len(self.nodes), choose.randint(*NODES)
        places = choose.sample(range(len(self.places)), choose.randint(2, len(self.places)))
        for ident in range(first, first + count):
            node = Node(
                choose.choice(places),
                choose.choice([*gc_nodes.KINDS]),
                choose.choices(("plain", "final", "phoenix"), (8, 3, 1))[0],
                choose.random() < 0.3,
            )
            self.nodes[ident] = node
            self.places[node.place].make(ident, node.kind, node.token, node.is_watched)
        for _ in range(choose.randint(count, 3 * count)):
            self._link_new(*choose.choices(range(first, first + count), k=2))
        for ident in range(first, first + count):
            if choose.random() < 0.08:
                self.roots[ident] = choose.choice(ROOT_KINDS)
        self.graphs += 1

    def _link_new(self, source: int, target: int) -> None:
        node, other = self.nodes[source], self.nodes[target]
        here, there = self.places[node.place], self.places[other.place]
        here.link(here.get(source), node.kind, there.get(target), self._way_to(target))
        node.edges.append(target)

    def _way_to(self, target: int) -> str:
        is_method = self.nodes[target].kind == "instance" and self.choose.random() < 0.3
        return "touch" if is_method else "object"

    # ---- mutating ----

    def mutate(self) -> None:
        for _ in range(MUTATIONS):
            if self.roots:
                self._mutate_once()

    def _mutate_once(self) -> None:
        choose = self.choose
        path, source = self._walk()
        node = self.nodes[path[-1]]
        match choose.randrange(5):
            case 0:
                others, target = self._walk()
                other = others[-1]
                self.places[node.place].link(source, node.kind, target, "object")
                node.edges.append(other)
            case 1 | 2 if node.edges:
                position = choose.randrange(len(node.edges))
                self.places[node.place].unlink(source, node.kind, position)
                del node.edges[position]
            case 3 if self.roots.get(path[-1], "held") == "held":
                self.roots[path[-1]] = "held"
                self.held[path[-1]] = source
            case 4 if len(self.roots) > 3:
                self._unroot(choose.choice([*self.roots]))

    def _unroot(self, ident: int) -> None:
        kind = self.roots.pop(ident)
        if kind == "dict":
            self.places[self.nodes[ident].place].drop_root(ident)
        elif kind == "held":
            del self.held[ident]
        else:
            self._take_from_queue(ident)

    def _take_from_queue(self, wanted: int) -> Any:
        while True:
            ident, node = self.queue.get()
            if ident == wanted:
                return node
            self._put_back(ident, node)

    def _put_back(self, ident: int, node: Any) -> None:
        self.queue.put((ident, atoll.ref(node) if self.nodes[ident].place == 0 else node))

    def _get_root(self, ident: int) -> Any:
        kind = self.roots[ident]
        if kind == "dict":
            return self.places[self.nodes[ident].place].get_root(ident)
        if kind == "held":
            return self.held[ident]
        node = self._take_from_queue(ident)
        self._put_back(ident, node)
        return node

    def _walk(self) -> tuple[list[int], Any]:
        """From a root along some references; every step is compared with the model."""
        ident = self.choose.choice([*self.roots])
        path, node = [ident], self._get_root(ident)
        for _ in range(self.choose.randrange(4)):
            edges = self.compare(ident, node)
            if not edges:
                break
            position = self.choose.randrange(len(edges))
            ident, node = self.nodes[ident].edges[position], edges[position]
            node = self._object_of(ident, node)
            path.append(ident)
        return path, node

    def _object_of(self, ident: int, edge: Any) -> Any:
        """The node itself, where it is referred to by its method."""
        if self.nodes[ident].kind == "instance" and hasattr(edge, "__self__"):
            return edge.__self__
        return edge

    def compare(self, ident: int, node: Any) -> tuple[Any, ...]:
        """What a node refers to, after a look at whether it is the right one."""
        model = self.nodes[ident]
        found, *edges = self.places[model.place].look(node, model.kind)
        assert found == ident, f"{found} instead of {ident}"
        assert len(edges) == len(model.edges), f"{ident} has {len(edges)} edges"
        return tuple(edges)

    # ---- judging ----

    def reachable(self, idents: set[int]) -> set[int]:
        found, work = set(idents), [*idents]
        while work:
            for other in self.nodes[work.pop()].edges:
                if other not in found:
                    found.add(other)
                    work.append(other)
        return found

    def check_all(self, first: dict[int, Any], may_have_ended: bool = False) -> None:
        """Walk over all that can be reached."""
        seen, work = set(first), [*first.items()]
        while work:
            ident, node = work.pop()
            model = self.nodes[ident]
            if may_have_ended and not self.places[model.place].look(node, model.kind):
                continue
            edges = self.compare(ident, node)
            for other, edge in zip(self.nodes[ident].edges, edges, strict=True):
                if other not in seen:
                    seen.add(other)
                    work.append((other, self._object_of(other, edge)))

    def alive(self) -> set[int]:
        return {ident for place in self.places for ident in place.alive()}

    def notes(self) -> tuple[list[int], list[int], list[str], list[int]]:
        taken = [place.take_notes() for place in self.places]
        return tuple(  # type: ignore[return-value]
            [note for notes in taken for note in notes[kind]] for kind in range(4)
        )

    def collect_until_gone(self, expected: set[int]) -> str | None:
        for _ in range(MOST_COLLECTIONS):
            self.collected += atoll.gc.collect()
            for place in self.places:
                place.collect_locally()
            if self.alive() <= expected:
                return None
        return f"leaked: {self._describe(self.alive() - expected)}"

    def _describe(self, idents: set[int]) -> str:
        return ", ".join(f"{ident}: {self.nodes[ident]}" for ident in sorted(idents)[:6])

    def judge(self) -> list[str]:
        """Let all garbage go, in as many rounds as objects come back to life one after another."""
        live = self.reachable({*self.roots})
        phoenixes = {ident for ident, node in self.nodes.items() if node.token == "phoenix"}
        waiting = phoenixes - live - self.reborn
        expected, failures = sorted(waiting), []
        for _ in range(2 * len(expected) + MOST_COLLECTIONS):
            failures += self._judge_round(live, waiting)
            if not waiting or failures:
                break
        if waiting and not failures:
            failures.append(f"not resurrected: {self._describe(waiting)}")
        if leaked := self.collect_until_gone(live):
            failures.append(leaked)
        failures += self._check_notes(live)
        self.kept += len(live)
        return failures

    def _judge_round(self, live: set[int], waiting: set[int]) -> list[str]:
        failures = []
        if leaked := self.collect_until_gone(live | self.reachable(waiting)):
            failures.append(leaked)
        if missing := live - self.alive():
            failures.append(f"freed though live: {self._describe(missing)}")
        self.check_all({ident: self._get_root(ident) for ident in self.roots})
        reborn = self._check_reborn()
        if not reborn <= waiting:
            failures.append(f"resurrected: {self._describe(reborn - waiting)}")
        waiting -= reborn
        self.reborn |= reborn
        return failures

    def _check_reborn(self) -> set[int]:
        """Walk over what has come back to life, but for generators that were ended; let it go."""
        reborn = set()
        for place in self.places:
            count = len(place.take_notes()[3])
            for position in range(count):
                ident, *edges = place.look_resurrected(position)
                reborn.add(ident)
                others = zip(self.nodes[ident].edges, edges, strict=True)
                self.check_all(
                    {other: self._object_of(other, edge) for other, edge in others}, True
                )
            place.forget_resurrected(count)
        return reborn

    def _check_notes(self, live: set[int]) -> list[str]:
        finalized, called_back, complaints, _ = self.notes()
        failures = complaints[:3]
        gone = {*self.nodes} - live
        expected = sorted(ident for ident in gone if self.nodes[ident].token != "plain")
        if sorted(finalized) != expected:
            failures.append(f"finalized {sorted(finalized)} instead of {expected}")
        called = sorted(ident for ident in gone if self.nodes[ident].is_watched)
        if sorted(called_back) != called:
            failures.append(f"called back {sorted(called_back)} instead of {called}")
        return failures

    def end_batch(self) -> list[str]:
        for ident in [*self.roots]:
            self._unroot(ident)
        failures = self.judge()
        for place in self.places:
            place.begin()
        self.nodes.clear()
        self.reborn.clear()
        return failures


def run_batch(world: World) -> list[str]:
    """One batch in one of the ways."""
    way = world.choose.choice(("still", "mutated", "collected"))
    is_over = False

    def collect_all_the_time() -> None:
        while not is_over:
            world.collected += atoll.gc.collect()

    thread = threading.Thread(target=collect_all_the_time)
    world.build()
    if way == "collected":
        thread.start()
    try:
        if way != "still":
            world.mutate()
    finally:
        is_over = True
        if way == "collected":
            thread.join()
    return [*world.judge(), *world.end_batch()]


def main(seconds: float, interpreters: int, seed: int) -> tuple[str, list[str]]:
    atoll.gc.set_threshold(40)  # by themselves, too
    deadline = time.monotonic() + seconds
    failures: list[str] = []
    made = [atoll.Interpreter(f"member {number}") for number in range(interpreters - 1)]
    for each in made:
        each.exec("import gc, gc_nodes; gc_nodes.prepare()")
    gc_nodes.prepare()
    world = World(made, seed)
    while not failures and time.monotonic() < deadline:
        failures = run_batch(world)
    summary = (
        f"{world.graphs} graphs over {interpreters} interpreters, {world.collected} objects "
        f"collected, {world.kept} kept; {atoll.gc.statistics()}"
    )
    del world
    gc.collect()
    for each in made:
        each.close()
    return summary, failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=3))
