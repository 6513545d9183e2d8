"""`Interpreter`: running code in it, what it inherits, and what it tells of itself."""

from __future__ import annotations

import functools
import operator
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import workloads

import atoll

# ---- call ----


def test_call_by_name(shared_interpreter: atoll.Interpreter) -> None:
    """A function that can be imported is imported there and called."""
    assert shared_interpreter.call(workloads.current_name) == "shared"
    assert shared_interpreter.call(pow, 2, 10) == 1024
    assert shared_interpreter.call(workloads.pack, 1, x=2) == ((1,), (("x", 2),))


def test_call_lambda(shared_interpreter: atoll.Interpreter) -> None:
    """A lambda goes by value."""
    assert shared_interpreter.call(lambda a, b: a + b, 1, b=2) == 3


def test_call_closure(shared_interpreter: atoll.Interpreter) -> None:
    """A closure goes by value, with copies of what it refers to."""
    numbers = [1, 2]

    def total(extra: int) -> int:
        numbers.append(extra)
        return sum(numbers)

    assert shared_interpreter.call(total, 3) == 6
    assert numbers == [1, 2]


def test_proxy_in_a_closure(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A Proxy or an Interpreter in a closure stays a reference."""
    counter = there.Counter()

    def use() -> bool:
        counter.add(5)
        return type(counter).__name__ == "Counter" and not shared_interpreter.is_closed

    assert shared_interpreter.call(use)
    assert counter.n == 5


def test_recursive_closure(shared_interpreter: atoll.Interpreter) -> None:
    """A function that refers to itself goes by value."""

    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    assert shared_interpreter.call(factorial, 20) == 2432902008176640000


@pytest.mark.parametrize(
    ("function", "args", "expected"),
    [(functools.partial(operator.add, 2), (3,), 5), (str.upper, ("a",), "A"),
     (operator.itemgetter(1), ((4, 5),), 5), (workloads.Counter.sum, (1, 2), 3),
     (workloads.Counter(2).add, (3,), 5), ("a-b".split, ("-",), ["a", "b"]), (len, ("abc",), 3),
     (workloads.Counter.make(1).add, (1,), 2), (int, ("7",), 7), ([].__len__, (), 0)],
)  # fmt: skip
def test_call_of_other_callables(
    shared_interpreter: atoll.Interpreter, function: Any, args: tuple[Any, ...], expected: Any
) -> None:
    """Partials, methods, classes and callable objects can be called there."""
    result = shared_interpreter.call(function, *args)
    assert (list(result) if isinstance(expected, list) else result) == expected


def test_bound_method_goes_by_value(shared_interpreter: atoll.Interpreter) -> None:
    """A bound method takes a copy of its object along."""
    counter = workloads.Counter(1)
    assert shared_interpreter.call(counter.add, 1) == 2
    assert counter.n == 1


def test_call_class(shared_interpreter: atoll.Interpreter) -> None:
    """A class makes its instance there."""
    counter = shared_interpreter.call(workloads.Counter, 3)
    assert atoll.owner(counter) is shared_interpreter
    assert counter.add(1) == 4


def test_call_proxy(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A proxied function is called in the interpreter that is named."""
    assert shared_interpreter.call(there.current_name) == "shared"


def test_call_with_keywords_like_its_own(shared_interpreter: atoll.Interpreter) -> None:
    """Keyword arguments may be called `self` and `fn`."""
    result = shared_interpreter.call(workloads.pack, self=1, fn=2)
    assert result == ((), (("fn", 2), ("self", 1)))


def test_call_into_main() -> None:
    """Calling into the interpreter that one is in is an ordinary call."""
    numbers: list[int] = []
    assert atoll.main().call(numbers.append, 3) is None
    assert numbers == [3]
    assert atoll.current().eval("1 + 1") == 2


def test_call_from_inside(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """Code inside calls into main and into itself."""
    assert there.call_in(atoll.main(), there.current_name) == "main"
    assert there.call_in(shared_interpreter, there.current_name) == "shared"


def test_functions_of_main(run_cleanly: Any) -> None:
    """Functions and classes of `__main__` go by value, with the globals that they use."""
    run_cleanly("""
        import atoll
        import math
        FACTOR = 3
        class Vector:
            def __init__(self, x): self.x = x
            def scaled(self): return Vector(self.x * FACTOR)
        def helper(x): return math.floor(x) * FACTOR
        def work(x, vector): return helper(x) + vector.x
        if __name__ == "__main__":
            with atoll.Interpreter() as other:
                assert other.call(work, 2.5, atoll.copy(Vector(1))) == 7
                assert other.call(Vector(2).scaled).x == 6
                made = other.call(Vector, 5)
                assert made.scaled().x == 15
                assert other.call(lambda: __name__) == "__main__"
    """)


def test_function_that_cannot_be_pickled(shared_interpreter: atoll.Interpreter) -> None:
    """What a closure holds must be picklable; if not, the error comes before anything runs."""
    lock = __import__("threading").Lock()
    with pytest.raises(TypeError, match="cannot pickle"):
        shared_interpreter.call(lambda: lock.acquire())


# ---- exec, eval, modules, scripts ----


def test_exec_and_eval_share_main(interpreter: atoll.Interpreter) -> None:
    """exec() and eval() run in `__main__` of the interpreter, which is not ours."""
    interpreter.exec("x = 5")
    assert interpreter.eval("x + 1") == 6
    assert interpreter.import_module("__main__").x == 5
    assert not hasattr(sys.modules["__main__"], "x")


@pytest.mark.parametrize("source", ["1 +", "(", "a b", "\0"])
def test_syntax_error(shared_interpreter: atoll.Interpreter, source: str) -> None:
    """Bad source is a SyntaxError that names the interpreter as the file."""
    with pytest.raises(SyntaxError):
        shared_interpreter.exec(source)
    with pytest.raises(SyntaxError):
        shared_interpreter.eval(source)


@pytest.mark.parametrize(
    "run",
    [
        lambda interpreter, source: interpreter.exec(source),
        lambda interpreter, source: interpreter.exec(f"exec({source!r})"),
        lambda interpreter, source: interpreter.eval(f"exec({source!r}, globals())"),
        lambda interpreter, source: interpreter.call(
            interpreter.eval("exec"), source, interpreter.eval("globals()")
        ),
    ],
)
def test_source_has_only_its_own_future(interpreter: atoll.Interpreter, run: Any) -> None:
    """Source code is compiled with the features that it imports from `__future__`, no others."""
    run(interpreter, "def f(x: int): ...\nseen = f.__annotations__['x'] is int")
    assert interpreter.eval("seen")


def test_eval_takes_an_expression(shared_interpreter: atoll.Interpreter) -> None:
    """Statements are a SyntaxError for eval()."""
    with pytest.raises(SyntaxError) as caught:
        shared_interpreter.eval("x = 1")
    assert caught.value.filename == "<interpreter shared>"


def test_import_module(shared_interpreter: atoll.Interpreter) -> None:
    """import_module() gives a Proxy to the module, whose state is its own."""
    json = shared_interpreter.import_module("json")
    assert json.loads("[1]")[0] == 1
    assert json.__name__ == "json"
    assert shared_interpreter.import_module("os.path").join("a", "b") == "a/b"
    with pytest.raises(ModuleNotFoundError, match="No module named 'nothing'"):
        shared_interpreter.import_module("nothing")


def test_run_path(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """run_path() runs a script with its arguments and the modules beside it."""
    (tmp_path / "beside.py").write_text("VALUE = 3")
    script = tmp_path / "main.py"
    script.write_text("import sys, beside\nresult = __name__, sys.argv, beside.VALUE")
    result = interpreter.run_path(script, argv=["prog", "a"])["result"]
    assert (result[0], list(result[1]), result[2]) == ("__main__", ["prog", "a"], 3)
    assert interpreter.run_path(str(script), run_name="other")["__name__"] == "other"


def test_run_path_errors(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """A missing script is an OSError, and SystemExit of the script passes."""
    with pytest.raises(FileNotFoundError):
        interpreter.run_path(tmp_path / "none.py")
    (tmp_path / "exits.py").write_text("raise SystemExit(4)")
    with pytest.raises(SystemExit) as caught:
        interpreter.run_path(tmp_path / "exits.py")
    assert caught.value.code == 4


def test_run_module(interpreter: atoll.Interpreter) -> None:
    """run_module() runs a module as `python -m` does."""
    names = interpreter.run_module("workloads", run_name="__main__", argv=["x"])
    assert names["__name__"] == "__main__"
    assert callable(names["identity"])
    assert list(interpreter.eval("__import__('sys').argv"))[-1:] == ["x"]
    with pytest.raises(ImportError):
        interpreter.run_module("nothing.here")


# ---- wrong arguments ----


@pytest.mark.parametrize(
    "use",
    [lambda i: i.call(), lambda i: i.call(3), lambda i: i.call("len"), lambda i: i.exec(b"1"),
     lambda i: i.exec(), lambda i: i.eval(1), lambda i: i.eval("1", "2"),
     lambda i: i.exec(source="1"),
     lambda i: i.import_module(), lambda i: i.run_path(), lambda i: i.run_path("x", argvs=[]),
     lambda i: i.run_module("this", "x"), lambda i: i.close(tiemout=1), lambda i: i.statistics(1),
     lambda i: atoll.Interpreter(3), lambda i: atoll.Interpreter("a", True),
     lambda i: atoll.Interpreter(nmae="a"), lambda i: atoll.Interpreter("a", preemptiv=True),
     lambda i: i.run_path("x", argv=5), lambda i: i.call(workloads.identity, typo=1)],
)  # fmt: skip
def test_wrong_arguments(shared_interpreter: atoll.Interpreter, use: Any) -> None:
    """Wrong arguments, typos included, are TypeErrors."""
    with pytest.raises(TypeError):
        use(shared_interpreter)


def test_attributes_are_read_only(shared_interpreter: atoll.Interpreter) -> None:
    """A typo in an assignment to an Interpreter is an AttributeError."""
    for name in ("name", "id", "is_closed", "is_preemptive", "nmae"):
        with pytest.raises(AttributeError):
            setattr(shared_interpreter, name, 1)


# ---- what it tells ----


def test_names(interpreter: atoll.Interpreter) -> None:
    """An interpreter has the given name, or one of its own; long ones are cut."""
    assert interpreter.name == "fresh"
    with (
        atoll.Interpreter() as one,
        atoll.Interpreter() as two,
        atoll.Interpreter("ä" * 100) as long,
    ):
        assert one.name.startswith("interpreter-")
        assert one.name != two.name
        assert long.name
        assert long.name != "ä" * 100
        assert ("ä" * 100).startswith(long.name)


def test_repr(interpreter: atoll.Interpreter) -> None:
    """repr() names the interpreter, its id and its state."""
    assert repr(interpreter) == f"<atoll.Interpreter 'fresh' id={interpreter.id} open>"
    assert repr(atoll.main()) == "<atoll.Interpreter 'main' id=0 open>"


def test_current_main_interpreters(interpreter: atoll.Interpreter) -> None:
    """current(), main() and interpreters() agree, in every interpreter."""
    assert atoll.current() is atoll.main()
    assert atoll.main().id == 0
    listed = atoll.interpreters()
    assert listed[0] is atoll.main()
    assert listed[-1] is interpreter
    inside = interpreter.import_module("atoll")
    assert inside.current() is interpreter
    assert inside.main() is atoll.main()
    assert list(inside.interpreters()) == listed


def test_handles_are_equal_by_identity(interpreter: atoll.Interpreter) -> None:
    """There is one handle per interpreter, good as a dict key."""
    assert {interpreter: 1}[interpreter] == 1
    assert interpreter != atoll.main()


def test_preemptive_flag(interpreter: atoll.Interpreter) -> None:
    """is_preemptive says how it was made; main always is."""
    assert not interpreter.is_preemptive
    assert atoll.main().is_preemptive
    with atoll.Interpreter(preemptive=True) as other:
        assert other.is_preemptive


def test_statistics(interpreter: atoll.Interpreter) -> None:
    """statistics() counts crossings, exports and proxies, and is a frozen record."""
    before = interpreter.statistics()
    kept = [interpreter.eval("[]"), interpreter.eval("{}")]
    interpreter.eval("[]").append(kept)
    after = interpreter.statistics()
    assert after.crossings >= before.crossings + 4
    assert after.exports >= before.exports + 2
    assert after.visitors == 0
    assert after.buffers == 0
    assert after.thread_states >= 1
    with pytest.raises(AttributeError):
        after.exports = 1


def test_statistics_of_a_method_call(interpreter: atoll.Interpreter) -> None:
    """A method call crosses once. Others may cross beside: to tell of new warnings filters."""
    counter = interpreter.call(workloads.Counter)
    counter.add(1)
    before = interpreter.statistics().crossings
    for _ in range(100):
        counter.add(1)
    assert 100 <= interpreter.statistics().crossings - before < 200


# ---- inheritance ----


def test_path_and_argv(interpreter: atoll.Interpreter) -> None:
    """sys.path and sys.argv are those of the maker, and then its own."""
    remote = interpreter.import_module("sys")
    assert list(remote.path) == sys.path
    assert list(remote.argv) == sys.argv
    remote.path.append("/only/there")
    assert "/only/there" not in sys.path


def test_warnings_filters() -> None:
    """Warnings filters are inherited: what is an error here is one there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "special", UserWarning, "__main__")
        warnings.filterwarnings("ignore", category=SyntaxWarning)
        with atoll.Interpreter() as interpreter:
            with pytest.raises(UserWarning, match="special"):
                interpreter.exec("import warnings; warnings.warn('special')")
            interpreter.exec("1 is 1")


def test_redirect_stdout(shared_interpreter: atoll.Interpreter) -> None:
    """What is printed there goes where the main interpreter's stdout goes just now."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as error:
        shared_interpreter.exec("import sys; print('out', 1); print('err', file=sys.stderr)")
    assert (out.getvalue(), error.getvalue()) == ("out 1\n", "err\n")


def test_capsys(shared_interpreter: atoll.Interpreter, capsys: Any) -> None:
    """pytest's capture sees it."""
    shared_interpreter.exec("print('seen', end='', flush=True)")
    assert capsys.readouterr().out == "seen"


def test_stream_interface(shared_interpreter: atoll.Interpreter, capsys: Any) -> None:
    """sys.stdout there has the interface of a text stream."""
    stdout = shared_interpreter.eval("__import__('sys').stdout")
    assert stdout.writable()
    assert stdout.encoding == sys.stdout.encoding
    assert not stdout.closed
    assert stdout.write("two\nlines") == 9
    with pytest.raises(TypeError, match="must be str"):
        stdout.write(b"bytes")
    stdout.flush()
    assert capsys.readouterr().out == "two\nlines"


def test_isolation(interpreter: atoll.Interpreter) -> None:
    """Modules, and what is in them, are the interpreter's own."""
    interpreter.import_module("workloads").marker = 1
    assert not hasattr(workloads, "marker")
    assert interpreter.eval("__import__('sys').modules is not None")
    assert "pytest" not in interpreter.import_module("sys").modules


def test_with_closes(there: Any) -> None:
    """`with` closes the interpreter, also when the body raises."""
    with pytest.raises(KeyError), atoll.Interpreter() as interpreter:
        raise KeyError
    assert interpreter.is_closed


def test_interpreter_made_inside_another(interpreter: atoll.Interpreter) -> None:
    """An interpreter may make others, which are nobody's children."""
    made = interpreter.import_module("atoll").Interpreter("inner")
    with made:
        assert made in atoll.interpreters()
        assert made.call(workloads.current_name) == "inner"
    assert made.is_closed


def test_pickled_handle(interpreter: atoll.Interpreter) -> None:
    """A pickled handle leads to the same interpreter, as long as it is open."""
    import pickle

    data = pickle.dumps(interpreter)
    assert pickle.loads(data) is interpreter
    interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError):
        pickle.loads(data)


class Worker(atoll.Interpreter):
    """An interpreter that knows more than others."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.results: list[int] = []

    def compute(self, *numbers: int) -> int:
        self.results.append(self.call(pow, *numbers))
        return self.results[-1]


def test_subclass() -> None:
    """What a subclass makes is an instance of it, and the one handle of its interpreter."""
    with Worker("working") as worker:
        assert type(worker) is Worker
        assert (worker.name, worker.compute(2, 3), worker.results) == ("working", 8, [8])
        assert worker.call(atoll.current) is worker
        assert any(each is worker for each in atoll.interpreters())
        assert atoll.owner(worker.eval("[]")) is worker
    assert worker.is_closed
    with pytest.raises(TypeError, match="no subclass"):
        atoll._core.handle_as(worker, int)  # type: ignore[type-var]
