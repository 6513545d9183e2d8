"""Class statements whose base is a class of another interpreter make their class there."""

from __future__ import annotations

import array
import contextlib
import types
from typing import Any

import pytest

import atoll

BASES = {
    "plain": "class Base:\n    def __init__(self, n=1): self.n = n",
    "abstract": "import abc\nclass Base(abc.ABC):\n    def __init__(self, n=1): self.n = n",
    "slots": "class Base:\n    __slots__ = 'n',\n    def __init__(self, n=1): self.n = n",
    "builtin": "class Base(list):\n    def __init__(self, n=1): self.n = n",
    "C": "import io\nclass Base(io.BytesIO):\n    def __init__(self, n=1): self.n = n",
}  # fmt: skip


@pytest.fixture(params=BASES)
def base(request: pytest.FixtureRequest, interpreter: atoll.Interpreter) -> Any:
    interpreter.exec(BASES[request.param])
    return interpreter.eval("Base")


def test_class_statement(base: Any) -> None:
    """The class is in the base's interpreter, and its methods run here."""

    class Derived(base):  # type: ignore[misc]
        word: str = "hello"

        def hello(self, mark: str) -> str:
            return f"{self.word} {self.n}{mark} {atoll.current().name}"

        @property
        def twice(self) -> int:
            return int(self.n * 2)

        @classmethod
        def called(cls) -> str:
            return str(cls.__name__)

        def __len__(self) -> int:
            return 7

    class Further(Derived):
        def hello(self, mark: str) -> str:
            return str(Derived.hello(self, mark)).upper()

    made = Further(2)
    assert atoll.owner(Further) is atoll.owner(base)
    assert (made.hello("!"), made.twice, made.called(), len(made)) == (
        "HELLO 2! MAIN",
        4,
        "Further",
        7,
    )
    assert isinstance(made, base)
    assert issubclass(Further, base)
    assert Derived.__annotations__ == {"word": "str"}


def test_super(base: Any) -> None:
    """A method that uses super() is an error of the class statement, which says what to write."""
    with pytest.raises(TypeError, match="interpreter 'fresh', where its base is: name the base"):

        class Super(base):  # type: ignore[misc]
            def __len__(self) -> int:
                return int(super().__len__())


@pytest.mark.parametrize("base", ["plain", "slots", "C"], indirect=True)
def test_other_bases_go_by_value(base: Any, interpreter: atoll.Interpreter) -> None:
    """A class of ours may be a base beside the remote one."""

    class Mixin:
        __slots__ = ()

        def twice(self) -> int:
            return self.n * 2  # type: ignore[attr-defined, no-any-return]

    class Both(base, Mixin):  # type: ignore[misc]
        pass

    assert Both(2).twice() == 4
    assert interpreter.eval("lambda both: both(3).twice()")(Both) == 6


def test_keywords_and_new_class(interpreter: atoll.Interpreter) -> None:
    """Keywords of the statement go to the base; types.new_class() makes such classes too."""
    interpreter.exec("class Base:\n    def __init_subclass__(cls, tag): cls.tag = tag")
    base = interpreter.eval("Base")

    class Derived(base, tag="x"):  # type: ignore[misc]
        pass

    made = types.new_class("Made", (base,), {"tag": [1]}, lambda namespace: namespace.update(n=2))
    assert (Derived.tag, list(made.tag), made.n) == ("x", [1], 2)
    assert atoll.owner(made) is interpreter


def test_csv_dialect(interpreter: atoll.Interpreter) -> None:
    """A dialect derived from the remote module's class can be registered there."""
    csv = interpreter.import_module("csv")

    class Bars(csv.excel):  # type: ignore[misc]
        delimiter = "|"

    csv.register_dialect("bars", Bars)
    assert list(next(csv.reader(["a|b"], "bars"))) == ["a", "b"]


def test_c_functions_write_past_no_instance(interpreter: atoll.Interpreter) -> None:
    """A function in C that makes an instance of a remote class itself has the memory for it."""
    kind = interpreter.import_module("array").array
    with contextlib.suppress(TypeError):  # some versions ask the class for the memory
        made = array._array_reconstructor(kind, "i", 8, b"\1\0\0\0")  # type: ignore[attr-defined]
        assert made.__sizeof__() >= array.array("i").__sizeof__()
    assert list(kind("i", [1])) == [1]
