"""Special methods and methods that a class gets, loses or changes after it has become known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import atoll

Define = Callable[[str], Any]

# What a special method is for, and what makes one that answers.
USES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "__len__": (len, "lambda self: 5"),
    "__call__": (lambda it: it(), "lambda self: 6"),
    "__getitem__": (lambda it: it[3], "lambda self, key: key"),
    "__iter__": (list, "lambda self: iter((1, 2))"),
    "__contains__": (lambda it: 5 in it, "lambda self, item: True"),
    "__bool__": (bool, "lambda self: False"),
    "__int__": (int, "lambda self: 7"),
    "__index__": (lambda it: [0, 1][it], "lambda self: 1"),
    "__add__": (lambda it: it + 1, "lambda self, other: other"),
    "__eq__": (lambda it: it == 5, "lambda self, other: True"),
    "__neg__": (lambda it: -it, "lambda self: 8"),
    "__round__": (round, "lambda self: 9"),
    "__enter__": (lambda it: it.__enter__(), "lambda self: 10"),
    "__buffer__": (lambda it: bytes(memoryview(it)), "lambda self, flags: memoryview(b'x')"),
    "__reversed__": (lambda it: list(reversed(it)), "lambda self: iter((3,))"),
    "__format__": (lambda it: f"{it:x}", "lambda self, spec: spec"),
}


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """A result, or the type of an exception."""
    try:
        return function(*args)
    except Exception as error:
        return type(error)


@pytest.fixture
def define(interpreter: atoll.Interpreter) -> Define:
    """Runs statements there, after which `A` is a class of which `a` is."""
    interpreter.exec("class Base: pass\nclass A(Base): pass\na = A()")
    return interpreter.exec


@pytest.mark.parametrize("where", ["A", "Base"])
@pytest.mark.parametrize("name", USES)
def test_special_method_comes_and_goes(
    interpreter: atoll.Interpreter, define: Define, name: str, where: str
) -> None:
    """After a call that adds or removes one, every Proxy behaves as its object does there."""
    use, source = USES[name]
    proxy, kind = interpreter.eval("a"), interpreter.eval("A")

    class Local: ...

    for _ in range(2):
        without = outcome(use, Local()) if name != "__eq__" else False
        assert outcome(use, proxy) == without
        define(f"{where}.{name} = {source}")
        result = outcome(use, proxy)
        assert not isinstance(result, type), result
        assert result == outcome(use, interpreter.eval("A()"))
        assert interpreter.eval("A") is kind
        assert type(proxy) is kind
        define(f"del {where}.{name}")
    assert callable(proxy) is False


def test_disabled_special_method(interpreter: atoll.Interpreter, define: Define) -> None:
    """One that is set to None refuses, where Python would otherwise fall back."""
    define("A.__getitem__ = lambda self, key: [1, 2][key]")
    proxy = interpreter.eval("a")
    assert list(proxy) == [1, 2]
    define("A.__iter__ = None")
    assert outcome(list, proxy) is TypeError
    define("del A.__iter__")
    assert list(proxy) == [1, 2]


def test_callable_that_stops_being_one(interpreter: atoll.Interpreter) -> None:
    """A class that had `__call__` from the beginning may lose it, and get it back."""
    interpreter.exec("class F:\n    def __call__(self, *args): return args\nf = F()")
    function = interpreter.eval("f")
    assert function(1) == (1,)
    interpreter.exec("kept = F.__call__; del F.__call__")
    assert not callable(function)
    assert outcome(function, 1) is TypeError
    interpreter.exec("F.__call__ = kept")
    assert function(1) == (1,)


def test_buffer_in_use_of_a_class_that_loses_it(interpreter: atoll.Interpreter) -> None:
    """Memory that is in use stays so, and is given back."""
    interpreter.exec(
        "class B:\n    def __buffer__(self, flags): return memoryview(b'abc')\nb = B()"
    )
    proxy = interpreter.eval("b")
    view = memoryview(proxy)
    interpreter.exec("del B.__buffer__")
    assert bytes(view) == b"abc"
    assert outcome(memoryview, proxy) is TypeError
    view.release()
    assert interpreter.statistics().buffers == 0


def test_removed_while_nobody_looks(interpreter: atoll.Interpreter) -> None:
    """A special method that is missing when it is called does what Python does without."""
    interpreter.exec("""
class D:
    def __getitem__(self, key):
        del D.__getitem__
        return self[key]
    def __contains__(self, item):
        del D.__contains__
        return item in self
    def __len__(self):
        del D.__len__
        return len(self)
    def __add__(self, other):
        del D.__add__
        return self + other
d = D()""")
    proxy = interpreter.eval("d")
    for use in (lambda: proxy[0], lambda: 5 in proxy, lambda: len(proxy), lambda: proxy + 1):
        assert outcome(use) is TypeError
        assert outcome(use) is TypeError


def test_seen_in_every_interpreter(interpreter: atoll.Interpreter, define: Define) -> None:
    """Another holder sees it as soon as a call enters it."""
    with atoll.Interpreter("holder") as holder:
        holder.exec("def size(it): return len(it)\ndef keep(it): global kept; kept = it")
        proxy = interpreter.eval("a")
        holder.eval("keep")(proxy)
        size = holder.eval("size")
        assert outcome(size, proxy) is TypeError
        define("A.__len__ = lambda self: 5")
        assert size(proxy) == 5
        assert holder.eval("len(kept)") == 5


def test_special_methods_of_a_metaclass(interpreter: atoll.Interpreter) -> None:
    """A class, as the object that it is, gets those of its metaclass."""
    interpreter.exec("class M(type): pass\nclass C(metaclass=M): pass")
    kind = interpreter.eval("C")
    assert outcome(len, kind) is TypeError
    interpreter.exec("M.__len__ = lambda cls: 4")
    assert len(kind) == 4


def test_method_of_a_class_that_was_changed_often(interpreter: atoll.Interpreter) -> None:
    """After any number of changes a method that becomes a value is that value."""
    interpreter.exec("""
class Base: __slots__ = ()
class C(Base):
    __slots__ = ()
    n = 0
    def f(self):
        C.n += 1
        return C.n
c = C()""")
    proxy = interpreter.eval("c")
    for i in range(2500):
        assert proxy.f() == i + 1
    for value in range(5):
        interpreter.exec(f"C.f = {value}")
        assert proxy.f == value
        interpreter.exec("C.f = lambda self: 'called'")
        assert proxy.f() == "called"


def test_method_of_a_class_whose_base_was_changed_often(interpreter: atoll.Interpreter) -> None:
    """Nor does it matter in which of its bases."""
    interpreter.exec("""
class Base:
    def f(self): return 'method'
class C(Base): pass
c = C()
def change():
    for i in range(2500):
        Base.n = i
        c.n""")
    proxy = interpreter.eval("c")
    assert proxy.f() == "method"
    interpreter.exec("change()")
    assert proxy.f() == "method"
    interpreter.exec("Base.f = 5")
    assert proxy.f == 5
