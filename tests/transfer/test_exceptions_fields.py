"""All that an exception has arrives with it, wherever it keeps it; nothing of its own is asked."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import odd_exceptions
import pytest

import atoll


@pytest.fixture(scope="module")
def other() -> Iterator[Any]:
    with atoll.Interpreter("other") as interpreter:
        yield interpreter.import_module("odd_exceptions")


FIELDS = """errno strerror filename filename2 characters_written msg name path value code start
reason object lineno text""".split()


def shown(error: BaseException) -> Any:
    """What there is to see of an exception, with its members."""
    slots = getattr(type(error), "__slots__", ())
    found = {
        name: getattr(error, name, "absent")
        for name in (*slots, *FIELDS)
        if hasattr(type(error), name)
    }
    attributes = {
        key: value if key != "lock" else atoll.is_proxy(value) for key, value in vars(error).items()
    }
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    args = BaseException.args.__get__(error)  # type: ignore[attr-defined]
    return type(error), str(error), repr(args), found, attributes, tuple(map(shown, members))


def caught(function: Any, *args: Any) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("name", odd_exceptions.MAKERS)
def test_all_arrives(other: Any, name: str) -> None:
    """Raised or passed, an exception has here what it has there, and says where it was raised."""
    local = shown(odd_exceptions.make(name))
    assert shown(other.make(name)) == local
    error = caught(other.throw, name)
    assert shown(error) == local
    assert "in throw" in str(error.__cause__)


@pytest.fixture(scope="module")
def pool() -> Iterator[atoll.InterpreterPoolExecutor]:
    with atoll.InterpreterPoolExecutor(1) as executor:
        executor.submit(int).result()  # the worker is there from now on
        yield executor


@pytest.mark.parametrize("name", odd_exceptions.MAKERS)
def test_all_arrives_of_a_task(pool: atoll.InterpreterPoolExecutor, name: str) -> None:
    """So it is for an executor, as its task's exception or within its result."""
    local = shown(odd_exceptions.make(name))
    error = pool.submit(odd_exceptions.throw, name).exception()
    assert error is not None
    assert shown(error) == local
    assert shown(pool.submit(lambda it: [odd_exceptions.make(it)], name).result()[0]) == local


def test_group_derives(other: Any) -> None:
    """A group with a `derive` of its own is split here as there."""
    matching, rest = other.make("coded group").split(ValueError)
    for part in (matching, rest):
        assert type(part) is odd_exceptions.Coded
        assert part.code == 7


NATIVE = pytest.mark.skipif(
    importlib.util.find_spec("pydantic_core") is None, reason="needs pydantic_core"
)
NATIVE_ERRORS = (
    "ValidationError.from_exception_data('title', [{'type': 'missing', 'loc': (1,), 'input': 5}])",
    "PydanticCustomError('kind', 'text {n}', {'n': 1})",
    "PydanticOmit()",
    "SchemaError('text')",
)


@NATIVE
@pytest.mark.parametrize("expression", NATIVE_ERRORS)
def test_native_exception(interpreter: atoll.Interpreter, expression: str) -> None:
    """One whose type is made in another language arrives, or what it said does."""
    import pydantic_core

    local: Any = eval(expression, vars(pydantic_core))
    interpreter.exec(f"import pydantic_core\ndef fail(): raise pydantic_core.{expression}")
    error = caught(interpreter.eval("fail"))
    text = "".join(traceback.format_exception(error))
    assert type(error).__name__ == type(local).__name__
    assert str(local).splitlines()[0] in text
    assert "in fail" in text


class Native(ValueError):
    """Stands for one of another language: only its reduction can make one, or nothing can."""

    __new__ = dict.__new__  # type: ignore[assignment]

    @classmethod
    def remade(cls, text: str) -> Any:
        made = ValueError.__new__(cls)
        made.args = (text,)
        return made


def native(is_reduced: bool) -> BaseException:
    made: BaseException = Native.remade("kept")
    if is_reduced:
        Native.__reduce__ = lambda self: (Native.remade, self.args)  # type: ignore[method-assign, assignment]
    return made


@pytest.mark.parametrize("is_reduced", [True, False])
def test_type_that_cannot_be_made(interpreter: atoll.Interpreter, is_reduced: bool) -> None:
    """Where its type makes none, its reduction does; else there is a stand-in, and a note."""
    there = interpreter.import_module(__name__)
    assert type(Native.__dict__["__new__"]) is type(len)
    error = there.native(is_reduced)
    assert isinstance(error, ValueError)
    assert error.args == ("kept",)
    if is_reduced:
        assert type(error) is sys.modules[__name__].Native
        return
    assert isinstance(error, atoll.RemoteError)
    assert error.__notes__[0].endswith("Native: kept")


def test_neither_class_nor_reduction_of_another_package(interpreter: atoll.Interpreter) -> None:
    """A reduction that calls what is of another package is not followed."""
    interpreter.exec(
        "called = []\n"
        "class Odd(Exception):\n"
        "    def __reduce__(self): return eval, ('1 / 0',)\n"
        "def fail(): raise Odd(1)"
    )
    error = caught(interpreter.eval("fail"))
    assert isinstance(error, atoll.RemoteError)
    assert (error.args, error.__context__) == ((1,), None)
