"""What runs in each worker interpreter: take a path from the index, measure, store the result."""

import warnings
from time import perf_counter
from typing import TYPE_CHECKING

from atoll.demo.measure import measure

if TYPE_CHECKING:
    from atoll.demo.index import Index

UNMEASURABLE = (OSError, SyntaxError, ValueError, RecursionError, MemoryError)
"""What reading and parsing a file may raise; UnicodeDecodeError is a ValueError."""


def prepare() -> None:
    """Measure something small, so that the time of the first file includes no first-time costs."""
    measure("if True:\n    pass\n")


def work(index: "Index", number: int) -> None:
    """Measure files until the index has no more.

    Args:
        index: a Proxy to the index.
        number: which of the workers this is.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about the files that are read
        while (path := index.next_path()) is not None:
            _measure_into(index, path, number)


def _measure_into(index: "Index", path: str, number: int) -> None:
    started = perf_counter()
    try:
        with open(path, "rb") as file:
            measurement = measure(file.read()).plain()
    except UNMEASURABLE as error:
        index.add_failure(path, reason_of(error), (number, started, perf_counter()))
    else:
        index.add_measurement(path, measurement, (number, started, perf_counter()))


def reason_of(error: Exception) -> str:
    """Say in one line why a file could not be measured."""
    match error:
        case SyntaxError(msg=message, lineno=int(line)) if line > 0:
            text = f"{message} (line {line})"
        case SyntaxError(msg=str(message)):
            text = message
        case OSError(strerror=str(message)):
            text = message
        case _:
            text = str(error)
    return f"{type(error).__name__}: {text}".removesuffix(": ")
