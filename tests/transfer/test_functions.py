"""Functions that go by value: what they take along, and what that costs."""

from __future__ import annotations

import colorsys
import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import atoll
from atoll._transfer import functions, remaking

FACTOR = 3


def copied(function: Any) -> Any:
    """Take a function apart and make it again, here."""
    return remaking.load_function(*functions.dump_function(function))


def as_main(source: str) -> dict[str, Any]:
    """What the source defines, as if it had been run as a script."""
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    exec(source, namespace)
    return namespace


def test_globals() -> None:
    """A function takes along the globals that it uses, inner functions too, and no others."""
    names = as_main(
        "import math, threading\n"
        "factor = 3\n"
        "lock = threading.Lock()\n"  # cannot be pickled
        "def double(n): return 2 * n\n"
        "def work(n): return [double(each) * factor + math.floor(0.5) for each in range(n)]\n"
    )
    work = copied(names["work"])
    assert work(3) == names["work"](3) == [0, 6, 12]
    assert {"double", "factor", "math"} <= work.__globals__.keys()
    assert "lock" not in work.__globals__
    assert work.__module__ == work.__globals__["__name__"] == "__main__"
    assert work.__globals__["double"].__globals__ is work.__globals__


def test_an_attribute_is_no_global() -> None:
    """A global is not taken along because an attribute has its name."""
    names = as_main("import threading\nlock = threading.Lock()\ndef of(x): return x.lock\n")
    assert "lock" not in copied(names["of"]).__globals__


def test_globals_that_are_set() -> None:
    """Functions that went together share their globals, and can change them."""
    names = as_main(
        "n = 1\n"
        "def add():\n    global n\n    n += 1\n"
        "def both():\n    add()\n    return n\n"
    )  # fmt: skip
    assert copied(names["both"])() == 2
    assert names["n"] == 1


def test_recursion() -> None:
    """Functions may refer to themselves and to each other, as globals and in closures."""

    def is_even(n: int) -> bool:
        return n == 0 or is_odd(n - 1)

    def is_odd(n: int) -> bool:
        return n != 0 and is_even(n - 1)

    assert copied(is_even)(10)
    assert copied(as_main("def f(n): return n and n + f(n - 1)\n")["f"])(4) == 10


def test_cells() -> None:
    """A closure takes along what it refers to; what is not bound yet is unbound there, too."""

    def function(is_bound: bool) -> int:
        return bound if is_bound else unbound

    bound = 4
    if not bound:
        unbound = 5
    again = copied(function)
    assert again(True) == 4
    with pytest.raises(NameError):
        again(False)


def test_attributes() -> None:
    """Defaults, annotations, names, docstring and the function's own attributes go along."""

    def function(a: int, b: str = "b", *, c: list[int] = [1]) -> None:  # noqa: B006
        """Docstring."""

    function.mark = "mark"  # type: ignore[attr-defined]
    function.__qualname__ = "other.name"
    again = copied(function)
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__",
                 "__kwdefaults__", "__annotations__", "__dict__"):  # fmt: skip
        assert getattr(again, name) == getattr(function, name)
    assert again.__code__ == function.__code__
    assert again.__code__.co_filename == __file__
    wrapped = copied(functools.wraps(function)(lambda *args: args))
    assert wrapped.__wrapped__.__doc__ == "Docstring."


def test_generators_and_coroutines() -> None:
    """All kinds of functions go."""

    def generate() -> Any:
        yield from range(FACTOR)

    async def answer() -> int:
        return FACTOR

    assert list(copied(generate)()) == [0, 1, 2]
    with pytest.raises(StopIteration, match="3"):
        copied(answer)().send(None)


def test_many_names() -> None:
    """A function may use more names than fit into a byte."""
    names = as_main(
        "".join(f"name_{n} = {n}\n" for n in range(600))
        + "def total(): return " + "+".join(f"name_{n}" for n in range(600))
    )  # fmt: skip
    assert copied(names["total"])() == sum(range(600))


def test_classes() -> None:
    """A function may refer to a class that cannot be imported; it goes by value, too."""
    names = as_main("class Point:\n    x = 1\ndef make(): return Point().x\n")
    assert copied(names["make"])() == 1


def test_submodules(interpreter: atoll.Interpreter) -> None:
    """A function that uses a submodule through its package finds it imported."""
    names = as_main("import xml.dom\ndef find(): return xml.dom.__name__\n")
    assert "xml.dom" not in interpreter.eval("tuple(__import__('sys').modules)")
    assert interpreter.call(names["find"]) == "xml.dom"


def test_what_cannot_be_pickled() -> None:
    """It is an error when the function is taken apart."""
    lock = __import__("threading").Lock()
    with pytest.raises(TypeError, match="lock"):
        functions.dump_function(lambda: lock)


class Lazy(ModuleType):
    """What some packages make themselves to."""

    @property
    def answer(self) -> int:
        return 42


@pytest.mark.parametrize("with_class", [False, True])
def test_module_of_a_class_of_its_own(monkeypatch: pytest.MonkeyPatch, with_class: bool) -> None:
    """It goes by name, as others do; what uses classes goes by another way."""
    monkeypatch.setitem(sys.modules, "lazily", Lazy("lazily"))
    names = as_main(
        "import lazily\nclass C:\n    module = lazily\n"
        f"def work(): return lazily, lazily.answer, {'C.module' if with_class else 'lazily'}\n"
    )
    module = sys.modules["lazily"]
    assert copied(names["work"])() == (module, 42, module)


def test_modules_that_cloudpickle_is_to_take_along() -> None:
    """cloudpickle.register_pickle_by_value() holds for what a function refers to."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(colorsys)
    try:
        data, *_ = functions.dump_function(lambda: colorsys.rgb_to_hsv)
    finally:
        cloudpickle.unregister_pickle_by_value(colorsys)
    assert b"cloudpickle" in data


def test_cloudpickle_is_not_imported(run_cleanly: Callable[..., str]) -> None:
    """Functions of `__main__`, lambdas and closures need it neither here nor there."""
    run_cleanly("""
        import sys
        import atoll

        def double(n):
            return 2 * n

        def work(n):
            import sys
            return double(n), [name for name in sys.modules if "cloudpickle" in name]

        with atoll.InterpreterPoolExecutor(1) as pool, atoll.Interpreter() as other:
            assert pool.submit(work, 2).result() == (4, [])
            assert other.call(lambda: tuple(map(str, work(3)))) == ("6", "[]")
        assert "cloudpickle" not in sys.modules
    """)


def test_cloudpickle_is_half_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """While another thread imports cloudpickle, functions that need it not are pickled all the same."""
    monkeypatch.setitem(sys.modules, "cloudpickle", ModuleType("cloudpickle"))
    monkeypatch.setitem(
        sys.modules, "cloudpickle.cloudpickle", ModuleType("cloudpickle.cloudpickle")
    )
    assert copied(lambda: FACTOR)() == FACTOR
