"""A thread ends while the process closes all interpreters: its own is closed too, not hidden and left."""

from __future__ import annotations

import threading
from typing import Any

import atoll


def wait(entered: Any, leave: Any) -> None:
    entered.set()
    leave.wait()


def end_at_exit(leave: Any, thread: Any) -> None:
    def end() -> None:
        leave.set()
        thread.join()  # from here on nobody needs the thread's interpreter

    import atexit

    atexit.register(end)


if __name__ == "__main__":
    entered, leave = threading.Event(), threading.Event()
    thread = atoll.Thread(target=wait, args=(entered, leave), daemon=True)
    thread.start()
    entered.wait()
    atoll.Interpreter("closed before").call(end_at_exit, leave, thread)
