"""Many interpreters in one process, each with its own GIL, and proxies between them.

import atoll

with atoll.Interpreter() as worker:
    numbers = worker.eval("[3, 1, 2]")   # a Proxy: the list stays where it is
    numbers.sort()                       # runs there, on this thread
    print(atoll.copy(numbers))           # [1, 2, 3], a list here
"""

from . import _supported  # first: says so where the core cannot be loaded
from ._core import Proxy, Statistics
from ._errors import AtollError, InterpreterClosedError, RemoteError, RemoteTraceback
from ._interpreter import (
    Interpreter,
    checkpoint,
    current,
    interpreters,
    main,
)
from ._references import is_proxy, owner, ref, restrict, type_of
from ._threads import threads
from ._values import copy, register_value_type

__version__ = _supported.VERSION

__all__ = [
    "AtollError",
    "Interpreter",
    "InterpreterClosedError",
    "Proxy",
    "RemoteError",
    "RemoteTraceback",
    "Statistics",
    "checkpoint",
    "copy",
    "current",
    "interpreters",
    "is_proxy",
    "main",
    "owner",
    "ref",
    "register_value_type",
    "restrict",
    "threads",
    "type_of",
]
