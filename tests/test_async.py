"""await, async for and async with work through proxies."""

from __future__ import annotations

import asyncio
import collections.abc
import inspect
from typing import Any

import pytest
import workloads


def test_await_an_object(there: Any) -> None:
    """A proxied awaitable can be awaited."""

    async def main() -> Any:
        return await there.Awaitable()

    assert asyncio.run(main()) == 42


def test_await_a_coroutine(there: Any) -> None:
    """A proxied coroutine can be awaited; it runs in its owner."""

    async def main() -> Any:
        return await there.add_later(1, 2)

    assert asyncio.run(main()) == 3


def test_coroutine_raises(there: Any) -> None:
    """What the coroutine raises is raised by await."""

    async def main() -> None:
        with pytest.raises(workloads.CustomError, match="later"):
            await there.fail_later()

    asyncio.run(main())


def test_async_for(there: Any) -> None:
    """async for runs over asynchronous iterators and generators."""

    async def main() -> list[int]:
        return [i async for i in there.Ticker(3)] + [i async for i in there.count_async(2)]

    assert asyncio.run(main()) == [2, 1, 0, 0, 1]


def test_async_with(there: Any) -> None:
    """async with enters and leaves there, and passes exceptions by value."""
    ticker = there.Ticker()

    async def main() -> None:
        async with ticker as entered:
            assert entered is ticker
        async with ticker:
            raise KeyError("swallowed")
        with pytest.raises(ValueError, match="passes"):
            async with ticker:
                raise ValueError("passes")

    asyncio.run(main())
    assert list(ticker.log) == ["in", "NoneType", "in", "KeyError", "in", "ValueError"]


def test_gather_and_tasks(there: Any) -> None:
    """Many proxied coroutines run as tasks of one loop."""

    async def wrapped(i: int) -> Any:
        return await there.add_later(i, i)

    async def main() -> list[int]:
        return await asyncio.gather(*(wrapped(i) for i in range(20)))

    assert asyncio.run(main()) == [2 * i for i in range(20)]


def test_their_loop_awaits_ours(there: Any) -> None:
    """A coroutine of theirs awaits one of ours."""

    async def ours() -> str:
        await asyncio.sleep(0)
        return "ours"

    async def main() -> Any:
        return await there.pass_on(ours())

    assert asyncio.run(main()) == "ours"


def test_async_generator_methods(there: Any) -> None:
    """asend() and aclose() work."""

    async def main() -> Any:
        ticks = there.count_async(5)
        first = await anext(ticks), await ticks.asend(None)
        await ticks.aclose()
        return first, [i async for i in ticks]

    assert asyncio.run(main()) == ((0, 1), [])


def test_abcs(there: Any) -> None:
    """The asynchronous ABCs answer truly, so that asyncio takes what it can take."""
    coroutine = there.add_later(1, 2)
    assert isinstance(coroutine, collections.abc.Awaitable)
    assert inspect.isawaitable(coroutine)
    assert isinstance(coroutine, collections.abc.Coroutine)
    assert isinstance(there.Ticker(), collections.abc.AsyncIterator)
    assert not isinstance(there.Bag(), collections.abc.Awaitable)
    coroutine.close()
