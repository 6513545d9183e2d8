"""Builtins that look at their caller: what the core calls has none there that is written in Python."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import atoll

Use = Callable[..., Any]


@pytest.fixture(params=["call", "task", "method"])
def use(request: pytest.FixtureRequest) -> Iterator[Use]:
    """Calls a builtin function in an interpreter: directly, as a task, or as a method of its module."""
    if request.param == "task":
        with atoll.InterpreterPoolExecutor(1) as pool:
            yield lambda function, *args: pool.submit(function, *args).result()
        return
    with atoll.Interpreter("there") as there:
        if request.param == "call":
            yield there.call
        else:
            modules = {name: there.import_module(name) for name in ("builtins", "sys")}
            yield lambda function, *args: getattr(modules[function.__module__], function.__name__)(
                *args
            )


def test_they_see_main(use: Use) -> None:
    """They see `__main__`, as a line of that module does."""
    assert use(exec, "of_main = 40") is None
    assert use(eval, "of_main + 2") == 42
    assert "of_main" in use(dir)
    for function in (globals, locals, vars):
        assert use(function)["of_main"] == 40


def test_they_get_a_frame(interpreter: atoll.Interpreter) -> None:
    """What asks for the frame itself gets one of `__main__`."""
    for frame in (interpreter.call(sys._getframe), interpreter.import_module("sys")._getframe()):
        assert frame.f_globals["__name__"] == "__main__"
        assert repr(frame).startswith("<frame at ")
    assert interpreter.call(sys._getframemodulename) == "__main__"


def test_their_errors(use: Use) -> None:
    """Their exceptions and those of what they run come as usual."""
    with pytest.raises(ZeroDivisionError):
        use(eval, "1 / 0")
    with pytest.raises(TypeError, match="at most 1 argument"):
        use(dir, 1, 2)
