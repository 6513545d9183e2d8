"""The same without atoll: does CPython end the process itself when the n-th allocation fails there?

    python tests/faults/control.py HOOK FUNCTION NUMBERS

Dies, if CPython does for any of the numbers up to that.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Callable

library = ctypes.PyDLL(sys.argv[1])
for each in (library.hook_run, library.hook_make_type, library.hook_make_interpreter):
    each.restype = ctypes.py_object
library.hook_run.argtypes = [
    ctypes.py_object, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.POINTER(ctypes.c_long),
]  # fmt: skip


# CPython keeps the memory of small tuples; now it has none left.
KEPT = [(each, each) for each in range(10_000)]


def make_function() -> object:
    return lambda: None


def make_iterators() -> object:
    items = {"key": "value"}.items()
    return list(map(iter, [items] * 50))


def iterate(depth: int = 50) -> None:
    for _ in {"key": "value"}.items():
        if depth:
            iterate(depth - 1)


BODY = compile(
    """
class One:
    def __init__(self, a, b): self.a = a
    def method(self): return self.a
    __repr__ = method
class Two(One):
    __slots__ = ("c", "d")
    one = two = three = None
    def __getattr__(self, name): return name
class Three(Two, metaclass=type("Meta", (type,), {})):
    def method(self): return super().method()
""",
    "body",
    "exec",
)


def execute_body() -> None:
    exec(BODY, {"__name__": "body"})


def raise_error(depth: int = 3) -> None:
    if depth:
        raise_error(depth - 1)
    raise LookupError


def raise_and_catch() -> None:
    with contextlib.suppress(LookupError):
        raise_error()


FUNCTIONS: dict[str, Callable[[], object]] = {
    "PyFunction_NewWithQualName": make_function,
    "PyObject_GetIter": make_iterators,
    "_PyEval_GetIter": iterate,
    "PyEval_EvalCode": execute_body,
    "PyType_FromModuleAndSpec": library.hook_make_type,
    "Py_NewInterpreterFromConfig": library.hook_make_interpreter,
    "traceback": raise_and_catch,
}

function = FUNCTIONS[sys.argv[2]]
library.hook_install(b"")
seen = ctypes.c_long(0)
for number in range(1, int(sys.argv[3])):
    try:
        library.hook_run(function, 1, number, 0, ctypes.byref(seen))
    except MemoryError:
        pass
    except SystemError as error:
        print(error)
