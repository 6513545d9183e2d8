"""Functions that run inside an interpreter and are called from others, or by the core."""

from __future__ import annotations

import sys

from .._forwarding import forwarding, warning_filters
from .._forwarding.streams import ForwardedInput, ForwardedStream
from .._modules import importing
from . import (
    ending,  # also since at the end a thread that computes may keep imports out
    environment,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._forwarding.warning_filters import Filter
    from .._modules.importing import Modes
    from .inheritance import Settings


_GUARD_APPLICATION = "atoll._modules.main_only:guard_application"
_SHARE_TRACKER = "atoll._interpreter.processes:share_tracker"
_ADAPTED = {  # modules that few interpreters import, and what is called with them
    "signal": "atoll._modules.main_only:explain_functions",
    "multiprocessing.context": "atoll._interpreter.processes:start_anew",
    "multiprocessing.process": "atoll._interpreter.processes:share_key",
    "multiprocessing.resource_tracker": _SHARE_TRACKER,
    "loky.backend.resource_tracker": _SHARE_TRACKER,
    "joblib.externals.loky.backend.resource_tracker": _SHARE_TRACKER,
    "PyQt5.QtCore": _GUARD_APPLICATION,
    "PyQt5.QtGui": _GUARD_APPLICATION,
    "PyQt5.QtWidgets": _GUARD_APPLICATION,
    "PyQt6.QtCore": _GUARD_APPLICATION,
    "PyQt6.QtGui": _GUARD_APPLICATION,
    "PyQt6.QtWidgets": _GUARD_APPLICATION,
    "PySide2.QtCore": _GUARD_APPLICATION,
    "PySide2.QtGui": _GUARD_APPLICATION,
    "PySide2.QtWidgets": _GUARD_APPLICATION,
    "PySide6.QtCore": _GUARD_APPLICATION,
    "PySide6.QtGui": _GUARD_APPLICATION,
    "PySide6.QtWidgets": _GUARD_APPLICATION,
}


def prepare(
    argv: tuple[str, ...],
    settings: Settings,
    filters: tuple[Filter, ...] | None,
    modes: Modes,
    forwards_logging: bool,
) -> None:
    """Give a new interpreter what it inherits."""
    if sys.version_info < (3, 13, 3):
        ending.register(_forget_visiting_threads)  # runs after users' handlers
    if sys.version_info < (3, 13, 1):
        importing.when_imported("collections", _give_its_abc)
    sys.argv = list(argv)
    _set(*settings)
    sys.stdin = ForwardedInput("stdin")
    sys.stdout = ForwardedStream("stdout")
    sys.stderr = ForwardedStream("stderr")
    importing.install(modes)
    environment.share()
    for name, function in _ADAPTED.items():
        importing.when_imported(name, function)
    importing.when_imported("threading", _make_visitors_ordinary)
    if forwards_logging:
        forwarding.forward()
    else:
        forwarding.keep()
    if filters is not None:
        warning_filters.adopt(filters)


def _set(
    recursion_limit: int, most_digits: int, attributes: tuple[tuple[str, str | int | None], ...]
) -> None:
    sys.setrecursionlimit(recursion_limit)
    sys.set_int_max_str_digits(most_digits)
    for name, value in attributes:
        setattr(sys, name, value)


def _give_its_abc(collections: Any) -> None:
    """Bind `collections.abc` as 3.13.1 does (gh-125245).

    Importing it replaces its module by another, which threads that import it at once may not get.
    """
    sys.modules["collections.abc"] = collections.abc = sys.modules["_collections_abc"]


def _make_visitors_ordinary(threading: Any) -> None:
    """Make visitors' threads non-daemonic: threads that they start inherit that."""
    make = threading._DummyThread.__init__

    def __init__(self: Any) -> None:
        make(self)
        self._daemonic = False

    if make.__module__ != __name__:
        threading._DummyThread.__init__ = __init__


def adopt(path: tuple[str, ...], *inherited: Any) -> None:
    """Give an interpreter that was made in advance what it would inherit now."""
    sys.path[:] = path
    sys.path_importer_cache.clear()  # folders may have changed since they were listed
    prepare(*inherited)


def import_all(names: tuple[str, ...]) -> tuple[str, ...]:
    """Import modules in advance; return a text for each that failed."""
    from importlib import import_module

    failures = []
    for name in names:
        try:
            import_module(name)
        except BaseException as error:  # raised by a module's code; SystemExit too
            failures.append(f"{name} in an interpreter: {type(error).__name__}: {error}")
    return tuple(failures)


# ---- closing ----


def _forget_visiting_threads() -> None:
    """Finalize `threading`'s records of visitors while the lock that this takes still exists.

    gh-130522: if something, such as a C variable, keeps `threading` alive, that came too late.
    """
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading._thread_local_info = threading.local()
