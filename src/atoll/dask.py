"""dask's tasks in interpreters: `atoll.dask` makes a worker of distributed use them.

    dask worker --nthreads 4 --preload atoll.dask ADDRESS

One worker process a node, an interpreter for each of its threads. dask without distributed needs
nothing of this: `dask.config.set(pool=atoll.InterpreterPoolExecutor(4))`.
"""

from __future__ import annotations

try:
    import distributed

    from ._dask.executor import InterpreterThreadPoolExecutor as Executor
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"dask", "distributed", "tblib"}:
        raise
    raise ModuleNotFoundError(
        "atoll.dask needs dask and distributed: pip install 'atoll[dask]'", name=error.name
    ) from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Executor", "dask_setup"]


def dask_setup(worker: Any) -> None:
    """Have a worker run its tasks in interpreters; called by distributed for `--preload`.

    The threads that it had are its executor "threads": tasks that are to run in the main
    interpreter, as their results cannot be pickled, are annotated with
    `dask.annotate(executor="threads")`.

    Args:
        worker: A `distributed.Worker`. An Executor that it has already is left alone.

    Raises:
        TypeError: If it is something else: a scheduler, or a nanny.

    Threads: that of the worker's event loop.
    """
    if not isinstance(worker, distributed.Worker):
        raise TypeError(
            f"atoll.dask is for workers, not for a {type(worker).__name__}: "
            "dask worker --preload atoll.dask"
        )
    former = worker.executors["default"]
    if isinstance(former, Executor):
        return
    worker.executors["threads"] = former
    worker.executors["default"] = Executor(worker.state.nthreads)
