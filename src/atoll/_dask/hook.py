"""Where tasks of distributed's workers are taken over: a private function of theirs.

There is no public place. The function is called by a worker's thread with a task, and does all
that is to be done about it, but for the context that it runs in.
"""

from __future__ import annotations

import inspect
from functools import wraps
from importlib.metadata import version

from distributed import threadpoolexecutor, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NAME, _PARAMETERS = "_run_task_simple", ["task", "data", "time_delay"]


def install(runner: Callable[[object, Any], Callable[[Any], Any]]) -> None:
    """Have `runner(executor, task)` say what is called in place of each task.

    Raises:
        RuntimeError: If this distributed has no such function.
    """
    original = getattr(worker, _NAME, None)
    if getattr(original, "_is_of_atoll", False):
        return
    if original is None or list(inspect.signature(original).parameters) != _PARAMETERS:
        raise RuntimeError(
            f"atoll.dask does not know distributed {version('distributed')}: it has no "
            f"distributed.worker.{_NAME}({', '.join(_PARAMETERS)}); 2024.11 to 2026.8 have it"
        )

    @wraps(original)  # executors of processes pickle it by name
    def run_task(task: Any, data: Any, time_delay: float) -> Any:
        executor = getattr(threadpoolexecutor.thread_state, "executor", None)
        return original(runner(executor, task), data, time_delay)

    run_task._is_of_atoll = True  # type: ignore[attr-defined]
    setattr(worker, _NAME, run_task)
