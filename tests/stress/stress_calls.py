"""Random calls into interpreters that others close and make again.

    python tests/stress/stress_calls.py SECONDS [THREADS] [SEED]

Worker threads, some of which live for a few calls only, do random operations on four interpreters
that two closers keep closing and re-making, and on one that stays. Every answer is checked; an
operation may end in InterpreterClosedError only where closers are at work. The seed decides the
operations of each worker (not how the threads interleave).
"""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
import traceback
import weakref
from collections import Counter
from contextlib import suppress
from typing import Any

import running
import targets

import atoll

SLOTS = 4
CLOSED = atoll.InterpreterClosedError


class Slot:
    """One interpreter and the proxies that everybody uses."""

    def __init__(self, name: str, preemptive: bool = False) -> None:
        self.interpreter = atoll.Interpreter(name, preemptive=preemptive)
        self.module = self.interpreter.import_module("targets")
        self.counter = self.module.counter
        self.closing = self.interpreter.eval("lambda other, timeout: other.close(timeout)")


class Run:
    """What all threads share."""

    def __init__(self, seconds: float, threads: int, seed: int) -> None:
        self.stop_at = time.monotonic() + seconds
        self.threads = threads
        self.seed = seed
        self.lock = threading.Lock()
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self.stable = Slot("stable")
        self.slots: list[Slot | None] = [Slot(f"slot-{i}") for i in range(SLOTS)]
        self.added = 0
        self.everything: list[atoll.Interpreter] = []

    def is_over(self) -> bool:
        return bool(self.failures) or time.monotonic() > self.stop_at

    def fail(self, where: str) -> None:
        with self.lock:
            self.failures.append(f"{where}\n{traceback.format_exc()}")

    def count(self, what: Counter[str], added: int = 0) -> None:
        with self.lock:
            self.done += what
            self.added += added


# ---- operations: each takes a worker and a slot, and checks what it gets ----


def expect(condition: bool, *facts: object) -> None:
    if not condition:
        raise AssertionError(facts)


class Worker:
    """One thread's worth of random operations."""

    def __init__(self, run: Run, number: int, life: int) -> None:
        self.run = run
        self.number = number
        self.life = life
        self.random = random.Random(run.seed * 1_000_003 + number)
        self.done: Counter[str] = Counter()
        self.held: list[Any] = []
        self.visits: dict[int, tuple[Slot, int]] = {}
        self.added = 0

    def __call__(self) -> None:
        try:
            while self.life > 0 and not self.run.is_over():
                self.life -= 1
                self.one()
        except BaseException:
            self.run.fail(f"worker {self.number}, {self.life} left, last was {self.last}")
        self.held.clear()
        self.run.count(self.done, self.added)

    def pick(self) -> Slot:
        return self.random.choice(self.run.slots) or self.run.stable

    def one(self) -> None:
        operation = self.random.choice(OPERATIONS)
        self.last = operation.__name__
        slot = self.pick()
        try:
            operation(self, slot)
            self.done[operation.__name__] += 1
        except CLOSED:
            expect(slot is not self.run.stable or operation in MIXED, "the stable one is closed")
            self.done["closed"] += 1

    # -- plain calls --

    def add(self, slot: Slot) -> None:
        expect(slot.counter.add(1) > 0)
        self.added += slot is self.run.stable

    def add_stable(self, slot: Slot) -> None:
        amount = self.random.randrange(1, 5)
        self.run.stable.counter.add(amount)
        self.added += amount

    def attribute(self, slot: Slot) -> None:
        expect(slot.counter.attribute == 7)
        slot.counter.scratch = self.number
        expect(isinstance(slot.counter.scratch, int))

    def visit(self, slot: Slot) -> None:
        """A threading.local of the target belongs to this thread, whichever visit it is."""
        before = self.visits.get(id(slot), (slot, 0))[1]
        visits = slot.counter.visit()
        expect(visits == before + 1, visits, before)
        self.visits[id(slot)] = slot, visits

    def value(self) -> Any:
        choose = self.random
        kind = choose.randrange(10)
        match kind:
            case 0:
                return choose.randrange(-(10 ** choose.randrange(1, 60)), 10**30)
            case 1:
                return choose.random()
            case 2:
                return choose.choice("aé汉😀") * choose.randrange(300)
            case 3:
                return choose.randbytes(choose.randrange(300))
            case 4:
                return tuple(self.value() for _ in range(choose.randrange(5)))
            case 5:
                return frozenset((choose.randrange(9), str(choose.random()), (1, 2.5)))
            case 6:
                return choose.choice((None, True, False, ..., NotImplemented, int, ValueError))
            case 7:
                return slice(choose.randrange(9), None, "step")
            case 8:
                return complex(choose.random(), 1)
            case _:
                return range(choose.randrange(9), 99, choose.randrange(1, 5))

    def echo(self, slot: Slot) -> None:
        values = tuple(self.value() for _ in range(self.random.randrange(2, 9)))
        expect(slot.counter.echo(*values) == values, values)

    def iterate(self, slot: Slot) -> None:
        """Items that come together, of a list that changes on the way, and of what all threads use."""
        items = slot.counter.numbers(60)
        grown_at = self.random.randrange(60)
        taken = []
        for item in items:
            taken.append(item)
            if item == grown_at:
                items.append(60)
        expect(taken == [*range(61)], taken)
        first, second, third = (next(slot.module.ticket) for _ in range(3))
        expect(first < second < third, first, second, third)

    def large(self, slot: Slot) -> None:
        size = self.random.choice((5_000, 50_000, 300_000))
        kind = self.random.choice("xé汉😀")
        text = slot.counter.text(size, kind)
        expect(len(text) == size and text.strip(kind) == "", kind)
        expect(slot.counter.echo(text) == text)
        data = self.random.randbytes(size)
        expect(slot.counter.echo(data) == data)
        many = tuple(range(size // 100))
        expect(slot.counter.echo(many) == many)

    def keywords(self, slot: Slot) -> None:
        expect(slot.counter.keywords(1) == (1, 2))
        expect(slot.counter.keywords(1, second="b", z=3, a=None) == (1, "b", ("a", None), ("z", 3)))
        mine: list[int] = []
        answer = slot.counter.keywords(first=mine, second=2.5, **{f"k{self.life % 99}": mine})
        expect(answer[0] is mine and answer[2][1] is mine)

    def spin(self, slot: Slot) -> None:
        rounds = self.random.randrange(2000)
        expect(slot.counter.spin(rounds) == rounds * (rounds - 1) // 2)

    # -- proxies --

    def hold(self, slot: Slot) -> None:
        numbers = slot.counter.numbers(5)
        numbers.append("x")
        expect(len(numbers) == 6 and numbers[5] == "x" and 3 in numbers)
        expect(numbers[1:3] is not None and [*numbers] == [0, 1, 2, 3, 4, "x"])
        self.held.append(numbers)

    def use_held(self, slot: Slot) -> None:
        if self.held:
            numbers = self.random.choice(self.held)
            expect(numbers[0] == 0)
            expect(type(numbers) is tuple or atoll.owner(numbers).name != "main")

    def drop(self, slot: Slot) -> None:
        self.random.shuffle(self.held)
        del self.held[self.random.randrange(4) :]

    def identity(self, slot: Slot) -> None:
        numbers = slot.counter.numbers(1)
        expect(slot.counter.echo(numbers) is numbers, "not the same proxy")
        expect(slot.counter is slot.module.counter, "two proxies of one object")
        mine = [1]
        expect(slot.counter.echo(mine) is mine, "not the original")
        expect(slot.counter.echo(slot.interpreter) is slot.interpreter, "not the same handle")
        method = slot.counter.add
        expect(method == slot.counter.add and hash(method) == hash(slot.counter.add))

    def weak(self, slot: Slot) -> None:
        numbers = slot.counter.numbers(1)
        gone: list[object] = []

        def on_drop(dead: object) -> None:
            with suppress(CLOSED):
                gone.append(slot.counter.numbers(2))

        reference = weakref.ref(numbers, on_drop)
        expect(reference() is numbers)
        try:
            del numbers
        finally:
            expect(reference() is None)
        expect(len(gone) <= 1)

    def keep(self, slot: Slot) -> None:
        other = self.pick()
        slot.counter.keep(other.counter.numbers(3))
        slot.counter.keep([1, 2])
        slot.counter.use_kept()

    def drop_kept(self, slot: Slot) -> None:
        slot.counter.drop_kept()

    def buffer(self, slot: Slot) -> None:
        block = slot.counter.block(64)
        with memoryview(block) as view:
            view[3] = 200
            expect(view.nbytes == 64 and block[3] == 200)
        expect(bytes(block)[3] == 200)

    def copy(self, slot: Slot) -> None:
        expect(atoll.copy(slot.counter.numbers(4)) == [0, 1, 2, 3])
        sent = slot.counter.echo(atoll.copy([1, [2]]))
        expect(atoll.is_proxy(sent) and atoll.copy(sent) == [1, [2]])

    def odd(self, slot: Slot) -> None:
        """A new class with its own special methods: its proxy has these and no others."""
        shape = self.random.randrange(16)
        odd = slot.module.odd_object(shape)
        expect(odd.shape == shape)
        kind = type(odd)
        expect(kind.__name__ == f"Odd{shape}", kind.__name__, shape)
        expect(isinstance(odd, kind) and odd.__class__ is kind)
        expect(callable(odd) == bool(shape & 2), shape)
        expect(hasattr(kind, "__len__") == bool(shape & 1), shape)
        if shape & 1:
            expect(len(odd) == 1000 + shape)
        if shape & 2:
            expect(odd("v") == (shape, "v"))
        if shape & 4:
            expect(odd["k"] == (shape, "k"))
        if shape & 8:
            expect(odd == shape and hash(odd) == 77 + shape)
        else:
            expect(odd == odd and odd != shape and {odd: 1}[odd] == 1)
        if self.random.randrange(3) == 0:
            self.held.append((0, odd, kind))

    def generator(self, slot: Slot) -> None:
        generator = slot.counter.generate(5)
        expect(next(generator) == 0 and next(generator) == 1)
        if self.random.randrange(2):
            expect([*generator] == [2, 3, 4])
        else:
            generator.close()

    def context(self, slot: Slot) -> None:
        manager = slot.module.Context()
        with manager as entered:
            expect(entered is manager)
            raise ValueError("swallowed")
        expect(manager.seen is ValueError)

    def restrict(self, slot: Slot) -> None:
        mine = [1, 2]
        narrow = atoll.restrict(mine, ["append"])
        try:
            slot.module.Counter().call_twice(self.run.stable.counter.echo, narrow)
            slot.counter.call(narrow.append, 3)
            expect(mine[-1] == 3)
            slot.counter.call(getattr, narrow, "clear")
            expect(False, "not restricted")
        except AttributeError as error:
            expect("restricted" in str(error), error)

    # -- several interpreters --

    def home(self, slot: Slot) -> None:
        mine: list[int] = []

        def back(value: int) -> int:
            mine.append(value)
            return value + 1

        expect(slot.counter.call_twice(back, 5) == (6, 6) and mine == [5, 5])

    def nested(self, slot: Slot) -> None:
        """This interpreter calls A, which calls B, which calls home, which calls C."""
        b, c = self.pick(), self.pick()

        def back(value: int) -> Any:
            return c.counter.echo(value, "c")

        expect(slot.counter.call(b.counter.call, back, 5) == (5, "c"))

    def deep(self, slot: Slot) -> None:
        other = self.pick()

        def down(level: int) -> int:
            if level == 0:
                return 0
            return 1 + (slot if level % 2 else other).counter.call(down, level - 1)

        expect(down(20) == 20)

    def home_fails(self, slot: Slot) -> None:
        def back() -> None:
            raise targets.Custom(5, second="home")

        try:
            slot.counter.call(back)
            expect(False)
        except targets.Custom as error:
            expect(error.args == (5,) and error.second == "home")

    def own_thread(self, slot: Slot) -> None:
        """A thread of the target's own calls home."""
        if self.random.randrange(10):
            return
        called = threading.Event()
        thread = slot.counter.make_thread(called.set)
        if self.random.randrange(2):
            thread.join()
            expect(called.is_set())

    # -- exceptions --

    def fail(self, slot: Slot) -> None:
        how, kind, args = self.random.choice(FAILURES)
        try:
            slot.counter.fail(how)
        except CLOSED:
            raise
        except kind as error:
            expect(args is None or error.args == args, error.args)
            if how == "custom":
                expect(error.second == "two")
            if how == "group":
                expect([type(each) for each in error.exceptions] == [ValueError, KeyError])
            if self.random.randrange(20) == 0:
                expect("targets.py" in "".join(traceback.format_exception(error)))
        else:
            expect(False, "nothing was raised")

    # -- about interpreters --

    def look(self, slot: Slot) -> None:
        expect(slot.interpreter.statistics().crossings > 0)
        expect(atoll.threads[threading.get_ident()] is atoll.main())
        expect(atoll.interpreters()[0] is atoll.main())
        expect(slot.interpreter.name in repr(slot.interpreter))

    def evaluate(self, slot: Slot) -> None:
        slot.interpreter.exec(f"scratch_{self.number % 7} = {self.life}")
        expect(slot.interpreter.eval("1 + 1") == 2)


FAILURES: list[tuple[str, type[BaseException], tuple[Any, ...] | None]] = [
    ("value", ValueError, ("bad", 42)),
    ("c", ValueError, None),
    ("custom", targets.Custom, (1,)),
    ("group", ExceptionGroup, None),
    ("chain", LookupError, ("outer",)),
    ("exit", SystemExit, (3,)),
    ("interrupt", KeyboardInterrupt, ("no signal",)),
    ("os", FileNotFoundError, None),
    ("generator", GeneratorExit, ()),
    ("local", ArithmeticError, ("far",)),
]

OPERATIONS = [
    *[Worker.add, Worker.add_stable, Worker.visit, Worker.echo, Worker.hold, Worker.drop] * 3,
    Worker.attribute,
    Worker.iterate,
    Worker.large,
    Worker.keywords,
    Worker.spin,
    Worker.use_held,
    Worker.identity,
    Worker.weak,
    Worker.keep,
    Worker.drop_kept,
    Worker.buffer,
    Worker.copy,
    Worker.odd,
    Worker.odd,
    Worker.generator,
    Worker.context,
    Worker.restrict,
    Worker.home,
    Worker.nested,
    Worker.deep,
    Worker.home_fails,
    Worker.own_thread,
    Worker.fail,
    Worker.fail,
    Worker.look,
    Worker.evaluate,
]
# They use other interpreters than the one that they were given.
MIXED = (Worker.keep, Worker.use_held, Worker.nested, Worker.deep)


# ---- closing and making again ----


def closer(run: Run, number: int) -> None:
    choose = random.Random(-run.seed - number)
    pause = threading.Event()
    done: Counter[str] = Counter()
    try:
        while not run.is_over():
            pause.wait(choose.random() * 0.02)
            close_one(run, choose, choose.randrange(number, SLOTS, 2), done)
    except BaseException:
        run.fail(f"closer {number}")
    run.count(done)


def close_one(run: Run, choose: random.Random, index: int, done: Counter[str]) -> None:
    slot = run.slots[index]
    if slot is None:
        run.slots[index] = Slot(f"slot-{index}")
        done["made"] += 1
        return
    if choose.randrange(2):
        run.slots[index] = None  # else callers find out by themselves
    timeout = choose.choice((None, 5.0, 0.05, 0.0))
    try:
        if choose.randrange(4):
            slot.interpreter.close(timeout)
        else:
            run.stable.closing(slot.interpreter, timeout)
    except TimeoutError:
        run.slots[index] = slot
        done["close_timeout"] += 1
        return
    except BufferError:
        run.slots[index] = slot
        done["close_buffer"] += 1
        return
    expect(slot.interpreter.is_closed)
    done["made_closed"] += 1
    try:
        slot.counter.add(1)
        expect(False, "a closed interpreter answered")
    except CLOSED:
        run.slots[index] = None


def supervise(run: Run) -> int:
    choose = random.Random(run.seed)
    closers = [threading.Thread(target=closer, args=(run, number)) for number in range(2)]
    workers: list[threading.Thread] = []
    started = 0
    for thread in closers:
        thread.start()
    pause = threading.Event()
    while not run.is_over():
        workers = [thread for thread in workers if thread.is_alive()]
        while len(workers) < run.threads:
            life = choose.choice((1, 20, 200, 2_000, 20_000))
            workers.append(threading.Thread(target=Worker(run, started, life)))
            workers[-1].start()
            started += 1
        pause.wait(0.002)
        if choose.randrange(50) == 0:
            gc.collect()
    for thread in closers + workers:
        thread.join()
    return started


def finish(run: Run) -> None:
    try:
        total = run.stable.counter.n
        expect(total == run.added, "updates were lost", total, run.added)
        for slot in [run.stable, *run.slots]:
            if slot is not None:
                slot.interpreter.close()
        expect(atoll.interpreters() == [atoll.main()], atoll.interpreters())
        expect(len(atoll.threads) >= 1)
    except BaseException:
        run.fail("at the end")


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    run = Run(seconds, threads, seed)
    threads_started = supervise(run)
    finish(run)
    operations = sum(run.done.values())
    done = dict(sorted(run.done.items()))
    return f"{operations:,} operations, {threads_started} threads, {done}", run.failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=8))
