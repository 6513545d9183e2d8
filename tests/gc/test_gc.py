"""Garbage cycles that span interpreters."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gc_workloads
import pytest
from children import times
from gc_workloads import Node
from stress import gc_nodes

import atoll
from atoll import _core


class Place:
    """An interpreter and its workloads; main is one too."""

    def __init__(self, interpreter: atoll.Interpreter | None) -> None:
        self.interpreter = atoll.main() if interpreter is None else interpreter
        self.run: Any = gc_workloads
        self.nodes: Any = gc_nodes
        if interpreter is not None:
            self.run = interpreter.import_module("gc_workloads")
            self.nodes = interpreter.import_module("stress.gc_nodes")

    def alive(self) -> int:
        return int(self.run.alive())


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[Place, ...]]:
    """Main and three other interpreters."""
    with contextlib.ExitStack() as stack:
        names = ("one", "two", "three")
        made = [stack.enter_context(atoll.Interpreter(name)) for name in names]
        yield (Place(None), *map(Place, made))


@pytest.fixture(autouse=True)
def by_itself_never() -> Iterator[None]:
    """Collections run when a test asks for them; what others have left is gone before."""
    atoll.gc.disable()
    atoll.prewarm(0, wait=True)  # a collection finds less while an interpreter is being made
    collect_all()
    yield
    atoll.gc.enable()


@pytest.fixture
def one(places: tuple[Place, ...]) -> Place:
    return places[1]


@pytest.fixture
def two(places: tuple[Place, ...]) -> Place:
    return places[2]


def make_pair(one: Place, two: Place) -> tuple[Any, Any]:
    """Two nodes that refer to each other."""
    first = one.run.make()
    second = two.run.make(first)
    first.add(second)
    return first, second


def collect(run: Callable[[], int] = atoll.gc.collect) -> int:
    """Until something is found: a busy machine may not stop all interpreters in time."""
    while not (found := run()):
        pass
    return found


def collect_all(*places: Place) -> int:
    """Until nothing more is found, by collections for which all interpreters stopped in time."""
    total = idle = 0
    while idle < 2:
        abandoned = atoll.gc.statistics().abandoned
        found = atoll.gc.collect()
        total += found
        idle = idle + 1 if not found and atoll.gc.statistics().abandoned == abandoned else 0
    return total


# ---- what is collected ----


@pytest.mark.parametrize("kind", gc_nodes.KINDS)
@pytest.mark.parametrize("home", [0, 1], ids=["main", "other"])
def test_a_cycle_of_two_is_collected(places: tuple[Place, ...], kind: str, home: int) -> None:
    """Whatever kind of object the Proxy is in."""
    there, other = places[home].nodes, places[2].run
    there.begin()
    there.make(1, kind, "plain", False)
    there.link(there.get(1), kind, other.make(there.get(1)), "object")
    assert there.alive() == (1,)
    there.seal(())
    assert collect() == 2
    assert (there.alive(), other.alive()) == ((), 0)


def test_a_ring_of_four_is_collected(places: tuple[Place, ...]) -> None:
    """Over all interpreters, main included."""
    first = latest = places[0].run.make()
    for place in places[1:]:
        latest = place.run.make(latest)
    first.add(latest)
    del first, latest
    assert collect() == 4
    assert [place.alive() for place in places] == [0] * 4


def test_a_ring_that_passes_twice_through_each_is_collected(one: Place, two: Place) -> None:
    """Interpreters hold Proxies of each other in many ways."""
    nodes = [place.run.make() for place in (one, two) * 3]
    for each, following in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        each.add(following)
    del nodes, each, following
    assert collect() == 6
    assert (one.alive(), two.alive()) == (0, 0)


def test_what_garbage_refers_to_goes_with_it(one: Place, two: Place) -> None:
    """Objects behind the cycle, of any interpreter."""
    first, second = make_pair(one, two)
    first.add(two.run.make(one.run.make()))
    del first, second
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


def test_what_refers_to_a_cycle_keeps_it(one: Place, two: Place) -> None:
    """A single Proxy is enough, also of the last object only."""
    first, second = make_pair(one, two)
    del first
    assert atoll.gc.collect() == 0
    assert second.count() == 1
    assert (one.alive(), two.alive()) == (1, 1)
    del second
    assert collect() == 2


def test_proxies_in_local_garbage_keep_nothing(one: Place, two: Place) -> None:
    """Each interpreter's own garbage is collected first."""
    first, second = make_pair(one, two)
    one.run.use_local_garbage(second)
    two.run.use_local_garbage(first)
    del first, second
    assert collect_all() == 2
    assert (one.alive(), two.alive()) == (0, 0)


def test_classes_in_cycles_are_collected(one: Place, two: Place) -> None:
    """A class, its metaclass and instances, with Proxies of them elsewhere."""
    node = one.run.make()
    made = two.run.make_class(node)
    node.add(made)
    node.add(made())
    gone = two.interpreter.eval("__import__('weakref').ref")(made)
    del node, made
    collect_all()
    assert gone() is None
    assert one.alive() == 0


@pytest.mark.parametrize("is_latest", [True, False])
def test_methods_of_proxies_are_collected(one: Place, is_latest: bool) -> None:
    """A cycle through a method that was asked for and kept: the last one, or one before."""
    local = Node()
    there = one.run.make(local)
    local.add(there.count)
    if not is_latest:
        there.add(1)
    del local, there
    assert collect() == 2
    assert one.alive() == Place(None).alive() == 0


def test_a_method_of_a_proxy_keeps_it(one: Place) -> None:
    """Though the Proxy is in the cycle only."""
    local = Node()
    there = one.run.make(local)
    local.add(there)
    held = there.count
    gone = weakref.ref(local)
    del local, there
    assert atoll.gc.collect() == 0
    assert held() == 1
    assert gone() is not None
    del held
    assert collect() == 2
    assert gone() is None


def test_restricted_views_are_collected(one: Place, two: Place) -> None:
    """The view refers to its object."""
    local = Node()
    there = one.run.make(atoll.restrict(local, ["count"]))
    local.add(there)
    del local, there
    assert collect() == 2
    assert one.alive() == Place(None).alive() == 0


def test_closures_are_collected(one: Place) -> None:
    """By reference, both ways."""

    def make() -> weakref.ref[Any]:
        def here() -> Any:
            return kept

        kept = one.run.make(here)
        return weakref.ref(here)

    gone = make()
    assert collect() == 2
    assert gone() is None


def test_what_is_not_of_the_collector_is_freed_too(one: Place, two: Place) -> None:
    """An exported object that can refer to nothing."""
    first, second = make_pair(one, two)
    second.add(one.interpreter.eval("object()"))
    del first, second
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


def test_a_switched_off_collector_does_not_matter(one: Place, two: Place) -> None:
    """Also where gc.disable() was called in an interpreter; it stays so."""
    switched = one.interpreter.import_module("gc")
    switched.disable()
    try:
        first, second = make_pair(one, two)
        first.add(first)
        del first, second
        assert collect() == 2
        assert (one.alive(), two.alive()) == (0, 0)
        assert not switched.isenabled()
    finally:
        switched.enable()


def test_without_cycles_of_interpreters_nothing_is_looked_through(run_cleanly: Any) -> None:
    """References that go one way make no summary."""
    run_cleanly(
        """
        import atoll
        one, two = atoll.Interpreter(), atoll.Interpreter()
        held = [one.eval("[]") for _ in range(3)]
        for each in held:
            each.append(two.eval("[]"))
        assert atoll.gc.collect() == 0
        assert atoll.gc.statistics().seconds == 0
        assert len(held[0]) == 1
        """
    )


# ---- what is held ----


@pytest.mark.parametrize("way", gc_workloads.HOLDERS)
@pytest.mark.parametrize("is_original", [False, True], ids=["proxy", "original"])
def test_what_is_held_is_not_collected(
    places: tuple[Place, ...], way: str, is_original: bool
) -> None:
    """Held in one way only by a thread that is inside; afterwards it is garbage."""
    one, two = places[1], places[2]
    is_held, is_released = threading.Event(), threading.Event()

    def wait() -> None:
        is_held.set()
        is_released.wait()

    first, second = make_pair(one, two)
    held = [first if is_original else second]
    del first, second
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: one.run.hold(way, held.pop(), wait))
        is_held.wait()
        assert not held
        freed = atoll.gc.collect()
        alive = one.alive(), two.alive()
        is_released.set()
        done.result()
    assert freed == 0
    assert alive[0] >= 1
    assert alive[1] == 1
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


def test_an_item_of_a_queue_is_held(one: Place, two: Place) -> None:
    """Nobody has a Proxy while it is in there."""
    queue: atoll.Queue = atoll.Queue()
    first, second = make_pair(one, two)
    queue.put(first)
    del first, second
    assert atoll.gc.collect() == 0
    queue.get()
    assert collect() == 2


def test_an_argument_of_a_waiting_task_is_held(one: Place, two: Place) -> None:
    """Its call has not begun."""
    gate: atoll.Queue = atoll.Queue()
    with atoll.InterpreterPoolExecutor(1) as pool:
        first_call = pool.submit(lambda gate: gate.get(), gate)
        first, second = make_pair(one, two)
        call = pool.submit(len, atoll.ref([atoll.ref(first)]))
        del first, second
        assert atoll.gc.collect() == 0
        assert not first_call.done()
        gate.put(None)
        assert call.result() == 1
        del call
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


def test_a_buffer_in_use_holds_its_object(one: Place, two: Place) -> None:
    """A memoryview elsewhere, as long as it is not released."""
    first = one.run.make()
    memory = two.run.make_memory(first)
    view = memoryview(memory)
    first.add(memory)
    del first, memory
    assert atoll.gc.collect() == 0
    assert view[0] == ord("1")
    view.release()
    del view
    assert collect() == 2
    assert one.alive() == 0


def test_a_result_on_its_way_is_held(one: Place, two: Place) -> None:
    """A Future that has it, and nobody has asked."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        first, second = make_pair(one, two)
        call = pool.submit(lambda node: atoll.ref([node]), atoll.ref(first))
        atoll.gc.collect()
        del first, second
        while not call.done():
            time.sleep(0)
        assert atoll.gc.collect() == 0
        assert call.result()[0].count() == 1
        del call
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


# ---- finalizers and weak references ----


def test_finalizers_run_once_while_all_works(one: Place, two: Place) -> None:
    """Each uses its Proxies; the owner runs it."""
    first = one.run.make_finalized()
    second = two.run.make_finalized(first)
    first.add(second)
    del first, second
    assert collect() == 2
    assert one.run.take_notes() == two.run.take_notes() == ((1,),)
    atoll.gc.collect()
    assert one.run.take_notes() == ()


def test_what_a_finalizer_brings_back_lives_on(one: Place, two: Place) -> None:
    """With all that it refers to; when it goes again it is not finalized again."""
    first = one.run.make_phoenix()
    second = two.run.make(first)
    first.add(second)
    del first, second
    assert atoll.gc.collect() == 0
    back = one.run.resurrect_last()
    assert (back.count(), two.alive()) == (1, 1)
    assert back.others[0].others[0] is back
    assert one.run.take_notes() == ("finalized",)
    del back
    assert collect_all() == 2
    assert (one.alive(), two.alive()) == (0, 0)
    assert one.run.take_notes() == ()


def test_weak_references_call_back_once(one: Place, two: Place) -> None:
    """When the object goes; not if it is brought back to life; not if they go as well."""
    first, second = make_pair(one, two)
    one.run.watch(first, "first")
    two.run.watch(second, "second")
    one.run.watch_from_within(first)
    atoll.gc.collect()
    assert one.run.take_notes() == two.run.take_notes() == ()
    del first, second
    assert collect() == 2
    assert one.run.take_notes() == ("first",)
    assert two.run.take_notes() == ("second",)


def test_a_weak_reference_is_no_reason_to_live(one: Place, two: Place) -> None:
    """It finds nothing afterwards, here as there."""
    first, second = make_pair(one, two)
    proxy = weakref.ref(first)
    there = one.interpreter.eval("__import__('weakref').ref")(first)
    del first, second
    assert collect() == 2
    assert proxy() is None
    assert there() is None


def test_a_finalizer_that_collects(one: Place, two: Place) -> None:
    """It gets 0 at once."""
    there = one.interpreter.eval("[]")
    found: list[int] = []

    class Collecting(Node):
        def __del__(self) -> None:
            found.append(atoll.gc.collect())

    local = Collecting(there)
    there.append(local)
    del local, there
    assert collect() == 2
    assert found == [0]


def test_a_finalizer_that_closes_an_interpreter(two: Place) -> None:
    """One that takes part: what is left of the cycle is gone, or goes later."""
    third = atoll.Interpreter("closed by a finalizer")

    class Closing(Node):
        def __del__(self) -> None:
            third.close()

    there = third.eval("[]")
    gone = weakref.ref(local := Closing(there))
    there.append(local)
    del local, there
    atoll.gc.collect()
    collect_all()
    assert third.is_closed
    assert gone() is None


# ---- running ----


@pytest.mark.parametrize("where", ["main", "other", "thread"])
def test_any_thread_may_collect(one: Place, two: Place, where: str) -> None:
    """Of main, inside another interpreter, of another thread."""
    first, second = make_pair(one, two)
    del first, second
    if where == "main":
        assert collect() == 2
    elif where == "other":
        assert collect(lambda: one.interpreter.call(atoll.gc.collect)) == 2
    else:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(collect).result() == 2


def test_many_threads_may_collect_at_once(places: tuple[Place, ...]) -> None:
    """They share collections; all of it is freed."""
    pairs = [make_pair(places[1], places[2]) for _ in range(20)]
    del pairs
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(atoll.gc.collect) for _ in range(8)]
        most = max(each.result() for each in found)
    assert (most or collect()) == 40
    assert places[1].alive() == places[2].alive() == 0


def test_callbacks(one: Place, two: Place) -> None:
    """Called before and after, in each interpreter that has some, with what was freed."""
    calls: list[tuple[str, int]] = []
    there = one.interpreter.eval("[]")

    def note(phase: str, info: dict[str, int]) -> None:
        calls.append((phase, info["collected"]))
        assert atoll.gc.collect() == 0

    others = one.interpreter.import_module("atoll.gc").callbacks
    others.append(one.interpreter.eval("lambda phase, info: None"))
    others.append(there.append)
    others.pop()
    atoll.gc.callbacks.append(note)
    try:
        first, second = make_pair(one, two)
        del first, second
        collect()
    finally:
        atoll.gc.callbacks.clear()
        others.clear()
    assert calls[-2:] == [("start", 0), ("stop", 2)]


def test_a_callback_that_fails(one: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is reported, and nothing else happens."""
    reported: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", reported.append)
    atoll.gc.callbacks.append(lambda phase, info: 1 / 0)  # type: ignore[arg-type, return-value]
    try:
        first, second = make_pair(one, Place(None))
        del first, second
        assert collect() == 2
    finally:
        atoll.gc.callbacks.clear()
    assert [each.exc_type for each in reported[-2:]] == [ZeroDivisionError] * 2


def wait_for_automatic(before: int) -> None:
    deadline = time.monotonic() + 60
    while atoll.gc.statistics().automatic == before and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    assert atoll.gc.statistics().automatic > before


def test_collections_run_by_themselves(one: Place, two: Place) -> None:
    """When exports have grown by the threshold; in a thread that nobody sees."""
    threads = threading.enumerate()
    before = atoll.gc.statistics().automatic
    atoll.gc.set_threshold(200)
    atoll.gc.enable()
    try:
        for _ in range(1000):
            make_pair(one, two)
        wait_for_automatic(before)
        assert threading.enumerate() == threads
    finally:
        atoll.gc.disable()
        atoll.gc.set_threshold(2000)
    assert atoll.gc.statistics().freed > 0
    collect_all()
    assert (one.alive(), two.alive()) == (0, 0)


def test_disabled_it_does_not_run_by_itself(one: Place, two: Place) -> None:
    """What has grown meanwhile is looked at when it is enabled again."""
    atoll.gc.collect()
    before = atoll.gc.statistics()
    atoll.gc.set_threshold(100)
    try:
        for _ in range(500):
            make_pair(one, two)
        assert not atoll.gc.is_enabled()
        assert atoll.gc.statistics() == before
        atoll.gc.enable()
        assert atoll.gc.is_enabled()
        wait_for_automatic(before.automatic)
    finally:
        atoll.gc.disable()
        atoll.gc.set_threshold(2000)
    collect_all()


def test_proxies_that_come_and_go_start_nothing(one: Place) -> None:
    """Exports have to grow."""
    atoll.gc.collect()
    before = atoll.gc.statistics()
    atoll.gc.set_threshold(1000)
    atoll.gc.enable()
    try:
        for _ in range(5000):
            one.run.make()
        assert atoll.gc.statistics() == before
    finally:
        atoll.gc.disable()
        atoll.gc.set_threshold(2000)


def test_thresholds() -> None:
    """A number of exports; 0 is never."""
    assert atoll.gc.get_threshold() == 2000
    atoll.gc.set_threshold(0)
    assert atoll.gc.get_threshold() == 0
    atoll.gc.set_threshold(2000)
    with pytest.raises(ValueError, match="0 or more"):
        atoll.gc.set_threshold(-1)
    with pytest.raises(TypeError):
        atoll.gc.set_threshold("many")  # type: ignore[arg-type]


def test_statistics_are_of_the_process(one: Place) -> None:
    """All interpreters see the same; the record cannot be changed."""
    there = one.interpreter.call(lambda: atoll.gc.statistics()[:4])
    assert there == atoll.gc.statistics()[:4]
    with pytest.raises(AttributeError):
        atoll.gc.statistics().freed = 1  # type: ignore[misc]


def test_a_computing_thread_is_no_hindrance(one: Place, two: Place) -> None:
    """Inside an interpreter where nobody is preempted: it is collected between two bytecodes."""
    started = threading.Event()
    first, second = make_pair(one, two)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(one.run.compute, started.set)
        started.wait()
        del first, second
        freed = collect()
        one.interpreter.interrupt(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            done.result()
    assert freed == 2


def test_a_long_call_in_c_is_left_alone(one: Place, two: Place, places: tuple[Place, ...]) -> None:
    """Others are collected without it; what it is part of, afterwards."""
    three = places[3]
    is_over = threading.Event()
    count = three.interpreter.eval("lambda started: (started(), sum(range(60_000_000)))[1]")
    kept = make_pair(one, three)
    del kept
    first, second = make_pair(one, two)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(count, is_over.set)
        is_over.wait()
        del first, second
        freed = collect()
        was_computing = not done.done()
        done.result()
    # It may have ended after the collection had left it out.
    assert freed == 2 or (freed == 4 and not was_computing)
    collect_all()
    assert one.alive() == two.alive() == three.alive() == 0


def test_an_interpreter_that_closes_meanwhile(one: Place) -> None:
    """Collections go on, and so does closing."""
    is_over = threading.Event()

    def collect() -> None:
        while not is_over.is_set():
            atoll.gc.collect()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(collect)
        for _ in range(10):
            with atoll.Interpreter() as brief:
                there = brief.import_module("gc_workloads").make()
                there.add(one.run.make(there))
                del there
        is_over.set()
        done.result()
    collect_all()
    assert one.alive() == 0


def test_an_abandoned_interpreter_retires(one: Place) -> None:
    """Its thread has ended, and only a cycle has held it."""
    thread = atoll.Thread(target=lambda: atoll.ref([]))
    thread.start()
    there = thread.result()
    there.append(one.run.make(there))
    interpreter = atoll.owner(there)
    del there, thread
    collect_all()
    assert one.alive() == 0
    deadline = time.monotonic() + 60
    while not interpreter.is_closed and time.monotonic() < deadline:
        threading.Event().wait(0.005)
    assert interpreter.is_closed


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_while_collecting(one: Place, two: Place) -> None:
    """The child can make interpreters, and collect."""
    is_over = threading.Event()

    def collect() -> None:
        while not is_over.is_set():
            make_pair(one, two)
            atoll.gc.collect()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(collect)
        statuses = {_fork() for _ in range(times(4))}
        is_over.set()
        done.result()
    assert statuses == {0}
    collect_all()


def _fork() -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(60)
            with atoll.Interpreter() as new:
                there = new.eval("[]")
                there.append([there])
                before = new.statistics().exports
                del there
                atoll.gc.collect()  # or by itself meanwhile
                status = 0 if new.statistics().exports == before - 1 else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_ctrl_c_ends_the_wait(one: Place, two: Place) -> None:
    """Not the collection, which goes on: a finalizer that takes long."""
    is_over = threading.Event()

    class Slow(Node):
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            is_over.wait()

    there = one.run.make()
    gone = weakref.ref(local := Slow(there))
    there.add(local)
    del local, there
    with pytest.raises(KeyboardInterrupt):
        atoll.gc.collect()
    is_over.set()
    collect_all()
    assert gone() is None
    assert one.alive() == 0


def test_exit_while_collecting(run_cleanly: Any) -> None:
    """At any moment of it."""
    run_cleanly("""
        import atoll, threading
        one, two = atoll.Interpreter(), atoll.Interpreter()
        def collect():
            while True:
                try:
                    a, b = one.eval("[]"), two.eval("[]")
                    a.append(b), b.append(a), a.append([a])
                    del a, b
                    atoll.gc.collect()
                except atoll.InterpreterClosedError:
                    return
        threads = [threading.Thread(target=collect, daemon=True) for _ in range(2)]
        [thread.start() for thread in threads]
        threading.Event().wait(0.3)
        """)


# ---- who refers to whom ----


def test_the_graph_counts_references(one: Place, two: Place) -> None:
    """By interpreter and type: nodes are objects, edges are Proxies."""
    before = atoll.gc.graph()
    held = [one.run.make(two.interpreter.eval("{'a': []}")) for _ in range(3)]
    after = atoll.gc.graph()
    nodes = {*after.nodes} - {*before.nodes}
    assert (one.interpreter, "Node", 3) in nodes
    assert (two.interpreter, "dict", 3) in nodes
    edges = {*after.edges} - {*before.edges}
    assert (atoll.main(), one.interpreter, "Node", 3) in edges
    assert (one.interpreter, two.interpreter, "dict", 3) in edges
    assert held[0].count() == 1


def test_the_graph_is_the_same_from_everywhere(one: Place) -> None:
    """It may be asked for in any interpreter."""
    held = one.run.make()
    there = one.interpreter.call(
        lambda: [(each.holder.name, each.type) for each in atoll.gc.graph().edges]
    )
    assert ("main", "Node") in atoll.copy(there)
    assert held.count() == 0


def test_the_module_is_an_attribute() -> None:
    """`atoll.gc` without an import, and its names; `from atoll import *` leaves `gc` alone."""
    assert atoll.gc is __import__("atoll.gc", fromlist=["gc"])
    assert "gc" in dir(atoll)
    assert "gc" not in atoll.__all__
    assert {*atoll.gc.__all__} <= {*dir(atoll.gc)}
    assert gc is not atoll.gc
    assert _core.is_collector_enabled() == atoll.gc.is_enabled()


def test_what_is_frozen_is_left_alone(one: Place, two: Place) -> None:
    """As by CPython's collector, until it is thawed."""
    first, second = make_pair(one, two)
    del first, second
    one.interpreter.exec("import gc; gc.freeze()")
    assert atoll.gc.collect() == 0
    assert (one.alive(), two.alive()) == (1, 1)
    make_pair(one, two)  # what comes later is collected
    assert collect() == 2
    one.interpreter.exec("gc.unfreeze()")
    assert collect() == 2
    assert (one.alive(), two.alive()) == (0, 0)
