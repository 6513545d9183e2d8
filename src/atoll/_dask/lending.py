"""The interpreters of an Executor: as many as tasks have run in at a time."""

from __future__ import annotations

import contextlib
import threading
from contextlib import contextmanager
from itertools import count

from .._interpreter.interpreter import Interpreter
from . import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_numbers = count()


class Interpreters:
    """Lends interpreters to threads: each gets the one that it had before, if that is free.

    One that is closed, or ran out of memory, is not lent again.

    Args:
        imports: Names of modules that each imports first.
    """

    def __init__(self, imports: tuple[str, ...]) -> None:
        self._imports = imports
        self._lock = threading.Lock()  # guards the next three
        self._free: list[Interpreter] = []
        self._renewals = 0
        self._is_ended = False
        self._latest = threading.local()

    @contextmanager
    def lend(self, worker: Any) -> Iterator[Interpreter]:
        """Lend one for a block; make it if none is free, for tasks of that worker.

        Raises:
            RuntimeError: If CPython cannot make one.
        """
        renewals = self._renewals
        interpreter = self._take() or self._make(worker)
        self._latest.interpreter = interpreter
        is_sound = True
        try:
            yield interpreter
        except BaseException as error:
            # NumPy's MemoryErrors, of a class of their own, are of arrays that are too large.
            is_sound = type(error) is not MemoryError and not interpreter.is_closed
            raise
        finally:
            self._take_back(interpreter, is_sound, renewals)

    def _take(self) -> Interpreter | None:
        latest = getattr(self._latest, "interpreter", None)
        with self._lock:
            while self._free:
                found = latest if latest in self._free else self._free[-1]
                self._free.remove(found)
                if not found.is_closed:
                    return found
        return None

    def _make(self, worker: Any) -> Interpreter:
        # Preemptive, as the threads of a Client inside have to run while a task computes.
        made = Interpreter(f"dask-{next(_numbers)}", preemptive=True)
        try:
            inside.prepare_from_main(made, worker)
            for name in self._imports:
                made.import_module(name)
        except BaseException:
            _close(made)
            raise
        return made

    def _take_back(self, interpreter: Interpreter, is_sound: bool, renewals: int) -> None:
        with self._lock:
            is_kept = is_sound and not self._is_ended and renewals == self._renewals
            if is_kept:
                self._free.append(interpreter)
        if not is_kept:
            _close(interpreter)

    def renew(self) -> None:
        """Close those that are free now, and the others when they come back; lend new ones then."""
        with self._lock:
            self._renewals += 1
            free, self._free = self._free, []
        for each in free:
            _close(each)

    def end(self) -> None:
        """Close all, as `renew`; no other is kept."""
        with self._lock:
            self._is_ended = True
        self.renew()


def _close(interpreter: Interpreter) -> None:
    with contextlib.suppress(Exception):  # the client may have lost its scheduler
        interpreter.call(inside.finish)
    # If others are inside, they or the exit will close it.
    with contextlib.suppress(BufferError, RuntimeError):
        interpreter.close()
