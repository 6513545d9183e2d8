"""Producers and consumers in several interpreters, threads and event loops, at queues of all kinds.

    python tests/stress/stress_queue.py SECONDS [THREADS] [SEED]

They wait with random timeouts, cancel, shut down early. Every item that was put is got exactly once
(at most once after an immediate shutdown), joins end, and at the end nothing is left: the exports
and proxies of every interpreter are what they were, and so are the objects that were items.
"""

from __future__ import annotations

import asyncio
import gc
import queue
import random
import sys
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import running

import atoll

INTERPRETERS = 3
ITEMS = 60  # of one producer in one round


class Load:
    """Goes by reference; counted."""

    alive = 0
    lock = threading.Lock()

    def __init__(self, number: int) -> None:
        self.number = number
        with Load.lock:
            Load.alive += 1

    def __del__(self) -> None:
        with Load.lock:
            Load.alive -= 1


def alive() -> int:
    gc.collect()
    return Load.alive


def make_item(number: int, choose: random.Random) -> Any:
    load = Load(number) if choose.random() < 0.3 else None
    return (number, load, "x" * choose.choice((0, 5, 3000)))


def check_item(item: Any) -> int:
    number, load, _ = item
    if load is not None and load.number != number:
        raise AssertionError(f"item {number} came with load {load.number}")
    return int(number)


# ---- in threads ----


def produce(q: Any, first: int, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the numbers that were put, and those of which it is not known."""
    choose = random.Random(seed)
    done = []
    for number in range(first, first + ITEMS):
        item = make_item(number, choose)
        try:
            while True:
                try:
                    q.put(item, choose.random() < 0.9, choose.choice((None, 0, 1e-6, 1e-4, 1e-3)))
                    break
                except queue.Full:
                    pass
        except queue.ShutDown:
            break
        done.append(number)
    return tuple(done), ()


def consume(q: Any, seed: int) -> tuple[int, ...]:
    """Returns the numbers that were got, up to the shutdown."""
    choose = random.Random(seed)
    got = []
    while True:
        try:
            item = q.get(choose.random() < 0.9, choose.choice((None, 0, 1e-6, 1e-4, 1e-3)))
        except queue.Empty:
            continue
        except queue.ShutDown:
            return tuple(got)
        got.append(check_item(item))
        q.task_done()


# ---- in event loops ----


def produce_async(q: Any, first: int, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """As produce, by several tasks, some of them cancelled: of those it is not known."""
    choose = random.Random(seed)
    done: list[int] = []
    unknown: list[int] = []

    async def put(number: int) -> None:
        try:
            await q.aput(make_item(number, choose))
        except asyncio.CancelledError:
            unknown.append(number)
            raise
        done.append(number)

    async def main() -> None:
        tasks = []
        for number in range(first, first + ITEMS):
            tasks.append(asyncio.create_task(put(number)))
            if choose.random() < 0.5:
                await asyncio.sleep(choose.choice((0, 0, 1e-4)))
            if choose.random() < 0.2:
                choose.choice(tasks).cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if result is not None and not isinstance(
                result, asyncio.CancelledError | queue.ShutDown
            ):
                raise result

    asyncio.run(main())
    return tuple(done), tuple(unknown)


def consume_async(q: Any, seed: int) -> tuple[int, ...]:
    """As consume, by several tasks that are cancelled again and again."""
    choose = random.Random(seed)
    got: list[int] = []
    is_over = False

    async def get() -> None:
        nonlocal is_over
        try:
            item = await q.aget()
        except queue.ShutDown:
            is_over = True
        else:
            got.append(check_item(item))
            q.task_done()

    async def main() -> None:
        while not is_over:
            tasks = [asyncio.create_task(get()) for _ in range(choose.randrange(1, 6))]
            for _ in range(choose.randrange(4)):
                await asyncio.sleep(0)
            for task in choose.sample(tasks, choose.randrange(len(tasks) + 1)):
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if result is not None and not isinstance(result, asyncio.CancelledError):
                    raise result

    asyncio.run(main())
    return tuple(got)


# ---- one round ----


def run_round(pool: ThreadPoolExecutor, modules: list[Any], size: int, seed: int) -> int:
    choose = random.Random(seed)
    kind = choose.choice((atoll.Queue, atoll.LifoQueue, atoll.PriorityQueue))
    q = choose.choice(modules).atoll.Queue() if choose.random() < 0.2 else kind()
    q.maxsize = choose.choice((0, 1, 2, 10))
    end = choose.choice(("drain", "drain", "early", "immediate"))

    def start(names: tuple[str, ...], *args: Any) -> Any:
        function = getattr(choose.choice(modules), choose.choice(names))
        return pool.submit(function, q, *args, choose.randrange(10**9))

    consumers = [start(("consume", "consume_async")) for _ in range(size)]
    producers = [
        start(("produce", "produce", "produce_async"), number * ITEMS) for number in range(size)
    ]
    if end in ("early", "immediate"):
        pool.submit(time.sleep, choose.random() * 0.01).result()
        q.shutdown(end == "immediate")
    results = [each.result() for each in producers]
    if end == "drain":
        q.join()
        assert q.unfinished_tasks == 0
        q.shutdown()
    got = Counter(number for each in consumers for number in each.result())
    got.update(consume(q, seed))  # given back by a cancelled task when the others had left
    put = {number for done, _ in results for number in done}
    unknown = {number for _, numbers in results for number in numbers}
    if end != "immediate" and (missing := put - got.keys()):
        raise AssertionError(f"lost: {sorted(missing)[:9]} of {q} ({end})")
    if doubled := [number for number, count in got.items() if count > 1]:
        raise AssertionError(f"got twice: {doubled[:9]} of {q} ({end})")
    if invented := got.keys() - put - unknown:
        raise AssertionError(f"got without having been put: {sorted(invented)[:9]} of {q} ({end})")
    q.join()
    if q.qsize() or q.unfinished_tasks:
        raise AssertionError(f"left: {q}, {q.unfinished_tasks} unfinished ({end})")
    return len(got)


def settle(interpreters: list[atoll.Interpreter]) -> list[tuple[int, int]]:
    """Collect everywhere until nothing changes any more; return exports and proxies."""
    before = None
    for _ in range(50):
        gc.collect()
        now = [(s.exports, s.proxies) for s in (i.statistics() for i in interpreters)]
        for interpreter in interpreters[1:]:
            interpreter.call(gc.collect)
        if now == before:
            break
        before = now
    return now


def main(seconds: float, threads: int, seed: int) -> tuple[str, list[str]]:
    import stress_queue  # this module under its own name, as the interpreters have it

    others = [atoll.Interpreter(f"queue-{i}") for i in range(INTERPRETERS)]
    modules = [stress_queue, *(i.import_module("stress_queue") for i in others)]
    failures: list[str] = []
    items = rounds = 0
    baseline: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2 * threads + 1) as pool:
        stop_at = time.monotonic() + seconds
        while not failures and (time.monotonic() < stop_at or rounds < 12):
            try:
                items += run_round(pool, modules, threads, seed + rounds)
            except BaseException:
                failures.append(f"round {rounds}: {traceback.format_exc()}")
            rounds += 1
            if rounds == 10:  # what is kept has been made: classes, names
                baseline = settle([atoll.main(), *others])
        after = settle([atoll.main(), *others])
    left = [module.alive() for module in modules]
    if any(left) and not failures:
        failures.append(f"items left over: {left}")
    if any(a > b + 8 for now, then in zip(after, baseline, strict=True)
           for a, b in zip(now, then, strict=True)):  # fmt: skip
        failures.append(f"exports, proxies were {baseline} and are {after}")
    del modules
    for interpreter in others:
        interpreter.close()
    return f"{rounds} rounds, {items:,} items", failures


if __name__ == "__main__":
    sys.exit(running.run(main, threads=4))
