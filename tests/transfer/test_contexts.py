"""Context variables and contexts that go by value."""

from __future__ import annotations

import asyncio
import contextvars
import decimal
import sys
import threading
import types
from collections.abc import Callable
from contextvars import Context, ContextVar
from functools import partial
from typing import Any

import pytest

import atoll
from atoll._transfer import contexts

REQUEST: ContextVar[Any] = ContextVar("request", default="none")


class Hiding:
    def __init__(self) -> None:
        self.variable: ContextVar[Any] = ContextVar("hidden")


HIDING = Hiding()


def request() -> Any:
    return REQUEST.get()


async def request_later() -> Any:
    await asyncio.sleep(0)
    return REQUEST.get()


def set_request(value: Any) -> Any:
    REQUEST.set(value)
    return REQUEST.get()


def context_with(variable: ContextVar[Any], value: Any) -> Context:
    context = Context()
    context.run(variable.set, value)
    return context


@pytest.mark.parametrize("function", [request, request_later, lambda: REQUEST.get()])
@pytest.mark.parametrize("fold", [lambda context, fn: (partial(context.run, fn),), None])
def test_run(
    there: Any,
    shared_interpreter: atoll.Interpreter,
    function: Callable[[], Any],
    fold: Callable[..., Any] | None,
) -> None:
    """`Context.run` runs what it is given there, in a context with the same values."""
    context = context_with(REQUEST, ("a", 1))
    call = fold(context, function) if fold else (context.run, function)
    assert shared_interpreter.call(*call) == ("a", 1)
    assert shared_interpreter.call(request) == "none"
    assert asyncio.run(shared_interpreter.acall(*call)) == ("a", 1)


def test_a_context_is_a_copy(shared_interpreter: atoll.Interpreter) -> None:
    """What is set there stays there, and values are copies."""
    value = [1]
    context = context_with(REQUEST, value)
    assert shared_interpreter.call(context.run, set_request, "other") == "other"
    assert context[REQUEST] is value
    assert shared_interpreter.call(lambda: id(context[REQUEST])) != id(value)


def test_variables_come_home(shared_interpreter: atoll.Interpreter) -> None:
    """Variables are the same again at home: those found by name, and local ones."""
    local: ContextVar[int] = ContextVar("local", default=3)
    for variable in (REQUEST, local):
        assert shared_interpreter.call(lambda: atoll.copy(variable)) is variable  # noqa: B023
    assert shared_interpreter.call(lambda: (local.get(), local.name)) == (3, "local")
    come_back = shared_interpreter.call(
        lambda: atoll.copy([each.name for each in (local, REQUEST)])
    )
    assert come_back == ["local", "request"]


def test_a_local_variable(shared_interpreter: atoll.Interpreter) -> None:
    """A function and a context that refer to a local variable refer to the same one there."""
    local: ContextVar[int] = ContextVar("local")
    context = context_with(local, 5)
    assert shared_interpreter.call(context.run, lambda: local.get()) == 5
    assert shared_interpreter.call(lambda: local.get(0)) == 0


def test_a_local_variable_of_two_threads(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that send a variable for the first time, at once, send the same one."""
    local: ContextVar[int] = ContextVar("local")
    both = threading.Barrier(2)
    monkeypatch.setattr(contexts, "_find", lambda variable: [both.wait(), None][1])
    found: list[int] = []

    def send() -> None:
        found.append(shared_interpreter.call(lambda: id(local)))

    other = threading.Thread(target=send)
    other.start()
    send()
    other.join()
    assert found[0] == found[1]


def test_a_variable_of_main(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of `__main__` is carried; nothing has to refer to it."""
    variable: ContextVar[int] = ContextVar("of_main")
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "of_main", variable, raising=False)
    monkeypatch.setitem(sys.modules, "__mp_main__", main)
    context = context_with(variable, 5)
    names = shared_interpreter.call(context.run, lambda: _names())
    assert names == ("of_main",)


def _names() -> tuple[str, ...]:
    return tuple(each.name for each in contextvars.copy_context())


def test_decimal(shared_interpreter: atoll.Interpreter) -> None:
    """The context of `decimal`, which hides its variable, is carried, with flags and traps."""
    mine = decimal.Context(7, decimal.ROUND_UP, -9, 9, 0, 1, [decimal.Inexact], [decimal.Overflow])
    context = Context()
    context.run(decimal.setcontext, mine)
    there = shared_interpreter.call(context.run, lambda: repr(decimal.getcontext()))
    assert there == repr(mine)


def test_decimal_imported_anew(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is that of one which is not the module `decimal` any more."""
    context = Context()
    context.run(decimal.setcontext, decimal.Context(prec=6))
    monkeypatch.setitem(sys.modules, "decimal", types.ModuleType("decimal"))
    assert shared_interpreter.call(context.run, threading.get_ident) == threading.get_ident()


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        (HIDING.variable, 1, "'hidden' cannot be carried: no module has the variable"),
        (REQUEST, threading.Lock, "'request' cannot be carried: cannot pickle '_thread.lock'"),
    ],
    ids=["hidden", "a lock"],
)
def test_what_cannot_be_carried(
    shared_interpreter: atoll.Interpreter, variable: ContextVar[Any], value: Any, reason: str
) -> None:
    """The error names the variable; nothing is called."""
    context = context_with(variable, value() if callable(value) else value)
    with pytest.raises(TypeError, match=reason):
        shared_interpreter.call(context.run, request)
    with pytest.raises(TypeError, match=reason):
        shared_interpreter.call(lambda: context)


def test_as_an_argument(shared_interpreter: atoll.Interpreter) -> None:
    """An argument of a call is a reference, unless it is to be a copy."""
    context = context_with(REQUEST, "a")
    assert shared_interpreter.call(is_of_main, context)
    assert not shared_interpreter.call(is_of_main, atoll.copy(context))


def is_of_main(obj: object) -> bool:
    return atoll.is_proxy(obj)
