"""Executors made, used in every way and shut down under load, by many threads.

    python tests/stress/stress_executor.py SECONDS [THREADS] [SEED]

Every future that submit() has returned must end in exactly one way: its result, its exception or
cancelled; every callback must have run once; every map() must yield what map() would. At the end no
thread and no interpreter is left.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import random
import sys
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import CancelledError, Future
from typing import Any

import running

import atoll

Pool = atoll.InterpreterPoolExecutor
PATIENCE = 100 * running.SLOWNESS  # seconds after which something is lost


class Expected(Exception):
    """Raised by tasks that are to fail."""


def work(kind: str, n: int) -> Any:
    """One task, of some kind."""
    match kind:
        case "quick":
            return n
        case "list":
            return [n, {n: (n,)}]
        case "slow":
            time.sleep(n % 7 / 2000)
            return n
        case "burn":
            for _ in range(n % 5000):
                pass
            return n
        case "fail":
            raise Expected(n, [n])
        case "lock":
            return threading.Lock()
        case "exit":
            raise SystemExit(n)
    raise AssertionError(kind)


def closure(kind: str, n: int) -> Any:
    """The same as a function that goes by value."""
    return lambda: work(kind, n)


KINDS = ("quick", "quick", "quick", "list", "slow", "burn", "fail", "lock", "exit")
EXPECTED: dict[str, type[BaseException]] = {
    "fail": Expected,
    "lock": TypeError,
    "exit": SystemExit,
}


class Checked:
    """A future, what it should yield, and how often its callback ran."""

    def __init__(self, future: Future[Any], kind: str, n: int, watch: bool) -> None:
        self.future, self.kind, self.n = future, kind, n
        self.calls = 0
        self.told = threading.Event()
        self.is_watched = watch
        if watch:
            future.add_done_callback(self.called)

    def called(self, future: Future[Any]) -> None:
        assert future is self.future
        assert future.done()
        self.calls += 1
        self.told.set()

    def settle(self) -> str:
        """Wait for the end; say which."""
        try:
            result = self.future.result(PATIENCE)
        except CancelledError:
            assert self.future.cancelled()
            end = "cancelled"
        except TimeoutError:
            raise AssertionError(f"lost: {self.future!r} {self.kind} {self.n}") from None
        except BaseException as error:
            assert isinstance(error, EXPECTED.get(self.kind, ())), (self.kind, error)
            assert self.future.exception() is error
            if self.kind == "fail":
                assert error.args == (self.n, [self.n])
            end = "exception"
        else:
            assert self.kind not in EXPECTED, (self.kind, result)
            assert result == (self.n if self.kind != "list" else [self.n, {self.n: (self.n,)}])
            end = "result"
        if self.is_watched:
            assert self.told.wait(PATIENCE), "a callback is lost"
            assert self.calls == 1
        assert self.future.done()
        assert not self.future.running()
        return end


def submit(pool: Pool, choose: random.Random) -> Checked:
    kind, n = choose.choice(KINDS), choose.randrange(10**6)
    if choose.random() < 0.1:
        future = pool.submit(closure(kind, n))
    else:
        future = pool.submit(work, kind, n)
    return Checked(future, kind, n, choose.random() < 0.3)


def use_futures(pool: Pool, choose: random.Random, held: list[Checked]) -> None:
    """Do something to some future."""
    checked = choose.choice(held)
    match choose.randrange(7):
        case 0:
            checked.future.cancel()
        case 1:
            try:
                checked.future.exception(choose.random() / 1000)
            except (TimeoutError, CancelledError):
                pass
        case 2:
            concurrent.futures.wait([each.future for each in held], timeout=choose.random() / 500)
        case 3:
            some = choose.sample(held, min(5, len(held)))
            for _ in concurrent.futures.as_completed({each.future for each in some}, PATIENCE):
                pass
        case 4:
            checked.settle()
        case 5:
            repr(checked.future)
            assert checked.future.running() + checked.future.done() < 2 or checked.future.done()
        case 6:
            del held[choose.randrange(len(held))]  # its callback, if any, runs all the same


def use_map(pool: Pool, choose: random.Random) -> None:
    length = choose.choice((0, 1, 10, 300))
    results = pool.map(
        pow,
        range(length),
        itertools.repeat(2),
        chunksize=choose.choice((None, 1, 3, 50)),
        buffersize=choose.choice((None, None, 1, 20)),
    )
    wanted = choose.randint(0, length)
    assert list(itertools.islice(results, wanted)) == [n * n for n in range(wanted)]
    del results


def user(pool: Pool, seed: int, stop_at: float, ends: list[Any]) -> None:
    """Use a pool until it is shut down."""
    choose = random.Random(seed)
    held: list[Checked] = []
    counted: Counter[str] = Counter()
    try:
        try:
            while time.monotonic() < stop_at:
                if choose.random() < 0.1:
                    use_map(pool, choose)
                elif not held or choose.random() < 0.6:
                    held.append(submit(pool, choose))
                else:
                    use_futures(pool, choose, held)
                if len(held) > 30:
                    checked = held.pop(0)
                    counted[checked.settle()] += 1
        except RuntimeError as error:
            if "shutdown" not in str(error):
                raise
        except CancelledError:
            pass  # a map() of a pool that was shut down
        for checked in held:
            counted[checked.settle()] += 1
        ends.append(counted)
    except BaseException:
        ends.append(traceback.format_exc())


def one_pool(choose: random.Random, threads: int, ends: list[Any]) -> None:
    """The life of one pool; it is shut down while it is used, or just dropped."""
    pool = Pool(
        choose.randint(1, 3),
        initializer=work if choose.random() < 0.3 else None,
        initargs=("quick", 1),
    )
    stop_at = time.monotonic() + choose.random() * 2
    users = [
        threading.Thread(target=user, args=(pool, choose.randrange(10**9), stop_at + 10, ends))
        for _ in range(threads)
    ]
    for thread in users:
        thread.start()
    time.sleep(max(0.0, stop_at - time.monotonic()))
    pool.shutdown(wait=choose.random() < 0.5, cancel_futures=choose.random() < 0.5)
    for thread in users:
        thread.join()
    workers = list(pool._threads)
    del pool
    for thread in workers:
        thread.join()


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    choose = random.Random(seed)
    before = set(threading.enumerate()), set(atoll.interpreters())
    ends: list[Any] = []
    stop_at = time.monotonic() + seconds
    pools = 0
    while time.monotonic() < stop_at and not any(isinstance(end, str) for end in ends):
        one_pool(choose, threads, ends)
        pools += 1
    failures = [end for end in ends if isinstance(end, str)]
    if set(threading.enumerate()) - before[0] or set(atoll.interpreters()) - before[1]:
        failures.append(f"left over: {threading.enumerate()} {atoll.interpreters()}")
    total = sum((end for end in ends if isinstance(end, Counter)), Counter())
    return f"{pools} pools, {dict(total)}", failures


if __name__ == "__main__":
    import stress_executor  # so that the functions have an import name

    sys.exit(running.run(stress_executor.main, threads=4))
