"""What watches threads, by `threading` or `sys.monitoring`, also watches visitors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import atoll

WATCH = """
import sys, threading
seen = []

def watch(frame, event, arg):
    if event == "call":
        seen.append(frame.f_code.co_name)

def work():
    return threading.get_ident()
"""


def call_in_thread(function: Callable[[], Any]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.parametrize("tool", ["settrace", "setprofile"])
def test_visitors_are_watched(interpreter: atoll.Interpreter, tool: str) -> None:
    """A thread that visits for the first time is watched as one that was started there."""
    interpreter.exec(WATCH)
    work, seen = interpreter.eval("work"), interpreter.eval("seen")
    interpreter.exec(f"threading.{tool}(watch)")
    work()  # this thread was there before
    assert "work" not in seen
    call_in_thread(work)
    assert seen.count("work") == 1
    interpreter.exec(f"threading.{tool}(None)")
    seen.clear()
    call_in_thread(work)
    assert "work" not in seen


def test_many_visitors_at_once(interpreter: atoll.Interpreter) -> None:
    """Each of many threads that come at the same time is watched."""
    interpreter.exec(WATCH)
    work, seen = interpreter.eval("work"), interpreter.eval("seen")
    interpreter.exec("threading.settrace(watch)")
    together = threading.Barrier(8)

    def come() -> None:
        together.wait()
        work()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert seen.count("work") == 8


def test_monitoring(interpreter: atoll.Interpreter) -> None:
    """A tool of `sys.monitoring` sees what any thread runs in its interpreter, and nothing else."""
    interpreter.exec(WATCH)
    work, seen = interpreter.eval("work"), interpreter.eval("seen")
    monitoring = interpreter.eval("sys.monitoring")
    started = monitoring.events.PY_START
    interpreter.exec(
        "sys.monitoring.use_tool_id(3, 'test')\n"
        "sys.monitoring.register_callback(\n"
        "    3, sys.monitoring.events.PY_START, lambda code, at: seen.append(code.co_name)\n"
        ")"
    )
    monitoring.set_events(3, started)
    work()
    call_in_thread(work)
    call_in_thread(lambda: None)
    monitoring.set_events(3, 0)
    assert list(seen) == ["work", "work"]
