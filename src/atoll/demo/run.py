"""Runs the job twice, in many interpreters and in one, and times both.

Both passes start alike: the interpreters exist, their modules are imported, and the files have
been read once, so that the page cache has them.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import NamedTuple

from atoll import Interpreter
from atoll.demo.files import Failure, SourceFile, Sources
from atoll.demo.index import Index
from atoll.demo.measure import Measurement
from atoll.demo.worker import prepare, work

REFRESH_SECONDS = 0.1
"""How often the progress is asked for."""


class Progress(NamedTuple):
    """How far a pass is: the number of its interpreters, of finished files, and of their bytes."""

    interpreters: int
    files: int
    size: int


type Watcher = Callable[[Progress], None]
"""Called with the progress, in the thread that runs the job."""


class MeasuredFile(NamedTuple):
    """A file's name below the root, and what it holds."""

    name: str
    measurement: Measurement


class Span(NamedTuple):
    """Which worker had a file, and from when to when, in seconds after the start of the pass."""

    worker: int
    started: float
    ended: float


@dataclass(frozen=True)
class Pass:
    """The whole job, done once."""

    interpreters: int
    seconds: float
    cpu_seconds: float
    crossings: int
    measured: tuple[MeasuredFile, ...]
    failures: tuple[Failure, ...]
    spans: tuple[Span, ...]

    @property
    def busy_cpus(self) -> float:
        """How many CPUs the process had on average: fewer if others wanted them too."""
        return self.cpu_seconds / self.seconds

    def found_the_same(self, other: "Pass") -> bool:
        """Tell whether two passes have equal results, however long they took."""
        return (self.measured, self.failures) == (other.measured, other.failures)


@dataclass(frozen=True)
class Comparison:
    """The job done in many interpreters, and again in one."""

    sources: Sources
    parallel: Pass
    single: Pass

    @property
    def speed_up(self) -> float:
        """How many times faster many interpreters were than one."""
        return self.single.seconds / self.parallel.seconds

    @property
    def is_consistent(self) -> bool:
        """Whether both passes have equal results."""
        return self.parallel.found_the_same(self.single)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What could not be measured: folders that could not be read, and files."""
        return self.sources.unreadable + self.parallel.failures


def compare(sources: Sources, interpreters: int, watch: Watcher) -> Comparison:
    """Do the job in so many interpreters, then in one."""
    _read_once(sources.files)
    parallel = _run_pass(sources, interpreters, watch)
    single = _run_pass(sources, 1, watch)
    return Comparison(sources, parallel, single)


def _read_once(files: Sequence[SourceFile]) -> None:
    """Bring the files into the page cache, so that neither pass waits for the disk."""
    for file in files:
        try:
            with open(file.path, "rb") as opened:
                opened.read()
        except OSError:
            continue  # the workers will report it


@dataclass(frozen=True)
class _Team:
    """The interpreter of the index, and those of the workers."""

    home: Interpreter
    workers: tuple[Interpreter, ...]

    def crossings(self) -> int:
        members = (self.home, *self.workers)
        return sum(member.statistics().crossings for member in members)


@contextmanager
def _team(size: int) -> Iterator[_Team]:
    with ExitStack() as stack:
        home = stack.enter_context(Interpreter(name="index"))
        names = [f"worker-{number}" for number in range(1, size + 1)]
        workers = tuple(stack.enter_context(Interpreter(name=name)) for name in names)
        for worker in workers:
            worker.call(prepare)
        yield _Team(home, workers)


def _run_pass(sources: Sources, size: int, watch: Watcher) -> Pass:
    with _team(size) as team:
        index: Index = team.home.call(
            Index, tuple((file.path, file.size) for file in sources.files)
        )
        crossings_before = team.crossings()
        cpu_started = process_time()
        started = perf_counter()
        _work_in_parallel(team.workers, index, watch)
        seconds = perf_counter() - started
        cpu_seconds = process_time() - cpu_started
        crossings = team.crossings() - crossings_before
        return Pass(
            interpreters=size,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            crossings=crossings,
            measured=tuple(
                MeasuredFile(sources.name_of(path), Measurement.from_plain(plain))
                for path, plain in index.measurements()
            ),
            failures=tuple(
                Failure(sources.name_of(path), reason) for path, reason in index.failures()
            ),
            spans=tuple(
                Span(worker, begin - started, end - started) for worker, begin, end in index.spans()
            ),
        )


def _work_in_parallel(workers: Sequence[Interpreter], index: Index, watch: Watcher) -> None:
    """Run every worker, each on a thread of its own, until all are done.

    Raises whatever a worker raises, and KeyboardInterrupt: after the others have stopped.
    """
    with ThreadPoolExecutor(len(workers), thread_name_prefix="atoll-demo") as threads:
        try:
            futures = [
                threads.submit(worker.call, work, index, number)
                for number, worker in enumerate(workers)
            ]
            _watch_until_done(futures, lambda: watch(Progress(len(workers), *index.finished())))
        except BaseException:
            index.stop()
            raise


def _watch_until_done(futures: Sequence[Future[None]], refresh: Callable[[], None]) -> None:
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=REFRESH_SECONDS, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
        refresh()
