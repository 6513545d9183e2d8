"""How much a piece of work leaves behind, as a line of numbers on stdout; one measurement a process.

    python tests/leaks/measure.py WORKLOAD ROUNDS

Prints `rss_bytes bytes blocks references`: what is there more after ROUNDS rounds than before, after a
warm-up of as many. That is measured several times, and the least is taken: what leaks does so each time,
what fills a cache does not. The bytes are those in use that malloc has given out; the blocks (Python's) and references
(-1 on builds that do not count them) are those of the whole process's interpreters, as far as they are
still there.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

TIMES = 3


def of_each(visit: Callable[[Any], Any]) -> list[Any]:
    """What visits of all interpreters return; one that is closing, which is listed too, has none."""
    import atoll

    found = []
    for each in atoll.interpreters():
        with suppress(atoll.InterpreterClosedError):
            found.append(visit(each))
    return found


def rss() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


class MallInfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    ]  # fmt: skip


def in_use() -> int:
    """Bytes that malloc has given out, and that were not freed."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = MallInfo
    info = mallinfo()
    return int(info.uordblks + info.hblkhd)


# ---- workloads: each is set up once and returns what is done in every round ----


def control_pass() -> Callable[[], Any]:
    """Nothing."""
    return lambda: None


def control_interpreters() -> Callable[[], Any]:
    """Plain sub-interpreters, made by the standard library, that do `pass`."""
    import _interpreters

    def one() -> None:
        identifier = _interpreters.create("isolated")
        _interpreters.exec(identifier, "pass")
        _interpreters.destroy(identifier)

    return one


def control_threads() -> Callable[[], Any]:
    """Threads that do nothing."""

    def one() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    return one


def interpreters() -> Callable[[], Any]:
    """Interpreters made and closed."""
    import atoll

    def one() -> None:
        with atoll.Interpreter():
            pass

    return one


def busy_interpreters() -> Callable[[], Any]:
    """Interpreters made, used and closed with proxies in use both ways."""
    import atoll

    def one() -> None:
        interpreter = atoll.Interpreter()
        numbers = interpreter.eval("[1, 2]")
        interpreter.eval("lambda x: globals().update(kept=x)")([numbers, {}])
        interpreter.close()

    return one


def _shared() -> Any:
    import atoll

    interpreter = atoll.Interpreter()
    interpreter.exec(
        "class C:\n"
        "    n = 0\n"
        "    def add(self, k, **kw): self.n += k; return self.n\n"
        "    def echo(self, x): return x\n"
        "    def fail(self): raise ExceptionGroup('g', [ValueError([1]), KeyError(self)])\n"
        "c = C()\n"
        "def make_class(n): return type('Class', (C,), {'__len__': lambda self: 5})\n"
        "def new(): return C()\n"
    )
    interpreter.import_module("gc").freeze()
    return interpreter


def calls() -> Callable[[], Any]:
    """Calls of all kinds."""
    c = _shared().eval("c")

    def one() -> None:
        for n in range(25):
            c.add(n, key="x", other=2.5)
            c.echo((n, "text", b"x" * 500, frozenset((1, n)), 10**40))
            c.echo("x" * 10_000)
            c.n = n
            repr(c)

    return one


def proxies() -> Callable[[], Any]:
    """Proxies made and dropped on both sides."""
    interpreter = _shared()
    c, new = interpreter.eval("c"), interpreter.eval("new")

    def one() -> None:
        for n in range(25):
            new().echo([n])
            c.echo({"k": new()})
            with memoryview(interpreter.eval("bytearray(100)")):
                pass
        interpreter.eval("1")  # runs what is left of the deferred jobs

    return one


def exceptions() -> Callable[[], Any]:
    """Exceptions of all kinds, dropped."""
    interpreter = _shared()
    fail, echo = interpreter.eval("c").fail, interpreter.eval("c").echo

    def back() -> None:
        raise LookupError("home", [1])

    def one() -> None:
        for _ in range(20):
            for function, args in ((fail, ()), (echo, ()), (interpreter.exec, ("1/0",))):
                try:
                    function(*args)
                except Exception as error:
                    str(error.__cause__)
            try:
                interpreter.eval("lambda f: f()")(back)
            except LookupError:
                pass
        gc.collect()

    return one


def classes() -> Callable[[], Any]:
    """Classes made there, used here, dropped."""
    import atoll

    interpreter = _shared()
    make_class, collect = interpreter.eval("make_class"), interpreter.import_module("gc").collect

    def one() -> None:
        for n in range(20):
            cls = make_class(n)
            made = cls()
            assert len(made) == 5 and type(made) is cls and atoll.type_of(made) is cls
            del made, cls
        gc.collect()
        collect()

    return one


def cycles() -> Callable[[], Any]:
    """Proxies, methods and classes in cycles, some asked for again while they are freed."""
    import weakref

    import atoll

    interpreter = _shared()
    make_class, collect = interpreter.eval("make_class"), interpreter.import_module("gc").collect
    hold = interpreter.eval("lambda x: globals().update(held=x)")
    ask, found = interpreter.eval("lambda: held"), []

    class Jobs(atoll.Queue):
        pass

    def one() -> None:
        for n in range(4):
            made, jobs = make_class(n)(), Jobs()
            hold(made if n % 2 else jobs)
            code = compile("1", "x", "eval")
            reference = weakref.ref(code, lambda _: found.append(ask()))
            jobs.cycle = [made, made.add, code, jobs]
            del made, jobs, code
            gc.collect()
            assert found.pop() is ask()
            del reference
        hold(None)
        gc.collect()
        collect()

    return one


def threads() -> Callable[[], Any]:
    """Threads that visit and end."""
    add = _shared().eval("c").add

    def one() -> None:
        thread = threading.Thread(target=add, args=(1,))
        thread.start()
        thread.join()

    return one


def own_threads() -> Callable[[], Any]:
    """Threads with interpreters of their own, some of whose results are held for a while."""
    import atoll

    held: list[Any] = []

    def one() -> None:
        for target in (int, list):
            thread = atoll.Thread(target=target)
            thread.start()
            held.append(thread.result())
        del held[:-3]

    return one


def names() -> Callable[[], Any]:
    """Attribute names that are made up at run time."""
    c = _shared().eval("c")
    number = 0

    def one() -> None:
        nonlocal number
        for _ in range(50):
            number += 1
            setattr(c, f"made_up_{number}", 1)
            getattr(c, f"made_up_{number}")
            delattr(c, f"made_up_{number}")

    return one


def queues() -> Callable[[], Any]:
    """Queues made, filled, emptied, waited at and dropped on both sides."""
    import asyncio
    import queue

    import atoll

    interpreter = _shared()
    kept, new = atoll.Queue(), interpreter.eval("new")
    interpreter.exec(
        "def move(q):\n"
        "    for _ in range(5): q.put((C(), 'x' * 500, [1])); q.get(); q.put(q.get())\n"
        "    while q.qsize(): q.get()\n"
    )
    move = interpreter.eval("move")

    async def wait() -> None:
        tasks = [asyncio.ensure_future(kept.aget()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        kept.put(new())
        kept.put("x")
        await asyncio.gather(*tasks, return_exceptions=True)

    def one() -> None:
        for cls in (atoll.Queue, atoll.LifoQueue, atoll.PriorityQueue):
            q = cls()
            for n in range(10):
                q.put((n, new(), [n], "x" * 5000))
            q.put((0, q))
            for _ in range(5):
                q.get()
            try:
                atoll.Queue().get(timeout=0)
            except queue.Empty:
                pass
            q.shutdown(immediate=cls is atoll.Queue)
            while q.qsize():
                q.get()
        full = atoll.Queue()
        full.put(new())
        for _ in range(10):
            kept.put([1])
            kept.put(new())
        move(kept)
        asyncio.run(wait())
        gc.collect()
        interpreter.eval("1")  # runs what is left of the deferred jobs

    return one


def buffers() -> Callable[[], Any]:
    """Buffers and cells made, seen in all ways, passed and dropped on both sides; big values."""
    import atoll

    interpreter = _shared()
    interpreter.exec(
        "import atoll\n"
        "def use(b):\n"
        "    part = b[1:].toreadonly()\n"
        "    return part, atoll.Buffer(500_000), atoll.AtomicInt(b).add(1), [memoryview(part)]\n"
    )
    use, echo, queue = interpreter.eval("use"), interpreter.eval("c").echo, atoll.Queue()

    def one() -> None:
        for n in range(20):
            buffer = atoll.Buffer(1000 * n + 8)
            use(buffer)
            queue.put((buffer.cast("B", (2, buffer.nbytes // 2)), atoll.AtomicInt(buffer)))
            echo(atoll.copy([queue.get(), {"b": buffer}, atoll.Buffer.copy_of(b"x" * 20_000)]))
            for wrong in (lambda b=buffer: b.cast("z"), lambda b=buffer: atoll.AtomicInt(b, 3)):
                try:
                    wrong()
                except ValueError:
                    pass
            with buffer:
                list(buffer[:10])
        assert atoll.copy(interpreter.eval("[atoll.Buffer(9)]"))[0].nbytes == 9
        gc.collect()
        interpreter.eval("__import__('gc').collect()")
        assert atoll.Buffer.statistics().blocks == 0

    return one


def tasks() -> Callable[[], Any]:
    """Tasks of all kinds, in a pool that stays; futures that are used, cancelled, dropped."""
    import atoll

    pool = atoll.InterpreterPoolExecutor(2)
    here = [1]

    def one() -> None:
        for n in range(5):
            pool.submit(divmod, n, 0).exception()
            pool.submit(pow, n, 2).add_done_callback(lambda future: future.result())
            pool.submit(lambda: [n, atoll.ref([n])])  # noqa: B023
            assert pool.submit(sorted, [n, 1], key=None).result()[0] <= 1
            pool.submit(int, atoll.ref(here)).cancel()
        assert sum(pool.map(abs, range(20), chunksize=1)) == sum(pool.map(abs, range(20)))
        list(pool.map(lambda n: {n: here}, range(5)))
        next(pool.map(abs, range(10)))
        of_each(lambda each: each.call(gc.collect))  # empties the free lists, each has its own

    return one


def executors() -> Callable[[], Any]:
    """Pools made, used and shut down, or dropped."""
    import atoll

    def one() -> None:
        with atoll.InterpreterPoolExecutor(1, initializer=int) as pool:
            list(pool.map(abs, range(10)))
        pool = atoll.InterpreterPoolExecutor(1)
        threads = pool._threads
        pool.submit(int)
        del pool
        for thread in threads:
            thread.join()

    return one


WORKLOADS = {function.__name__: function for function in (
    control_pass, control_interpreters, control_threads, interpreters, busy_interpreters,
    calls, proxies, exceptions, classes, cycles, threads, own_threads, names, queues, buffers, tasks,
    executors,
)}  # fmt: skip


def held() -> list[tuple[int, int]]:
    """Exports and proxies of each interpreter."""
    found = of_each(lambda each: each.statistics())
    return [(statistics.exports, statistics.proxies) for statistics in found]


def settle() -> None:
    """Have what was dropped closed, and the interpreter made that is kept ready."""
    gc.collect()
    if "atoll" in sys.modules:
        import atoll

        before = None
        while (now := held()) != before:  # a visit runs some of what is due, and may drop more
            before = now
            gc.collect()
        atoll.prewarm(0, wait=True)


def counts() -> tuple[int, int, int, int]:
    settle()
    references = getattr(sys, "gettotalrefcount", lambda: -1)
    return rss(), in_use(), sys.getallocatedblocks(), references()


def main(workload: str, rounds: str) -> None:
    one = WORKLOADS[workload]()
    gc.freeze()  # what is there by now need not be looked through each time
    found = []
    for _ in range(1 + TIMES):
        for _ in range(int(rounds)):
            one()
        found.append(counts())
    growths = [[b - a for a, b in zip(*pair, strict=True)] for pair in pairwise(found)]
    print(*map(min, zip(*growths, strict=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
