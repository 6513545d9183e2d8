"""await, async for and async with work through proxies."""

from __future__ import annotations

import asyncio
import collections.abc
import contextvars
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import workloads

import atoll
from atoll._interpreter import asynchronous


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


# ---- interpreter.call(async function), interpreter.acall() ----


async def add_in_loop(a: int, b: int = 1) -> int:
    await asyncio.sleep(0)
    return a + b


async def fail_in_loop() -> None:
    await asyncio.sleep(0)
    raise workloads.CustomError("in its loop")


def call_it(function: Any) -> Any:
    return function()


def test_call_runs_async_functions(interpreter: atoll.Interpreter) -> None:
    """call() of an async function returns what it returns: by name, closure, partial, method."""
    n = 5

    async def closure(k: int) -> int:
        await asyncio.sleep(0)
        return n + k

    assert interpreter.call(add_in_loop, 1, b=2) == 3
    assert interpreter.call(closure, 2) == 7
    assert interpreter.call(functools.partial(add_in_loop, 4)) == 5
    assert interpreter.call(workloads.CountsAsync(3).add, 4) == 7
    assert atoll.current().call(add_in_loop, 1) == 2
    with pytest.raises(workloads.CustomError, match="in its loop"):
        interpreter.call(fail_in_loop)


def test_call_of_a_proxy_is_not_run(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """An async function that is a Proxy is called as it is: its coroutine is awaited here."""

    async def main() -> Any:
        return await shared_interpreter.call(there.add_later, 1, 2)

    assert asyncio.run(main()) == 3


def test_acall(interpreter: atoll.Interpreter) -> None:
    """acall() awaits a call, of a function or of an async one, and raises as call() does."""

    async def main() -> None:
        assert await interpreter.acall(pow, 2, 5) == 32
        assert await interpreter.acall(add_in_loop, 1, b=5) == 6
        assert await asyncio.gather(*(interpreter.acall(pow, n, 2) for n in range(10))) == [
            n * n for n in range(10)
        ]
        with pytest.raises(ZeroDivisionError):
            await interpreter.acall(divmod, 1, 0)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await interpreter.acall(next, iter(()))

    asyncio.run(main())


def test_acall_leaves_the_loop_free(interpreter: atoll.Interpreter) -> None:
    """While calls wait, more of them than any executor has threads, the loop runs other tasks."""
    go = threading.Event()

    async def main() -> None:
        waiting = [asyncio.create_task(interpreter.acall(call_it, go.wait)) for _ in range(50)]
        assert await asyncio.to_thread(pow, 2, 2) == 4
        go.set()
        assert await asyncio.gather(*waiting) == [True] * 50

    asyncio.run(main())


def test_cancelling_acall(interpreter: atoll.Interpreter) -> None:
    """Cancelling ends the wait at once; the call goes on and its result is dropped."""
    begun, go = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go.wait()

    async def main() -> None:
        task = asyncio.create_task(interpreter.acall(call_it, wait))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not go.is_set()

    asyncio.run(main())
    go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("acall"):
            thread.join()


def test_cancelling_acall_interrupts(interpreter: atoll.Interpreter) -> None:
    """What runs there is broken off, and its finally blocks run."""
    entered, left = threading.Event(), threading.Event()

    async def run() -> None:
        call = interpreter.acall(workloads.enter_spin_and_leave, entered, left)
        task = asyncio.ensure_future(call)
        await asyncio.to_thread(entered.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    left.wait()
    for thread in threading.enumerate():
        if thread.name.startswith("acall"):
            thread.join()


def test_acall_passes_the_context(interpreter: atoll.Interpreter) -> None:
    """Calls back home see the task's context variables."""
    variable.set("of the task")

    async def main() -> None:
        assert await interpreter.acall(call_it, variable.get) == "of the task"

    asyncio.run(main())


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


# ---- broken off while the loop waits ----


async def wait_for_ever(entered: Any, log: Any) -> None:
    import asyncio

    try:
        entered.set()
        await asyncio.gather(asyncio.get_running_loop().create_future(), asyncio.sleep(1000))
    finally:
        await asyncio.sleep(0)
        log.append("cleaned up")


async def spin_in_a_callback(entered: Any, log: Any) -> None:
    import asyncio

    loop = asyncio.get_running_loop()

    def again() -> None:
        for _ in range(100):
            pass
        loop.call_soon(again)

    again()
    await wait_for_ever(entered, log)


WAITING = [wait_for_ever, spin_in_a_callback]


@pytest.mark.parametrize("preemptive", [False, True])
@pytest.mark.parametrize("function", WAITING)
def test_deadline_of_a_loop(function: Any, preemptive: bool) -> None:
    """A timeout breaks off an async function that only waits; its finally blocks run."""
    log: list[str] = []
    with atoll.Interpreter("fresh", preemptive=preemptive) as fresh:
        fresh.call(add_in_loop, 1)  # imports asyncio
        while not log:  # a busy machine may need longer before it waits
            with pytest.raises(TimeoutError), atoll.timeout(0.3):
                fresh.call(function, threading.Event(), log)
        assert fresh.call(add_in_loop, 1) == 2
    assert log == ["cleaned up"]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, workloads.CustomError("stop")])
def test_interrupting_a_loop(interpreter: atoll.Interpreter, exception: Any) -> None:
    """interrupt() breaks off an async function that only waits."""
    log: list[str] = []
    entered = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(interpreter.call, wait_for_ever, entered, log)
        entered.wait()
        assert interpreter.interrupt(exception)
        assert type(call.exception()) in (exception, type(exception))
    assert log == ["cleaned up"]


async def never_clean_up() -> None:
    import asyncio

    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await asyncio.get_running_loop().create_future()


def test_deadline_at_the_end_of_a_loop(interpreter: atoll.Interpreter) -> None:
    """A timeout also breaks off what tasks still wait for when their loop ends."""
    interpreter.call(add_in_loop, 1)  # imports asyncio
    with pytest.raises(TimeoutError), atoll.timeout(0.4), atoll.timeout(0.2):
        interpreter.call(never_clean_up)


def test_loops_leave_no_files_open(interpreter: atoll.Interpreter) -> None:
    """Calls of async functions keep no files open, though no collector runs."""

    def opened() -> int:
        import gc

        from children import open_files

        gc.disable()
        return sum(each.startswith(("anon_inode", "socket")) for each in open_files().values())

    before = interpreter.call(opened)
    for _ in range(3):
        interpreter.call(add_in_loop, 1)
    assert interpreter.call(opened) == before


def test_interrupting_a_loop_in_main() -> None:
    """Also one in the main interpreter, which call() of that has made."""
    entered = threading.Event()

    def interrupt() -> None:
        entered.wait()
        atoll.main().interrupt(workloads.CustomError("stop"))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(interrupt)
        with pytest.raises(workloads.CustomError):
            atoll.main().call(wait_for_ever, entered, [])


def test_cancelling_acall_ends_a_loop(interpreter: atoll.Interpreter) -> None:
    """A cancelled acall() of an async function ends it, while others wait there."""
    log: list[str] = []
    ours, theirs = threading.Event(), threading.Event()

    async def main() -> None:
        other = asyncio.create_task(interpreter.acall(wait_for_ever, theirs, log))
        task = asyncio.create_task(interpreter.acall(wait_for_ever, ours, log))
        await asyncio.to_thread(ours.wait)
        await asyncio.to_thread(theirs.wait)
        for each in task, other:
            each.cancel()
            with pytest.raises(asyncio.CancelledError):
                await each

    asyncio.run(main())
    for thread in threading.enumerate():
        if thread.name.startswith("acall"):
            thread.join()
    assert log == ["cleaned up", "cleaned up"]


def test_call_in_a_running_loop_is_refused() -> None:
    """An async function of the same interpreter is refused where a loop runs."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        coroutines: list[Any] = []

        async def never() -> None: ...

        def keep() -> Any:
            coroutines.append(never())
            return coroutines[0]

        with pytest.raises(RuntimeError, match="running event loop"):
            asynchronous.run(keep)
        coroutines[0].close()
        assert asyncio.get_running_loop() is loop

    asyncio.run(main())
