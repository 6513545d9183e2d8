"""Starts the interpreters of a server, replaces those that end, and stops all of them.

All of it happens on one thread, which waits for events: those of workers, "restart" and "stop".
"""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from traceback import format_exception

from .._queue.queue import Queue
from .errors import AppNotFoundError, StartupError
from .logs import logger
from .worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Event = tuple[str, int]  # and the worker's id, or 0

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
"""Seconds before an interpreter is made again that has died; doubled each time."""
HEALTHY = 10.0
"""Seconds after which an interpreter that dies is replaced as if it were the first time."""


@dataclass
class Place:
    """One of the N interpreters, and who takes or leaves its place."""

    name: str
    worker: Worker | None = None  # serves, or will
    successor: Worker | None = None  # starts, and will take its place
    predecessor: Worker | None = None  # finishes its last requests
    failures: int = 0
    retry_at: float | None = None

    def workers(self) -> Iterator[Worker]:
        return filter(None, (self.worker, self.successor, self.predecessor))

    @property
    def is_changing(self) -> bool:
        return bool(self.successor or self.predecessor)

    @property
    def is_new(self) -> bool:
        return not (self.worker or self.successor or self.failures)

    @property
    def serves(self) -> bool:
        return self.worker is not None and self.worker.started_at is not None


class Supervisor:
    """The interpreters of a server.

    Args:
        names: Of the interpreters.
        make_worker: Starts one, from its name and the queue of events.
        reloads: Restart all at once, and at once; and wait for a restart, instead of giving up, if
            the application does not start.
        on_ready: Called once, when all have started.
        on_stop: Called when they are told to stop.
    """

    def __init__(
        self,
        names: list[str],
        make_worker: Callable[[str, Queue[Event]], Worker],
        reloads: bool,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self.error: Exception | None = None  # why it could not start
        self.places = [Place(name) for name in names]
        self._events: Queue[Event] = Queue()
        self._make_worker = make_worker
        self._reloads = reloads
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._has_started = self._is_ready = self._is_stopping = False
        self._to_restart: list[Place] = []

    def tell(self, event: str) -> None:
        """Ask to "restart" or to "stop". Threads: any; also from handlers of signals."""
        self._events.put((event, 0))

    def run(self) -> None:
        """Serve until it is told to stop, or the application cannot start."""
        self._start(self.places[0])  # alone: if it cannot start, nothing else is tried
        while not self._is_stopping or any(self._workers()):
            try:
                event, id = self._events.get(timeout=self._time_left())
            except queue.Empty:
                self._look_at_the_clock()
            else:
                self._handle(event, id)

    def _handle(self, event: str, id: int) -> None:
        match event:
            case "stop":
                self._stop()
            case "restart" if not self._is_stopping:
                self._to_restart = [*self.places]
                self._restart_next()
            case "started" | "ended":
                found = [(place, each) for place in self.places for each in place.workers()]
                for place, worker in found:
                    if worker.id == id:
                        (self._started if event == "started" else self._ended)(place, worker)

    def _workers(self) -> Iterator[Worker]:
        return (worker for place in self.places for worker in place.workers())

    # ---- the clock ----

    def _time_left(self) -> float | None:
        times = [each.deadline for each in self._workers()] + [
            each.retry_at for each in self.places
        ]
        next_time = min((each for each in times if each is not None), default=None)
        return None if next_time is None else max(next_time - time.monotonic(), 0.0)

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        for place in self.places:
            if place.retry_at is not None and place.retry_at <= now:
                self._start(place)
            for worker in place.workers():
                is_due = worker.deadline is not None and worker.deadline <= now
                if is_due and not worker.press():
                    self._ended(place, worker)

    # ---- what happens to a worker ----

    def _start(self, place: Place) -> None:
        place.retry_at = None
        place.worker = self._make_worker(place.name, self._events)

    def _started(self, place: Place, worker: Worker) -> None:
        worker.started_at = time.monotonic()
        self._has_started = True
        if self._is_stopping:
            return
        if worker is place.successor:
            place.successor, place.predecessor, place.worker = None, place.worker, worker
            if place.predecessor is None:
                self._restart_next()
            else:
                place.predecessor.order("stop" if self._reloads else "drain")
        for each in self.places:  # the others, after the first
            if each.is_new:
                self._start(each)
        if not self._is_ready and all(each.serves for each in self.places):
            self._is_ready = True
            self._on_ready()

    def _ended(self, place: Place, worker: Worker) -> None:
        if worker is place.predecessor:
            place.predecessor = None
            self._restart_next()
            return
        if worker is place.successor:
            place.successor = None
            if not self._reloads:  # else what has changed since may be right
                self._to_restart.clear()
        else:
            place.worker = None
        if self._is_stopping:
            return
        if place.worker is not None:
            _log_error("%s could not be replaced, and serves as before", place.name, worker.error)
        elif place.successor is None:
            self._died(place, worker)
        self._restart_next()

    def _died(self, place: Place, worker: Worker) -> None:
        if worker.started_at is None:
            if not self._has_started and not self._reloads:
                self._give_up(worker.error)
                return
        elif worker.error is None:  # it has served all requests that it may
            self._start(place)
            return
        elif time.monotonic() - worker.started_at > HEALTHY:
            place.failures = 0
        self._retry_later(place, worker)

    def _retry_later(self, place: Place, worker: Worker) -> None:
        place.failures += 1
        if self._reloads and worker.started_at is None:
            _log_error("%s waits for a change", place.name, worker.error)
            return
        delay = min(FIRST_DELAY * 2 ** (place.failures - 1), LONGEST_DELAY)
        place.retry_at = time.monotonic() + delay
        _log_error(f"%s died, and is replaced in {delay:g} s", place.name, worker.error)

    def _give_up(self, error: BaseException | None) -> None:
        if isinstance(error, (AppNotFoundError, ModuleNotFoundError)):
            self.error = error
        else:
            self.error = StartupError("the application did not start")
            if not isinstance(error, SystemExit):  # else uvicorn has logged it
                self.error.__cause__ = error
        self._stop()

    # ---- all of them ----

    def _restart_next(self) -> None:
        """Begin with the next to restart, unless one is being restarted; to reload, with all."""
        for place in [*self._to_restart]:
            if any(each.is_changing for each in ([place] if self._reloads else self.places)):
                continue
            self._to_restart.remove(place)
            place.failures = 0
            if place.worker is None:
                self._start(place)
            else:
                place.successor = self._make_worker(place.name, self._events)

    def _stop(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        self._to_restart.clear()
        self._on_stop()
        for place in self.places:
            place.retry_at = None
        for worker in self._workers():
            worker.order("stop")


def _log_error(message: str, name: str, error: BaseException | None) -> None:
    """Log why something happened to an interpreter."""
    if error is None or isinstance(error, (SystemExit, AppNotFoundError)):
        logger.error(f"{message}: %s", name, _reason(error))
    else:
        logger.error(f"{message}:\n%s", name, "".join(format_exception(error)).rstrip())


def _reason(error: BaseException | None) -> str:
    if isinstance(error, SystemExit):
        return "it has exited" if error.code is None else f"it has exited with {error.code!r}"
    return str(error or "it has ended")
