"""Pickling the arguments and results of an executor's tasks. Called by the core.

The core copies plain values itself; all others come here. Proxies, handles and what `ref` and
`copy` mark are not part of the pickle: the core sends them beside it.
"""

from __future__ import annotations

import sys

from .. import _core
from .._interpreter.running import call_object
from .._transfer import pickles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._transfer.outlines import Captured
    from .._transfer.pickles import Dumped


def is_reference(obj: object) -> bool:
    """Tell whether an object never goes by value: a Proxy, a handle, an executor, a ref()."""
    executors = sys.modules.get("atoll._executor.executor")
    return _core.is_reference(obj) or (
        executors is not None and isinstance(obj, executors.InterpreterPoolExecutor)
    )


def dump(obj: object) -> Dumped:
    """Pickle a value.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: If it cannot be pickled.
    """
    from .._transfer import functions

    return functions.dump(obj, is_reference)


def dump_by_value(obj: object) -> Dumped:
    """Pickle a value with the functions and classes of `__main__` in it, and lambdas."""
    from .._transfer import functions

    return functions.dump_by_value(obj, is_reference)


load = pickles.load


def call(dumped: Dumped, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function that came by value, with references beside the pickle."""
    return call_object(load(dumped), *args, **kwargs)


# ---- exceptions ----


def capture(exception: BaseException) -> Captured:
    """Take an exception apart (_transfer.outlines), with its arguments by value.

    So they outlive the interpreter. An argument that cannot be pickled goes by reference.
    """
    from .._transfer import outlines

    return outlines.capture(exception, _copied)


def _copied(value: object) -> object:
    if isinstance(value, (str, int, float, bytes, type(None))) or is_reference(value):
        return value
    try:
        dumped = dump(value)
    except Exception:  # pickling runs user code
        return value
    return value if any(map(is_reference, dumped[1])) else _core.mark(value, True)
