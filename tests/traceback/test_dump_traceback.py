"""`atoll.dump_traceback` and `atoll.watchdog`: where every thread is, and who waits for whom."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import workloads
from children import environment

import atoll

LIMIT = 0.01  # seconds, after which the watchdogs of these tests bark


def dump() -> str:
    """What dump_traceback says now."""
    file = io.StringIO()
    atoll.dump_traceback(file)
    return file.getvalue()


def dump_until(*wanted: str) -> str:
    """Dump until all the patterns are found; a test that waits in vain is timed out."""
    while True:
        text = dump()
        if all(re.search(each, text) for each in wanted):
            return text


def of_thread(text: str, name: str) -> str:
    """The part about the thread of that name."""
    (part,) = (each for each in text.split("\n\n") if f"[{name}] (most recent" in each)
    return part


@pytest.fixture
def interpreter(interpreter: atoll.Interpreter) -> atoll.Interpreter:
    """A fresh interpreter that need not import anything first."""
    interpreter.import_module("workloads")
    return interpreter


@pytest.fixture
def pool(interpreter: atoll.Interpreter) -> Iterator[ThreadPoolExecutor]:
    """Two threads, called aside_0 and aside_1, which end before the interpreter is closed."""
    with ThreadPoolExecutor(2, thread_name_prefix="aside") as pool:
        yield pool


@pytest.fixture
def busy(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> Iterator[None]:
    """Another thread, aside_0, spins in the fresh interpreter until the test ends."""
    flag = interpreter.call(workloads.Flag)
    entered = threading.Event()
    spinning = pool.submit(interpreter.call, workloads.spin_until_set, entered, flag)
    entered.wait()
    dump_until(r"in Flag\.spin\n")  # it has come back from setting the event
    yield
    interpreter.interrupt(workloads.CustomError)
    with pytest.raises(workloads.CustomError):
        spinning.result()


# ---- what it says ----


def test_this_thread() -> None:
    """The calling thread comes first, with its frames, file, line and function."""
    first = dump().split("\n\n")[0]
    line = dump.__code__.co_firstlineno + 3
    assert re.match(
        r"Current thread 0x[0-9a-f]+ \[MainThread\] \(most recent call first\):\n", first
    )
    assert "  in interpreter 'main', which it holds:\n" in first
    assert f'    File "{__file__}", line {line} in dump\n' in first
    assert "in test_this_thread\n" in first


def test_lines_are_those_of_the_standard_library(tmp_path: Path) -> None:
    """The frames of a thread in one interpreter are those that faulthandler shows."""
    import faulthandler

    with (tmp_path / "dump").open("w+") as file:
        ours, _ = dump(), faulthandler.dump_traceback(file, all_threads=False)
        theirs = Path(file.name).read_text()
    pattern = r'File "(.*)", line (\d+) in (?:.*\.)?(\w+|<\w+>)\n'
    # But for the innermost two or one, which dump.
    assert re.findall(pattern, ours.split("\n\n")[0] + "\n")[3:] == re.findall(pattern, theirs)[1:]


def test_call_back(interpreter: atoll.Interpreter) -> None:
    """Frames are shown for each stay: those of a call-back apart from those of who has called."""
    mine = interpreter.call(workloads.call, dump).split("\n\n")[0]
    stays = re.findall(r"in interpreter '(\w+)'(?:, which it holds)?:\n((?:    .*\n?)*)", mine)
    assert [name for name, _ in stays] == ["main", "fresh", "main"]
    assert stays[0][1].endswith("in dump\n")
    assert re.fullmatch(r'    File ".*workloads.py", line \d+ in call\n', stays[1][1])
    assert "in test_call_back\n" in stays[2][1]
    assert "in dump\n" not in stays[2][1]


def test_inside_each_other(interpreter: atoll.Interpreter) -> None:
    """Two interpreters that visit each other have their stays told in turn."""
    with atoll.Interpreter("third") as third:
        here, there = (each.import_module("workloads").call for each in (interpreter, third))
        mine = here(there, here, there, dump).split("\n\n")[0]
    names = re.findall(r"in interpreter '(\w+)'", mine)
    assert names == ["main", "third", "fresh", "third", "fresh", "main"]
    assert mine.count("in call\n") == 4


def test_more_levels_than_are_kept(interpreter: atoll.Interpreter) -> None:
    """Of very many visits inside each other the outermost are told, the others counted."""
    there = interpreter.import_module("workloads").call_down
    mine = there(workloads.call_down, there, 20, dump).split("\n\n")[0]
    assert re.search(r"  in \d+ more visits, which are not kept apart\n", mine)
    assert mine.count("in interpreter 'fresh'") == 8


def test_many_frames() -> None:
    """Of very many frames the most recent hundred are shown."""

    def go_down(depth: int) -> str:
        return go_down(depth - 1) if depth else dump()

    first = go_down(150).split("\n\n")[0]
    assert first.count("    File ") == 100
    assert first.endswith("    ...")


def test_names_in_ascii() -> None:
    """What is not ASCII is escaped, as faulthandler does."""
    namespace = {"dump": dump}
    exec(compile("def grüße(): return dump()", "œuvre😀", "exec"), namespace)
    text = namespace["grüße"]()  # type: ignore[operator]
    assert 'File "\\u0153uvre\\U0001f600", line 1 in gr\\xfc\\xdfe\n' in text


def test_thread_in_c_code(interpreter: atoll.Interpreter, pool: ThreadPoolExecutor) -> None:
    """A thread that waits in C code is shown at the Python frame that has called that."""
    entered, leave = threading.Event(), threading.Event()
    staying = pool.submit(interpreter.call, workloads.meet, entered, leave)
    entered.wait()
    part = of_thread(dump_until(r"in Event\.wait"), "aside_0")
    leave.set()
    staying.result()
    assert re.search(
        r"in interpreter 'fresh':\n    File \".*workloads.py\", line \d+ in meet\n", part
    )


def test_own_thread_of_an_interpreter(interpreter: atoll.Interpreter) -> None:
    """A thread that an interpreter has started itself is shown in it."""
    gate = threading.Event()
    thread = interpreter.call(workloads.start_thread, gate.wait)
    text = dump_until(r"in interpreter 'fresh':\n(    .*\n)*    File .* in Thread.run\n")
    gate.set()
    thread.join()
    assert "in Thread._bootstrap" in text


def test_thread_names(interpreter: atoll.Interpreter) -> None:
    """An atoll.Thread is called what it is called."""
    gate = threading.Event()
    thread = atoll.Thread(target=workloads.call, args=(gate.wait,), name="worker bee")
    thread.start()
    text = dump_until(r"  in interpreter 'worker bee':\n    File .* in call\n")
    gate.set()
    thread.result()
    assert "in interpreter 'worker bee':\n" in of_thread(text, "worker bee")


# ---- who waits for whom ----


def test_waits_to_get_in(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor, busy: None
) -> None:
    """Who waits at the door is said to, with who is inside and what runs there."""
    pool.submit(interpreter.call, workloads.count_to, 3)
    part = of_thread(dump_until("waits to get into"), "aside_1")
    assert re.search(
        r"waits to get into interpreter 'fresh', held by thread 0x[0-9a-f]+ \[aside_0\] "
        r"running Flag.spin\(\) at workloads.py:\d+\n  in interpreter 'main':\n",
        part,
    )


@pytest.mark.parametrize(
    ("operation", "items", "words"),
    [
        ("get", 0, "waits for an item of the queue with id"),
        ("put", 1, "waits for room in the queue with id"),
        ("join", 1, "waits for all tasks of the queue with id"),
    ],
)
def test_waits_at_a_queue(pool: ThreadPoolExecutor, operation: str, items: int, words: str) -> None:
    """Who waits at a queue is said to, with the queue's number; inside other interpreters too."""
    queue: atoll.Queue[int] = atoll.Queue(1)
    for _ in range(items):
        queue.put(1)
    arguments = (2,) if operation == "put" else ()
    with atoll.Interpreter("third") as third:
        third.import_module("workloads")
        function = getattr(queue, operation)
        waiting = pool.submit(third.call, workloads.call, function, *arguments)
        part = of_thread(dump_until(f"  {words} {queue.id}"), "aside_0")
        if operation == "get":
            queue.put(1)
        else:
            queue.get()
            queue.task_done()
        waiting.result()
    assert "in interpreter 'third':\n" in part


def test_waits_for_visitors(pool: ThreadPoolExecutor) -> None:
    """Who closes an interpreter that has visitors is said to wait for them."""
    third = atoll.Interpreter("third")
    entered, leave = threading.Event(), threading.Event()
    staying = pool.submit(third.call, workloads.meet, entered, leave)
    entered.wait()
    closing = pool.submit(third.close)
    text = dump_until("closes interpreter 'third', waits for its visitors to leave")
    leave.set()
    staying.result()
    closing.result()
    assert "in interpreter 'third', which is closing:\n" in of_thread(text, "aside_0")
    assert "closes interpreter 'third'" in of_thread(text, "aside_1")


def test_waits_for_own_threads(pool: ThreadPoolExecutor) -> None:
    """Who closes an interpreter that has threads of its own is said to wait for them."""
    third = atoll.Interpreter("third")
    gate = threading.Event()
    third.call(workloads.start_thread, gate.wait)
    closing = pool.submit(third.close)
    dump_until("closes interpreter 'third', waits for its own threads to end")
    gate.set()
    closing.result()


def test_waits_for_another_closer(pool: ThreadPoolExecutor) -> None:
    """The second of two who close an interpreter is said to wait for the first."""
    third = atoll.Interpreter("third")
    gate = threading.Event()
    third.call(workloads.start_thread, gate.wait)
    closing = [pool.submit(third.close) for _ in range(2)]
    dump_until("waits for interpreter 'third' to be closed by another thread")
    gate.set()
    for each in closing:
        each.result()


def test_waits_for_a_result(pool: ThreadPoolExecutor) -> None:
    """Who waits for an executor's call is said to; a worker without a call too."""
    gate = threading.Event()
    with atoll.InterpreterPoolExecutor(1, thread_name_prefix="crew") as executor:
        executor.submit(pow, 2, 3).result()
        dump_until("is a worker of an executor, waits for a call")
        future = executor.submit(workloads.call, atoll.ref(gate.wait))
        while not future.running():
            pass
        waiting = pool.submit(future.result)
        dump_until("waits for the result of an executor's call")
        gate.set()
        assert waiting.result() is True


# ---- files ----


def test_descriptor(tmp_path: Path) -> None:
    """It writes to a descriptor, and to a file after what that has buffered."""
    with (tmp_path / "dump").open("w") as file:
        file.write("before\n")
        atoll.dump_traceback(file)
        atoll.dump_traceback(file.fileno())
    text = (tmp_path / "dump").read_text()
    assert text.startswith("before\nCurrent thread")
    assert text.count("Current thread") == 2


def test_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it writes to sys.stderr, whatever that is."""
    atoll.dump_traceback()
    assert capsys.readouterr().err.startswith("Current thread")


def test_in_another_interpreter(run_script: Any) -> None:
    """In another interpreter it writes to the process's standard error."""
    done = run_script("""
        import atoll
        with atoll.Interpreter("worker") as worker:
            worker.call(atoll.dump_traceback)
    """)
    assert done.returncode == 0
    assert re.match(r"Current thread .*\n  in interpreter 'worker', which it holds:\n", done.stderr)


@pytest.mark.parametrize("file", ["file", 1.5, object()])
def test_bad_file(file: Any) -> None:
    """A file must be one."""
    with pytest.raises(TypeError, match="a file or a descriptor is required"):
        atoll.dump_traceback(file)
    with pytest.raises(TypeError, match="a file or a descriptor is required"):
        atoll.dump_traceback.register(signal.SIGUSR1, file)
    with pytest.raises(TypeError, match="a file or a descriptor is required"):
        atoll.watchdog(1, file).start()


@pytest.mark.parametrize("file", [-1, 2**30, io.StringIO()])
def test_file_without_a_descriptor(file: Any) -> None:
    """For later there must be an open descriptor."""
    with pytest.raises(OSError):
        atoll.dump_traceback.register(signal.SIGUSR1, file)
    with pytest.raises(OSError):
        atoll.watchdog(1, file).start()


# ---- signals ----

HEAD = """
    import atoll, os, re, signal, sys, threading
    import workloads
    atoll.dump_traceback.register(signal.SIGUSR1, 1)
    worker = atoll.Interpreter("worker")
    there = worker.import_module("workloads")
    def tell():
        print("ready", flush=True)
"""


class Script:
    """A script in a process of its own, which says when it is ready."""

    def __init__(self, source: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(HEAD) + textwrap.dedent(source)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def dump(self) -> str:
        """Send the signal, and return what is written."""
        self.process.send_signal(signal.SIGUSR1)
        return self.read()

    def read(self) -> str:
        """Read a report: an empty line ends what it has of the main thread, the oldest."""
        assert self.process.stdout is not None
        text, line = "", ""
        while "[MainThread]" not in text or line != "\n":
            line = self.process.stdout.readline()
            text += line
        return text


@pytest.fixture
def start() -> Iterator[Callable[[str], Script]]:
    """Start a script, which is killed in the end."""
    scripts: list[Script] = []

    def start(source: str) -> Script:
        scripts.append(Script(source))
        return scripts[-1]

    yield start
    for each in scripts:
        os.killpg(each.process.pid, signal.SIGKILL)  # children too
        each.process.communicate()


@pytest.mark.parametrize("place", ["worker", "main"])
def test_signal_while_stuck(start: Callable[[str], Script], place: str) -> None:
    """A signal has it written while the main thread is in C code and lets nobody else run."""
    script = start(f"atoll.{place}().call(workloads.match_for_ever, tell)" if place == "main"
                   else "there.match_for_ever(tell)")  # fmt: skip
    held = rf"in interpreter '{place}', which it holds:\n(    .* in (?:prefix)?match\n)    .* in match_for_ever\n"
    for _ in range(3):  # as often as one likes
        while not re.search(held, script.dump()):  # it is not stuck yet
            pass


def test_signal_while_waiting(start: Callable[[str], Script]) -> None:
    """A signal has it written while the main thread waits at a queue."""
    script = start("tell()\natoll.Queue().get()")
    text = ""
    while "waits for an item of the queue" not in text:
        text = script.dump()


def test_signal_in_a_forked_child(start: Callable[[str], Script]) -> None:
    """It holds in a forked child; what the parent's other threads did is not told."""
    script = start("""
        entered = threading.Event()
        threading.Thread(target=there.enter_and_spin, args=(entered,), daemon=True).start()
        entered.wait()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        else:
            tell()
            os.kill(os.getpid(), signal.SIGUSR1)
            threading.Event().wait()
    """)
    text = script.read()
    assert "enter_and_spin" not in text
    assert "[MainThread]" in text


def test_signal_while_exiting(start: Callable[[str], Script]) -> None:
    """A signal has it written while the process waits for its interpreters' threads to end."""
    script = start("there.start_thread(workloads.enter_and_wait, atoll.ref(tell))")
    text = ""
    while "_wait_for_threads" not in text or "in interpreter 'worker':\n" not in text:
        text = script.dump()


def test_signal_while_the_main_thread_has_no_frame(start: Callable[[str], Script]) -> None:
    """The main thread is told of in any case: it is the one that is looked for."""
    script = start("""
        import atexit
        lock = threading.Lock()
        lock.acquire()
        atexit.register(lock.acquire)  # C calls C
        atexit.register(tell)
    """)
    text = ""
    while not re.search(r"\[MainThread\] \(most recent call first\):\n  <no Python frame>\n", text):
        text = script.dump()


def test_register_twice_and_unregister(run_cleanly: Any) -> None:
    """The latest file counts; what had the signal before has it again."""
    output = run_cleanly("""
        import atoll, os, signal
        signal.signal(signal.SIGUSR1, lambda *unused: print("mine"))
        first, second = (os.pipe() for _ in range(2))
        for read, write in (first, second):
            atoll.dump_traceback.register(signal.SIGUSR1, write)
            os.close(write)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(os.read(second[0], 10000)[:7])
        print(os.read(first[0], 10000))
        print(atoll.dump_traceback.unregister(signal.SIGUSR1))
        print(atoll.dump_traceback.unregister(signal.SIGUSR1))
        os.kill(os.getpid(), signal.SIGUSR1)
        print(os.read(second[0], 10000)[:0])
    """)
    assert output == "b'Thread '\nb''\nTrue\nFalse\nmine\nb''\n"


def test_bad_signal() -> None:
    """A number that is no signal, or one that cannot be caught, is an error."""
    for number in (0, -1, 1000, signal.SIGKILL):
        with pytest.raises(OSError):
            atoll.dump_traceback.register(number, 2)
        assert atoll.dump_traceback.unregister(number) is False
    with pytest.raises(TypeError):
        atoll.dump_traceback.register("SIGUSR1", 2)  # type: ignore[arg-type]


# ---- watchdogs ----


class Report:
    """What watchdogs write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.open("w")

    def read(self) -> str:
        return self.path.read_text()

    def wait(self, pattern: str) -> str:
        """Wait until a report is there; a test that waits in vain is timed out."""
        while not re.search(pattern, self.read()):
            pass
        return self.read()


@pytest.fixture
def report(tmp_path: Path) -> Iterator[Report]:
    """A file for reports."""
    report = Report(tmp_path / "report")
    with report.file:
        yield report


def test_watchdog_barks(interpreter: atoll.Interpreter, report: Report) -> None:
    """A call that lasts is reported, with the dump, while it lasts."""
    with atoll.watchdog(LIMIT, report.file):
        interpreter.call(
            workloads.call,
            lambda: report.wait(r"(?s)\[MainThread\] has been.*in test_watchdog_barks\n"),
        )
    text = report.read()
    # The standby thread, which makes interpreters ready, may be reported as well.
    assert re.search(r"\[MainThread\] has been visiting interpreter 'fresh' for \d+\.\d s\n", text)
    assert "[MainThread] (most recent call first):\n  in interpreter '" in text


def test_watchdog_reports_once(interpreter: atoll.Interpreter, report: Report) -> None:
    """A call is reported once, however long it lasts and whatever it has called."""
    call = interpreter.import_module("workloads").call
    other = Report(report.path.with_suffix(".other"))

    def last() -> None:
        report.wait("in test_watchdog_reports_once")
        with atoll.watchdog(10 * LIMIT, other.file):
            other.wait("in test_watchdog_reports_once")

    with other.file, atoll.watchdog(LIMIT, report.file):
        call(call, last)
    calls = re.findall("has been visiting interpreter 'fresh'", report.read())
    assert len(calls) == 1


def test_watchdog_at_the_door(
    interpreter: atoll.Interpreter, pool: ThreadPoolExecutor, busy: None, report: Report
) -> None:
    """The time that a call waits to get in counts."""
    with atoll.watchdog(LIMIT, report.file):
        pool.submit(interpreter.call, workloads.count_to, 3)
        text = report.wait(r"\[aside_1\] has been visiting(.*\n)*.*in <lambda>|waits to get into")
    assert "held by thread" in text


def test_watchdog_keeps_quiet(interpreter: atoll.Interpreter, report: Report) -> None:
    """Calls that are quick enough are not reported, nor is one with no watchdog running."""
    dog = atoll.watchdog(100, report.file)
    with dog, atoll.watchdog(float("inf"), report.file):
        assert interpreter.call(pow, 2, 3) == 8
    dog.start()
    dog.stop()
    dog.stop()
    other = Report(report.path.with_suffix(".other"))
    with other.file, atoll.watchdog(LIMIT, other.file):
        interpreter.call(workloads.call, lambda: other.wait("in test_watchdog_keeps_quiet"))
    assert report.read() == ""


def test_watchdog_and_threads(interpreter: atoll.Interpreter, report: Report) -> None:
    """What an atoll.Thread runs is no call, and not reported."""
    gate = threading.Event()
    thread = atoll.Thread(target=workloads.call, args=(gate.wait,), name="long")
    thread.start()
    dump_until(r"\[long\](?:.*\n)*  in interpreter 'long':\n    File .* in call\n")
    with atoll.watchdog(LIMIT, report.file):
        interpreter.call(workloads.call, lambda: report.wait("in test_watchdog_and_threads"))
    gate.set()
    thread.result()
    assert "visiting interpreter 'long'" not in report.read()


def test_watchdog_running_already() -> None:
    """A watchdog that is running cannot be started again."""
    with atoll.watchdog(100, 2) as dog, pytest.raises(RuntimeError, match="running already"):
        dog.start()


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_watchdog_bad_number(seconds: float) -> None:
    """The limit must be above 0."""
    with pytest.raises(ValueError, match="above 0"):
        atoll.watchdog(seconds)


def test_watchdog_bad_type() -> None:
    """The limit must be a number."""
    with pytest.raises(TypeError):
        atoll.watchdog("1")  # type: ignore[arg-type]


def test_watchdog_that_is_dropped(report: Report) -> None:
    """A watchdog that nobody holds any more watches no more."""
    for _ in range(3):
        atoll.watchdog(LIMIT, report.file).start()
    assert atoll.main().call(pow, 2, 3) == 8
