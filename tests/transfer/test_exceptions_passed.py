"""An exception that is passed, not raised, is an exception: the same one wherever it lives."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import json
import pickle
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import atoll

PREPARED = """
import contextlib, sys, traceback
from concurrent.futures import Future
kept = []
future = Future()
def identity(it): return it
def throw(error): raise error
def chain(error): raise KeyError("there") from error
def note(error):
    error.add_note("there"); error.extra = 5
    raise error
def noted(function):
    try: function()
    except Exception as error: note(error)
@contextlib.contextmanager
def plain(): yield
@contextlib.contextmanager
def reraising():
    try: yield
    except BaseException: raise
@contextlib.contextmanager
def translating():
    try: yield
    except ValueError as error: raise KeyError("there") from error
@contextlib.contextmanager
def swallowing():
    try: yield
    except ValueError: pass
@contextlib.asynccontextmanager
async def async_plain(): yield
@contextlib.asynccontextmanager
async def async_swallowing():
    try: yield
    except ValueError: pass
class Bare:
    def __enter__(self): return self
    def __exit__(self, cls, error, trace):
        self.is_current = sys.exception() is error
        raise
class Failing:
    def __enter__(self): return self
    def __exit__(self, *error): {}["gone"]
class Looking:
    def __enter__(self): return self
    def __exit__(self, cls, error, trace):
        self.seen = cls is type(error), isinstance(error, ValueError), trace
        return True
def generate():
    try: yield 1
    except ValueError as error: yield error
def run_within(function, *managers):
    with contextlib.ExitStack() as stack:
        for each in managers: stack.enter_context(each)
        function()
    return "swallowed"
class Base(Exception): pass
class Derived(Base): pass
class Broken(__import__("json").JSONDecodeError): pass
def throw_made(cls, *args): raise cls(*args)
"""


@pytest.fixture(scope="module")
def other() -> Iterator[atoll.Interpreter]:
    with atoll.Interpreter("other") as interpreter:
        interpreter.exec(PREPARED)
        yield interpreter


class Mine(ValueError):
    pass


def raised_by(function: Callable[..., Any], *args: Any) -> BaseException:
    with pytest.raises(BaseException) as caught:
        function(*args)
    return caught.value


def raise_in(manager: Any, error: BaseException) -> None:
    with manager:
        raise error


def raise_in_stack(manager: Any, error: BaseException) -> None:
    with contextlib.ExitStack() as stack:
        stack.enter_context(manager)
        raise error


RAISE_IN = pytest.mark.parametrize("raise_in", [raise_in, raise_in_stack])


# ---- passed ----


WAYS: dict[str, Callable[[atoll.Interpreter, Any], Any]] = {
    "result": lambda other, it: other.eval("identity")(it),
    "element": lambda other, it: other.eval("lambda pair: pair[1]")((0, it)),
    "item": lambda other, it: other.eval("lambda many: many[0]")([it]),
    "attribute": lambda other, it: (
        other.eval("lambda it: setattr(throw, 'it', it) or throw")(it).it
    ),
    "future": lambda other, it: (
        other.eval("future.__init__() or future.set_exception")(it)
        or other.eval("future.exception()")
    ),
    "part of another": lambda other, it: other.eval("identity")(ValueError(it, 1)).args[0],
    "member": lambda other, it: other.eval("lambda group: group.exceptions[0]")(
        ExceptionGroup("group", [it])
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_comes_home_as_itself(other: atoll.Interpreter, way: str) -> None:
    """An exception that goes there and back is the object that it was."""
    error = Mine("mine")
    assert WAYS[way](other, error) is error


def test_is_one_there_as_well(other: atoll.Interpreter) -> None:
    """Passed twice it is one object there, an exception that can be raised, with notes."""
    error = ValueError("once")
    is_one = other.eval("lambda one, two: (one is two, type(one), one.args, one.__cause__)")
    assert is_one(error, error) == (True, ValueError, ("once",), None)
    assert raised_by(other.eval("throw"), error) is error


def test_queue_and_executor_keep_it() -> None:
    """What comes out of a queue, or back from a worker, is the exception that went in."""
    error = Mine("mine")
    queue: atoll.Queue[Any] = atoll.Queue()
    queue.put((error, Mine))
    assert queue.get() == (error, Mine)
    with atoll.InterpreterPoolExecutor(1) as pool:
        assert pool.submit(lambda many: [many[0]], [error]).result()[0] is error
        assert type(pool.submit(lambda: ValueError([1])).result().args[0]) is list


def test_gathered(interpreter: atoll.Interpreter) -> None:
    """gather(return_exceptions=True) returns exceptions."""
    error = ValueError("gathered")
    interpreter.exec("def throw(error): raise error")

    async def gather() -> list[Any]:
        calls = interpreter.acall(interpreter.eval("throw"), error), interpreter.acall(len, 5)
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second = asyncio.run(gather())
    interpreter.close()  # when the threads of the calls have left it
    assert first is error
    assert type(second) is TypeError


def test_chained_there(other: atoll.Interpreter) -> None:
    """Raised `from` it over there, the other exception has it as its cause here."""
    error = ValueError("cause")
    raised = raised_by(other.eval("chain"), error)
    assert type(raised) is KeyError
    assert raised.__cause__ is error


def test_what_it_gets_there_comes_along(other: atoll.Interpreter) -> None:
    """Notes and attributes that it gets on its way are those of the original, where it is raised."""
    error = ValueError("callback")
    error.extra = 1  # type: ignore[attr-defined]
    error.add_note("here")

    def fail() -> None:
        raise error

    assert raised_by(other.eval("noted"), fail) is error
    assert error.__notes__ == ["here", "there"]
    assert error.extra == 1  # type: ignore[attr-defined]
    assert "in noted" in "".join(traceback.format_exception(error))


def test_traceback_text_of_what_is_passed(other: atoll.Interpreter) -> None:
    """An exception that was raised where it comes from says so wherever it arrives."""
    text = other.eval("lambda it: ''.join(traceback.format_exception(it))")
    error = raised_by(lambda: 1 / 0)
    assert f'File "{__file__}", line {sys._getframe().f_lineno - 1}' in text(error)
    assert "in interpreter" not in text(ValueError("never raised"))


def test_frames_of_what_is_raised_often(other: atoll.Interpreter) -> None:
    """Of very many frames only some cross, so that each crossing does not take longer."""
    other.exec("often = ValueError()\ndef fail(): raise often")
    fail = other.eval("fail")
    other.exec("for _ in range(2000):\n try: fail()\n except ValueError: pass")
    text = str(raised_by(fail).__cause__)
    assert text.count("in fail\n") < 300
    assert "[some frames left out]" in text


def test_it_is_not_kept(other: atoll.Interpreter) -> None:
    """What was made of it elsewhere keeps nothing alive at home."""
    error = Mine("kept")
    is_there = weakref.ref(error)
    other.eval("kept.append")(error)
    del error
    gc.collect()
    assert is_there() is None
    assert other.eval("type(kept[-1]).__name__") == "Mine"


def test_by_reference(other: atoll.Interpreter) -> None:
    """ref() has it cross by reference."""
    is_proxy = other.eval("lambda it: __import__('atoll').is_proxy(it)")
    assert is_proxy(atoll.ref(ValueError()))
    assert not is_proxy(ValueError())


def test_exceptions_in_each_other(other: atoll.Interpreter) -> None:
    """Exceptions that have each other as attributes, or themselves, do so there."""
    one, two = ValueError("one"), KeyError("two")
    one.other, two.other = two, one  # type: ignore[attr-defined]
    see = other.eval("lambda it: (type(it.other), it.other.other is it, it.other)")
    assert see(one) == (KeyError, True, two)
    itself = ValueError()
    itself.args = (itself,)
    assert other.eval("lambda it: it.args[0] is it")(itself)


def test_deep_in_each_other(other: atoll.Interpreter) -> None:
    """Of very many, one inside the other, the outer ones arrive."""
    error = ValueError("innermost")
    for _ in range(1000):
        error = ValueError(error)
    assert other.eval("lambda it: type(it.args[0].args[0].args[0])")(error) is ValueError


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_member_linked_to_its_group(other: atoll.Interpreter, link: str) -> None:
    """The cause or context of a group's member may be the group, or one that holds the group."""
    other.exec(f"""def fail():
        leaf, late = ValueError("leaf"), ExceptionGroup("late", [KeyError("late")])
        group = ExceptionGroup("group", [leaf, OSError(), late])
        leaf.{link}, group.exceptions[1].{link} = ExceptionGroup("whole", [group]), late
        late.{link} = group
        raise group""")
    group = raised_by(other.eval("fail"))
    assert type(group) is ExceptionGroup
    leaf, middle, late = group.exceptions
    assert getattr(leaf, link).exceptions == (group,)
    assert getattr(middle, link) is late
    assert getattr(late, link) is group


# ---- classes ----


def test_class_through_a_module(other: atoll.Interpreter) -> None:
    """`except` takes the class that a Proxy to a module has."""
    module = other.import_module("json")
    assert module.JSONDecodeError is json.JSONDecodeError
    with pytest.raises(module.JSONDecodeError):
        module.loads("{")


def test_class_of_a_module_that_lives_elsewhere() -> None:
    """So it does where the package itself is a Proxy, and its class cannot be imported."""
    with atoll.Interpreter(extensions={"only_there": "main"}) as interpreter:
        module = type(sys)("only_there")
        exec("class Error(ValueError): pass\ndef fail(): raise Error(1)", vars(module))
        interpreter.eval("lambda it: __import__('sys').modules.update(only_there=it)")(module)
        interpreter.exec(
            "import only_there\n"
            "try: only_there.fail()\n"
            "except only_there.Error as error: is_kind = isinstance(error, ValueError)"
        )
        assert interpreter.eval("is_kind")


def test_stand_ins_have_the_same_bases(other: atoll.Interpreter) -> None:
    """Classes that nobody knows here are derived from each other as they are there."""
    base, derived, broken = map(other.eval, ("Base", "Derived", "Broken"))
    assert issubclass(derived, base)
    assert issubclass(base, atoll.RemoteError)
    assert issubclass(broken, json.JSONDecodeError)
    throw_made = other.eval("throw_made")
    with pytest.raises(base):
        throw_made(derived, 5)
    error = raised_by(throw_made, broken, "message", "text", 0)
    assert type(error) is broken
    assert (error.msg, error.pos) == ("message", 0)  # type: ignore[attr-defined]


def test_stand_in_for_a_group_class(other: atoll.Interpreter) -> None:
    """A class of groups of Exceptions is stood in for by one, and is a RemoteError."""
    other.exec("class Failures(ExceptionGroup): pass\ndef fail(): raise Failures('', [OSError()])")
    with pytest.raises(atoll.RemoteError):
        other.eval("fail")()


def test_stand_in_goes_home(other: atoll.Interpreter) -> None:
    """A stand-in, and an exception made of it here, are of the class itself where that is."""
    derived = other.eval("Derived")
    assert other.eval("lambda cls: cls is Derived")(derived)
    assert other.eval("lambda it: type(it) is Derived")(derived("made here"))


def test_slots_through_a_stand_in(other: atoll.Interpreter) -> None:
    """What an exception of an unknown class has in slots is in slots where the class is known."""
    other.exec("class Slotted(ValueError): __slots__ = 'slot'")
    make = "[error := Slotted(), setattr(error, 'slot', 1), setattr(error, 'other', 2)][0]"
    error = other.eval(f"lambda: {make}")()
    assert (error.slot, error.other) == (1, 2)
    see = "lambda it: (type(it) is Slotted, it.slot, sorted(it.__dict__))"
    assert other.eval(see)(error) == (True, 1, ["other"])
    kept = other.eval(f"[{make}]")
    assert raised_by(other.eval("throw"), kept[0]) == kept[0]
    assert other.eval(see)(kept[0]) == (True, 1, ["other"])


# ---- __exit__ and throw ----


@RAISE_IN
@pytest.mark.parametrize("manager", ["plain()", "reraising()", "Bare()"])
def test_manager_that_lets_it_pass(other: atoll.Interpreter, raise_in: Any, manager: str) -> None:
    """An exception that a context manager of another interpreter lets pass is the same one."""
    error = ValueError("body")
    assert raised_by(raise_in, other.eval(manager), error) is error
    assert error.__context__ is None


@RAISE_IN
def test_manager_that_swallows_it(other: atoll.Interpreter, raise_in: Any) -> None:
    """One that swallows it does so, also by the class."""
    for manager in ("swallowing()", "contextlib.suppress(ValueError)"):
        for error in (Mine("mine"), json.JSONDecodeError("message", "", 0), UnicodeError()):
            raise_in(other.eval(manager), error)


@RAISE_IN
def test_manager_that_translates_it(other: atoll.Interpreter, raise_in: Any) -> None:
    """What it raises instead has the exception as its cause and context."""
    error = ValueError("body")
    raised = raised_by(raise_in, other.eval("translating()"), error)
    assert type(raised) is KeyError
    assert raised.__cause__ is raised.__context__ is error


@RAISE_IN
def test_exit_sees_real_ones(other: atoll.Interpreter, raise_in: Any) -> None:
    """`__exit__` gets a class, an instance of it, and a traceback of its own interpreter's."""
    manager = other.eval("Looking()")
    raise_in(manager, Mine("mine"))
    assert manager.seen == (True, True, None)


def test_exit_while_it_is_current(other: atoll.Interpreter) -> None:
    """In `__exit__` it is the current exception, which can be raised again."""
    manager = other.eval("Bare()")
    assert type(raised_by(raise_in, manager, Mine("mine"))) is Mine
    assert manager.is_current
    assert other.eval("sys.exception()") is None


def test_exit_by_hand(other: atoll.Interpreter) -> None:
    """So it is where `__exit__` is called by name, or as a function with sys.exc_info()."""
    for get in ("lambda it: it.__exit__", "lambda it: functools.partial(it.__exit__)"):
        other.exec("import functools")
        manager = other.eval("plain()")
        manager.__enter__()
        leave = manager.__exit__ if "partial" not in get else other.eval(get)(manager)
        try:
            raise ValueError("body")
        except ValueError:
            assert leave(*sys.exc_info()) is False


def test_manager_here_stack_there(other: atoll.Interpreter) -> None:
    """An ExitStack of another interpreter unwinds through context managers of both."""

    @contextlib.contextmanager
    def passing() -> Iterator[None]:
        yield

    def fail() -> None:
        raise Mine("within")

    run_within = other.eval("run_within")
    assert type(raised_by(run_within, fail, passing())) is Mine
    swallowing = contextlib.suppress(ValueError)
    assert run_within(fail, swallowing, passing(), other.eval("plain()")) == "swallowed"


def test_async_managers(other: atoll.Interpreter) -> None:
    """Asynchronous ones of another interpreter pass on and swallow as those here."""

    async def run(name: str, is_in_stack: bool) -> BaseException | None:
        error = ValueError("body")
        try:
            if is_in_stack:
                async with contextlib.AsyncExitStack() as stack:
                    await stack.enter_async_context(other.eval(name)())
                    raise error
            else:
                async with other.eval(name)():
                    raise error
        except ValueError as raised:
            assert raised is error
            return raised
        return None

    for is_in_stack in (False, True):
        assert asyncio.run(run("async_plain", is_in_stack)) is not None
        assert asyncio.run(run("async_swallowing", is_in_stack)) is None


def test_throw(other: atoll.Interpreter) -> None:
    """`throw()` of a generator gets the exception; what the generator yields of it is that one."""
    for make in (ValueError, Mine):
        error, generator = make("thrown"), other.eval("generate()")
        next(generator)
        assert generator.throw(error) is error


# ---- what is handled here ----


def test_context_of_here(other: atoll.Interpreter) -> None:
    """What is raised there while something is handled here has that as its context, and says so."""
    for fail in (lambda: other.eval("{}['gone']"), lambda: other.exec("throw(KeyError(1))")):
        try:
            raise ValueError("handled here")
        except ValueError as handled:
            error = raised_by(fail)
            assert error.__context__ is handled
        assert "handled here" in "".join(traceback.format_exception(error))


def test_context_of_a_body(other: atoll.Interpreter) -> None:
    """A context manager of another interpreter that fails does not hide what happened before."""
    error = ValueError("in the body")
    raised = raised_by(raise_in, other.eval("Failing()"), error)
    assert type(raised) is KeyError
    assert raised.__context__ is error
    assert "in the body" in "".join(traceback.format_exception(raised))


def test_context_makes_no_circle(other: atoll.Interpreter) -> None:
    """An exception that is handled here and raised again over there is no context of itself."""
    error = ValueError("again")
    try:
        raise error
    except ValueError:
        assert raised_by(other.eval("throw"), error) is error
    assert error.__context__ is None


def pickled(error: Any) -> Any:
    return pickle.loads(pickle.dumps(error))


OF_UNKNOWN_TYPES = """
import json
import pickle
class Coded(ValueError):
    def __init__(self, text, *, code): super().__init__(text); self.code = code
class Missing(FileNotFoundError): pass
class BadJson(json.JSONDecodeError): pass
class Several(ExceptionGroup): pass
class Ending(BaseException): pass
"""


@pytest.mark.parametrize(
    "made",
    [
        "Coded('text', code=5)",
        "Missing(2, 'none', 'file')",
        "BadJson('text', 'document', 1)",
        "Several('two', [Coded('text', code=6), KeyError('key')])",
        "Ending(7)",
    ],
)
@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, pickled])
def test_stand_in_is_pickled(of: Any, made: str, interpreter: atoll.Interpreter) -> None:
    """One whose type is not to be had here can be copied, and pickled for another process."""
    interpreter.exec(OF_UNKNOWN_TYPES)
    error = interpreter.eval(made)
    again = of(error)
    assert type(again) is type(error)
    assert again is not error
    assert str(again) == str(error)
    assert repr(again) == repr(error)
    known = {**vars(error)}
    known.pop("remote_type", None)
    assert vars(again) == known
    assert getattr(again, "filename", None) == getattr(error, "filename", None)
