"""Many interpreters in one process, each with its own GIL, and proxies between them.

import atoll

with atoll.Interpreter() as worker:
    numbers = worker.eval("[3, 1, 2]")   # a Proxy: the list stays where it is
    numbers.sort()                       # runs there, on this thread
    print(atoll.copy(numbers))           # [1, 2, 3], a list here
"""

import sys

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
    from ._buffer import Buffer
    from ._buffer_statistics import BufferStatistics
    from ._core import AtomicInt, Proxy, Statistics
    from ._deadline import timeout
    from ._errors import (
        AtollError,
        BaseRemoteError,
        DeadlineExceeded,
        ExtensionWarning,
        InterpreterClosedError,
        RemoteError,
        RemoteTraceback,
    )
    from ._executor import InterpreterPoolExecutor
    from ._interpreter import Interpreter, checkpoint, current, interpreters, main
    from ._queue import LifoQueue, PriorityQueue, Queue
    from ._references import is_proxy, owner, ref, restrict, type_of
    from ._share import ShareStatistics, frozendict, is_shared, share
    from ._thread import Thread
    from ._threads import threads
    from ._traceback import dump_traceback, watchdog
    from ._values import copy, register_value_type
    from ._warm import prewarm

# Found when first asked for: each interpreter imports this module, few need all of it.
_PLACES = {
    "AtollError": "_errors",
    "AtomicInt": "_core",
    "BaseRemoteError": "_errors",
    "Buffer": "_buffer",
    "BufferStatistics": "_buffer_statistics",
    "DeadlineExceeded": "_errors",
    "ExtensionWarning": "_errors",
    "Interpreter": "_interpreter",
    "InterpreterClosedError": "_errors",
    "InterpreterPoolExecutor": "_executor",
    "LifoQueue": "_queue",
    "PriorityQueue": "_queue",
    "Proxy": "_core",
    "Queue": "_queue",
    "RemoteError": "_errors",
    "RemoteTraceback": "_errors",
    "ShareStatistics": "_share",
    "Statistics": "_core",
    "Thread": "_thread",
    "checkpoint": "_interpreter",
    "copy": "_values",
    "current": "_interpreter",
    "dump_traceback": "_traceback",
    "frozendict": "_share",
    "interpreters": "_interpreter",
    "is_proxy": "_references",
    "is_shared": "_share",
    "main": "_interpreter",
    "owner": "_references",
    "prewarm": "_warm",
    "ref": "_references",
    "register_value_type": "_values",
    "restrict": "_references",
    "share": "_share",
    "threads": "_threads",
    "timeout": "_deadline",
    "type_of": "_references",
    "watchdog": "_traceback",
}

# Modules are attributes too, yet not in __all__: `gc` is also one of the standard library.
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
    "interpreters",
    "is_proxy",
    "is_shared",
    "main",
    "owner",
    "prewarm",
    "ref",
    "register_value_type",
    "restrict",
    "share",
    "threads",
    "timeout",
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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
