"""`Executor`: the threads of a worker of distributed, whose tasks run in interpreters."""

from __future__ import annotations

import asyncio
import threading
from functools import partial, wraps

from distributed import Reschedule, WorkerPlugin, get_worker
from distributed.threadpoolexecutor import ThreadPoolExecutor

from .._executor.call import Call
from .._executor.tasks import dump
from .._interpreter import standby
from .._transfer.errors import InterpreterClosedError
from . import hook, inside
from .errors import add_frames
from .lending import Interpreters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._interpreter.interpreter import Interpreter

# The names of most tasks of P2P shuffles, which are run in main at once.
_OF_SHUFFLES = b"distributed.shuffle"


class InterpreterThreadPoolExecutor(ThreadPoolExecutor):  # type: ignore[misc, unused-ignore]
    """Threads for `distributed.Worker(executor=)`, each with an interpreter for its tasks.

    A thread is distributed's own, and so is all that it knows of a task: `get_worker`, `secede`
    and the profiler work. Only the call itself crosses, on that thread. A task that is cancelled
    is interrupted. Actors and the tasks of P2P shuffles run in main.

    What crosses: the task, its data and its result by value, as with `InterpreterPoolExecutor`.

    distributed tells thread pools from others by this class's name.

    Args:
        max_workers: How many threads; the worker's `nthreads`.
        thread_name_prefix: What the names of threads begin with.
        imports: Full names of modules that each new interpreter imports first.

    Raises:
        RuntimeError: If this distributed has no place where tasks can be taken over.
        ValueError, TypeError: If max_workers is not a positive int, or imports are not names.
        ModuleNotFoundError: If there is no module of a name in imports.

    Threads: any. An Executor is for one worker.

    Example:
        >>> Worker(scheduler, nthreads=4, executor=atoll.dask.Executor(4))
    """

    def __init__(
        self,
        max_workers: int,
        *,
        thread_name_prefix: str = "atoll-dask",
        imports: Iterable[str] = (),
    ) -> None:
        hook.install(self._runner)
        super().__init__(max_workers, thread_name_prefix=thread_name_prefix)
        self._interpreters = Interpreters(standby.checked_names(imports))
        self._calls: dict[Any, _TaskCall] = {}  # key of a task -> its call, while it runs
        self._worker: Any = None
        self._first = threading.Lock()

    @staticmethod
    def _runner(executor: object, task: Any) -> Callable[[Any], Any]:
        """Return what is to be called in place of a task on a thread of that executor."""
        if not isinstance(executor, InterpreterThreadPoolExecutor):
            return task  # type: ignore[no-any-return]
        return partial(executor._run, task)  # in C: it has no frame in a traceback

    def _run(self, task: Any, data: dict[Any, Any]) -> Any:
        worker, key = get_worker(), inside.thread_state("key")
        self._serve(worker)
        state = worker.state.tasks.get(key)
        if key in worker.state.actors:
            return task(data)
        dumped = dump(task)
        if _OF_SHUFFLES in dumped[0]:
            return task(data)
        call = _TaskCall("atoll._executor.tasks:call", (dumped, data))
        self._calls[key] = call
        try:
            if state is not None and state.state == "cancelled":
                raise Reschedule
            with self._interpreters.lend(worker) as interpreter:
                return call.run(interpreter)
        except inside.OnlyInMain:
            return task(data)
        except BaseException as error:
            if call.is_cancelled:
                # Nobody waits, or the task is wanted again by now.
                raise Reschedule from None
            add_frames(error)
            raise
        finally:
            self._calls.pop(key, None)

    def _serve(self, worker: Any) -> None:
        """Note whose tasks these are, and hear of those that are cancelled."""
        with self._first:
            if self._worker is worker:
                return
            if self._worker is not None:
                raise RuntimeError(
                    f"this Executor runs the tasks of {self._worker}: give each Worker its own "
                    "[docs: how-to/dask]"
                )
            self._worker = worker
        worker.loop.add_callback(worker.plugin_add, _Following(self), "atoll")

    def cancel(self, key: Any) -> None:
        """Interrupt the call of a task, if it runs."""
        call = self._calls.get(key)
        if call is not None:
            call.cancel()

    def renew(self) -> None:
        """Run the tasks that begin from now on in new interpreters."""
        self._interpreters.renew()

    def shutdown(self, wait: bool = True, timeout: float | None = None) -> None:
        """End the threads, and close the interpreters; what still runs then is interrupted.

        Args:
            wait: Wait for what runs.
            timeout: How many seconds; None: without end.
        """
        super().shutdown(wait=wait, timeout=timeout)
        for call in list(self._calls.values()):
            call.cancel()
        self._interpreters.end()


class _TaskCall(Call):
    is_cancelled = False

    def run(self, interpreter: Interpreter) -> Any:
        """Make the call; if others have closed the interpreter, it is a worker that is lost."""
        try:
            return super().run(interpreter)
        except InterpreterClosedError:
            if not interpreter.is_closed:
                raise
            raise Reschedule from None  # distributed tries it again

    def cancel(self) -> None:
        self.is_cancelled = True
        self.stop(SystemExit())


class _Following(WorkerPlugin):  # type: ignore[misc, unused-ignore]
    """A plugin of the worker: tells of tasks that are cancelled, and of modules that come anew."""

    def __init__(self, executor: InterpreterThreadPoolExecutor) -> None:
        self._executor = executor

    def setup(self, worker: Any) -> None:
        upload = worker.upload_file

        @wraps(upload)
        async def upload_file(*args: Any, **kwargs: Any) -> Any:
            response = await upload(*args, **kwargs)  # imports it in main
            await asyncio.to_thread(self._executor.renew)
            return response

        worker.upload_file = upload_file

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        if finish == "released":  # of what still runs, the worker's state is then "cancelled"
            self._executor.cancel(key)
