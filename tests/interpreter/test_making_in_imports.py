"""Modules that use atoll while they are imported."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import atoll

# The last line of a module that defines what is used here.
DEFINED = """
import atoll, enum
from dataclasses import dataclass

OFFSET = 1

def double(x):
    return 2 * x + OFFSET - _one()

def _one():
    return 1

class Index:
    count = 0
    def add(self, k):
        self.count += k
        return self.count

class Odd(Exception):
    pass

def fail():
    raise Odd("no")

class Colour(enum.Enum):
    RED = 1

@dataclass(frozen=True)
class Point:
    x: int

def norm(point, colour):
    return point.x, colour is Colour.RED

"""
USES = {
    "a function in an executor": (
        "with atoll.InterpreterPoolExecutor(1) as pool: found = pool.submit(double, 3).result(60)",
        6,
    ),
    "map": (
        "with atoll.InterpreterPoolExecutor(2) as pool: found = list(pool.map(double, [1, 2]))",
        [2, 4],
    ),
    "arguments": (
        "with atoll.InterpreterPoolExecutor(1) as pool:\n"
        "    found = pool.submit(norm, Point(2), Colour.RED).result(60)",
        (2, True),
    ),
    "arguments of a function of another module": (
        "with atoll.InterpreterPoolExecutor(1) as pool:\n"
        "    found = pool.submit(getattr, Point(2), 'x').result(60)",
        2,
    ),
    "a class": (
        "with atoll.Interpreter() as home: found = home.call(Index).add(2)",
        2,
    ),
    "a thread": (
        "thread = atoll.Thread(target=double, args=(4,)); thread.start(); found = thread.result()",
        8,
    ),
    "an exception": (
        "with atoll.Interpreter() as home:\n"
        "    try: home.call(fail)\n"
        "    except Odd as error: found = error.args",
        ("no",),
    ),
}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that imports a module of some source for the first time."""
    names: list[str] = []
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(source: str, name: str = "using_atoll") -> Any:
        names.append(name)
        (tmp_path / f"{name}.py").write_text(DEFINED + source)
        return import_module(name)

    yield make
    for each in names:
        sys.modules.pop(each, None)


@pytest.mark.parametrize("use", USES)
def test_use_while_imported(module: Any, use: str) -> None:
    """What a module hands over of its own while it is imported crosses by value."""
    source, found = USES[use]
    assert module(source + "\nassert len(atoll.interpreters()) < 5").found == found


MAKING = {
    "Interpreter": "made = atoll.Interpreter('more'); made.close()",
    "Thread": "made = atoll.Thread(target=int); made.start(); made.join()",
    "executor": "with atoll.InterpreterPoolExecutor(1) as pool: pool.submit(int).result()",
    "a function": "def make():\n    atoll.Interpreter('more').close()\nmake()",
}


@pytest.mark.parametrize("use", MAKING)
def test_import_for_a_call(module: Any, interpreter: atoll.Interpreter, use: str) -> None:
    """An interpreter that imports a module for a call makes no others meanwhile."""
    made = module(MAKING[use])
    for function in made.double, made.Index:
        with pytest.raises(RuntimeError, match=r"'fresh' imports module 'using_atoll' for a call"):
            interpreter.call(function)
    with (
        atoll.InterpreterPoolExecutor(1) as pool,
        pytest.raises(RuntimeError, match="under `if atoll.current"),
    ):
        pool.submit(made.double, 1).result(60)


def test_explicit_imports(module: Any, interpreter: atoll.Interpreter) -> None:
    """Code that runs there may import such a module."""
    made = module(MAKING["Interpreter"])
    interpreter.exec(
        "import using_atoll; del using_atoll; import sys; del sys.modules['using_atoll']"
    )
    assert interpreter.import_module("using_atoll").double(2) == made.double(2)


@pytest.mark.parametrize(
    "source",
    [
        "if atoll.current() is atoll.main(): " + MAKING["Interpreter"],
        "pool = atoll.InterpreterPoolExecutor(2)",
        "atoll.prewarm(1)",
    ],
)
def test_what_makes_none(module: Any, interpreter: atoll.Interpreter, source: str) -> None:
    """A module that makes none there is imported as usual, one that makes an idle executor too."""
    assert interpreter.call(module(source).double, 5) == 10
