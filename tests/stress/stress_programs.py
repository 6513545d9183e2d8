"""Random programs over the whole public interface, while hammers call at the speed of C.

    python tests/stress/stress_programs.py SECONDS [HAMMERS] [SEED]

Hypothesis draws programs: steps that open and close interpreters, change what lives there, hand it
on, tie knots across them and collect; and storms, in which several threads perform steps at once
while an interpreter closes. Every step knows its result. What the program leaves is compared with a
model. The seed makes Hypothesis draw the same programs again, and a failing one is shown; the turns
of the threads are the machine's.
"""

from __future__ import annotations

import gc
import itertools
import operator
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import hypothesis
import programs_inside
import running
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import atoll

MOST_PLACES = 4
STEPS = 40  # of a program
PROGRAMS = 3  # with one seed, before the clock is looked at
BLOWS = 300  # calls of a hammer in one loop of C
MOST_COLLECTIONS = 8
LIMIT_SECONDS = 60 * running.SLOWNESS  # for what must end

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=6,
)
NUMBERS = st.integers(0, 1000)


class Place:
    """An interpreter of the program's, what lives there, and what should."""

    def __init__(self, interpreter: atoll.Interpreter) -> None:
        self.interpreter = interpreter
        self.inside: Any = interpreter.import_module("programs_inside")
        self.items: Any = interpreter.eval("[]")
        self.model: list[Any] = []
        self.is_open = True


class Counts:
    """What everybody counts to, in memory that all interpreters see."""

    def __init__(self) -> None:
        memory = atoll.Buffer(16)
        self.ends = atoll.AtomicInt(memory)  # finalizers that were run
        self.knots = 0
        self.steps = atoll.AtomicInt(memory, 8)
        self.steps_expected = itertools.count()


# ---- steps that need no model: they may be performed by any thread at any time ----


def total(places: Places, here: Place, there: Place, number: int) -> None:
    values = tuple(range(number))
    assert here.inside.total(values) == sum(values)


def raise_in_both(places: Places, here: Place, there: Place, number: int) -> None:
    try:
        here.inside.call(there.inside.fail, number)
    except programs_inside.Failure as error:
        assert error.args == (number,), error.args
        assert error.__notes__ == [f"noted {number}"]
        assert isinstance(error.__cause__, LookupError)
    else:
        raise AssertionError("nothing was raised")


def call_back(places: Places, here: Place, there: Place, number: int) -> None:
    def back(depth: int) -> int:
        if depth == 0:
            return number
        return int((here if depth % 2 else there).inside.call(atoll.ref(back), depth - 1)) + 1

    assert back(number % 9) == number + number % 9


def time_out(places: Places, here: Place, there: Place, number: int) -> None:
    try:
        with atoll.timeout(number / 100_000 + 1e-6):
            here.inside.call(there.inside.spin)
    except TimeoutError:
        return
    raise AssertionError("what never ends has ended")


def be_interrupted(places: Places, here: Place, there: Place, number: int) -> None:
    thread = atoll.Thread(target=programs_inside.spin)
    thread.start()
    while not thread.interrupt(programs_inside.Interrupted(number)):
        assert thread.is_alive()
    try:
        thread.result(LIMIT_SECONDS)
    except programs_inside.Interrupted as error:
        assert error.args == (number,)
    else:
        raise AssertionError("what never ends has ended")


def start_thread(places: Places, here: Place, there: Place, number: int) -> None:
    thread = atoll.Thread(target=here.inside.total, args=((number, 1),))
    thread.start()
    assert thread.result(LIMIT_SECONDS) == number + 1


def start_thread_inside(places: Places, here: Place, there: Place, number: int) -> None:
    assert here.inside.total_in_thread((number, 2)) == number + 2


def submit(places: Places, here: Place, there: Place, number: int) -> None:
    future = places.executor.submit(programs_inside.total, (number, number))
    wait([future], LIMIT_SECONDS)
    assert future.result(0) == 2 * number
    assert list(places.executor.map(operator.neg, range(number % 20))) == [
        -each for each in range(number % 20)
    ]


def hand_over(places: Places, here: Place, there: Place, number: int) -> None:
    queue: atoll.Queue[Any] = (atoll.Queue, atoll.LifoQueue)[number % 2]()
    mine = here.interpreter.eval("[]")
    there.inside.put(queue, (number, mine))
    got, same = queue.get(timeout=LIMIT_SECONDS)
    same.append(number)
    assert (got, atoll.copy(mine), queue.qsize()) == (number, [number], 0)
    waiting = threading.Thread(target=queue.put, args=(number,))
    waiting.start()
    assert here.inside.get(queue) == number
    waiting.join()


def share(places: Places, here: Place, there: Place, number: int) -> None:
    shared = atoll.share({"numbers": tuple(range(number % 50)), number: frozenset({number})})
    assert here.inside.call(there.inside.look_up, shared, number) == (number % 50, {number})
    assert here.inside.same(shared) is shared


def lend(places: Places, here: Place, there: Place, number: int) -> None:
    buffer = atoll.Buffer(number + 1)
    here.inside.fill(buffer, number % 256)
    assert buffer.tobytes() == bytes([number % 256]) * (number + 1)
    theirs = there.interpreter.eval("bytearray(100)")
    view = memoryview(theirs)
    view[number % 100] = number % 256
    view.release()
    assert theirs[number % 100] == number % 256


def count(places: Places, here: Place, there: Place, number: int) -> None:
    next(places.counts.steps_expected)
    places.counts.steps.add(1)


def iterate(places: Places, here: Place, there: Place, number: int) -> None:
    generated = here.inside.generate(there.interpreter.eval(f"list(range({number % 30}))"))
    assert list(generated) == list(range(number % 30))


def look_around(places: Places, here: Place, there: Place, number: int) -> None:
    assert here.interpreter in atoll.interpreters() or not here.is_open
    assert here.interpreter.statistics().exports >= 1
    assert threading.get_ident() in atoll.threads
    with tempfile.TemporaryFile("w+") as file:
        atoll.dump_traceback(file)
        file.seek(0)
        assert "look_around" in file.read()
    assert atoll.gc.graph().nodes


def keep_out(places: Places, here: Place, there: Place, number: int) -> None:
    limited = atoll.restrict(here.items, {"__len__"})
    try:
        assert there.inside.call(len, limited) >= 0
    except BaseException as error:
        # What interrupts it comes out of a restricted object as its nearest builtin type.
        if type(error) is BaseException and not here.is_open:
            raise programs_inside.Interrupted from error
        raise
    try:
        limited.append(number)
    except AttributeError:
        return
    raise AssertionError("restrict() has let through what it should not")


def collect(places: Places, here: Place, there: Place, number: int) -> None:
    atoll.gc.collect()


Step = Callable[["Places", Place, Place, int], None]
FREE_STEPS: tuple[Step, ...] = (
    total,
    raise_in_both,
    call_back,
    time_out,
    be_interrupted,
    start_thread,
    start_thread_inside,
    submit,
    hand_over,
    share,
    lend,
    count,
    iterate,
    look_around,
    keep_out,
    collect,
)
Instruction = tuple[Step, int, int, int]
INSTRUCTIONS = st.tuples(st.sampled_from(FREE_STEPS), NUMBERS, NUMBERS, NUMBERS)


# ---- the program ----


class Places:
    """The interpreters that a program has, and what goes on in them all the time."""

    def __init__(self, hammers: int) -> None:
        self.all = [Place(atoll.Interpreter())]
        self.counts = Counts()
        self.executor = atoll.InterpreterPoolExecutor(1)
        self.stopped = False
        self.failures: list[str] = []
        self.hammers = [threading.Thread(target=self.hammer, args=(i,)) for i in range(hammers)]
        for each in self.hammers:
            each.start()

    def open(self) -> list[Place]:
        return [each for each in self.all if each.is_open]

    def close(self, place: Place) -> None:
        """Close it; whoever is inside gets some time to leave, and is then asked to."""
        place.is_open = False
        while True:
            try:
                place.interpreter.close(0.05)
                return
            except TimeoutError:
                place.interpreter.interrupt(programs_inside.Interrupted)

    def guard(self, function: Callable[[], None]) -> None:
        """Note what a thread should not have raised, and tell: what it leaves may hold up others."""
        try:
            function()
        except BaseException:
            self.failures.append(traceback.format_exc())
            print(self.failures[-1], file=sys.stderr, flush=True)

    def hammer(self, number: int) -> None:
        self.guard(lambda: self.hit(random.Random(number)))

    def hit(self, choose: random.Random) -> None:
        while not self.stopped:
            place = choose.choice(self.all[-MOST_PLACES:])
            try:
                mine = place.interpreter.eval("[]")
                blows: tuple[Callable[[], object], ...] = (
                    lambda mine=mine: deque(map(mine.append, range(BLOWS)), 0),
                    lambda mine=mine: deque(map(len, itertools.repeat(mine, BLOWS)), 0),
                    lambda mine=mine: mine.extend(range(BLOWS)),
                )
                before = len(mine)
                blow = choose.randrange(3)
                blows[blow]()
                assert len(mine) == before + (0, BLOWS)[blow != 1]
            except (atoll.InterpreterClosedError, programs_inside.Interrupted):
                if place.is_open:
                    raise

    def storm(self, programs: list[list[Instruction]], victim: Place | None) -> None:
        """Have several threads perform steps at once, while an interpreter closes."""

        def perform(program: list[Instruction]) -> None:
            for step, i, j, number in program:
                here, there = (places[k % len(places)] for k in (i, j))
                try:
                    step(self, here, there, number)
                except (atoll.InterpreterClosedError, programs_inside.Interrupted):
                    if victim not in (here, there):
                        raise

        places = self.open()
        threads = [
            threading.Thread(target=self.guard, args=(lambda each=each: perform(each),))
            for each in programs
        ]
        for each in threads:
            each.start()
        if victim is not None:
            self.close(victim)
        for each in threads:
            each.join()

    def end(self) -> None:
        self.stopped = True
        for each in self.hammers:
            each.join()
        self.executor.shutdown()
        for place in self.open():
            self.close(place)


class Program(RuleBasedStateMachine):
    """The steps, and a model of what they leave."""

    hammers = 2
    programs = steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.places = Places(self.hammers)
        self.queue: atoll.Queue[Any] = atoll.Queue()
        self.queued: deque[Any] = deque()
        Program.programs += 1

    def teardown(self) -> None:
        self.places.end()
        counts = self.places.counts
        assert counts.steps.load() == next(counts.steps_expected)
        assert not self.places.failures, self.places.failures[0]

    def place(self, number: int) -> Place:
        places = self.places.open()
        return places[number % len(places)]

    @invariant()
    def nothing_has_failed(self) -> None:
        Program.steps += 1
        assert not self.places.failures, self.places.failures[0]

    @precondition(lambda self: len(self.places.open()) < MOST_PLACES)
    @rule(preemptive=st.booleans())
    def open_place(self, preemptive: bool) -> None:
        self.places.all.append(Place(atoll.Interpreter(preemptive=preemptive)))

    @precondition(lambda self: len(self.places.open()) > 1)
    @rule(number=NUMBERS)
    def close_place(self, number: int) -> None:
        place = self.place(number)
        self.places.close(place)
        for use in (lambda: place.items.append(1), lambda: place.interpreter.eval("1")):
            try:
                use()
            except atoll.InterpreterClosedError:
                continue
            raise AssertionError("a closed interpreter has answered")

    @rule(instruction=INSTRUCTIONS)
    def one_step(self, instruction: Instruction) -> None:
        step, i, j, number = instruction
        step(self.places, self.place(i), self.place(j), number)

    @rule(
        programs=st.lists(st.lists(INSTRUCTIONS, max_size=5), min_size=2, max_size=3),
        victim=st.none() | NUMBERS,
    )
    def storm(self, programs: list[list[Instruction]], victim: int | None) -> None:
        closes = victim is not None and len(self.places.open()) > 1
        self.places.storm(programs, self.place(victim) if closes and victim is not None else None)

    @rule(number=NUMBERS, value=VALUES)
    def append(self, number: int, value: Any) -> None:
        place = self.place(number)
        place.items.append(value)
        place.model.append(value)

    @rule(number=NUMBERS, other=NUMBERS)
    def extend(self, number: int, other: int) -> None:
        here, there = self.place(number), self.place(other)
        here.items.extend(there.items)  # read by Proxy, from within
        here.model.extend(there.model)

    @rule(number=NUMBERS, reverse=st.booleans())
    def sort(self, number: int, reverse: bool) -> None:
        place = self.place(number)
        place.items.sort(key=repr, reverse=reverse)
        place.model.sort(key=repr, reverse=reverse)
        del place.items[20:], place.model[20:]

    @rule(number=NUMBERS)
    def compare(self, number: int) -> None:
        place = self.place(number)
        assert atoll.copy(place.items) == place.model == list(place.items)

    @rule(number=NUMBERS, value=VALUES)
    def put(self, number: int, value: Any) -> None:
        self.place(number).inside.put(self.queue, value)
        self.queued.append(value)

    @rule(number=NUMBERS)
    def get(self, number: int) -> None:
        expected = self.queued.popleft() if self.queued else None
        assert self.place(number).inside.get_or_none(self.queue) == expected

    @rule(number=NUMBERS, other=NUMBERS)
    def tie(self, number: int, other: int) -> None:
        """Leave garbage: two objects of two interpreters, of which each refers to the other."""
        counts = self.places.counts
        one, two = (self.place(each).inside.Node(counts.ends) for each in (number, other))
        one.other, two.other = two, one
        counts.knots += 1

    @rule()
    def collect_knots(self) -> None:
        counts = self.places.counts
        for _ in range(MOST_COLLECTIONS):
            if counts.ends.load() == 2 * counts.knots:
                break
            gc.collect()
            atoll.gc.collect()
        assert counts.ends.load() == 2 * counts.knots, (counts.ends.load(), counts.knots)


def report(arguments: threading.ExceptHookArgs) -> None:
    """Tell what has ended a thread, unless its result is still to be asked for."""
    expected = programs_inside.Interrupted, atoll.InterpreterClosedError
    if not issubclass(arguments.exc_type, expected):
        threading.__excepthook__(arguments)


def main(seconds: float, hammers: int, seed: int) -> tuple[str, list[str]]:
    threading.excepthook = report
    Program.hammers = hammers
    settings = hypothesis.settings(
        max_examples=PROGRAMS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],  # shorter programs rarely meet in the same way
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    end = time.monotonic() + seconds
    failures: list[str] = []
    for each in itertools.count(seed):
        try:
            run_state_machine_as_test(hypothesis.seed(each)(Program), settings=settings)
        except BaseException:
            failures.append(f"seed {each}:\n{traceback.format_exc()}")
        if failures or time.monotonic() > end:
            break
    return f"{Program.programs} programs, {Program.steps} steps", failures


if __name__ == "__main__":
    sys.exit(running.run(main, 2, 30))
