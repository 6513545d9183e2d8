"""Exceptions arrive as the same type, with arguments, chain, notes and a remote traceback."""

from __future__ import annotations

import errno
import sys
import traceback
import types
from typing import Any

import pytest
import workloads

import atoll

BUILTIN = """ValueError TypeError KeyError IndexError RuntimeError ZeroDivisionError OverflowError
ArithmeticError LookupError AssertionError BufferError EOFError MemoryError NotImplementedError
RecursionError ReferenceError StopAsyncIteration TimeoutError UserWarning Exception BaseException
KeyboardInterrupt SystemExit GeneratorExit AttributeError NameError ImportError SyntaxError OSError
StopIteration UnicodeError ConnectionResetError"""

ARGUMENTS = ["()", "('text',)", "(1, 2.5)", "(None, ('a', b'b'))", "('\\udc80', 2**100)"]


def caught_from(function: Any, *args: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:
        function(*args)
    return caught.value


def remote_text(error: BaseException) -> str:
    """The text of the remote traceback, at the end of the chain of causes."""
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, atoll.RemoteTraceback)
    return str(error)


# ---- type and arguments ----


@pytest.mark.parametrize("args", ARGUMENTS)
@pytest.mark.parametrize("name", BUILTIN.split())
def test_builtin_exception(there: Any, name: str, args: str) -> None:
    """A builtin exception arrives as exactly that type with equal arguments."""
    expected = workloads.catch(workloads.throw_expression, f"{name}(*{args})")
    error = caught_from(there.throw_expression, f"{name}(*{args})")
    assert (type(error), error.args) == expected[:2]
    assert str(error) == str(expected[0](*expected[1]))


@pytest.mark.parametrize(
    ("expression", "kind"),
    [("1 / 0", ZeroDivisionError), ("[][1]", IndexError), ("{}['k']", KeyError), ("x", NameError),
     ("int('a')", ValueError), ("None.x", AttributeError), ("len(1)", TypeError),
     ("__import__('nothing.at.all')", ModuleNotFoundError), ("open('/none')", FileNotFoundError),
     ("b'\\xff'.decode()", UnicodeDecodeError), ("'\\ud800'.encode()", UnicodeEncodeError),
     ("1 +", SyntaxError), ("next(iter(()))", StopIteration), ("2.0 ** 10000", OverflowError)],
)  # fmt: skip
def test_exception_raised_by_python(there: Any, expression: str, kind: type[Exception]) -> None:
    """What Python raises itself arrives with the message that it has locally."""
    local = caught_from(workloads.evaluate, expression)
    error = caught_from(there.evaluate, expression)
    assert type(error) is type(local) is kind
    assert (str(error), error.args) == (str(local), local.args)


def test_importable_exception(there: Any) -> None:
    """A custom type that can be imported here arrives as that type."""
    error = caught_from(there.throw, there.CustomError, "a", 2)
    assert type(error) is workloads.CustomError
    assert error.args == ("a", 2)


def test_exception_with_other_init(there: Any) -> None:
    """An exception whose `__init__` wants other arguments arrives with args and attributes."""
    error = caught_from(there.throw_expression, "DemandingError(5, reason='bad')")
    assert type(error) is workloads.DemandingError
    assert error.args == ("bad (5)",)
    assert (error.code, error.reason, str(error)) == (5, "bad", "bad (5)")


def test_exception_that_only_they_know(interpreter: atoll.Interpreter) -> None:
    """A type that cannot be imported arrives as a RemoteError of that name, args kept."""
    interpreter.exec("class Local(Exception): pass\nclass Odd(LookupError): pass")
    error = caught_from(interpreter.exec, "raise Local('a', 1)")
    assert isinstance(error, atoll.RemoteError)
    assert type(error).__name__ == "Local"
    assert error.args == ("a", 1)
    with pytest.raises(LookupError) as caught:
        interpreter.exec("raise Odd(3)")
    assert isinstance(caught.value, atoll.RemoteError)
    assert caught.value.args == (3,)
    assert type(caught.value) is type(caught_from(interpreter.exec, "raise Odd(4)"))


def test_exception_class_that_shadows_another(interpreter: atoll.Interpreter) -> None:
    """A type found here under the remote name, but unrelated to its base, is not used."""
    interpreter.exec(
        "class Fake(ValueError): pass\nFake.__module__ = 'workloads'\n"
        "Fake.__qualname__ = 'CustomError'"
    )
    with pytest.raises(ValueError) as caught:
        interpreter.exec("raise Fake(1)")
    assert type(caught.value) is not workloads.CustomError


def test_exception_of_main(run_cleanly: Any) -> None:
    """An exception class of `__main__` that went by value is caught as that class."""
    run_cleanly("""
        import atoll
        class Mine(Exception):
            def __init__(self, a, *, b): super().__init__(a); self.b = b
        def fail(): raise Mine(1, b=2)
        with atoll.Interpreter() as other:
            try:
                other.call(fail)
            except Mine as error:
                assert type(error) is Mine and error.args == (1,) and error.b == 2
            else:
                raise SystemExit("nothing raised")
    """)


def test_os_error_fields(there: Any) -> None:
    """An OSError arrives with errno, strerror and file names, as the right subclass."""
    error = caught_from(there.evaluate, "open('/no/such')")
    assert isinstance(error, FileNotFoundError)
    assert (error.errno, error.filename) == (errno.ENOENT, "/no/such")
    error = caught_from(there.throw_expression, "OSError(13, 'text', 'a', None, 'b')")
    assert isinstance(error, PermissionError)
    assert (error.strerror, error.filename, error.filename2) == ("text", "a", "b")
    error = caught_from(there.throw_expression, "DemandingOSError('p', 5)")
    assert type(error) is workloads.DemandingOSError
    assert error.code == 5


def test_fields_of_other_builtin_exceptions(there: Any) -> None:
    """The fields that builtin exceptions keep in C arrive too."""
    error = caught_from(there.evaluate, "__import__('nothing')")
    assert isinstance(error, ModuleNotFoundError)
    assert error.name == "nothing"
    error = caught_from(there.evaluate, "unknown_name")
    assert isinstance(error, NameError)
    assert error.name == "unknown_name"
    error = caught_from(there.evaluate, "Counter().nope")
    assert isinstance(error, AttributeError)
    assert error.name == "nope"
    error = caught_from(there.evaluate, "b'\\xff'.decode()")
    assert isinstance(error, UnicodeDecodeError)
    assert (error.object, error.start) == (b"\xff", 0)
    error = caught_from(there.evaluate, "(1 2)")
    assert isinstance(error, SyntaxError)
    assert (error.lineno, error.text) == (1, "(1 2)")
    error = caught_from(there.throw_expression, "StopIteration(5)")
    assert isinstance(error, StopIteration)
    assert error.value == 5
    error = caught_from(there.throw_expression, "SystemExit(3)")
    assert isinstance(error, SystemExit)
    assert error.code == 3


def test_mutable_argument_is_a_proxy(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """Mutable arguments and attributes of an exception are proxies."""
    error = caught_from(there.throw_expression, "CustomError([1])")
    assert atoll.owner(error.args[0]) is shared_interpreter
    assert list(error.args[0]) == [1]
    error = caught_from(there.throw_with_note)
    assert error.extra[0] == 1
    assert list(error.extra[1]) == [2]


def test_argument_comes_home(there: Any) -> None:
    """A local object in an exception's arguments comes back as itself."""
    mine: list[int] = []
    assert caught_from(there.throw, ValueError, mine).args[0] is mine


# ---- chains, notes, groups ----


def test_notes(there: Any) -> None:
    """Notes arrive."""
    error = caught_from(there.throw_with_note)
    assert error.__notes__ == ["look here"]
    assert "look here" in "".join(traceback.format_exception(error))


def test_cause(there: Any) -> None:
    """`raise ... from` arrives as `__cause__`, of its type."""
    error = caught_from(there.throw_from_cause)
    assert type(error.__cause__) is KeyError
    assert error.__cause__.args == ("cause",)
    assert error.__suppress_context__


def test_context(there: Any) -> None:
    """The exception that was being handled arrives as `__context__`."""
    error = caught_from(there.throw_while_handling)
    assert type(error.__context__) is KeyError
    assert error.__context__.args == ("first",)
    text = "".join(traceback.format_exception(error))
    assert "first" in text
    assert "During handling" in text


def test_context_of_what_comes_home(there: Any) -> None:
    """An exception that was raised here, below the call, keeps the context that it got here."""

    def fail(raised: ValueError, context: BaseException | None) -> None:
        try:
            raise raised
        finally:
            raised.__context__ = context

    for context in (None, TypeError()):
        raised = ValueError()
        try:
            raise KeyError
        except KeyError:
            with pytest.raises(ValueError) as caught:
                there.call(fail, raised, context)
        assert caught.value is raised
        assert raised.__context__ is context


def test_from_none(there: Any) -> None:
    """`raise ... from None` hides the context here too."""
    error = caught_from(there.throw_from_none)
    assert error.__suppress_context__
    assert "hidden" not in "".join(traceback.format_exception(error))


def test_cycle_in_the_chain(interpreter: atoll.Interpreter) -> None:
    """A chain that bites its tail arrives, cut."""
    error = caught_from(
        interpreter.exec,
        "a = ValueError(1)\nb = KeyError(2)\n"
        "a.__context__ = b\nb.__context__ = a\nb.__cause__ = a\nraise a",
    )
    assert type(error) is ValueError
    assert type(error.__context__) is KeyError


def test_long_chain(interpreter: atoll.Interpreter) -> None:
    """A chain of thousands of exceptions arrives without a RecursionError."""
    error = caught_from(
        interpreter.exec,
        "e = None\nfor i in range(5000):\n"
        "    f = ValueError(i)\n    f.__cause__ = e\n    e = f\nraise e",
    )
    assert type(error) is ValueError
    assert error.args == (4999,)


def test_group(there: Any) -> None:
    """An exception group arrives with its nested members, for `except*`."""
    seen: list[type[BaseException]] = []
    try:
        there.throw_group()
    except* ValueError as group:
        seen += [type(each) for each in group.exceptions]
    except* workloads.CustomError as group:
        seen += [type(each) for each in group.exceptions[0].exceptions]
    assert seen == [ValueError, workloads.CustomError]


def test_base_exception_group(there: Any) -> None:
    """A group of BaseExceptions and a custom group arrive as what they are."""
    error = caught_from(there.throw_expression, "BaseExceptionGroup('b', [KeyboardInterrupt(1)])")
    assert type(error) is BaseExceptionGroup
    assert type(error.exceptions[0]) is KeyboardInterrupt


# ---- traceback ----


def test_remote_traceback_has_real_lines(there: Any) -> None:
    """The remote traceback names file, line, function and source, below `__cause__`."""
    text = remote_text(caught_from(there.call, there.throw, CustomHere, "why"))
    assert "Traceback in interpreter 'shared' (most recent call last):" in text
    assert workloads.__file__ in text
    assert "in call" in text
    assert "in throw" in text
    assert "raise error(*args)" in text
    assert "_inside.py" not in text


class CustomHere(Exception):
    """Not importable as far as an interpreter without this module is concerned."""


def test_traceback_is_printed(there: Any) -> None:
    """What Python prints for the exception shows the remote traceback and the local one."""
    printed = "".join(traceback.format_exception(caught_from(there.throw, KeyError, "k")))
    assert "raise error(*args)" in printed
    assert "Traceback in interpreter 'shared'" in printed
    assert printed.rstrip().endswith("KeyError: 'k'")
    assert "test_exceptions.py" in printed


def test_traceback_across_three(there: Any, interpreter: atoll.Interpreter) -> None:
    """An exception through two interpreters shows the frames of both."""
    second = interpreter.import_module("workloads")
    error = caught_from(second.call, there.throw, ValueError, "deep")
    text = "".join(traceback.format_exception(error))
    assert type(error) is ValueError
    assert "interpreter 'shared'" in text
    assert "interpreter 'fresh'" in text
    assert "in throw" in text
    assert "in call" in text


def test_local_exception_through_another(there: Any) -> None:
    """An exception of a local callback arrives, through the other interpreter, as its type."""

    class Mine(Exception):
        pass

    def fail() -> None:
        raise Mine(1)

    error = caught_from(there.call, fail)
    assert type(error) is Mine
    assert error.args == (1,)


def test_they_can_catch_ours(there: Any) -> None:
    """Code there catches what a local callback raises, by type."""

    def fail() -> None:
        raise KeyError("local")

    kind, args, _ = there.catch(fail)
    assert kind is KeyError
    assert args == ("local",)
    assert there.catch(there.throw, ValueError, 1)[:2] == (ValueError, (1,))


def test_remote_traceback_is_pickled(there: Any) -> None:
    """A caught exception can be pickled, as executors do."""
    import pickle

    error = caught_from(there.throw, ValueError, 1)
    assert isinstance(error.__cause__, atoll.RemoteTraceback)
    again = pickle.loads(pickle.dumps(error.__cause__))
    assert str(again) == str(error.__cause__)
    assert "in throw" in str(again)


def test_reraised_later(there: Any) -> None:
    """A caught exception may be raised again, also from another."""
    error = caught_from(there.throw, ValueError, 1)
    with pytest.raises(KeyError) as caught:
        raise KeyError(2) from error
    assert "in throw" in remote_text(caught.value)


# ---- bad input ----


def test_unprintable_exception(there: Any) -> None:
    """An exception whose `__str__` raises arrives all the same."""
    error = caught_from(there.throw_expression, "UnprintableError('x')")
    assert type(error) is workloads.UnprintableError
    assert error.args == ("x",)


def test_unprintable_argument(there: Any) -> None:
    """An argument whose `__repr__` raises does not spoil the traceback's text."""
    text = remote_text(caught_from(there.throw_expression, "ValueError(UnprintableError())"))
    assert "ValueError" in text


@pytest.mark.parametrize("arguments", ["[1] * 3", "Bag()", "BadHash()"])
def test_odd_args(there: Any, arguments: str) -> None:
    """Whatever is raised, with whatever in it, arrives."""
    error = caught_from(there.throw_expression, f"RuntimeError({arguments})")
    assert type(error) is RuntimeError
    assert atoll.is_proxy(error.args[0])


def test_hash_that_raises(there: Any) -> None:
    """The exception of a `__hash__` is the caller's."""
    with pytest.raises(ZeroDivisionError, match="no hash today"):
        hash(there.BadHash())
    with pytest.raises(ZeroDivisionError, match="no hash today"):
        there.identity(frozenset()) | {there.BadHash()}


def test_del_that_raises(run_script: Any) -> None:
    """An exception of a `__del__` is reported and ignored, and nothing is lost."""
    done = run_script("""
        import atoll
        with atoll.Interpreter() as other:
            other.exec("class C:\\n    def __del__(self): raise ValueError('in del')")
            proxy = other.eval("C()")
            del proxy
            print(other.eval("1 + 1"))
    """)
    assert (done.returncode, done.stdout) == (0, "2\n")
    assert "ValueError: in del" in done.stderr


def test_system_exit_and_interrupt_cross(there: Any) -> None:
    """SystemExit, KeyboardInterrupt and GeneratorExit cross as what they are."""
    for kind in (SystemExit, KeyboardInterrupt, GeneratorExit):
        assert type(caught_from(there.throw, kind, 7)) is kind


def test_raised_class_must_be_an_exception(there: Any) -> None:
    """Raising a proxied class works if it is an exception there, else it is a TypeError."""
    with pytest.raises(TypeError, match="exceptions must derive from BaseException"):
        there.throw(there.Counter)


def test_interpreter_closed_error(interpreter: atoll.Interpreter) -> None:
    """InterpreterClosedError is an AtollError and a ReferenceError, and names the interpreter."""
    proxy = interpreter.eval("[]")
    interpreter.close()
    error = caught_from(len, proxy)
    assert isinstance(error, atoll.AtollError)
    assert isinstance(error, ReferenceError)
    assert isinstance(error, atoll.InterpreterClosedError)
    assert str(error) == "interpreter 'fresh' is closed [docs: explanation/lifetimes]"


def test_traceback_after_closing(interpreter: atoll.Interpreter) -> None:
    """The remote traceback can be read after the interpreter was closed."""
    error = caught_from(interpreter.exec, "raise ValueError([1])")
    interpreter.close()
    assert "ValueError: [1]" in "".join(traceback.format_exception(error.__cause__))


def test_memory_of_exceptions(interpreter: atoll.Interpreter) -> None:
    """A caught exception keeps nothing alive in the interpreter that raised it."""
    interpreter.exec(
        "import weakref\nclass C: pass\n"
        "def fail():\n    global ref\n    c = C()\n    ref = weakref.ref(c)\n"
        "    raise ValueError(1)"
    )
    error = caught_from(interpreter.eval("fail"))
    assert type(error) is ValueError
    assert interpreter.eval("ref() is None")


def local_base_exception() -> type[BaseException]:
    """Make a class that derives from BaseException and cannot be imported."""

    class Local(BaseException):
        pass

    return Local


def test_base_exception_comes_home(there: Any) -> None:
    """A local subclass of BaseException that passed through another interpreter is itself again."""
    local = local_base_exception()

    def fail() -> None:
        raise local(1)

    with pytest.raises(local):
        there.call(fail)


def test_base_exception_elsewhere(interpreter: atoll.Interpreter) -> None:
    """Where it is not known, its stand-in is no Exception either: that would be swallowed."""

    class Exit(SystemExit):
        """Derives from another builtin than BaseException."""

    class Group(BaseExceptionGroup[BaseException]):
        """Its layout is not that of BaseException."""

    interpreter.exec(
        "def raised_by(function):\n"
        "    try: function()\n"
        "    except BaseException as error: caught = error\n"
        "    kind = type(caught)\n"
        "    bases = *(each.__name__ for each in kind.__bases__),\n"
        "    return kind.__name__, bases, caught.remote_type"
    )
    for cls, args in (
        (local_base_exception(), (1,)),
        (Exit, (3,)),
        (Group, ("two", [KeyboardInterrupt(1), ValueError(2)])),
    ):

        def fail(cls: type[BaseException] = cls, args: Any = args) -> None:
            raise cls(*args)

        raised = interpreter.eval("raised_by")(fail)
        bases = ("BaseRemoteError", cls.__mro__[1].__name__)
        assert raised == (cls.__name__, bases, cls)


def test_base_exception_comes_home_by_name(there: Any) -> None:
    """So is one that can be imported here, and could not be there."""
    module = types.ModuleType("only_here")
    module.Own = type("Own", (BaseException,), {"__module__": "only_here"})  # type: ignore[attr-defined]
    sys.modules["only_here"] = module

    def fail() -> None:
        raise module.Own(1)  # type: ignore[attr-defined]

    try:
        with pytest.raises(module.Own):  # type: ignore[attr-defined]
            there.call(atoll.ref(fail))
    finally:
        del sys.modules["only_here"]


def test_from_a_frame_without_builtins() -> None:
    """Whoever calls from where there is no `__import__` gets the exception as well."""

    def fail() -> None:
        raise ValueError(1)

    with atoll.Interpreter() as fresh:  # has not yet imported what makes exceptions
        fresh.exec("def call(f): return eval('f()', {'__builtins__': {}, 'f': f})")
        with pytest.raises(ValueError, match="1"):
            fresh.eval("call")(fail)
