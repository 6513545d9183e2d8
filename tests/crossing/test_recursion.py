"""Recursion across interpreters ends in a RecursionError, never in a crash."""

from __future__ import annotations

from typing import Any

import pytest
import workloads

import atoll

DEPTH = 100_000


@pytest.fixture
def second(interpreter: atoll.Interpreter) -> Any:
    return interpreter.import_module("workloads")


def test_shallow(there: Any, second: Any) -> None:
    """Calls nest across interpreters some levels deep."""
    assert there.bounce(there.bounce, second.bounce, 100) == 100
    assert workloads.bounce(workloads.bounce, there.bounce, 100) == 100


def test_deep_between_two(there: Any, second: Any) -> None:
    """Two interpreters that call each other 100,000 deep: RecursionError, both usable after."""
    with pytest.raises(RecursionError):
        there.bounce(there.bounce, second.bounce, DEPTH)
    assert there.bounce(there.bounce, second.bounce, 50) == 50


def test_deep_with_main(there: Any) -> None:
    """So with the main interpreter."""
    with pytest.raises(RecursionError):
        workloads.bounce(workloads.bounce, there.bounce, DEPTH)
    assert workloads.bounce(workloads.bounce, there.bounce, 50) == 50


def test_deep_with_a_high_limit(run_cleanly: Any) -> None:
    """A high recursion limit everywhere does not lead to a crash: the stack is watched."""
    out = run_cleanly("""
        import atoll, sys, workloads
        with atoll.Interpreter() as one, atoll.Interpreter() as two:
            for each in (atoll.main(), one, two):
                each.exec("import sys; sys.setrecursionlimit(10**6)")
            a, b = one.import_module("workloads").bounce, two.import_module("workloads").bounce
            for first, second in ((a, b), (workloads.bounce, a)):
                try:
                    first(first, second, 100_000)
                except RecursionError as error:
                    print("RecursionError")
                assert first(first, second, 20) == 20
    """)
    assert out == "RecursionError\n" * 2


def test_deep_on_a_thread(run_cleanly: Any) -> None:
    """Threads with small and with large stacks are safe as well."""
    out = run_cleanly("""
        import atoll, sys, threading, workloads
        sys.setrecursionlimit(10**6)
        with atoll.Interpreter() as one:
            one.exec("import sys; sys.setrecursionlimit(10**6)")
            a = one.import_module("workloads").bounce
            def run():
                try:
                    workloads.bounce(workloads.bounce, a, 100_000)
                except RecursionError:
                    print("RecursionError")
                assert workloads.bounce(workloads.bounce, a, 3) == 3
            for size in (256, 1024, 64 * 1024):
                threading.stack_size(size * 1024)
                thread = threading.Thread(target=run)
                thread.start()
                thread.join()
    """)
    assert out == "RecursionError\n" * 3


def test_error_can_be_handled_at_any_level(there: Any, second: Any) -> None:
    """A RecursionError caught inside leaves the caller a result."""
    kind = there.catch(there.bounce, there.bounce, second.bounce, DEPTH)[0]
    assert kind is RecursionError


@pytest.mark.parametrize("special", ["__repr__", "__len__", "__getattr__", "__eq__", "__hash__"])
def test_endless_special_method(interpreter: atoll.Interpreter, special: str) -> None:
    """A special method that asks the other side, which asks back, ends in a RecursionError."""
    operations = {"__repr__": repr, "__len__": len, "__getattr__": lambda o: o.missing,
                  "__eq__": lambda o: o == 1, "__hash__": hash}  # fmt: skip
    interpreter.exec(
        f"class C:\n    def {special}(self, *args): return self.ask(self)\n"
        "    def __init__(self, ask): self.ask = ask"
    )
    endless = interpreter.eval("C")(operations[special])
    with pytest.raises(RecursionError):
        operations[special](endless)
    assert interpreter.eval("1 + 1") == 2


def test_mutual_repr(there: Any) -> None:
    """Lists of two interpreters that hold each other: repr() is a RecursionError or a text."""
    mine: list[Any] = []
    theirs = there.evaluate("[]")
    mine.append(theirs)
    theirs.append(mine)
    assert "[...]" in repr(mine)
    assert "[...]" in repr(theirs)


def test_very_deep_tuple(there: Any) -> None:
    """A tuple nested 100,000 deep is refused with a RecursionError, both ways."""
    deep: Any = ()
    for _ in range(DEPTH):
        deep = (deep,)
    with pytest.raises(RecursionError):
        there.identity(deep)
    with pytest.raises(RecursionError):
        there.evaluate(f"__import__('functools').reduce(lambda t, _: (t,), range({DEPTH}), ())")
    assert there.identity((1,)) == (1,)


def test_depth_of_python_is_not_reduced(there: Any) -> None:
    """Code there may recurse as deep as the limit allows."""
    depth = there.evaluate(
        "(lambda f: f(f, 0, 900))(lambda f, n, m: n if n == m else f(f, n + 1, m))"
    )
    assert depth == 900
