"""What users give an interpreter to run: functions and source.

There is no `from __future__` here: `exec` and `compile` would apply it to the user's source too.
"""

import sys

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._transfer.pickles import Dumped


def call_object(function: "Callable[..., Any]", /, *args: "Any", **kwargs: "Any") -> "Any":
    """Call a function that came by reference; in its own interpreter it is the original."""
    return function(*args, **kwargs)


def call_by_value(dumped: "Dumped", /, *args: "Any", **kwargs: "Any") -> "Any":
    """Call a function that came by value."""
    from .._transfer.remaking import load_function

    return load_function(*dumped)(*args, **kwargs)


# ---- functions that look at their caller ----

_CALL = compile("'function'.__call__()", "<call>", "eval")


def from_main(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """Make a function that calls this builtin from `__main__`, as a line of that module would.

    For `eval`, `globals`, `sys._getframe` and others, which ask for the frame of their caller.
    """
    from functools import partial

    def call(*args: "Any", **kwargs: "Any") -> "Any":
        ready = partial(function, *args, **kwargs)
        constants = tuple(ready if each == "function" else each for each in _CALL.co_consts)
        return eval(_CALL.replace(co_consts=constants), _main_globals())

    return call


# ---- source ----


def _main_globals() -> "dict[str, Any]":
    import __main__

    namespace: dict[str, Any] = __main__.__dict__
    return namespace


def _filename() -> str:
    return f"<interpreter {_core.own_name()}>"


def exec_source(source: str) -> None:
    """Run statements in `__main__`."""
    exec(compile(source, _filename(), "exec"), _main_globals())


def eval_source(expression: str) -> "Any":
    """Evaluate an expression in `__main__`."""
    return eval(compile(expression, _filename(), "eval"), _main_globals())


def _set_argv(argv: tuple[str, ...] | None) -> None:
    if argv is not None:
        sys.argv = list(argv)


def run_path(path: str, run_name: str, argv: tuple[str, ...] | None) -> "dict[str, Any]":
    """Run a script; as with `python SCRIPT`, modules beside it can be imported."""
    import os
    import runpy

    _set_argv(argv)
    if os.path.isfile(path):
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    return runpy.run_path(path, run_name=run_name)


def run_module(name: str, run_name: str, argv: tuple[str, ...] | None) -> "dict[str, Any]":
    """Run a module as `python -m` does."""
    import runpy

    _set_argv(argv)
    return runpy.run_module(name, run_name=run_name, alter_sys=True)
