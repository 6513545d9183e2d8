"""What the tests of logging and warnings have interpreters do: importable there."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import atoll


def log(name: str, level: int, message: Any, *args: Any, **kwargs: Any) -> None:
    logging.getLogger(name).log(level, message, *args, **kwargs)


def log_fields(name: str) -> None:
    """Log with fields of many kinds, of objects that live here."""
    fields = {
        "number": 1.5,
        "path": PurePosixPath("a/b"),
        "nested": {"list": [1, {2}], "none": None},
        "endless": (endless := [1]),
        "other": Bystander(),
    }
    endless.append(endless)  # type: ignore[arg-type]
    logging.getLogger(name).warning("fields", extra=fields)


class Bystander:
    def __str__(self) -> str:
        return "a bystander"


def log_exception(name: str) -> None:
    try:
        raise KeyError("lost", [1])
    except KeyError:
        logging.getLogger(name).exception("failed")


def log_without_exception(name: str) -> None:
    logging.getLogger(name).error("no exception", exc_info=True, stack_info=True)


def log_in_thread(name: str, thread_name: str) -> int | None:
    thread = threading.Thread(target=log, args=(name, logging.ERROR, "hi"), name=thread_name)
    thread.start()
    thread.join()
    return thread.ident


def is_enabled(name: str, level: int) -> bool:
    return logging.getLogger(name).isEnabledFor(level)


def wait_until_enabled(name: str, level: int, started: Any, done: Any) -> None:
    """Run until a level is enabled, letting others in; both are events."""
    started.set()
    while not is_enabled(name, level):
        atoll.checkpoint()
    done.set()


def set_level(name: str, level: int) -> None:
    logging.getLogger(name).setLevel(level)


def level(name: str) -> int:
    return logging.getLogger(name).level


def add_handler(name: str, records: list[str]) -> None:
    """Add a handler of this interpreter's own, which keeps what it formats."""

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(self.format(record))

    handler = Keeper()
    handler.setFormatter(logging.Formatter("%(interpreter)s %(message)s"))
    logging.getLogger(name).addHandler(handler)


def configure() -> int:
    """Call basicConfig, as scripts do; how many handlers has the root logger now?"""
    logging.basicConfig(level=logging.DEBUG, format="mine: %(message)s")
    return len(logging.root.handlers)


def log_when_finalized(name: str) -> None:
    module: Any = sys.modules[__name__]
    module.kept = FinalizedLoudly(name)


class FinalizedLoudly:
    """Logs and warns when it is finalized, at the latest when its interpreter ends."""

    def __init__(self, name: str) -> None:
        self.log = logging.getLogger(name)
        self.warn = warnings.warn

    def __del__(self) -> None:
        self.log.warning("finalized")
        self.warn("finalized", RuntimeWarning, stacklevel=1)


class OwnWarning(UserWarning):
    pass


def warn(message: Any, category: type[Warning] | None = None) -> None:
    warnings.warn(message, category, stacklevel=1)  # here


def warn_own(*args: Any) -> None:
    warnings.warn(OwnWarning(*args), stacklevel=1)


def warn_of_main_class() -> None:
    """Warn with a category that no other interpreter can import."""
    category = type("Unheard", (DeprecationWarning,), {"__module__": "nowhere"})
    warnings.warn("nobody knows me", category, stacklevel=1)


def record_warnings() -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("kept here")
    return [str(each.message) for each in caught]


def capture_warnings() -> None:
    logging.captureWarnings(True)
    try:
        warn("as a record")
    finally:
        logging.captureWarnings(False)


def call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class FailingFinalizer:
    def __del__(self) -> None:
        raise LookupError("in a finalizer")


def fail_unraisably() -> None:
    FailingFinalizer()


def modules() -> tuple[str, ...]:
    return tuple(sys.modules)


def speak_for_ever(name: str, started: Callable[[], object]) -> None:
    """Log and warn until the process ends."""
    log = logging.getLogger(name)
    log.warning("first")
    warn("first")
    started()
    while True:
        log.warning("again")
        warn("again")
