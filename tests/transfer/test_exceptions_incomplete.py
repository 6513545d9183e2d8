"""An exception of which a part cannot cross arrives as its type, without that part."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import workloads

import atoll

PREPARED = """
import atoll, threading
from workloads import CustomError, DemandingError
class Picky:
    def __reduce__(self): raise ZeroDivisionError("picky")
class Opaque:
    def __reduce__(self): return fail, ()
def fail(): raise LookupError("opaque")
def deep():
    made = ()
    for _ in range(100_000): made = (made,)
    return made
def released():
    buffer = atoll.Buffer(8)
    buffer.release()
    return buffer
def odd(): return type("Odd", (), {"__module__": "a\\0b"})()
class Unhashable(str):
    def __hash__(self): raise ZeroDivisionError("unhashable")
def stop(*anything): raise ZeroDivisionError("stop")
class Meta(type):
    __hash__ = None
    def __getattribute__(cls, name): raise ZeroDivisionError
    def __eq__(cls, other): raise ZeroDivisionError
    def __instancecheck__(cls, other): raise ZeroDivisionError
"""
LOST = ["released()", "deep()", "atoll.copy(Picky())", "atoll.copy(Opaque())"]


def caught(interpreter: atoll.Interpreter, statements: str) -> BaseException:
    """What `raise error` there raises here, after some statements."""
    with pytest.raises(BaseException) as error:
        interpreter.exec(f"error = CustomError('text', 2)\n{statements}\nraise error")
    return error.value


@pytest.fixture(scope="module")
def prepared() -> Iterator[atoll.Interpreter]:
    with atoll.Interpreter("prepared") as interpreter:
        interpreter.exec(PREPARED)
        yield interpreter


@pytest.mark.parametrize("value", [*LOST, "deep", "odd()", "Unhashable('x')", "Picky()"])
def test_lost_attribute(prepared: atoll.Interpreter, value: str) -> None:
    """An attribute that cannot cross is missing, and a note says so; the others are there."""
    error = caught(prepared, f"error.first = 1; error.lost = {value}; error.last = [3]")
    assert type(error) is workloads.CustomError
    assert (error.args, error.first, error.last[0]) == (("text", 2), 1, 3)  # type: ignore[attr-defined]
    is_lost = value in LOST
    assert hasattr(error, "lost") is not is_lost
    notes = getattr(error, "__notes__", [])
    assert len(notes) == is_lost
    assert all(note.startswith("atoll: e.lost could not be carried: ") for note in notes)


@pytest.mark.parametrize("value", LOST)
def test_lost_argument(prepared: atoll.Interpreter, value: str) -> None:
    """In the place of an argument that cannot cross is a text; the remote traceback is there."""
    error = caught(prepared, f"error.args = (1, {value}, 'c')")
    assert type(error) is workloads.CustomError
    first, lost, last = error.args
    assert (first, last) == (1, "c")
    assert lost.startswith("<args[1] could not be carried: ")
    assert isinstance(error.__cause__, atoll.RemoteTraceback)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [("5", ["5"]), ("None", None), ("[1, None]", ["1", "None"]), ("'ab'", ["'ab'"]), ("{}", ["{}"]),
     ("iter", ["<built-in function iter>"]), ("deep()[0:0]", None), ("range(2)", ["0", "1"]),
     ("Picky", ["<class '__main__.Picky'>"])],
)  # fmt: skip
def test_odd_notes(prepared: atoll.Interpreter, notes: str, expected: list[str] | None) -> None:
    """Notes of any kind arrive as they are printed there."""
    error = caught(prepared, f"error.__notes__ = {notes}")
    assert type(error) is workloads.CustomError
    assert getattr(error, "__notes__", None) == expected
    assert "CustomError" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("where", ["__cause__", "__context__", "group"])
def test_lost_part_of_a_chain(prepared: atoll.Interpreter, where: str) -> None:
    """What is missing of one exception is missing of no other in its chain or group."""
    link = f"error.{where} = other" if where != "group" else "error = ExceptionGroup('g', [other])"
    error = caught(
        prepared,
        f"other = DemandingError(5, reason=released()); other.kept = 8\nerror.own = 7\n{link}",
    )
    other = error.exceptions[0] if isinstance(error, ExceptionGroup) else getattr(error, where)
    assert type(other) is workloads.DemandingError
    assert (other.code, other.kept, hasattr(other, "reason")) == (5, 8, False)
    if where != "group":
        assert (type(error), error.own) == (workloads.CustomError, 7)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    ["args = property(stop)", "__dict__ = property(stop)", "__str__ = stop", "__repr__ = stop",
     "__cause__ = property(stop)", "__traceback__ = property(stop)", "__class__ = property(stop)",
     "__context__ = property(stop)", "__suppress_context__ = property(stop)", "args = 5",
     "__getattribute__ = stop", "__module__ = property(stop)", "__reduce__ = stop",
     "__notes__ = property(stop)", "__hash__ = stop", "__eq__ = stop", "__dir__ = stop",
     "__module__ = 5", "__module__ = 'a\\0b'", "__qualname__ = 'a\\ud800'"],
)  # fmt: skip
def test_hostile_class(prepared: atoll.Interpreter, body: str) -> None:
    """A class whose attributes raise or lie is caught by its base, with its name and values."""
    prepared.exec(f"class Hostile(CustomError, metaclass=type):\n    {body}")
    error = caught(prepared, "error = Hostile('text', 2)")
    assert isinstance(error, atoll.RemoteError)
    assert type(error).__name__ == ("a?" if "ud800" in body else "Hostile")
    assert error.args == ("text", 2)


def test_hostile_metaclass(prepared: atoll.Interpreter) -> None:
    """Nor does the metaclass matter."""
    prepared.exec("class Hostile(LookupError, metaclass=Meta): pass")
    error = caught(prepared, "error = Hostile('text', 2)")
    assert isinstance(error, LookupError)
    assert (type(error).__name__, error.args) == ("Hostile", ("text", 2))


def test_odd_names_of_attributes(prepared: atoll.Interpreter) -> None:
    """Keys of `__dict__` that are no strings, or raise when they are hashed, cost nothing else."""
    error = caught(prepared, "error.__dict__ |= {5: 1, (1, Picky()): 2, 'kept': 3}")
    assert type(error) is workloads.CustomError
    own: Any = error.__dict__
    assert (own[5], own["kept"]) == (1, 3)


def test_arguments_set_later(prepared: atoll.Interpreter) -> None:
    """A builtin exception has the arguments that it has, though its constructor refuses them."""
    for made in ("UnicodeDecodeError('ascii', b'x', 0, 1, 'no')", "SyntaxError('m')"):
        error = caught(prepared, f"error = {made}; error.args = (1, 2)")
        assert (type(error).__name__, error.args) == (made.partition("(")[0], (1, 2))


def test_lost_part_of_an_argument(prepared: atoll.Interpreter) -> None:
    """An exception that goes by value, as an argument of `throw()`, may lose a part too."""
    prepared.exec("def receive():\n    try: yield\n    except CustomError as e: yield vars(e)")
    receiver = prepared.eval("receive()")
    next(receiver)
    error = workloads.CustomError()
    buffer = atoll.Buffer(8)
    buffer.release()
    error.kept, error.lost = 1, buffer  # type: ignore[attr-defined]
    fields = receiver.throw(error)
    assert (fields["kept"], "lost" in fields) == (1, False)


def test_lost_part_of_a_task_exception() -> None:
    """Nor does the exception of a task get lost with its argument."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        future = pool.submit(workloads.throw_opaque)
        error = future.exception()
    assert type(error) is workloads.CustomError
    assert error.args[0] == "text"
    assert isinstance(error.args[1], str)


HOSTILE = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Frozen(Exception):
    key: str
class Strict(Exception):
    def __setattr__(self, name, value): raise AttributeError(name)
class Classless(Exception):
    @property
    def __class__(self): raise ZeroDivisionError
class Causeless(Exception):
    @property
    def __cause__(self): raise ZeroDivisionError
class Silent(Exception):
    def __getattribute__(self, name): raise ZeroDivisionError
class Meta(type):
    def __getattribute__(cls, name): raise ZeroDivisionError
class Hidden(Exception, metaclass=Meta): pass
def fail(name): raise globals()[name]("text")
"""


@pytest.mark.parametrize("name", ["Frozen", "Strict", "Classless", "Causeless", "Silent", "Hidden"])
def test_rebuilding_asks_nothing_of_the_class(
    interpreter: atoll.Interpreter, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that refuses attributes, or lies about itself, arrives as itself, with its arguments."""
    (tmp_path / "hostile_exceptions.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(tmp_path)
    hostile = importlib.import_module("hostile_exceptions")
    interpreter.exec(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import hostile_exceptions"
    )
    error = None
    try:
        interpreter.eval(f"hostile_exceptions.fail({name!r})")
    except BaseException as raised:
        error = raised
    finally:
        del sys.modules["hostile_exceptions"]
    assert type(error) is vars(hostile)[name]
    assert BaseException.__dict__["args"].__get__(error) == ("text",)
