"""What `multiprocessing` has once a process is main's, in all interpreters."""

from __future__ import annotations

from multiprocessing import process, resource_tracker
from multiprocessing.shared_memory import SharedMemory

import atoll


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
