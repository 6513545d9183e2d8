"""greenlet: stacks of C that are moved about, a tree of greenlets per thread, tracing, throwing."""

import contextvars
import gc
import threading
import weakref
from typing import Any

import greenlet

from ._facts import raised, told

level: contextvars.ContextVar[int] = contextvars.ContextVar("level", default=0)


def ping_pong(rounds: int) -> int:
    """Switch there and back many times."""
    here = greenlet.getcurrent()

    def doubling(number: int) -> None:
        while True:
            number = here.switch(2 * number)

    other = greenlet.greenlet(doubling)
    total = sum(other.switch(i) for i in range(rounds))
    other.throw()
    return total


def nested(depth: int) -> list[int]:
    """Greenlets within greenlets, each switched to from deep in C: a sort's key."""
    if depth == 0:
        return [0]
    inner = greenlet.greenlet(lambda: nested(depth - 1))
    return sorted([depth, *inner.switch()], key=lambda number: (greenlet.getcurrent().dead, number))


def traced() -> list[str]:
    """A function that is called at each switch."""
    events: list[str] = []
    before = greenlet.settrace(lambda event, places: events.append(event))
    try:
        greenlet.greenlet(lambda: None).switch()
        raised(greenlet.greenlet(lambda: 1 // 0).switch)
    finally:
        greenlet.settrace(before)
    return events


def thrown() -> dict[str, object]:
    """Exceptions that go into and out of greenlets."""
    caught: list[str] = []
    here = greenlet.getcurrent()

    def waiting() -> None:
        try:
            here.switch("waits")
        except ValueError as error:
            caught.append(str(error))

    waits = greenlet.greenlet(waiting)
    first = waits.switch()
    waits.throw(ValueError("thrown in"))
    unfinished = greenlet.greenlet(lambda: here.switch())
    unfinished.switch()
    gone = weakref.ref(unfinished)
    del unfinished
    gc.collect()
    return {
        "first": first,
        "caught": caught,
        "raises": raised(greenlet.greenlet(lambda: [][0]).switch),
        "gone": gone() is None,
        "not_callable": raised(lambda: greenlet.greenlet(None).switch(), with_text=False),
    }


def contexts() -> list[int]:
    """Each greenlet has context variables of its own."""

    def deeper() -> int:
        level.set(level.get() + 1)
        return level.get()

    made = [greenlet.greenlet(deeper) for _ in range(3)]
    for number, each in enumerate(made):
        each.gr_context = contextvars.copy_context()
        each.gr_context.run(level.set, 10 * number)
    return [each.switch() for each in made] + [level.get()]


def across_threads() -> list[Any]:
    """A greenlet belongs to its thread; another one has its own."""
    results: list[Any] = []
    here = greenlet.getcurrent()

    def elsewhere() -> None:
        results.append(ping_pong(500))
        results.append(raised(here.switch, with_text=False))
        results.append(greenlet.getcurrent().parent is None)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    return results


def work() -> str:
    """Do a little of everything."""
    return told(
        total=ping_pong(100_000),
        nested=nested(20),
        traced=traced(),
        **thrown(),
        contexts=contexts(),
        threads=across_threads(),
        exit_type=greenlet.GreenletExit.__mro__[1].__name__,
    )
