"""What runs inside an interpreter on behalf of those outside."""

from __future__ import annotations

import atexit
import sys

from .. import _core
from .._forwarding import forwarding, warning_filters
from .._forwarding.streams import ForwardedStream
from .._modules import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._forwarding.warning_filters import Filter
    from .._modules.importing import Modes
    from .._transfer.pickles import Dumped


def prepare(
    argv: tuple[str, ...], filters: tuple[Filter, ...], modes: Modes, forwards_logging: bool
) -> None:
    """Give a new interpreter what it inherits."""
    if sys.version_info < (3, 13, 3):
        atexit.register(_forget_visiting_threads)  # runs after the users'
    if sys.version_info < (3, 13, 1):
        importing.when_imported("collections", _give_its_abc)
    sys.argv = list(argv)
    sys.stdout = ForwardedStream("stdout")
    sys.stderr = ForwardedStream("stderr")
    importing.install(modes)
    importing.when_imported("threading", _make_visitors_ordinary)
    warning_filters.adopt(filters)
    if forwards_logging:
        forwarding.forward()
    else:
        forwarding.keep()


def _give_its_abc(collections: Any) -> None:
    """Spare threads that meet in collections/abc.py the module that it replaces by another.

    As 3.13.1 does (gh-125245).
    """
    sys.modules["collections.abc"] = collections.abc = sys.modules["_collections_abc"]


def _make_visitors_ordinary(threading: Any) -> None:
    """Let threads that visitors start be no daemons, unless they say so: they inherit that."""
    make = threading._DummyThread.__init__

    def __init__(self: Any) -> None:
        make(self)
        self._daemonic = False

    if make.__module__ != __name__:
        threading._DummyThread.__init__ = __init__


def adopt(
    path: tuple[str, ...], environment: tuple[tuple[bytes, bytes], ...], *inherited: Any
) -> None:
    """Give an interpreter that was made in advance what it would inherit now."""
    import os

    sys.path[:] = path
    sys.path_importer_cache.clear()  # folders may have changed since they were listed
    known: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    if tuple(known.items()) != environment:
        known.clear()
        known.update(environment)
    prepare(*inherited)


def import_all(names: tuple[str, ...]) -> tuple[str, ...]:
    """Import modules in advance; returns what went wrong with which."""
    from importlib import import_module

    failures = []
    for name in names:
        try:
            import_module(name)
        except BaseException as error:  # of a module's code; SystemExit too
            failures.append(f"{name} in an interpreter: {type(error).__name__}: {error}")
    return tuple(failures)


# ---- calls ----


def call_object(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call what came by reference, perhaps home."""
    return function(*args, **kwargs)


def call_by_value(dumped: Dumped, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function that came by value."""
    from .._transfer.remaking import load_function

    return load_function(*dumped)(*args, **kwargs)


# ---- source ----


def _main_globals() -> dict[str, Any]:
    import __main__

    namespace: dict[str, Any] = __main__.__dict__
    return namespace


def _filename() -> str:
    return f"<interpreter {_core.own_name()}>"


def exec_source(source: str) -> None:
    """Run statements in `__main__`."""
    exec(compile(source, _filename(), "exec"), _main_globals())


def eval_source(expression: str) -> Any:
    """Evaluate an expression in `__main__`."""
    return eval(compile(expression, _filename(), "eval"), _main_globals())


def _set_argv(argv: tuple[str, ...] | None) -> None:
    if argv is not None:
        sys.argv = list(argv)


def run_path(path: str, run_name: str, argv: tuple[str, ...] | None) -> dict[str, Any]:
    """Run a script; as with `python SCRIPT`, modules beside it can be imported."""
    import os
    import runpy

    _set_argv(argv)
    if os.path.isfile(path):
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    return runpy.run_path(path, run_name=run_name)


def run_module(name: str, run_name: str, argv: tuple[str, ...] | None) -> dict[str, Any]:
    """Run a module as `python -m` does."""
    import runpy

    _set_argv(argv)
    return runpy.run_module(name, run_name=run_name, alter_sys=True)


# ---- closing ----


def _forget_visiting_threads() -> None:
    """Finalize what forgets the threads of others, while there still is the lock that it takes.

    gh-130522: where something keeps `threading` alive, as C variables do, this came too late.
    """
    threading: Any = sys.modules.get("threading")
    if threading is not None:
        threading._thread_local_info = threading.local()
