"""Typical use, as type checkers are to see it: `mypy --strict` and pyright accept it. Never run."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

import atoll


@atoll.register_value_type
@dataclass(frozen=True)
class Point:
    x: int
    y: int


class Index:
    def __init__(self) -> None:
        self.lines: dict[str, int] = {}

    def put(self, name: str, count: int) -> None:
        self.lines[name] = count


def measure(path: Path, index: Index, *, encoding: str = "utf-8") -> int:
    count = len(path.read_text(encoding=encoding).splitlines())
    index.put(path.name, count)
    return count


def words(text: str) -> Iterator[str]:
    yield from text.split()


def work(paths: list[Path]) -> dict[str, int]:
    with atoll.Interpreter("index") as home, atoll.Interpreter(preemptive=True) as worker:
        assert_type(home, atoll.Interpreter)
        index = home.call(Index)
        assert_type(index, Index)  # a Proxy, which has the type's interface
        for path in paths:
            assert_type(worker.call(measure, path, index, encoding="utf-8"), int)
        total: int = worker.call(lambda a, b: a + b, 1, 2)
        print(total)
        assert_type(worker.call(words, "a b"), Iterator[str])
        worker.exec("import sys")
        print(worker.eval("sys.argv"), worker.import_module("json").dumps([1]))
        worker.run_path(paths[0], argv=["a"])
        worker.run_path("script.py", run_name="other")
        worker.run_module("this", argv=iter(["a"]))
        worker.close(timeout=1.5)
        atoll.Interpreter("quiet", forward_logging=False).close()
        return dict(index.lines)


def questions(index: Index, proxy: object) -> None:
    assert_type(atoll.is_proxy(proxy), bool)
    assert_type(atoll.owner(proxy), atoll.Interpreter)
    assert_type(atoll.type_of(proxy), type)
    assert_type(atoll.current(), atoll.Interpreter)
    assert_type(atoll.main().name, str)
    assert_type(atoll.main().id, int)
    assert_type(atoll.main().is_closed, bool)
    assert_type(atoll.main().is_preemptive, bool)
    assert_type(atoll.interpreters(), list[atoll.Interpreter])
    assert_type(atoll.threads.get(1), atoll.Interpreter | None)
    for ident, interpreter in atoll.threads.items():
        print(ident + 1, interpreter.name)
    record = atoll.main().statistics()
    print(record.crossings + record.visitors + record.exports + record.proxies)
    print(record.thread_states + record.buffers)
    atoll.main().call(print, atoll.copy([1]), atoll.ref((1, 2)), atoll.restrict(index, ["put"]))
    atoll.checkpoint()
    atoll.prewarm(2)
    atoll.prewarm(0, imports=["json"], wait=True)
    thread = atoll.Thread(target=print, args=(1,), kwargs={"sep": ""}, name="t", daemon=True)
    thread.start()
    thread.join(1.5)
    assert_type(thread.interpreter, atoll.Interpreter | None)
    assert_type(thread.interrupt(KeyError("k")), bool)
    print(thread.result(timeout=2), thread.ident, thread.is_alive())
    print(Point(1, 2).x)


def queues(worker: atoll.Interpreter) -> atoll.Queue[str]:
    names: atoll.Queue[str] = atoll.Queue(maxsize=3)
    names.put("a")
    names.put("b", block=True, timeout=1.5)
    names.put_nowait("c")
    assert_type(names.get(), str)
    assert_type(names.get(True, 2), str)
    assert_type(names.get_nowait(), str)
    assert_type(names.qsize() + names.maxsize + names.unfinished_tasks + names.id, int)
    assert_type(names.empty() or names.full() or names.is_shutdown, bool)
    names.maxsize = 5
    names.task_done()
    names.join()
    names.shutdown(immediate=True)
    stack = atoll.LifoQueue[int](2)
    assert_type(worker.call(stack.get), int)
    jobs = atoll.PriorityQueue[tuple[int, str]]()
    jobs.put((1, "a"))
    assert_type(jobs.get()[1], str)
    return names


def memory(worker: atoll.Interpreter, path: Path) -> int:
    with atoll.Buffer(80) as buffer:
        assert_type(buffer, atoll.Buffer)
        assert_type(buffer.cast("d", (2, 5))[1:], atoll.Buffer)
        assert_type(buffer.toreadonly().readonly, bool)
        assert_type(buffer.shape, tuple[int, ...])
        buffer[0] = 1
        buffer[2:4] = b"ab"
        print(memoryview(buffer)[0], bytes(buffer), buffer.tolist(), list(buffer), len(buffer))
        cell = atoll.AtomicInt(buffer, offset=8)
        assert_type(cell.add(1) + cell.sub(2) + cell.exchange(3) + cell.load(), int)
        assert_type(cell.compare_exchange(3, 4), bool)
        cell.store(5)
    copied = atoll.Buffer.copy_of(b"abc")
    assert_type(worker.call(len, copied), int)
    assert_type(atoll.Buffer.map_file(path, writable=True), atoll.Buffer)
    record = atoll.Buffer.statistics()
    assert_type(record, atoll.BufferStatistics)
    return record.blocks + record.bytes


async def event_loop(names: atoll.Queue[str]) -> None:
    await names.aput("a")
    assert_type(await names.aget(), str)


def errors(interpreter: atoll.Interpreter) -> str:
    try:
        interpreter.exec("1 / 0")
    except atoll.InterpreterClosedError as error:
        assert_type(error, atoll.InterpreterClosedError)
    except atoll.RemoteError as error:
        if isinstance(error.__cause__, atoll.RemoteTraceback):
            return str(error.__cause__)
    except (atoll.AtollError, ReferenceError):
        raise
    return ""


async def double(x: int) -> int:
    return 2 * x


async def pools(paths: list[Path], index: Index) -> None:
    with atoll.InterpreterPoolExecutor(2, "name", initializer=print, initargs=(1,)) as pool:
        future = pool.submit(measure, paths[0], index, encoding="ascii")
        assert_type(future, Future[int])
        assert_type(future.result(timeout=1), int)
        assert_type(pool.map(len, ["a", "b"], chunksize=2, buffersize=3), Iterator[int])
        pool.shutdown(wait=False, cancel_futures=True)
    with atoll.Interpreter() as worker:
        assert_type(worker.call(double, 1), int)
        assert_type(await worker.acall(double, 1), int)
        assert_type(await worker.acall(measure, paths[0], index), int)
