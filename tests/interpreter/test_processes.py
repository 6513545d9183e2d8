"""What `multiprocessing` has once a process is main's, in all interpreters."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from multiprocessing import process, resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest
from children import environment, limit

import atoll

# What a child of multiprocessing has from the script, under the name __mp_main__.
OF_SCRIPT = """
import dataclasses, enum, sys, threading, typing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import atoll

T = typing.TypeVar("T")
NOTHING = object()
seen = []

class Color(enum.Enum):
    RED = 1

@dataclasses.dataclass
class Point:
    x: int

class Box(typing.Generic[T]):
    def __init__(self, content):
        self.content = content

class Failure(Exception):
    pass

def note(x, default=NOTHING):
    seen.append(x)
    return len(seen), default is NOTHING

def make(x):
    return Point(x), Color.RED, Box[int](x).content

def is_nothing(x):
    return x is NOTHING

def count(jobs):
    count = 0
    while jobs.get(timeout=30) is not NOTHING:
        count += 1
    return count

def fail():
    raise Failure(7)

def check(call):
    assert call(note, 1) == (1, True) and call(lambda: note(2)) == (2, True)
    assert call(make, 3) == (Point(3), Color.RED, 3)
    assert call(make, 3)[1] is Color.RED and call(lambda color: color is Color.RED, Color.RED)
    assert call(isinstance, Point(4), Point) and not seen
    jobs = atoll.Queue()
    for each in (1, NOTHING):
        jobs.put(each)
    assert call(count, jobs) == 1 and call(is_nothing, NOTHING)
    try:
        call(fail)
    except Failure as error:
        assert error.args == (7,)
    else:
        raise AssertionError

def check_all():
    with atoll.Interpreter() as interpreter, atoll.InterpreterPoolExecutor(1) as pool:
        check(interpreter.call)
        check(lambda *call: pool.submit(*call).result())
    thread = atoll.Thread(target=make, args=(5,))
    thread.start()
    assert thread.result()[0] == Point(5)

if "early" in sys.argv:  # while the child imports the script
    check_all()
if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context(sys.argv[1])) as processes:
        processes.submit(check_all).result()
"""


def read(name: str) -> bytes:
    block = SharedMemory(name)
    data = bytes(block.buf[:3])
    block.close()
    return data


def create() -> str:
    block = SharedMemory(create=True, size=3)
    block.buf[:3] = b"abc"
    block.close()
    return str(block.name)


def tracker() -> tuple[int, int | None]:
    """Return the descriptor of the tracker, and the process of one that was started here."""
    resource_tracker.ensure_running()
    return resource_tracker.getfd(), resource_tracker._resource_tracker._pid


def test_one_tracker(interpreter: atoll.Interpreter) -> None:
    """Interpreters use main's resource tracker; they start none."""
    assert tracker()[1] is not None
    assert interpreter.call(tracker) == (tracker()[0], None)


def test_descriptor(interpreter: atoll.Interpreter) -> None:
    """Who reads the tracker's descriptor there, as loky does, finds main's; stopping it does nothing."""
    resource_tracker.ensure_running()

    def there() -> int | None:
        resource_tracker._resource_tracker._stop()
        return resource_tracker._resource_tracker._fd

    assert interpreter.call(there) == resource_tracker.getfd()
    os.fstat(resource_tracker.getfd())


def compute_elsewhere(numbers: tuple[int, ...]) -> list[int]:
    """Have processes do it that are started as the interpreter's `multiprocessing` does unasked."""
    with multiprocessing.Pool(1) as pool:
        return pool.map(abs, numbers)


def test_processes_of_an_interpreter(interpreter: atoll.Interpreter) -> None:
    """An interpreter starts processes without being told how: it cannot fork."""
    assert list(interpreter.call(compute_elsewhere, (-1, 2))) == [1, 2]


def test_shared_memory_outlives_users() -> None:
    """A block that an interpreter has used is there when that is closed."""
    block = SharedMemory(create=True, size=3)
    block.buf[:3] = b"abc"
    with atoll.Interpreter() as interpreter:
        assert interpreter.call(read, block.name) == b"abc"
    assert read(block.name) == b"abc"
    block.close()
    block.unlink()


def test_shared_memory_outlives_its_maker() -> None:
    """A block is there, and can be destroyed, when the interpreter that made it is closed."""
    with atoll.Interpreter() as interpreter:
        name = interpreter.call(create)
    assert read(name) == b"abc"
    block = SharedMemory(name)
    block.close()
    block.unlink()


def test_key(interpreter: atoll.Interpreter) -> None:
    """The key for connections is the process's, also one that is set later, wherever it is set."""
    before = process.current_process().authkey
    is_alike = lambda key: process.current_process().authkey == key  # noqa: E731
    assert interpreter.call(is_alike, bytes(before))
    process.current_process().authkey = b"set in main"
    assert interpreter.call(is_alike, b"set in main")
    interpreter.exec("""
from multiprocessing import process
process.current_process().authkey = b"set there"
assert type(process.current_process().authkey) is process.AuthenticationString
""")
    assert process.current_process().authkey == b"set there"
    process.current_process().authkey = before


@pytest.mark.parametrize(
    "arguments", [("spawn",), ("forkserver",), ("spawn", "early")], ids=" ".join
)
def test_script_of_a_child(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """What a script defines crosses in a process that multiprocessing starts as in the first one."""
    script = tmp_path / "script.py"
    script.write_text(OF_SCRIPT)
    subprocess.run(
        [sys.executable, script, *arguments], env=environment(), check=True, timeout=limit(30)
    )
