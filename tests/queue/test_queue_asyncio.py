"""Waiting at queues in event loops."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import queue_workloads
from children import open_files

import atoll


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `queue_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("queue_workloads")


async def begun(coroutine: Any) -> asyncio.Task[Any]:
    """A task that has run up to its first wait."""
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


def test_nothing_to_wait_for() -> None:
    """Without a reason to wait, aget and aput return at once."""

    async def main() -> None:
        q = atoll.Queue(1)
        await q.aput([1])
        assert q.full()
        assert await q.aget() == [1]

    asyncio.run(main())


def test_get_in_order() -> None:
    """Items go to the tasks in the order in which these began to wait."""

    async def main() -> None:
        q = atoll.Queue()
        tasks = [await begun(q.aget()) for _ in range(100)]
        for number in range(100):
            q.put(number)
        assert q.qsize() == 0
        assert await asyncio.gather(*tasks) == list(range(100))

    asyncio.run(main())


def test_put_in_order() -> None:
    """Tasks that wait for room put their items in the order in which they began to wait."""

    async def main() -> None:
        q = atoll.Queue(1)
        q.put(0)
        tasks = [await begun(q.aput(number)) for number in range(1, 5)]
        assert [q.get() for _ in range(5)] == list(range(5))
        assert await asyncio.gather(*tasks) == [None] * 4

    asyncio.run(main())


def test_items_from_other_interpreters(there: Any) -> None:
    """What threads of other interpreters put wakes the loop, and the other way round."""

    async def main() -> int:
        there_to_here, here_to_there = atoll.Queue(1), atoll.Queue(1)
        total = asyncio.to_thread(there.all_until_shut_down, here_to_there)
        putting = asyncio.to_thread(there.put_many, there_to_here, tuple(range(200)))

        async def forward() -> None:
            for _ in range(200):
                await here_to_there.aput(await there_to_here.aget())
            here_to_there.shutdown()

        return (await asyncio.gather(total, putting, forward()))[0]

    assert asyncio.run(main()) == sum(range(200))


def test_loops_in_several_interpreters() -> None:
    """Event loops of several interpreters share a queue; every item is got once."""
    q = atoll.Queue(2)
    interpreters = [atoll.Interpreter(f"loop-{number}") for number in range(3)]
    with ThreadPoolExecutor(4) as pool:
        sums = [pool.submit(each.call, queue_workloads.sum_async, q) for each in interpreters[:2]]
        sums.append(pool.submit(queue_workloads.sum_async, q))
        interpreters[2].call(queue_workloads.put_async, q, tuple(range(300)))
        q.shutdown()
        assert sum(each.result() for each in sums) == sum(range(300))
    for each in interpreters:
        each.close()


@pytest.mark.parametrize("immediate", [False, True])
def test_shutdown(immediate: bool) -> None:
    """shutdown ends every wait with queue.ShutDown, and later ones at once."""

    async def main() -> None:
        empty, full = atoll.Queue(), atoll.Queue(1)
        full.put(1)
        tasks = [await begun(empty.aget()), await begun(full.aput(2))]
        empty.shutdown(immediate)
        full.shutdown(immediate)
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            assert type(error) is queue.ShutDown
        with pytest.raises(queue.ShutDown):
            await empty.aget()
        with pytest.raises(queue.ShutDown):
            await full.aput(3)
        if not immediate:
            assert await full.aget() == 1

    asyncio.run(main())


def test_cancelled_get() -> None:
    """A cancelled aget leaves its place in the line."""

    async def main() -> None:
        q = atoll.Queue()
        first, second = await begun(q.aget()), await begun(q.aget())
        first.cancel()
        await asyncio.sleep(0)
        q.put(1)
        assert await second == 1
        assert first.cancelled()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await q.aget()
        q.put(2)
        assert q.get_nowait() == 2

    asyncio.run(main())


def test_cancelled_put() -> None:
    """A cancelled aput puts nothing."""

    async def main() -> None:
        q = atoll.Queue(1)
        q.put(1)
        first, second = await begun(q.aput(2)), await begun(q.aput(3))
        first.cancel()
        await asyncio.sleep(0)
        assert q.get() == 1
        await second
        assert (q.get(), q.qsize(), q.unfinished_tasks) == (3, 0, 2)

    asyncio.run(main())


@pytest.mark.parametrize("is_told", [False, True])
def test_get_cancelled_after_it_was_given_an_item(is_told: bool) -> None:
    """An item that had come already goes to the next, or back to the front."""

    async def main() -> None:
        q = atoll.Queue()
        first, second = await begun(q.aget()), await begun(q.aget())
        for number in range(3):
            q.put(number)
        if is_told:  # the loop has seen it, the task has not run yet
            asyncio.get_running_loop().call_later(0, first.cancel)
            asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, first.cancel)
        else:
            first.cancel()
        results = await asyncio.gather(first, second, return_exceptions=True)
        if isinstance(results[0], asyncio.CancelledError):
            assert results[1] == 1  # it had its own already
            assert (q.get(), q.get(), q.qsize()) == (0, 2, 0)
        else:
            assert (*results, q.get(), q.qsize()) == (0, 1, 2, 0)

    asyncio.run(main())


def test_get_cancelled_passes_its_item_to_who_waits() -> None:
    """An item that a cancelled aget had been given wakes the one behind it."""

    async def main() -> None:
        q = atoll.Queue()
        first, second = await begun(q.aget()), await begun(q.aget())
        q.put("only")
        first.cancel()
        assert await second == "only"
        assert first.cancelled()

    asyncio.run(main())


def test_put_cancelled_after_it_was_let_in() -> None:
    """An item that was let in is withdrawn when the aput is cancelled, and the next is let in."""

    async def main() -> None:
        q = atoll.Queue(1)
        q.put(1)
        first, second = await begun(q.aput(2)), await begun(q.aput(3))
        assert q.get() == 1  # the first is in
        first.cancel()
        await second
        assert first.cancelled()
        assert (q.get(), q.qsize()) == (3, 0)

    asyncio.run(main())


def test_cancelled_while_others_put(there: Any) -> None:
    """Cancelling at any moment loses no item and gets none twice."""
    q = atoll.Queue(3)
    got: list[int] = []

    async def main() -> None:
        putting = asyncio.create_task(
            asyncio.to_thread(there.put_many_and_shut_down, q, tuple(range(1000)))
        )
        is_over = False
        while not is_over:
            tasks = [asyncio.create_task(q.aget()) for _ in range(4)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            got.extend(result for result in results if isinstance(result, int))
            is_over = any(isinstance(result, queue.ShutDown) for result in results)
        await putting

    asyncio.run(main())
    assert sorted(got) == list(range(1000))


def test_what_cannot_be_packed() -> None:
    """An item that cannot be sent is an error of aput, and the queue is unchanged."""

    async def main() -> None:
        q = atoll.Queue()
        with pytest.raises(TypeError):
            await q.aput(atoll.copy(threading.Lock()))
        assert q.qsize() == 0

    asyncio.run(main())


def test_loop_that_ends_with_waits() -> None:
    """A loop that is closed while its tasks wait loses nothing; its tasks may be dropped."""
    q = atoll.Queue()
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(q.aget()) for _ in range(2)]
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    q.put(1)  # given to a task that never runs again
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    del tasks, task
    gc.collect()
    assert (q.get_nowait(), q.qsize()) == (1, 0)


def test_loops_leave_no_descriptors() -> None:
    """The descriptor of a loop's waker is closed with the loop."""

    async def main() -> None:
        q = atoll.Queue()
        task = await begun(q.aget())
        q.put(1)
        await task
        abandoned = await begun(q.aget())
        abandoned.cancel()

    def count() -> int:
        return sum(each.startswith("anon_inode") for each in open_files().values())

    asyncio.run(main())
    gc.collect()
    before = count()
    for _ in range(5):
        asyncio.run(main())
    gc.collect()
    assert count() == before


def test_without_a_loop() -> None:
    """Without a running loop it is asyncio's error, and nothing is put."""
    q = atoll.Queue()
    with pytest.raises(RuntimeError, match="no running event loop"):
        q.aput(1).send(None)
    with pytest.raises(RuntimeError, match="no running event loop"):
        q.aget().send(None)
    assert q.qsize() == 0


def test_a_wait_has_one_result() -> None:
    """The core's waits can be finished once, and cancelled at any time."""
    from atoll import _core

    q, waker = atoll.Queue(), _core.EventfdWaker()
    wait = _core.queue_begin_get(q, waker, 7)
    assert not wait.is_ended
    q.put(1)
    assert wait.is_ended
    assert waker.take() == [7]
    assert waker.take() == []
    assert wait.finish() == 1
    wait.cancel()
    with pytest.raises(RuntimeError):
        wait.finish()
    assert q.qsize() == 0
    waits = [_core.queue_begin_get(q, waker, number) for number in range(200)]
    for _ in range(100):  # more than are taken at a time
        q.put(1)
    assert waker.take() == list(range(100))
    del waits  # without having been finished
    assert q.qsize() == 100
    _core.queue_begin_put(q, 1, waker, 1)
    assert q.qsize() == 100
