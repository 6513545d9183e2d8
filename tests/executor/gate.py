"""Calls that last as long as a test wants."""

from __future__ import annotations

import threading

import atoll


class Gate:
    """A function, `work`, that says that it has begun, waits to be let go, and returns."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Event()
        gate = self

        def wait() -> None:
            gate.begun.release()
            gate.go.wait()

        self.work = atoll.ref(wait)
