"""What trials use of packages whose threads are unlike others': nothing else shows that they work.

The functions run in the interpreters of a trial, and raise what goes wrong there.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def _use_gevent() -> None:
    """Use gevent's hub, its threads, and the standard library after it was patched."""
    from importlib import import_module

    gevent, monkey = import_module("gevent"), import_module("gevent.monkey")
    pool = import_module("gevent.threadpool").ThreadPool(2)
    ready = import_module("gevent.event").Event()
    waiting = gevent.spawn(ready.wait)
    gevent.spawn_later(0.001, ready.set)  # the hub runs its loop until then
    _check(waiting.get(timeout=60) is True, "the hub")
    _check(pool.map(abs, [-1, -2]) == [1, 2], "the thread pool")
    pool.join()
    pool.kill()
    monkey.patch_all()
    _check(_threads_hand_over() == ["put", "got"], "the patched threads")


def _threads_hand_over() -> list[str]:
    import queue
    import threading

    handed: queue.SimpleQueue[str] = queue.SimpleQueue()
    done: list[str] = []

    def get() -> None:
        handed.get(timeout=60)
        done.append("got")

    thread = threading.Thread(target=get)
    thread.start()
    done.append("put")
    handed.put("")
    thread.join(60)
    return done


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise RuntimeError(f"{what} did something else than in the main interpreter")


PATTERNS: dict[str, Callable[[], None]] = {"gevent": _use_gevent}
"""By package."""
