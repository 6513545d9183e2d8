"""`atoll.trace`: what it notes, what it writes, and when."""

from __future__ import annotations

import gzip
import json
import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import atoll
from atoll import _core
from atoll._trace import recording

type Events = list[dict[str, Any]]


def read(path: Path) -> dict[str, Any]:
    loaded = json.loads(gzip.decompress(path.read_bytes()))
    assert isinstance(loaded, dict)
    return loaded


def named(events: Iterable[dict[str, Any]], name: str) -> Events:
    return [each for each in events if each["name"] == name]


def spans(events: Iterable[dict[str, Any]], category: str) -> Events:
    return [each for each in events if each.get("cat") == category and each["ph"] == "X"]


def contains(outer: dict[str, Any], inner: dict[str, Any]) -> bool:
    return bool(
        outer["tid"] == inner["tid"]
        and outer["ts"] <= inner["ts"]
        and inner["ts"] + inner["dur"] <= outer["ts"] + outer["dur"] + 1e-3
    )


@pytest.fixture
def traced(tmp_path: Path) -> Callable[[Callable[[], object]], Events]:
    """A function that calls another while a trace is on, and returns the events of the file."""

    def run(function: Callable[[], object]) -> Events:
        path = tmp_path / "trace.json.gz"
        with atoll.trace(path):
            function()
        events = read(path)["traceEvents"]
        assert isinstance(events, list)
        return events

    return run


# ---- what is noted ----


@pytest.mark.parametrize(
    ("use", "name", "operation"),
    [
        (lambda p: p.append(4), "list.append", "method"),
        (lambda p: len(p), "list.__len__", "special"),
        (lambda p: p.index(2), "list.index", "method"),
    ],
)
def test_operations(
    interpreter: atoll.Interpreter,
    traced: Any,
    use: Callable[[Any], object],
    name: str,
    operation: str,
) -> None:
    """A crossing is a span with the interpreters, what is done there, and the names."""
    numbers = interpreter.eval("[1, 2, 3]")
    use(numbers)  # the methods are known now
    [found] = [
        each
        for each in named(traced(lambda: use(numbers)), name)
        if each["args"]["operation"] == operation
    ]
    assert found["ph"] == "X"
    assert found["dur"] > 0
    assert found["args"]["interpreter"] == "fresh"
    assert found["args"]["id"] == interpreter.id
    assert found["args"]["from"] == "main"


@pytest.mark.parametrize(
    ("source", "use", "name"),
    [
        ("def work(n): return n\n", lambda f: f(1), "work"),
        ("work = [].append\n", lambda f: f(1), "append"),
        ("def work(): pass\nwork.größe = 1\n", lambda f: f.größe, "function.größe"),
    ],
)
def test_names(
    interpreter: atoll.Interpreter,
    traced: Any,
    source: str,
    use: Callable[[Any], object],
    name: str,
) -> None:
    """A call is named by its function, an attribute by the type and its own name."""
    interpreter.exec(source)
    work = interpreter.eval("work")
    assert named(traced(lambda: use(work)), name)


def test_calls_back_are_nested(interpreter: atoll.Interpreter, traced: Any) -> None:
    """What the callee calls in other interpreters lies within the span of its call."""
    call = interpreter.eval("lambda f: f()")
    events = traced(lambda: call(lambda: None))
    [outer] = [e for e in named(events, "<lambda>") if e["args"]["interpreter"] == "fresh"]
    [inner] = [
        e
        for e in spans(events, "crossing")
        if e["args"]["interpreter"] == "main" and e["args"]["operation"] == "call"
    ]
    assert contains(outer, inner)


def test_waits_at_queues(traced: Any) -> None:
    """A thread that waits at a queue is shown so."""
    jobs = atoll.Queue()

    def wait() -> None:
        with pytest.raises(queue.Empty):
            jobs.get(timeout=0.001)

    here = threading.get_native_id()
    waits = [each for each in spans(traced(wait), "wait") if each["tid"] == here]
    [found] = [each for each in waits if each["name"].startswith("wait: get from queue ")]
    assert found["args"]["from"] == "main"


def test_wait_to_enter(interpreter: atoll.Interpreter, traced: Any) -> None:
    """Waiting for the GIL of a busy interpreter is a span, within that of the crossing."""
    go, begun = (atoll.AtomicInt(atoll.Buffer(8)) for _ in range(2))
    interpreter.exec("def spin(go, begun):\n begun.add(1)\n while not go.load(): pass")
    spin, numbers = interpreter.eval("spin"), interpreter.eval("[]")

    def let_go() -> None:
        while busy.is_alive() and _core.visitor_count(interpreter) < 2:
            pass
        go.add(1)

    busy = threading.Thread(target=spin, args=(go, begun))
    watching = threading.Thread(target=let_go)

    def compete() -> None:
        busy.start()
        while busy.is_alive() and not begun.load():
            pass
        watching.start()
        numbers.append(1)
        busy.join()
        watching.join()

    events = traced(compete)
    waits = named(events, "wait: enter fresh")
    crossings = [each for each in spans(events, "crossing") if each["name"] == "list.append"]
    assert any(contains(crossing, wait) for crossing in crossings for wait in waits)


def test_tasks(traced: Any) -> None:
    """An executor's task is shown where it is submitted, run and its result taken, with arrows."""

    def run() -> None:
        with atoll.InterpreterPoolExecutor(1) as executor:
            assert executor.submit(abs, -3).result() == 3
            assert list(executor.map(abs, [-1, -2])) == [1, 2]

    events = traced(run)
    for name in ("submit abs", "abs", "result abs"):
        assert len(spans(named(events, name), "task")) == 3
    arrows = Counter(each["ph"] for each in events if each["ph"] in "sfbe")
    assert arrows == {"s": 6, "f": 6, "b": 3, "e": 3}
    [first] = [e for e in named(events, "submit abs") if e["args"]["task"] == min_task(events)]
    [run_of_first] = [
        e for e in named(events, "abs") if e.get("args", {}).get("task") == min_task(events)
    ]
    [begin] = [e for e in events if e["ph"] == "s" and e["id"] == f"{min_task(events)}.0"]
    [end] = [e for e in events if e["ph"] == "f" and e["id"] == f"{min_task(events)}.0"]
    assert (begin["tid"], begin["ts"]) == (first["tid"], first["ts"])
    assert (end["tid"], end["ts"]) == (run_of_first["tid"], run_of_first["ts"])


def min_task(events: Events) -> int:
    return min(each["args"]["task"] for each in spans(events, "task"))


def test_failed_tasks(traced: Any) -> None:
    """A task that raised is marked."""

    def run() -> None:
        with atoll.InterpreterPoolExecutor(1) as executor:
            assert isinstance(executor.submit(int, "x").exception(), ValueError)

    [task] = [each for each in named(traced(run), "int") if each["ph"] == "X"]
    assert task["args"]["failed"] is True


def test_timeouts(interpreter: atoll.Interpreter, traced: Any) -> None:
    """The block of a timeout is a span, and its exception a mark."""

    def run() -> None:
        with pytest.raises(TimeoutError), atoll.timeout(0):
            interpreter.exec("while True: pass")
        with atoll.timeout(None):
            interpreter.exec("pass")

    events = traced(run)
    limited, unlimited = sorted(named(events, "timeout"), key=lambda each: each["ts"])
    assert limited["args"]["failed"] is True
    assert limited["args"]["limit_seconds"] == 0
    assert "failed" not in unlimited["args"]
    assert "limit_seconds" not in unlimited["args"]
    assert [each["ph"] for each in named(events, "timeout exceeded")] == ["i"]


def test_collections(traced: Any) -> None:
    """A collection is a span that tells how many objects it freed."""
    events = named(traced(atoll.gc.collect), "collection")
    [asked_for] = [each for each in events if not each["args"]["automatic"]]
    assert asked_for["args"]["freed"] >= 0
    assert asked_for["dur"] > 0


def test_interpreters(traced: Any) -> None:
    """An interpreter that is made and closed is shown with its name, also when it is gone."""

    def make() -> None:
        with atoll.Interpreter("brief", forward_logging=False):  # none that stands by
            pass

    events = traced(make)
    assert len(named(events, "make brief")) == 1
    assert len(named(events, "close brief")) == 1


def test_threads(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """A thread that has ended meanwhile has its lane and its name."""
    numbers = interpreter.eval("[]")
    path = tmp_path / "trace.gz"
    with atoll.trace(path):
        thread = threading.Thread(target=numbers.append, args=(1,), name="brief one")
        thread.start()
        thread.join()
    events = read(path)["traceEvents"]
    [lane] = [e for e in events if e["ph"] == "M" and e["args"]["name"] == "brief one"]
    assert lane["tid"] == thread.native_id
    assert lane["tid"] in {each["tid"] for each in named(events, "list.append")}


def test_what_is_not_over(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """A crossing that is not over at the end is marked; one that began before is left out."""
    path = tmp_path / "trace.gz"
    running = atoll.trace(path)
    call = interpreter.eval("lambda f: f()")

    def begin_inside() -> None:
        running.start()

    call(begin_inside)
    call(running.stop)
    events = named(read(path)["traceEvents"], "<lambda>")
    assert [each["args"]["unfinished"] for each in events] == [True]


def test_deep_recursion(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """Crossings that are nested too deep are counted as dropped."""
    path = tmp_path / "trace.gz"
    dive = interpreter.eval("lambda f, n: f(n - 1) if n else None")

    def back(n: int) -> None:
        if n:
            dive(back, n)

    with atoll.trace(path):
        back(20)
    assert read(path)["otherData"]["dropped"] > 0


# ---- bounds ----


def test_the_latest_are_kept(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """Each thread keeps as many events as it may; those before are counted."""
    path = tmp_path / "trace.gz"
    numbers = interpreter.eval("[]")
    append, clear = numbers.append, numbers.clear
    with atoll.trace(path, events=1000):
        for each in range(3000):
            append(each)
        clear()
    loaded = read(path)
    here = threading.get_native_id()
    kept = [each for each in loaded["traceEvents"] if each["ph"] == "X" and each["tid"] == here]
    assert len(kept) == 999  # the oldest may be just being written over
    assert named(kept, "list.clear")  # the latest
    dropped = loaded["otherData"]["dropped_by_thread"][str(here)]
    assert dropped >= 3001 - 999  # more, if it has waited to enter
    assert loaded["otherData"]["dropped"] >= dropped


def test_times(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """Spans of threads that take turns follow each other, when the clock says that they did."""
    numbers = interpreter.eval("[1, 2, 3]")
    readings: list[int] = []

    def count() -> None:
        readings.append(time.monotonic_ns())
        numbers.count(2)
        readings.append(time.monotonic_ns())

    earliest = time.monotonic_ns()
    path = tmp_path / "trace.json.gz"
    with ThreadPoolExecutor(1) as pool, atoll.trace(path):
        latest = time.monotonic_ns()
        for _ in range(20):
            count()
            pool.submit(count).result()
    calls = named(read(path)["traceEvents"], "list.count")
    calls = [call for call in calls if call["args"]["operation"] == "method"]
    calls.sort(key=lambda span: span["ts"])
    assert len({call["tid"] for call in calls}) == 2
    assert all(
        earlier["ts"] + earlier["dur"] < later["ts"] + 2e-3  # microseconds, as rounded
        for earlier, later in pairwise(calls)
    )
    for call, before, after in zip(calls, readings[::2], readings[1::2], strict=True):
        assert latest + call["ts"] * 1e3 > before - 1e6
        assert earliest + (call["ts"] + call["dur"]) * 1e3 < after + 1e6


def test_buffers_of_another_size(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """A thread that was in a trace before takes part in one with more events, and in a third."""
    numbers = interpreter.eval("[]")
    path = tmp_path / "trace.gz"
    for events in (1000, 2000, 2000):
        with atoll.trace(path, events=events):
            numbers.clear()
        assert len(named(read(path)["traceEvents"], "list.clear")) >= 1


# ---- the file ----


def test_plain_json(tmp_path: Path) -> None:
    """A file whose name ends with ".json" is not packed."""
    path = tmp_path / "trace.json"
    with atoll.trace(path) as running:
        assert repr(running) == f"<atoll.trace into {str(path)!r}, running>"
    assert repr(running) == f"<atoll.trace into {str(path)!r}, stopped>"
    loaded = json.loads(path.read_text())
    assert loaded["otherData"]["interpreters"]["0"] == "main"
    assert loaded["otherData"]["dropped"] == 0


def test_exceptions(tmp_path: Path) -> None:
    """If the block raises, the file is written."""
    path = tmp_path / "trace.json"
    with pytest.raises(ZeroDivisionError), atoll.trace(path):
        1 / 0  # noqa: B018
    assert "traceEvents" in json.loads(path.read_text())


def test_unwritable(tmp_path: Path) -> None:
    """A file that cannot be written is an error at the start, and leaves no trace running."""
    with pytest.raises(FileNotFoundError), atoll.trace(tmp_path / "missing" / "trace.json"):
        pytest.fail("it has begun")
    with pytest.raises(IsADirectoryError):
        atoll.trace(tmp_path).start()
    with atoll.trace(tmp_path / "trace.json"):
        pass


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second trace is refused, and does not touch its file; the first goes on."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    second.write_text("mine")
    with atoll.trace(first) as running:
        with pytest.raises(RuntimeError, match="a trace is running already"):
            atoll.trace(second).start()
        with pytest.raises(RuntimeError, match="this trace is running already"):
            running.start()
    assert second.read_text() == "mine"
    assert "traceEvents" in json.loads(first.read_text())


def test_stopping_twice(tmp_path: Path) -> None:
    """stop() of a trace that is not running does nothing; it can be started again."""
    path = tmp_path / "trace.json"
    running = atoll.trace(path)
    running.stop()
    assert not path.exists()
    with running:
        running.stop()
        path.unlink()
    assert not path.exists()
    running.start().stop()
    assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": 3}, TypeError, "os.PathLike"),
        ({"path": b"x"}, TypeError, "must be a str or a path, not bytes"),
        ({"path": "x", "events": 10}, ValueError, "1000 to 100000000 events, not 10"),
        ({"path": "x", "events": 1 << 40}, ValueError, "events, not 1099511627776"),
        ({"path": "x", "events": 1e6}, TypeError, "integer"),
        ({"path": "x", "events": 2**80}, ValueError, "100000000 events, not 12089"),
    ],
)
def test_bad_arguments(arguments: Any, error: Any, message: str) -> None:
    """Arguments are checked before anything begins."""
    with pytest.raises(error, match=message):
        atoll.trace(**arguments).start()
    assert _core.trace_end(1) is None


def test_the_end_of_its_interpreter(tmp_path: Path) -> None:
    """When the interpreter that has started a trace ends, the file is written."""
    path = tmp_path / "trace.json"
    with atoll.Interpreter("starter") as starter:
        starter.exec(f"import atoll; running = atoll.trace({str(path)!r}).start()")
    assert "traceEvents" in json.loads(path.read_text())
    with atoll.trace(path):
        pass


def test_the_end_of_the_process(run_cleanly: Callable[..., str], tmp_path: Path) -> None:
    """The file is written when the process ends, after interpreters close; by no forked child.

    ATOLL_TRACE starts a trace when atoll is imported.
    """
    printed = run_cleanly(
        """
        import os
        import warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside other threads
        os.environ["ATOLL_TRACE"] = "trace-{pid}.json"
        import atoll

        path = f"trace-{os.getpid()}.json"
        left_open = atoll.Interpreter("left open")
        left_open.eval("[]").append(1)
        if os.fork() == 0:
            atoll.trace("of_child.json").start().stop()
            os._exit(0)
        os.wait()
        print(os.path.getsize(path), os.path.getsize("of_child.json") > 0)
        """
    )
    assert printed == "0 True\n"
    [path] = tmp_path.glob("trace-*.json")
    events = json.loads(path.read_text())["traceEvents"]
    assert named(events, "list.append")
    assert named(events, "close left open")


def test_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """ATOLL_TRACE may have the process's number in its path; a bad path is a warning."""
    monkeypatch.setenv("ATOLL_TRACE", "")
    assert recording.obey_variable() is None
    monkeypatch.setenv("ATOLL_TRACE", str(tmp_path / "of-{pid}.json"))
    running = recording.obey_variable()
    assert running is not None
    with pytest.warns(RuntimeWarning, match="ATOLL_TRACE has no effect: a trace is running"):
        assert recording.obey_variable() is None
    running.stop()
    assert "traceEvents" in json.loads((tmp_path / f"of-{os.getpid()}.json").read_text())
    monkeypatch.setenv("ATOLL_TRACE", str(tmp_path / "missing" / "x"))
    with pytest.warns(RuntimeWarning, match="ATOLL_TRACE has no effect: .*No such file"):
        assert recording.obey_variable() is None
