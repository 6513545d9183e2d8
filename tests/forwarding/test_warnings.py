"""Warnings and unraisable exceptions of all interpreters are shown by the main one."""

from __future__ import annotations

import contextlib
import importlib
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reporting

import atoll
from atoll._forwarding import following, warning_filters


@pytest.fixture
def speaker(nothing_is_left: None) -> Iterator[Any]:
    """The module `reporting` of an interpreter, while all warnings are shown."""
    with warnings.catch_warnings(), atoll.Interpreter("speaker") as interpreter:
        warnings.simplefilter("always")
        yield interpreter.import_module("reporting")


# ---- warnings ----


def test_catch_warnings(speaker: Any) -> None:
    """catch_warnings(record=True) in main records warnings of interpreters, complete."""
    with warnings.catch_warnings(record=True) as caught:
        speaker.warn("old", DeprecationWarning)
    (seen,) = caught
    assert (seen.category, str(seen.message)) == (DeprecationWarning, "old")
    assert isinstance(seen.message, DeprecationWarning)
    assert seen.filename == reporting.__file__
    assert seen.lineno == reporting.warn.__code__.co_firstlineno + 1
    assert seen.line is not None
    assert "warnings.warn(message" in seen.line


def test_interpreter_is_named(speaker: Any) -> None:
    """The message says in which interpreter it was given."""
    with pytest.warns(UserWarning, match="hello") as caught:
        speaker.warn("hello")
    (seen,) = caught
    assert seen.message.interpreter == "speaker"  # type: ignore[union-attr]


def test_pytest_warns(speaker: Any) -> None:
    """pytest.warns sees them."""
    with pytest.warns(RuntimeWarning, match="slow"):
        speaker.warn("slow", RuntimeWarning)


def test_own_category(speaker: Any) -> None:
    """A category that can be imported is itself; its arguments are kept."""
    with pytest.warns(reporting.OwnWarning) as caught:
        speaker.warn_own("text", 2)
    (seen,) = caught
    assert seen.category is reporting.OwnWarning
    assert isinstance(seen.message, reporting.OwnWarning)
    assert seen.message.args == ("text", 2)


def test_unknown_category(speaker: Any) -> None:
    """A category that cannot be imported is of its nearest builtin base, and keeps its name."""
    with pytest.warns(DeprecationWarning, match="nobody knows me") as caught:
        speaker.warn_of_main_class()
    assert caught[0].category.__name__ == "Unheard"


def test_showwarning_of_the_user(speaker: Any, monkeypatch: Any) -> None:
    """A function that has replaced main's showwarning is called."""
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setattr(warnings, "showwarning", lambda *args, **kwargs: seen.append(args))
    speaker.warn("x")
    ((message, category, filename, _, file, line),) = seen
    assert (str(message), category, filename) == ("x", UserWarning, reporting.__file__)
    assert file is None
    assert line.strip().startswith("warnings.warn(")


def test_capture_in_main(speaker: Any, caplog: Any) -> None:
    """logging.captureWarnings in main captures warnings of interpreters."""
    with warnings.catch_warnings():
        warnings.showwarning = warnings._showwarning_orig  # type: ignore[attr-defined]
        logging.captureWarnings(True)
        try:
            speaker.warn("captured")
        finally:
            logging.captureWarnings(False)
    assert [record.name for record in caplog.records] == ["py.warnings"]
    assert "UserWarning: captured" in caplog.text


def test_capture_inside(speaker: Any, caplog: Any) -> None:
    """logging.captureWarnings inside makes a record, which main handles."""
    speaker.capture_warnings()
    assert [record.name for record in caplog.records] == ["py.warnings"]
    assert [record.interpreter for record in caplog.records] == ["speaker"]
    with pytest.warns(UserWarning, match="again"):
        speaker.warn("again")


def test_record_inside(speaker: Any) -> None:
    """catch_warnings(record=True) inside keeps them there."""
    with warnings.catch_warnings(record=True) as caught:
        assert speaker.record_warnings() == ["kept here"]
    assert caught == []


def test_filters_are_inherited() -> None:
    """Main's filters hold inside: an "error" raises there, what is ignored does not cross."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)
        with atoll.Interpreter() as interpreter:
            speaker = interpreter.import_module("reporting")
            with pytest.raises(UserWarning, match="raised"):
                speaker.warn("raised")
            speaker.warn("ignored", ResourceWarning)
    assert caught == []


def test_later_filters(interpreter: atoll.Interpreter) -> None:
    """Filters that main sets later hold inside from the next call on, and no longer than there."""
    speaker = interpreter.import_module("reporting")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        speaker.warn("ignored")
        warnings.filterwarnings("error", "raised", UserWarning)
        with pytest.raises(UserWarning, match="raised"):
            speaker.warn("raised")
        warnings.resetwarnings()
        warnings.simplefilter("always")
        speaker.warn("shown")
    assert [str(seen.message) for seen in caught] == ["shown"]
    assert interpreter.call(warning_filters.describe) == warning_filters.describe()


def test_later_filters_in_a_pool() -> None:
    """They hold for the next task of a worker that waits for tasks."""
    with atoll.InterpreterPoolExecutor(1) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pool.submit(reporting.warn, "ignored").result()
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="raised"):
            pool.submit(reporting.warn, "raised").result()


def test_own_filters_stay(interpreter: atoll.Interpreter) -> None:
    """Filters that code inside has added stay, before main's."""
    interpreter.exec("import warnings; warnings.filterwarnings('ignore', 'mine')")
    speaker = interpreter.import_module("reporting")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        speaker.warn("mine", FutureWarning)
        with pytest.raises(FutureWarning, match="other"):
            speaker.warn("other", FutureWarning)
    first, *others = interpreter.call(warning_filters.describe)
    assert first[1] == ("mine", re.IGNORECASE | re.UNICODE)
    assert tuple(others) == warning_filters.describe()


def test_own_filter_that_main_has_for_a_time(interpreter: atoll.Interpreter) -> None:
    """It stays when main's is gone."""
    interpreter.exec("import warnings; warnings.simplefilter('ignore', FutureWarning)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        (first, *_) = interpreter.call(warning_filters.describe)
    assert interpreter.call(warning_filters.describe) == (first, *warning_filters.describe())


def test_filters_that_are_put_back(interpreter: atoll.Interpreter) -> None:
    """Main's that catch_warnings puts back inside are gone when main changes its own again."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        interpreter.exec("import warnings; caught = warnings.catch_warnings(); caught.__enter__()")
    interpreter.exec("caught.__exit__(None, None, None)")
    with warnings.catch_warnings():
        assert interpreter.call(warning_filters.describe) == warning_filters.describe()


def test_filters_of_an_unknown_module(
    interpreter: atoll.Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later filter of a module's category holds once the module is imported, if it does then."""
    (tmp_path / "module_with_category.py").write_text("class Own(UserWarning): pass")
    monkeypatch.syspath_prepend(tmp_path)
    category = importlib.import_module("module_with_category").Own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        kinds = {each[2] for each in interpreter.call(warning_filters.describe)}
        assert "module_with_category:Own" not in kinds
        interpreter.import_module("module_with_category")
        assert interpreter.call(warning_filters.describe) == warning_filters.describe()
    del sys.modules["module_with_category"]
    assert interpreter.call(warning_filters.describe) == warning_filters.describe()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="contexts have filters from 3.14 on")
def test_filters_of_a_context(run_cleanly: Any) -> None:
    """Where contexts have filters of their own, those that were changed last hold."""
    run_cleanly(
        """
        import atoll, reporting, warnings

        def is_raised(interpreter):
            try:
                interpreter.call(reporting.warn, "x")
            except UserWarning:
                return True

        with atoll.Interpreter() as interpreter:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert not is_raised(interpreter)
                with atoll.Interpreter() as new:
                    assert not is_raised(new)
            assert is_raised(interpreter)
        """,
        *("-X", "context_aware_warnings=1", "-X", "thread_inherit_context=1"),
    )


def test_showwarning_that_raises(speaker: Any, monkeypatch: Any) -> None:
    """What main's showwarning raises arrives where the warning was given."""

    def show(*args: Any, **kwargs: Any) -> None:
        raise LookupError("not shown")

    monkeypatch.setattr(warnings, "showwarning", show)
    with pytest.raises(LookupError, match="not shown"):
        speaker.warn("x")


def test_another_file(speaker: Any) -> None:
    """showwarning with a file of its own writes there."""
    interpreter = atoll.owner(speaker)
    interpreter.exec(
        "import io, warnings\nfile = io.StringIO()\n"
        "warnings.showwarning(UserWarning('w'), UserWarning, 'f.py', 3, file, 'source')"
    )
    assert interpreter.eval("file.getvalue()") == "f.py:3: UserWarning: w\n  source\n"


def test_without_forwarding(capfd: Any) -> None:
    """With forward_logging=False the interpreter shows its warnings itself, on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with atoll.Interpreter(forward_logging=False) as alone:
            alone.call(reporting.warn, "mine")
    assert caught == []
    assert "UserWarning: mine\n" in capfd.readouterr().err


def test_default_output(run_script: Any) -> None:
    """With nothing in its place, a warning is printed as by a plain interpreter."""
    done = run_script(
        """
        import atoll, reporting
        with atoll.Interpreter() as one:
            one.call(reporting.warn, "shown")
        """,
        "-W",
        "always",
    )
    line = reporting.warn.__code__.co_firstlineno + 1
    assert done.stderr == (
        f"{reporting.__file__}:{line}: UserWarning: shown\n"
        "  warnings.warn(message, category, stacklevel=1)  # here\n"
    )


def test_warning_at_the_end(capfd: Any) -> None:
    """A warning given when its interpreter has lost `warnings` is printed, as by a plain Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        ending = atoll.Interpreter("ending")
    with ending:
        ending.call(reporting.log_when_finalized, "app")
        ending.exec("import logging; logging.disable()")
    assert "RuntimeWarning: finalized\n" in capfd.readouterr().err


def test_warnings_at_exit(run_script: Any) -> None:
    """Warnings given while the process ends are shown, and do no harm."""
    done = run_script(
        """
        import atoll, reporting, sys
        one = atoll.Interpreter("one")
        one.call(reporting.log_when_finalized, "app")
        one.exec("import atexit; atexit.register(reporting.warn, 'exit handler')")
        two = atoll.Interpreter("two")
        two.exec("import sys; sys.kept = open(sys.executable, 'rb')")
        """.replace('one.exec("import', 'one.exec("import reporting,'),
        "-W",
        "always",
    )
    assert done.returncode == 0
    shown = [line for line in done.stderr.splitlines() if not line.startswith(" ")]
    assert "UserWarning: exit handler" in done.stderr
    assert "RuntimeWarning: finalized" in done.stderr
    assert all("Warning: " in line or line == "finalized" for line in shown), done.stderr


# ---- unraisable exceptions ----


def test_unraisable_hook(speaker: Any, monkeypatch: Any) -> None:
    """Main's hook, if somebody has set one, gets unraisable exceptions of interpreters."""
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    speaker.fail_unraisably()
    (unraisable,) = seen
    assert (unraisable.exc_type, unraisable.exc_value.args) == (LookupError, ("in a finalizer",))
    assert "FailingFinalizer.__del__" in repr(unraisable.object) + str(unraisable.err_msg)
    assert isinstance(unraisable.exc_value.__cause__, atoll.RemoteTraceback)
    assert "in interpreter 'speaker'" in str(unraisable.exc_value.__cause__)
    assert type(unraisable).__name__ == "UnraisableHookArgs"


def test_unraisable_with_a_message(speaker: Any, monkeypatch: Any) -> None:
    """The message of an unraisable exception arrives; the hook may call the default one."""
    seen: list[str] = []

    def hook(unraisable: Any) -> None:
        seen.append(unraisable.err_msg)
        sys.__unraisablehook__(unraisable)

    monkeypatch.setattr(sys, "unraisablehook", hook)
    interpreter = atoll.owner(speaker)
    interpreter.exec(
        "import atoll._core, builtins\n"
        "atoll._core.write_unraisable(builtins.ValueError('v'), None, 'while tidying up')"
    )
    assert seen == ["while tidying up"]


def test_unraisable_without_a_hook(run_script: Any) -> None:
    """Without a hook in main, the exception is printed where it happened, with its traceback."""
    done = run_script("""
        import atoll, reporting
        with atoll.Interpreter() as one:
            one.call(reporting.fail_unraisably)
    """)
    assert done.returncode == 0
    assert "FailingFinalizer.__del__" in done.stderr
    assert "raise LookupError(" in done.stderr
    assert done.stderr.endswith("LookupError: in a finalizer\n")


def test_unraisable_hook_that_fails(speaker: Any, monkeypatch: Any, capfd: Any) -> None:
    """If main's hook fails, this is reported on stderr, as by a plain Python."""

    def hook(unraisable: Any) -> None:
        raise ZeroDivisionError("no hook today")

    monkeypatch.setattr(sys, "unraisablehook", hook)
    speaker.fail_unraisably()
    error = capfd.readouterr().err
    assert "Exception ignored in sys.unraisablehook" in error
    assert error.endswith("ZeroDivisionError: no hook today\n")


def test_unraisable_without_forwarding(monkeypatch: Any, capfd: Any) -> None:
    """With forward_logging=False they stay in the interpreter."""
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    with atoll.Interpreter(forward_logging=False) as alone:
        alone.call(reporting.fail_unraisably)
    assert seen == []
    assert "LookupError: in a finalizer" in capfd.readouterr().err


def test_category_of_a_module_that_is_not_there(tmp_path: Path, monkeypatch: Any) -> None:
    """A filter's category is not imported for its sake; the filter follows with its module."""
    (tmp_path / "categories_of_a_test.py").write_text("class Special(UserWarning):\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("categories_of_a_test")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", module.Special)
            with atoll.Interpreter() as one:
                assert not one.eval("'categories_of_a_test' in __import__('sys').modules")
                one.exec("import warnings, categories_of_a_test as module")
                first = one.eval("(warnings.filters[0][0], warnings.filters[0][2].__name__)")
                assert first == ("ignore", "Special")
    finally:
        del sys.modules["categories_of_a_test"]


def test_following_that_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """If main cannot be asked, the error says so, and nothing is asked again."""
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    monkeypatch.setattr(following, "_ask", lambda *_: 1 // 0)
    with contextlib.suppress(ZeroDivisionError):
        following.follow("no:topic", print)
    assert reported == []
