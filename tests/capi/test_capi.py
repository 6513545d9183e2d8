"""atoll.h: what extension modules can do, by each version of the header."""

from __future__ import annotations

import contextlib
import runpy
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from capi_modules import NEEDS_COMPILER, SOURCES, build, load

import atoll

pytestmark = NEEDS_COMPILER

DETACHED, ARGUMENT, CLOSED, TIMEOUT, UNBALANCED = -2, -3, -4, -5, -7
# `frozen_1.h` is the header as version 1 was published. It must not change.
HEADERS = {"using_now": "<atoll.h>", "using_frozen_1": '"frozen_1.h"'}


@pytest.fixture(scope="module", params=HEADERS)
def using(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The module `using.c`, compiled with one of the headers."""
    folder = tmp_path_factory.mktemp("capi")
    name: str = request.param
    options = (f"-I{SOURCES}", f"-DATOLL_HEADER={HEADERS[name]}", f"-DMODULE={name}")
    path = list(sys.path)
    yield load(build(SOURCES / "using.c", folder, name, *options))
    sys.path[:] = path


class Adder:
    """An object whose methods are called."""

    def __init__(self) -> None:
        self.number = 3

    def add(self, other: int, *, more: int = 0) -> int:
        """Return the sum."""
        return self.number + other + more

    def fail(self) -> None:
        """Raise an exception."""
        raise KeyError("lost")


# ---- interpreters ----


def test_names_interpreters(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """The current one, main, that of a thread, of a handle, of a Proxy."""
    assert using.current() is using.main() is atoll.main()
    assert using.of_thread(threading.get_ident()) is atoll.main()
    assert using.of_thread(0) is None
    known = (shared_interpreter.id, "shared", 0)
    assert using.of_object(shared_interpreter) == known
    assert using.of_object(shared_interpreter.eval("[]")) == known
    with pytest.raises(TypeError, match="an Interpreter is required"):
        using.of_object([])
    with pytest.raises(AttributeError, match="restricted"):
        using.of_object(shared_interpreter.call(eval, "__import__('atoll').restrict([], ['pop'])"))


def test_current_among_many(using: Any) -> None:
    """A thread knows where it is in more interpreters than it remembers, and in later ones."""
    for _ in range(2):
        with contextlib.ExitStack() as opened:
            many = [opened.enter_context(atoll.Interpreter()) for _ in range(6)]
            there = [each.import_module(using.__name__) for each in many]
            for _ in range(2):
                assert [each.current() for each in there] == many
                assert using.current() is atoll.main()
            del there


def test_state_of_closed(using: Any) -> None:
    """A handle outlives its interpreter, and says that it is closed."""
    with atoll.Interpreter("short") as short:
        number = short.id
    assert using.of_object(short) == (number, "short", 2)


# ---- references ----


def test_reference_is_original_or_proxy(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A reference is the original where it lives, and its one Proxy elsewhere."""
    local: list[int] = []
    assert using.keep(local) == 0
    assert using.resolve() is local
    there = shared_interpreter.import_module(using.__name__)
    assert atoll.is_proxy(shared_interpreter.eval("[]"))
    assert there.resolve() is local
    proxy = shared_interpreter.eval("[1]")
    assert using.keep(proxy) == shared_interpreter.id
    assert using.resolve() is proxy
    using.drop()
    with pytest.raises(ValueError, match="refers to nothing"):
        using.resolve()


def test_reference_keeps_the_object(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """The object lives as long as a reference counts it."""
    using.keep(shared_interpreter.eval("[1, 2]"))
    assert atoll.copy(using.resolve()) == [1, 2]
    using.drop()


def test_calls(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A method and the object itself are called where it lives, here and elsewhere."""
    for adder in (Adder(), shared_interpreter.call(Adder)):
        using.keep(adder)
        assert using.call("add", 4) == 7
        with pytest.raises(KeyError, match="lost"):
            using.call("fail")
        with pytest.raises(AttributeError):
            using.call("missing")
        assert using.get_attr("number") == 3
        assert using.set_attr("number", 10) == 0
        assert using.call("add", -1) == 9
        assert using.set_attr("number") == 0
        with pytest.raises(AttributeError, match="number"):
            using.get_attr("number")
    using.keep(shared_interpreter.eval("[3, 1, 2]"))
    using.call_keyword("sort", "reverse", True)
    assert atoll.copy(using.resolve()) == [3, 2, 1]
    using.keep(shared_interpreter.eval("lambda *all: len(all)"))
    assert using.call(None, *range(9)) == 9
    using.drop()


def test_calls_by_name(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A function is found by its import name, here and elsewhere; values cross by the rules."""
    for where in (shared_interpreter, atoll.main()):
        assert using.call_function(where, "builtins:len", [1, 2]) == 2
        assert list(using.call_function(where, "builtins:list", (1,))) == [1]
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            using.call_function(where, "no_such_module:f")


def test_exports_methods(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A method of a Proxy is exported as the method there."""
    using.keep(shared_interpreter.eval("[5]").pop)
    assert using.call(None) == 5
    using.drop()


# ---- visits ----


@pytest.mark.parametrize("how", ["attached", "detached", "thread"])
def test_visits(using: Any, interpreter: atoll.Interpreter, how: str) -> None:
    """Any thread enters any interpreter: attached, detached, and one that Python does not know."""
    interpreter.exec("visits = 0")
    for _ in range(3):
        assert using.visit(how, interpreter, "visits += 1") == (0, 0)
    assert interpreter.eval("visits") == 3
    assert using.visit(how, atoll.main(), "None") == (0, 0)
    assert interpreter.statistics().visitors == 0


def test_visits_nest(using: Any, interpreter: atoll.Interpreter) -> None:
    """Visits nest, back into the first one, too; they end in reverse order only."""
    with atoll.Interpreter("other") as other:
        assert using.nest(interpreter, other) is True


def test_visits_that_stay_nest(using: Any, interpreter: atoll.Interpreter) -> None:
    """A visit does not end before a later one in the same interpreter, which stays there."""
    assert using.nest_stays(interpreter) is True


@pytest.mark.parametrize("how", ["attached", "detached"])
def test_exceptions_come_along(using: Any, interpreter: atoll.Interpreter, how: str) -> None:
    """An exception that is set as a thread leaves is raised where it returns to."""
    with pytest.raises(ZeroDivisionError):
        using.visit(how, interpreter, "1 / 0")
    assert using.visit(how, interpreter, "None") == (0, 0)


def test_exceptions_of_lone_threads(using: Any, interpreter: atoll.Interpreter) -> None:
    """One that is raised in a thread which Python does not know goes to sys.unraisablehook."""
    interpreter.exec(
        "import sys; sys.unraisablehook = lambda seen: all.append(seen.exc_type); all = []"
    )
    assert using.visit("thread", interpreter, "1 / 0") == (0, -1)
    assert interpreter.eval("[each.__name__ for each in all] == ['ZeroDivisionError']")


@pytest.mark.parametrize("how", ["attached", "detached"])
def test_deadlines(using: Any, interpreter: atoll.Interpreter, how: str) -> None:
    """A visit with a limit is interrupted when its time is over."""
    with pytest.raises(TimeoutError):
        using.visit(how, interpreter, "while True: pass", 0.01)
    assert using.visit(how, interpreter, "None", 1e6) == (0, 0)


def test_deadlines_of_lone_threads(using: Any, interpreter: atoll.Interpreter) -> None:
    """So is that of a thread which Python does not know."""
    assert using.visit("thread", interpreter, "while True: pass", 0.01) == (0, TIMEOUT)
    assert using.visit("thread", interpreter, "None", 0)[0] in (0, TIMEOUT)


def test_closed_refuses(using: Any) -> None:
    """A closed interpreter refuses all threads: with an exception, or its status."""
    with atoll.Interpreter("closed") as closed:
        pass
    with pytest.raises(atoll.InterpreterClosedError, match="'closed' is closed"):
        using.visit("attached", closed, "None")
    with pytest.raises(atoll.InterpreterClosedError):
        using.call_function(closed, "builtins:len", ())
    assert using.visit("detached", closed, "None") == (CLOSED, 1)
    assert using.visit("thread", closed, "None") == (CLOSED, 1)


def test_closing_under_visitors(using: Any) -> None:
    """An interpreter that closes lets those inside leave, and refuses them from then on."""
    busy = atoll.Interpreter("busy")
    using.begin_crowd(busy)
    while using.count_of_visits() < 50:
        atoll.checkpoint()
    busy.close()
    assert using.end_crowd() == (CLOSED,) * 4


# ---- memory ----


def test_wraps_memory(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """Memory of an extension is a Buffer everywhere; it is freed once, with the last of them."""
    before = using.count_of_freed()
    wrapped = using.wrap(b"hello")
    assert isinstance(wrapped, atoll.Buffer) and bytes(wrapped) == b"hello"
    there = shared_interpreter.call(lambda buffer: buffer[1:], wrapped)
    wrapped[1] = ord("a")
    assert bytes(there) == b"allo"
    del wrapped
    assert using.count_of_freed() == before
    del there
    shared_interpreter.exec("import gc; gc.collect()")
    assert using.count_of_freed() == before + 1


def test_shares(using: Any) -> None:
    """Values are shared as by atoll.share."""
    shared = using.share(("a", 1.5, {"k": b"v"}))
    assert atoll.is_shared(shared) and using.is_shared(shared) == 1
    assert using.is_shared([]) == 0
    with pytest.raises(TypeError, match="list"):
        using.share(([],))


def test_cells(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """An AtomicInt of C is one for Python; threads without Python change it."""
    cell = using.count_up()
    assert isinstance(cell, atoll.AtomicInt) and cell.load() == 8
    shared_interpreter.call(lambda number: number.add(1), cell)
    assert cell.load() == 9
    with pytest.raises(TypeError, match="an AtomicInt is required"):
        using.cell_of(3)


def test_slots(using: Any) -> None:
    """Each interpreter has a variable of its own, which is freed as that ends."""
    assert using.bump("here") + 1 == using.bump("here")
    before = using.count_of_ended()
    with atoll.Interpreter("slotted") as slotted:
        there = slotted.import_module(using.__name__)
        assert [there.bump(object) for _ in range(2)] == [1, 2]
        del there
    assert using.count_of_ended() == before + 1


# ---- mistakes ----


def test_detached(using: Any) -> None:
    """Where no exception can be set there is a status, or NULL."""
    assert using.detached([]) == (0, UNBALANCED, DETACHED, 1)


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("enter NULL", ValueError, "Atoll_Interpreter is NULL"),
        ("enter without a visit", ValueError, "Atoll_Visit is NULL"),
        ("negative time", ValueError, "0 or more"),
        ("leave NULL", ValueError, "Atoll_Visit is NULL"),
        ("leave before", RuntimeError, "without its"),
        ("leave twice", RuntimeError, "without its"),
        ("export NULL", ValueError, "object is NULL"),
        ("export elsewhere", RuntimeError, "is in interpreter 'main', not in 'shared'"),
        ("no interpreter", ValueError, "Atoll_Interpreter is NULL"),
        ("resolve nothing", ValueError, "refers to nothing"),
        ("call nothing", ValueError, "refers to nothing"),
        ("call elsewhere", RuntimeError, "not in 'shared'"),
        ("call without arguments", ValueError, "arguments are NULL"),
        ("set of nothing", TypeError, "must be string"),
        ("wrap NULL", ValueError, "is NULL"),
        ("no slot", ValueError, "is NULL"),
    ],
)
def test_mistakes(
    using: Any, shared_interpreter: atoll.Interpreter, kind: str, error: type[Exception], text: str
) -> None:
    """What cannot be meant is an exception that says what is wrong."""
    using.keep([])
    with pytest.raises(error, match=text):
        using.mistake(kind, shared_interpreter)
    using.drop()


def test_copied_visit(using: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A copy of a visit cannot be left."""
    assert using.mistake("leave a copy", shared_interpreter) == UNBALANCED


# ---- the header itself ----


def test_page_is_up_to_date() -> None:
    """The reference page is what tools/c_api_page.py makes of the header."""
    names = runpy.run_path(str(SOURCES.parents[1] / "tools" / "c_api_page.py"))
    assert names["PAGE"].read_text() == names["page"](), "run python tools/c_api_page.py"


def test_refuses_other_versions(tmp_path: Path) -> None:
    """A header that atoll does not fit is an ImportError that says what to do."""
    header = Path(atoll.get_include(), "atoll.h").read_text()
    newer = header.replace("define ATOLL_API_VERSION 1", "define ATOLL_API_VERSION 99")
    assert newer != header
    (tmp_path / "newer.h").write_text(newer)
    options = (f"-I{tmp_path}", '-DATOLL_HEADER="newer.h"', "-DMODULE=using_newer")
    path = list(sys.path)
    with pytest.raises(ImportError, match=r"built with version 99 .* install a newer atoll"):
        load(build(SOURCES / "using.c", tmp_path, "using_newer", *options))
    sys.path[:] = path
