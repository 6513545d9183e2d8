"""Executors as asyncio's default executor, and async functions in executors."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest
from gate import Gate

import atoll

Pool = atoll.InterpreterPoolExecutor

REQUEST: ContextVar[Any] = ContextVar("request", default=None)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as pool:
        pool.submit(int).result()  # its worker is there before any test
        yield pool


def request() -> tuple[Any, bool]:
    return REQUEST.get(), atoll.current() is not atoll.main()


async def double(n: int) -> int:
    await asyncio.sleep(0)
    if n < 0:
        raise ValueError(n)
    return 2 * n


class Doubler:
    async def double(self, n: int) -> int:
        return await double(n)

    async def __call__(self, n: int) -> int:
        return await double(n)


async def work(begin: Any, end: Any) -> None:
    try:
        begin()
        await asyncio.sleep(1000)
    finally:
        end()


# ---- the default executor ----


def test_default_executor() -> None:
    """An executor can be a loop's default executor; `to_thread` carries the context variables."""

    async def main() -> None:
        loop, pool = asyncio.get_running_loop(), Pool(1)
        loop.set_default_executor(pool)
        REQUEST.set(["a"])
        assert await asyncio.to_thread(request) == (["a"], True)
        assert await asyncio.to_thread(lambda: request()) == (["a"], True)
        assert await asyncio.to_thread(double, 4) == 8
        assert await loop.run_in_executor(None, request) == (None, True)
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(divmod, 1, 0)
        await loop.shutdown_default_executor()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(int)

    asyncio.run(main(), debug=False)


def test_is_a_thread_pool_executor(pool: Pool) -> None:
    """As the standard library's, an executor is a `ThreadPoolExecutor`."""
    assert isinstance(pool, concurrent.futures.ThreadPoolExecutor)


# ---- async functions ----


@pytest.mark.parametrize(
    "function",
    [
        double,
        partial(double),
        Doubler().double,
        Doubler(),
        lambda n: double(n),
        partial(Doubler().double),
    ],
    ids=["name", "partial", "method", "object", "lambda", "partial method"],
)
def test_async_functions(pool: Pool, function: Any) -> None:
    """An async function runs to its end in its worker, whatever it is a part of."""
    assert pool.submit(function, 3).result() == 6
    assert list(pool.map(function, range(5), chunksize=2)) == [0, 2, 4, 6, 8]
    assert list(pool.map(function, range(3), chunksize=1)) == [0, 2, 4]
    with pytest.raises(ValueError, match="-1"):
        pool.submit(function, -1).result()


def test_an_async_initializer() -> None:
    """It runs to its end before the first call."""
    with Pool(1, initializer=initialize, initargs=(3,)) as pool:
        assert pool.submit(lambda: request()[0]).result() is None
        assert pool.submit(initialized).result() == [3]


seen: list[int] = []


async def initialize(n: int) -> None:
    await asyncio.sleep(0)
    seen.append(n)


def initialized() -> list[int]:
    return seen


def test_interrupting_an_async_function(pool: Pool) -> None:
    """A running async function that only waits is interrupted, and its `finally` runs."""
    gate = Gate()
    future = pool.submit(work, atoll.ref(gate.begun.release), atoll.ref(gate.go.set))
    gate.begun.acquire()
    assert pool.interrupt(future, KeyError("stop"))
    with pytest.raises(KeyError, match="stop"):
        future.result()
    assert gate.go.is_set()
