"""Values of a package in mode `main`: its classes are main's, and so are what is made by them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import atoll

PACKAGE = """
import dataclasses

class Plain:
    def __init__(self, value):
        self.value = value

class Slots:
    __slots__ = ("value",)
    def __init__(self, value):
        self.value = value

class Made:
    def __new__(cls, *, value):
        self = object.__new__(cls)
        self.value = value
        return self
    def __getnewargs_ex__(self):
        return (), {"value": self.value}

class Stateful:
    def __init__(self, value):
        self.value = value
    def __getstate__(self):
        return {"state": self.value}
    def __setstate__(self, state):
        assert type(state) is dict, type(state)  # as C code asks
        self.value = state["state"]

class Numbers(list):
    pass

@dataclasses.dataclass
class Record:
    value: object

class Refused(Exception):
    def __init__(self, value, *, code):
        super().__init__(f"refused: {value}")
        self.value, self.code = value, code

class RefusedInOneWay(Refused):
    def __init__(self, value):
        super().__init__(value, code=1)
    def __reduce__(self):
        return type(self), (self.value,)

class NoFile(OSError):
    def __init__(self, name):
        super().__init__(2, "none", name)

def several(cls, *values):
    return [cls(value) for value in values]
"""


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[atoll.Interpreter]:
    (tmp_path / "mains").mkdir()
    (tmp_path / "mains" / "__init__.py").write_text("")
    (tmp_path / "mains" / "things.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    with atoll.Interpreter(extensions={"mains": "main"}) as interpreter:
        interpreter.exec("import atoll, copy, pickle, mains.things as things")
        yield interpreter
    for name in ("mains.things", "mains"):
        sys.modules.pop(name, None)


COPIES = {
    "deepcopy": "copy.deepcopy(old)",
    "pickle": "pickle.loads(pickle.dumps(old))",
    "old pickle": "pickle.loads(pickle.dumps(old, 2))",
    "atoll.copy": "atoll.copy(old)",
    "nested": "copy.deepcopy([old])[0]",
}
OBJECTS = {
    "plain": "things.Plain([1])",
    "slots": "things.Slots([1])",
    "made": "things.Made(value=[1])",
    "stateful": "things.Stateful([1])",
    "dataclass": "things.Record([1])",
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", OBJECTS)
def test_copies(one: atoll.Interpreter, kind: str, how: str) -> None:
    """A copy is another object of main, with a value of its own."""
    one.exec(f"old = {OBJECTS[kind]}; new = {COPIES[how]}; new.value.append(2)")
    assert one.eval("atoll.owner(new).id == 0 and type(new) is type(old)")
    assert one.eval("list(old.value), list(new.value)") == ([1], [1, 2])


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_containers(one: atoll.Interpreter, how: str) -> None:
    one.exec(f"old = things.Numbers([1, 2]); new = {COPIES[how]}; new.append(3)")
    assert one.eval("type(new) is type(old) and list(old), list(new)") == ([1, 2], [1, 2, 3])


@pytest.mark.parametrize("cls", ["Plain", "Slots", "Record", "Numbers"])
def test_copies_inside_a_container(one: atoll.Interpreter, cls: str) -> None:
    """A list of main is copied here; what is in it stays main's."""
    values = "[1], [2]"
    one.exec(f"old = things.several(things.{cls}, {values}); new = copy.deepcopy(old)")
    assert one.eval("type(new) is list and new is not old and new[0] is not old[0]")
    assert one.eval("all(atoll.owner(each).id == 0 for each in new)")
    value = "list(new[1])" if cls == "Numbers" else "list(new[1].value)"
    assert one.eval(value) == [2]


def test_classes_are_called(one: atoll.Interpreter) -> None:
    """What would make a Proxy to nothing is refused."""
    for code in ("type.__call__(things.Plain, 1)", "object.__new__(things.Plain)"):
        with pytest.raises(TypeError, match=r"Plain"):
            one.eval(code)
    assert one.eval("things.Plain(3).value") == 3


def test_exceptions_are_initialised(one: atoll.Interpreter) -> None:
    """An exception of main's class that is made here is made by that class."""
    one.exec("e = things.Refused('x', code=7)")
    assert one.eval("str(e), e.value, e.code") == ("refused: x", "x", 7)
    assert one.eval("type(e) is things.Refused and isinstance(e, Exception)")
    with pytest.raises(TypeError, match="code"):
        one.exec("things.Refused('x')")
    one.exec("e = things.NoFile('name')")
    assert one.eval("e.errno, e.strerror, e.filename") == (2, "none", "name")


def test_exceptions_that_reduce_themselves(one: atoll.Interpreter) -> None:
    one.exec("e = things.RefusedInOneWay('x'); again = pickle.loads(pickle.dumps(e))")
    assert one.eval("str(e), e.value, e.code") == ("refused: x", "x", 1)
    assert one.eval("e.args, again.value") == (("refused: x",), "x")


def test_exceptions_come_home(one: atoll.Interpreter) -> None:
    """In main it is of the class itself."""
    from mains.things import Refused  # type: ignore[import-not-found]

    with pytest.raises(Refused) as caught:
        one.exec("raise things.Refused('x', code=7)")
    assert (type(caught.value), caught.value.value, caught.value.code) == (Refused, "x", 7)


def test_subclasses_of_exceptions(one: atoll.Interpreter) -> None:
    one.exec(
        "class Own(things.Refused):\n"
        "    def __init__(self): super().__init__('y', code=2)\n"
        "e = Own()"
    )
    assert one.eval("e.code, str(e), isinstance(e, things.Refused)") == (2, "refused: y", True)
