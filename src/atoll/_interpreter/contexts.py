"""Calls in a `contextvars.Context`: `Context.run` by value, with what it is to call."""

from __future__ import annotations

from _contextvars import Context
from functools import partial
from types import BuiltinMethodType, CoroutineType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def unfolded(fn: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Put `run_in` in the place of `Context.run`, which async functions run out of.

    What the context runs is then a part of the function, and goes as a function goes: not by
    reference, as an argument might.
    """
    given, kwargs = (), {}
    run = fn
    if type(fn) is partial:
        run, given, kwargs = fn.func, fn.args, fn.keywords
    is_run = type(run) is BuiltinMethodType and run.__name__ == "run"
    context = getattr(run, "__self__", None) if is_run else None
    if not isinstance(context, Context):
        return fn, args
    if not given:
        given, args = args[:1], args[1:]
    return partial(run_in, context, *given, **kwargs), args


def run_in(context: Context, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function in a context; an async one runs to its end."""
    result = context.run(*args, **kwargs)
    if type(result) is CoroutineType:
        from .asynchronous import run_coroutine

        return context.run(run_coroutine, result)
    return result
