"""Many interpreters in one process, each with its own GIL, and proxies between them.

import atoll

with atoll.Interpreter() as worker:
    numbers = worker.eval("[3, 1, 2]")   # a Proxy: the list stays where it is
    numbers.sort()                       # runs there, on this thread
    print(atoll.copy(numbers))           # [1, 2, 3], a list here
"""

import sys
from _thread import _is_main_interpreter  # type: ignore[attr-defined]
from posix import getcwd as _getcwd

__version__ = "0.1.0"

if sys.implementation.name != "cpython" or sys.version_info < (3, 13) or "t" in sys.abiflags:
    raise ImportError(
        f"atoll {__version__} supports CPython 3.13, 3.14 and 3.15 with a GIL; this is "
        f"{'free-threaded ' if 't' in sys.abiflags else ''}{sys.implementation.name} "
        f"{'.'.join(map(str, sys.version_info[:3]))}"
    )

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import extensions as extensions
    from . import gc as gc
    from ._core import AtomicInt, Proxy, Statistics
    from ._executor.executor import InterpreterPoolExecutor
    from ._interpreter.deadline import timeout
    from ._interpreter.interpreter import (
        Interpreter,
        checkpoint,
        current,
        interpreters,
        main,
        owner,
    )
    from ._interpreter.standby import prewarm
    from ._interpreter.threads import threads
    from ._memory.buffer import Buffer
    from ._memory.statistics import BufferStatistics
    from ._modules.headers import get_include
    from ._monitor.monitor import Monitor, monitor
    from ._pool.pool import Pool
    from ._queue.queue import LifoQueue, PriorityQueue, Queue
    from ._share.share import ShareStatistics, frozendict, is_shared, share
    from ._thread.thread import Thread
    from ._trace.metrics import metrics
    from ._trace.recording import trace
    from ._traceback.traceback import dump_traceback, watchdog
    from ._transfer.errors import (
        AtollError,
        BaseRemoteError,
        DeadlineExceeded,
        ExtensionWarning,
        InterpreterClosedError,
        RemoteError,
        RemoteTraceback,
    )
    from ._transfer.references import is_proxy, ref, restrict, type_of
    from ._transfer.value_types import register_value_type
    from ._transfer.values import copy

try:
    _start_folder = _getcwd()  # what "" on `sys.path` means in other interpreters, as for processes
except OSError:  # it was removed
    _start_folder = ""

if _is_main_interpreter():
    __import__("threading")  # before Python ends: then it tells that exit handlers are being run

# Imported at first use: each interpreter imports this module, and few need all of it.
_PLACES = {
    "AtollError": "_transfer.errors",
    "AtomicInt": "_core",
    "BaseRemoteError": "_transfer.errors",
    "Buffer": "_memory.buffer",
    "BufferStatistics": "_memory.statistics",
    "DeadlineExceeded": "_transfer.errors",
    "ExtensionWarning": "_transfer.errors",
    "Interpreter": "_interpreter.interpreter",
    "InterpreterClosedError": "_transfer.errors",
    "InterpreterPoolExecutor": "_executor.executor",
    "LifoQueue": "_queue.queue",
    "Monitor": "_monitor.monitor",
    "Pool": "_pool.pool",
    "PriorityQueue": "_queue.queue",
    "Proxy": "_core",
    "Queue": "_queue.queue",
    "RemoteError": "_transfer.errors",
    "RemoteTraceback": "_transfer.errors",
    "ShareStatistics": "_share.share",
    "Statistics": "_core",
    "Thread": "_thread.thread",
    "checkpoint": "_interpreter.interpreter",
    "copy": "_transfer.values",
    "current": "_interpreter.interpreter",
    "dump_traceback": "_traceback.traceback",
    "frozendict": "_share.share",
    "get_include": "_modules.headers",
    "interpreters": "_interpreter.interpreter",
    "is_proxy": "_transfer.references",
    "is_shared": "_share.share",
    "main": "_interpreter.interpreter",
    "metrics": "_trace.metrics",
    "monitor": "_monitor.monitor",
    "owner": "_interpreter.interpreter",
    "prewarm": "_interpreter.standby",
    "ref": "_transfer.references",
    "register_value_type": "_transfer.value_types",
    "restrict": "_transfer.references",
    "share": "_share.share",
    "threads": "_interpreter.threads",
    "timeout": "_interpreter.deadline",
    "trace": "_trace.recording",
    "type_of": "_transfer.references",
    "watchdog": "_traceback.traceback",
}

# Modules are attributes too, but not in __all__: `gc` is also a module of the standard library.
_MODULES = frozenset({"extensions", "gc"})

__all__ = [
    "AtollError",
    "AtomicInt",
    "BaseRemoteError",
    "Buffer",
    "BufferStatistics",
    "DeadlineExceeded",
    "ExtensionWarning",
    "Interpreter",
    "InterpreterClosedError",
    "InterpreterPoolExecutor",
    "LifoQueue",
    "Monitor",
    "Pool",
    "PriorityQueue",
    "Proxy",
    "Queue",
    "RemoteError",
    "RemoteTraceback",
    "ShareStatistics",
    "Statistics",
    "Thread",
    "checkpoint",
    "copy",
    "current",
    "dump_traceback",
    "frozendict",
    "get_include",
    "interpreters",
    "is_proxy",
    "is_shared",
    "main",
    "metrics",
    "monitor",
    "owner",
    "prewarm",
    "ref",
    "register_value_type",
    "restrict",
    "share",
    "threads",
    "timeout",
    "trace",
    "type_of",
    "watchdog",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return __import__(f"{__name__}.{name}", fromlist=[name])
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{_PLACES[name]}", fromlist=[name])
    value = globals()[name] = getattr(module, name)
    return value


def _bind_loaded() -> None:
    """Bind what loaded modules have: soon nothing can be imported; called by the core."""
    for name in _PLACES.keys() - globals().keys():
        if f"{__name__}.{_PLACES[name]}" in sys.modules:
            __getattr__(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if _is_main_interpreter() and "ATOLL_MONITOR" in __import__("os").environ:
    __import__("atoll._monitor.monitor", fromlist=["monitor"]).obey_variable()
if _is_main_interpreter() and "ATOLL_TRACE" in __import__("os").environ:
    __import__("atoll._trace.recording", fromlist=["trace"]).obey_variable()
