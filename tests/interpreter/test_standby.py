"""Ready interpreters: made in the background, taken at once, seen by nobody before."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest
import workloads

import atoll
from atoll import _core
from atoll._forwarding import warning_filters
from atoll._interpreter import standby


@pytest.fixture(autouse=True)
def is_settled(nothing_is_left: None) -> Iterator[None]:
    """Each test begins with some ready interpreter; those that it asked for are used up after it."""
    with atoll.Interpreter():
        pass
    atoll.prewarm(0, wait=True)
    yield
    atoll.prewarm(0, wait=True)
    while _core.count_ready() > 1:
        atoll.Interpreter().close()


def next_id() -> int:
    """An id that no interpreter has yet; of a new one, which is not taken from the ready ones."""
    with atoll.Interpreter(preemptive=True) as interpreter:
        return interpreter.id + 1


def modules_of(interpreter: atoll.Interpreter) -> Any:
    """The names of the modules that it has imported."""
    return interpreter.eval("tuple(__import__('sys').modules)")


# ---- which are ready ----


def test_one_is_kept() -> None:
    """When the ready one is taken, another one is made."""
    for _ in range(3):
        assert _core.count_ready() == 1
        bound = next_id()
        with atoll.Interpreter() as interpreter:
            assert interpreter.id < bound
        atoll.prewarm(0, wait=True)


def test_not_before_the_first(run_cleanly: Any) -> None:
    """A process that makes no interpreter has no ready ones, and no thread that makes them."""
    run_cleanly("""
        import atoll, os
        from atoll import _core
        from atoll._forwarding import warning_filters
        atoll.current(), atoll.interpreters(), atoll.threads
        atoll.prewarm(0)
        assert _core.count_ready() == 0 and len(os.listdir("/proc/self/task")) == 1
    """)


def test_an_executor_leaves_the_processors_to_its_workers(run_cleanly: Any) -> None:
    """None is made in place of those that its workers use, until they have ended."""
    run_cleanly("""
        import atoll
        from atoll import _core
        with atoll.InterpreterPoolExecutor(1) as pool:
            pool.submit(abs, 1).result()
            atoll.prewarm(0, wait=True)
            assert _core.count_ready() == 0
        atoll.prewarm(0, wait=True)
        assert _core.count_ready() == 1
    """)


def test_prewarm_makes_so_many() -> None:
    """prewarm(n) makes n more; each is given out once."""
    atoll.prewarm(3, wait=True)
    assert _core.count_ready() == 4
    bound = next_id()
    several = [atoll.Interpreter() for _ in range(3)]
    assert len({each.id for each in several}) == 3
    assert all(each.id < bound for each in several)
    for each in several:
        each.close()


def test_prewarm_returns_at_once() -> None:
    """Without `wait` nothing is waited for: the main interpreter goes on while they are made."""
    atoll.prewarm(5)
    seen = _core.count_ready()
    atoll.prewarm(0, wait=True)
    assert seen < 6
    assert _core.count_ready() == 6


def test_those_asked_for_go_first() -> None:
    """Those asked for are taken before the one that is kept, the oldest first."""
    atoll.prewarm(2, imports=["colorsys"], wait=True)
    several = [atoll.Interpreter() for _ in range(3)]
    assert ["colorsys" in modules_of(each) for each in several] == [True, True, False]
    assert several[0].id < several[1].id
    for each in several:
        each.close()


def test_a_preemptive_one_is_new() -> None:
    """Settings other than the default are never found ready."""
    with atoll.Interpreter(preemptive=True) as interpreter:
        assert interpreter.is_preemptive
        assert _core.count_ready() == 1


def test_many_takers() -> None:
    """Threads that take at the same time get different ones."""
    atoll.prewarm(6, wait=True)
    with ThreadPoolExecutor(4) as pool:
        several = list(pool.map(lambda n: atoll.Interpreter(f"number {n}"), range(12)))
    assert len({each.id for each in several}) == 12
    for n, each in enumerate(several):
        assert each.name == each.eval("__import__('atoll').current().name") == f"number {n}"
        each.close()


def test_another_interpreter_takes_one(there: Any) -> None:
    """Ready ones are there for whoever asks, in any interpreter."""
    mine = atoll.current()

    def take() -> tuple[Any, bool]:
        import sys as their_sys

        import atoll

        assert atoll.current() is not mine
        taken = atoll.Interpreter("taken there")
        return taken, "colorsys" in taken.eval("tuple(__import__('sys').modules)") \
            and "colorsys" not in their_sys.modules  # fmt: skip

    with atoll.Interpreter("asks") as asks:
        atoll.prewarm(1, imports=["colorsys"], wait=True)
        taken, has_module = asks.call(take)
        atoll.prewarm(0, wait=True)
    assert has_module
    assert taken.name == "taken there"
    taken.close()


def test_another_interpreter_asks(there: Any) -> None:
    """prewarm() may be called anywhere."""

    def ask() -> None:
        import atoll

        atoll.prewarm(2, imports=["colorsys"], wait=True)

    with atoll.Interpreter("asks") as asks:
        asks.call(ask)
    assert _core.count_ready() in (2, 3)  # the one that is kept anyway may be one of them


# ---- they are hidden ----


def test_hidden() -> None:
    """Ready interpreters are in no list, and nobody's threads."""
    before = atoll.interpreters()
    atoll.prewarm(2, wait=True)
    assert atoll.interpreters() == before
    assert all(each.name != "ready" for each in atoll.threads.values())


def test_the_standby_thread_is_no_thread_of_the_user() -> None:
    """threading does not list the thread that makes them."""
    before = threading.enumerate()
    atoll.prewarm(1)
    assert threading.enumerate() == before
    atoll.prewarm(0, wait=True)
    assert threading.enumerate() == before


# ---- a taken one is like a new one ----


def test_inherits_what_is_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Path, arguments, environment, warnings filters and name are those of now, not of before."""
    (tmp_path / "made_up_just_now.py").write_text("value = 5")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "argv", ["a", "b"])
    monkeypatch.setenv("ATOLL_TEST_NOW", "yes")
    monkeypatch.delenv("HOME", raising=False)
    bound = next_id()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "some words", FutureWarning)
        interpreter = atoll.Interpreter("named now")
        first, *_ = warning_filters.describe()
        assert interpreter.call(warning_filters.describe)[0] == first
        assert first[1][0] == "some words"
    with interpreter:
        assert interpreter.id < bound
        assert interpreter.name == interpreter.eval("__import__('atoll').current().name")
        assert interpreter.eval("tuple(__import__('sys').path)") == tuple(sys.path)
        assert interpreter.eval("tuple(__import__('sys').argv)") == ("a", "b")
        environment = "tuple(sorted(__import__('os').environ.items()))"
        assert interpreter.eval(environment) == tuple(sorted(os.environ.items()))
        assert interpreter.import_module("made_up_just_now").value == 5


def test_streams(capsys: pytest.CaptureFixture[str]) -> None:
    """What it prints goes where the main interpreter prints now."""
    with atoll.Interpreter() as interpreter:
        interpreter.exec("import sys; print('out'); print('err', file=sys.stderr)")
    assert capsys.readouterr() == ("out\n", "err\n")


def test_statistics_begin_at_the_same() -> None:
    """A taken one and a new one show the same counts."""
    with atoll.Interpreter() as taken, atoll.Interpreter(preemptive=True) as new:
        assert taken.statistics() == new.statistics()


def test_modules_are_the_same() -> None:
    """Beside what atoll itself may need there, a taken one has imported no more than a new one."""
    with atoll.Interpreter() as taken, atoll.Interpreter(preemptive=True) as new:
        new.exec(
            "import threading, atoll._transfer.values, atoll._thread.inside, atoll._transfer.remaking"
        )
        new.exec("import atoll._executor.tasks, atoll._transfer.cloud")
        assert set(modules_of(taken)) <= set(modules_of(new))


# ---- imports ----


def test_missing_module() -> None:
    """A module that does not exist is a ModuleNotFoundError at the call; nothing is made."""
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        atoll.prewarm(2, imports=["json", "no_such_module.part"])
    atoll.prewarm(0, wait=True)
    assert _core.count_ready() == 1


def test_retired_without_a_thread(
    interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no thread can be started to wait for its visitors, a retired interpreter stays."""

    def fail(*arguments: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(standby._thread, "start_new_thread", fail)
    monkeypatch.setattr(standby, "_PATIENCE_SECONDS", 0)
    with ThreadPoolExecutor(1) as pool:
        entered, leave = threading.Event(), threading.Event()
        future = pool.submit(interpreter.call, workloads.meet, entered, leave)
        entered.wait()
        try:
            standby._close(interpreter)
        finally:
            leave.set()
        future.result()
    assert interpreter in atoll.interpreters()


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that cannot be imported."""
    (tmp_path / "fails_when_imported.py").write_text("raise SystemExit('not here')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "fails_when_imported"


def test_failing_import_waited_for(failing: str) -> None:
    """With `wait` a failing import is an ImportError; the interpreters are ready all the same."""
    with pytest.raises(ImportError, match="fails_when_imported.*SystemExit: not here"):
        atoll.prewarm(2, imports=[failing, "colorsys"], wait=True)
    assert _core.count_ready() == 3
    with atoll.Interpreter() as interpreter:
        assert "colorsys" in modules_of(interpreter)


def test_failing_import_warns(failing: str) -> None:
    """Without `wait` it is a RuntimeWarning that points at the call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        atoll.prewarm(1, imports=[failing])
        atoll.prewarm(0, wait=True)
    assert [(each.category, each.filename) for each in caught] == [(RuntimeWarning, __file__)]
    assert "SystemExit: not here" in str(caught[0].message)
    assert _core.count_ready() == 2


def test_warnings_as_errors(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where warnings are errors, it goes to sys.unraisablehook, and the standby thread lives on."""
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append(args.exc_value))
    atoll.prewarm(1, imports=[failing])
    atoll.prewarm(1, wait=True)
    assert [type(each) for each in seen] == [RuntimeWarning]
    assert _core.count_ready() == 3


# ---- bad input ----


@pytest.mark.parametrize("n", ["1", None, 1.0, [1]])
def test_n_is_an_integer(n: Any) -> None:
    """What is no integer is a TypeError."""
    with pytest.raises(TypeError):
        atoll.prewarm(n)


def test_n_is_not_negative() -> None:
    """A negative number is a ValueError."""
    with pytest.raises(ValueError, match="0 or more"):
        atoll.prewarm(-1)


@pytest.mark.parametrize("imports", ["json", [1], 5, [None]])
def test_imports_are_names(imports: Any) -> None:
    """Modules are given as several names."""
    with pytest.raises(TypeError):
        atoll.prewarm(1, imports=imports)


def test_empty_name() -> None:
    """An empty name is no module."""
    with pytest.raises(ModuleNotFoundError):
        atoll.prewarm(1, imports=[""])


# ---- exit ----

ENDS = {
    "with ready ones": "atoll.prewarm(3, wait=True)",
    "while they are made": "atoll.prewarm(50)",
    "right after the first": "one = atoll.Interpreter()",
    "asked for by an exit handler": "import atexit; atexit.register(atoll.prewarm, 3)",
    "in the middle of an import": """
        import pathlib, sys
        pathlib.Path("stuck.py").write_text(
            "import atoll, _thread\\n"
            "atoll.main().eval('reached.set()')\\n"
            "lock = _thread.allocate_lock()\\n"
            "lock.acquire(), lock.acquire()\\n"
        )
        sys.path.insert(0, ".")
        import threading
        reached = threading.Event()
        atoll.prewarm(1, imports=["stuck"])
        reached.wait()
        """,
    "while a thread goes on making some": """
        import threading
        main = threading.current_thread()
        def work():
            main.join()
            for _ in range(5):
                with atoll.Interpreter():
                    pass
        threading.Thread(target=work).start()
        """,
    "while a daemon thread waits": """
        import threading
        threading.Thread(target=lambda: atoll.prewarm(30, wait=True), daemon=True).start()
        """,
    "after sys.exit": "atoll.prewarm(2)\nraise SystemExit(0)",
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_process_ends_cleanly(run_cleanly: Any, script: str) -> None:
    """The process ends, with status 0 and nothing on stderr."""
    import textwrap

    run_cleanly("import atoll\n" + textwrap.dedent(script))


# ---- fork ----


def test_fork(run_cleanly: Any) -> None:
    """A child has no ready ones and begins anew; the parent keeps its own."""
    run_cleanly(
        """
        import atoll, os, sys
        from atoll import _core
        from atoll._forwarding import warning_filters
        with atoll.Interpreter() as one:
            assert one.eval("1 + 1") == 2
        atoll.prewarm(0, wait=True)
        atoll.prewarm(2, wait=True)
        assert _core.count_ready() == 3
        pid = os.fork()
        if pid == 0:
            assert _core.count_ready() == 0
            with atoll.Interpreter("first") as first, atoll.Interpreter("second") as second:
                assert second.eval("1 + 1") == 2
                atoll.prewarm(0, wait=True)
            atoll.prewarm(2, wait=True)
            assert _core.count_ready() == 3
            sys.exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert _core.count_ready() == 3
        atoll.prewarm(1, wait=True)
        assert _core.count_ready() == 4
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_no_standby_thread_during_a_fork(run_cleanly: Any) -> None:
    """The standby thread, and the one that cleans up, are not there at a fork."""
    run_cleanly(
        """
        import atoll, os
        threads = lambda: len(os.listdir("/proc/self/task"))
        during = []
        os.register_at_fork(before=lambda: during.append(threads()))  # runs after those of later
        with atoll.Interpreter() as one:
            one.eval("[]")
        atoll.prewarm(0, wait=True)
        one = atoll.Interpreter()
        del one
        before = threads()
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        assert during[0] < before, (during, before)
        atoll.prewarm(1, wait=True)
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_fork_while_they_are_made(run_cleanly: Any) -> None:
    """Children forked at any moment of the making work."""
    run_cleanly(
        """
        import atoll, os, sys
        atoll.prewarm(1, wait=True)
        children = []
        for n in range(12):
            atoll.prewarm(2)
            for _ in range(n * 2000): pass
            pid = os.fork()
            if pid == 0:
                with atoll.Interpreter() as one:
                    assert one.eval("1 + 1") == 2
                sys.exit(0)
            children.append(pid)
        for pid in children:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        atoll.prewarm(0, wait=True)
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_fork_while_somebody_waits(run_cleanly: Any) -> None:
    """A thread that waits for ready ones gets them, whatever is forked meanwhile."""
    run_cleanly(
        """
        import atoll, os, threading
        waiter = threading.Thread(target=atoll.prewarm, args=(6,), kwargs={"wait": True})
        waiter.start()
        for _ in range(4):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
        waiter.join()
    """,
        "-W",
        "ignore::DeprecationWarning",
    )
