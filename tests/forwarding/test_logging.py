"""Log records of all interpreters are handled by the main one's handlers, at its levels."""

from __future__ import annotations

import logging
import os
import pathlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reporting

import atoll

WARNING, ERROR, INFO, DEBUG = logging.WARNING, logging.ERROR, logging.INFO, logging.DEBUG


class Keeper(logging.Handler):
    """Keeps the records that it gets, and can call a function for each."""

    def __init__(self, react: Callable[[logging.LogRecord], object] | None = None) -> None:
        super().__init__()
        self.records: list[Any] = []
        self.react = react

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        if self.react is not None:
            self.react(record)


def handling(name: str, handler: logging.Handler) -> Iterator[logging.Handler]:
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    logger.disabled = False


@pytest.fixture
def keeper(nothing_is_left: None) -> Iterator[Any]:
    """A handler of main's logger "app"."""
    yield from handling("app", Keeper())


@pytest.fixture
def speaker(interpreter: atoll.Interpreter) -> Any:
    """The module `reporting` of a fresh interpreter."""
    return interpreter.import_module("reporting")


# ---- records ----


def test_record_is_handled_by_main(keeper: Any, speaker: Any) -> None:
    """A record arrives, formatted, at the handler of main's logger of the same name."""
    speaker.log("app", WARNING, "%s and %r", "one", atoll.copy(["two"]))
    (record,) = keeper.records
    assert (record.name, record.levelname, record.msg) == ("app", "WARNING", "one and ['two']")
    assert (record.getMessage(), record.args) == ("one and ['two']", ())
    assert record.interpreter == "fresh"


def test_record_knows_its_place(keeper: Any, speaker: Any) -> None:
    """File, line, function, thread and process are those of the call."""
    speaker.log("app", WARNING, "x")
    (record,) = keeper.records
    assert record.pathname == reporting.__file__
    assert (record.funcName, record.module) == ("log", "reporting")
    assert record.lineno == reporting.log.__code__.co_firstlineno + 1
    assert (record.thread, record.threadName) == (threading.get_ident(), "MainThread")
    assert (record.process, record.processName) == (os.getpid(), "MainProcess")


def test_records_are_in_main_time(keeper: Any, speaker: Any) -> None:
    """`created` is the time of the call, and `relativeCreated` counts from main's start."""
    logger = logging.getLogger("app")
    logger.warning("before")
    speaker.log("app", WARNING, "between")
    logger.warning("after")
    times = [record.created for record in keeper.records]
    relative = [record.relativeCreated for record in keeper.records]
    assert times == sorted(times)
    starts = [seen - offset / 1000 for seen, offset in zip(times, relative, strict=True)]
    assert max(starts) - min(starts) < 2e-6  # what floats leave of it


def test_loggers_form_main_tree(keeper: Any, speaker: Any, caplog: Any) -> None:
    """A record of a child logger propagates in main: to its parents' handlers and the root's."""
    speaker.log("app.part", ERROR, "deep")
    assert [record.name for record in keeper.records] == ["app.part"]
    assert [record.message for record in caplog.records] == ["deep"]


def test_root_logger(speaker: Any, caplog: Any) -> None:
    """A record of the root logger is one of main's root logger."""
    speaker.log("root", ERROR, "rooted")
    assert [record.name for record in caplog.records] == ["root"]


def test_main_filters(keeper: Any, speaker: Any) -> None:
    """Filters of main's logger see the record and decide."""
    logger = logging.getLogger("app")
    logger.addFilter(no_secrets := lambda record: "secret" not in record.msg)
    try:
        speaker.log("app", WARNING, "a %s", "secret")
        speaker.log("app", WARNING, "open")
    finally:
        logger.removeFilter(no_secrets)
    assert [record.msg for record in keeper.records] == ["open"]


def test_extra_fields(keeper: Any, speaker: Any) -> None:
    """`extra=` arrives: values and containers of them as copies, all else as its text."""
    speaker.log_fields("app")
    (record,) = keeper.records
    assert (record.number, record.path) == (1.5, pathlib.PurePosixPath("a/b"))
    assert record.nested == {"list": [1, {2}], "none": None}
    assert record.endless == "[1, [...]]"
    assert record.other == "a bystander"
    assert not any(map(atoll.is_proxy, vars(record).values()))


def test_extra_field_of_main(keeper: Any, speaker: Any) -> None:
    """An object of main in `extra=` comes home as itself."""
    mine = reporting.Bystander()
    speaker.log("app", WARNING, "x", extra=atoll.copy({"kept": 1}))
    speaker.call(lambda owner: None, mine)
    speaker.log("app", WARNING, "x", extra={"mine": mine})
    assert keeper.records[1].mine is mine


def test_exception(keeper: Any, speaker: Any) -> None:
    """An exception is printed as in its interpreter, and is there as an object too."""
    speaker.log_exception("app")
    (record,) = keeper.records
    kind, error, traceback = record.exc_info
    assert (kind, error.args[0], traceback) == (KeyError, "lost", None)
    assert isinstance(error, KeyError)
    assert isinstance(error.__cause__, atoll.RemoteTraceback)
    text = logging.Formatter("%(message)s").format(record)
    assert text.startswith("failed\nTraceback (most recent call last):\n")
    assert "in log_exception" in text
    assert text.endswith("KeyError: ('lost', [1])")


def test_no_exception(keeper: Any, speaker: Any) -> None:
    """`exc_info=True` without an exception, and `stack_info=True`, look as they do in main."""
    speaker.log_without_exception("app")
    (record,) = keeper.records
    text = logging.Formatter("%(message)s").format(record)
    assert text.startswith("no exception\nNoneType: None\nStack (most recent call last):")
    assert "log_without_exception" in text


def test_records_outlive_the_interpreter(keeper: Any) -> None:
    """A kept record needs its interpreter no more."""
    with atoll.Interpreter("short") as short:
        speaker = short.import_module("reporting")
        speaker.log_fields("app")
        speaker.log("app", WARNING, "%s", atoll.copy([1]))
    assert [record.getMessage() for record in keeper.records] == ["fields", "[1]"]
    assert keeper.records[0].nested["list"] == [1, {2}]


def test_wrong_arguments(keeper: Any, speaker: Any, capfd: Any) -> None:
    """A message that does not fit its arguments is reported on stderr, as by any handler."""
    speaker.log("app", WARNING, "%d", "no number")
    assert keeper.records == []
    error = capfd.readouterr().err
    assert "--- Logging error ---" in error
    assert "Message: '%d'" in error


def test_message_object(keeper: Any, speaker: Any) -> None:
    """A message that is no str is sent as its text."""
    speaker.log("app", WARNING, ValueError("why"))
    speaker.log("app", WARNING, 17)
    assert [record.msg for record in keeper.records] == ["why", "17"]


def test_own_level_name(keeper: Any, speaker: Any, interpreter: atoll.Interpreter) -> None:
    """A level's name is that of the interpreter."""
    interpreter.exec("import logging; logging.addLevelName(35, 'NOTICE')")
    speaker.log("app", 35, "x")
    assert keeper.records[0].levelname == "NOTICE"


# ---- threads ----


def test_own_thread(keeper: Any, speaker: Any) -> None:
    """A thread of the interpreter's own keeps its name."""
    ident = speaker.log_in_thread("app", "theirs")
    (record,) = keeper.records
    assert (record.threadName, record.thread) == ("theirs", ident)


def test_visitor_thread(keeper: Any, speaker: Any) -> None:
    """A thread of main keeps the name that it has in main."""
    thread = threading.Thread(target=speaker.log, args=("app", ERROR, "x"), name="ours")
    thread.start()
    thread.join()
    (record,) = keeper.records
    assert (record.threadName, record.thread) == ("ours", thread.ident)


def test_many_threads(keeper: Any, speaker: Any) -> None:
    """Records of several threads all arrive, each once."""

    def work(number: int) -> None:
        for i in range(50):
            speaker.log("app", ERROR, "%d", number * 50 + i)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(int(record.msg) for record in keeper.records) == list(range(200))


# ---- levels ----


def test_levels_are_inherited(keeper: Any) -> None:
    """The levels that main has when an interpreter begins to log hold there."""
    logging.getLogger("app").setLevel(DEBUG)
    with atoll.Interpreter("later") as later:
        speaker = later.import_module("reporting")
        assert speaker.is_enabled("app.part", DEBUG)
        assert not speaker.is_enabled("elsewhere", INFO)
        speaker.log("app.part", DEBUG, "fine")
    assert [record.msg for record in keeper.records] == ["fine"]


def test_new_levels_arrive(keeper: Any, speaker: Any) -> None:
    """A level that is set in main later holds at the next call into the interpreter."""
    logger = logging.getLogger("app")
    for level in (DEBUG, ERROR, INFO, logging.NOTSET):
        logger.setLevel(level)
        enabled = [each for each in (DEBUG, INFO, WARNING, ERROR) if logger.isEnabledFor(each)]
        for each in (DEBUG, INFO, WARNING, ERROR):
            assert speaker.is_enabled("app", each) == logger.isEnabledFor(each)
            speaker.log("app", each, "x")
        assert [record.levelno for record in keeper.records] == enabled
        keeper.records.clear()


def test_new_root_level_arrives(speaker: Any, caplog: Any) -> None:
    """pytest's caplog.at_level reaches into interpreters, and its end too."""
    with caplog.at_level(DEBUG):
        speaker.log("anything", DEBUG, "seen")
    speaker.log("anything", DEBUG, "not seen")
    assert [record.message for record in caplog.records] == ["seen"]


def test_disable(keeper: Any, speaker: Any) -> None:
    """logging.disable() in main holds in interpreters."""
    logging.disable(ERROR)
    try:
        assert not speaker.is_enabled("app", ERROR)
    finally:
        logging.disable(logging.NOTSET)
    assert speaker.is_enabled("app", ERROR)


def test_own_level_stays(keeper: Any, speaker: Any) -> None:
    """A level that the interpreter's code has set is left alone; main has its own say."""
    speaker.set_level("app", ERROR)
    logging.getLogger("app").setLevel(INFO)
    assert speaker.level("app") == ERROR
    speaker.set_level("app.part", DEBUG)
    speaker.log("app.part", DEBUG, "too low for main")
    assert keeper.records == []


def test_low_records_do_not_cross(speaker: Any) -> None:
    """A record below the level does not enter main. Others may: to ask for new warnings filters."""
    speaker.log("app", DEBUG, "warm up")
    before = atoll.main().statistics().crossings
    for _ in range(100):
        speaker.log("app", DEBUG, "x")
    assert atoll.main().statistics().crossings < before + 100
    before = atoll.main().statistics().crossings
    for _ in range(100):
        speaker.log("app", ERROR, "x")
    assert atoll.main().statistics().crossings >= before + 100


def test_new_levels_reach_running_threads(
    keeper: Any, speaker: Any, interpreter: atoll.Interpreter
) -> None:
    """New levels reach a thread that is at work in an interpreter that nobody else enters."""
    started, done = threading.Event(), threading.Event()
    wait = speaker.wait_until_enabled
    interpreter.exec("import threading")
    thread = interpreter.eval("threading.Thread")(target=wait, args=("app", DEBUG, started, done))
    thread.start()
    started.wait()
    logging.getLogger("app").setLevel(DEBUG)
    done.wait()
    thread.join()
    assert speaker.is_enabled("app", DEBUG)


def test_interpreter_made_by_another(keeper: Any, interpreter: atoll.Interpreter) -> None:
    """Records of an interpreter that another one made go straight to main."""
    interpreter.exec("import atoll, reporting\ninner = atoll.Interpreter('inner')")
    try:
        interpreter.exec("inner.call(reporting.log, 'app', 40, 'from inside')")
    finally:
        interpreter.exec("inner.close()")
    assert [(record.interpreter, record.msg) for record in keeper.records] == [
        ("inner", "from inside")
    ]


def test_disabled_logger(keeper: Any, speaker: Any) -> None:
    """A logger that is disabled in main handles nothing from elsewhere."""
    logging.getLogger("app").disabled = True
    speaker.log("app", ERROR, "x")
    assert keeper.records == []


def test_levels_with_several_interpreters(keeper: Any, speaker: Any) -> None:
    """New levels reach all interpreters, and closed ones are no trouble."""
    with atoll.Interpreter("second") as second:
        other = second.import_module("reporting")
        logging.getLogger("app").setLevel(DEBUG)
        assert other.is_enabled("app", DEBUG)
    logging.getLogger("app").setLevel(INFO)
    assert not speaker.is_enabled("app", DEBUG)
    assert speaker.is_enabled("app", INFO)


def test_closing_after_new_levels(keeper: Any) -> None:
    """An interpreter that has not yet heard of new levels closes at once."""
    with atoll.Interpreter("short") as short:
        short.import_module("reporting")
        logging.getLogger("app").setLevel(DEBUG)


# ---- the field `interpreter` ----


def test_main_records_have_the_field(keeper: Any, speaker: Any) -> None:
    """With interpreters at work, main's own records have the field too."""
    logging.getLogger("app").warning("mine")
    speaker.log("app", WARNING, "theirs")
    formatter = logging.Formatter("%(interpreter)s: %(message)s")
    assert [formatter.format(each) for each in keeper.records] == ["main: mine", "fresh: theirs"]


def test_record_factory_of_the_user(run_cleanly: Any) -> None:
    """A record factory that main had before makes the records still, those of others included."""
    out = run_cleanly("""
        import atoll, logging, reporting
        class Record(logging.LogRecord):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.request = "r1"
        logging.setLogRecordFactory(Record)
        import sys
        logging.basicConfig(stream=sys.stdout, format="%(interpreter)s %(request)s %(message)s")
        with atoll.Interpreter("one") as one:
            logging.error("a")
            one.call(reporting.log, "x", 40, "b")
    """)
    assert out == "main r1 a\none r1 b\n"


# ---- handlers of the interpreter itself ----


def test_own_handler(keeper: Any, speaker: Any) -> None:
    """A handler that the interpreter adds gets its records as well."""
    kept: list[str] = []
    speaker.add_handler("app", kept)
    speaker.log("app", ERROR, "both")
    assert [record.msg for record in keeper.records] == ["both"]
    assert kept == ["fresh both"]


def test_basic_config_does_nothing(keeper: Any, speaker: Any) -> None:
    """basicConfig() inside adds no handler and sets no level: there is one already."""
    assert speaker.configure() == 1
    assert not speaker.is_enabled("app", DEBUG)


def test_without_forwarding(keeper: Any) -> None:
    """With forward_logging=False the interpreter's logging is its own."""
    with atoll.Interpreter("alone", forward_logging=False) as alone:
        speaker = alone.import_module("reporting")
        assert speaker.configure() == 1
        assert speaker.is_enabled("app", DEBUG)
        speaker.log("app", ERROR, "x")
    assert keeper.records == []


def test_levels_in_a_pool(keeper: Any) -> None:
    """A level that main sets holds for the next task of a worker that waits for tasks."""
    with atoll.InterpreterPoolExecutor(1) as pool:
        for level in (DEBUG, ERROR):
            logging.getLogger("app").setLevel(level)
            is_enabled = pool.submit(reporting.is_enabled, "app", DEBUG).result()
            assert is_enabled == (level == DEBUG)


# ---- what is imported ----


@pytest.fixture
def new(nothing_is_left: None) -> Iterator[atoll.Interpreter]:
    """An interpreter that was not made in advance, and so has imported nothing in advance."""
    with atoll.Interpreter("new", preemptive=True) as interpreter:
        yield interpreter


def test_logging_is_not_imported(new: atoll.Interpreter) -> None:
    """An interpreter that does not log has neither `logging` nor what forwards it."""
    absent = {
        "logging",
        "atoll._forwarding.logging",
        "atoll._forwarding.warnings",
        "atoll._forwarding.unraisable",
        "threading",
    }
    assert not absent & set(new.eval("tuple(__import__('sys').modules)"))


def test_the_finder_goes(new: atoll.Interpreter) -> None:
    """What waits for the import of logging leaves no trace when it has happened."""
    finders = "tuple(type(each).__name__ for each in __import__('sys').meta_path)"
    assert "_LoggingFinder" in new.eval(finders)
    new.exec("import importlib.util; assert importlib.util.find_spec('logging')")
    new.exec("import logging")
    assert "_LoggingFinder" not in new.eval(finders)
    loader = "type(__import__('logging').__spec__.loader).__name__"
    assert new.eval(loader) == type(logging.__spec__.loader).__name__
    assert new.eval("len(__import__('logging').root.handlers)") == 1


def test_import_without_main_logging(run_cleanly: Any) -> None:
    """An interpreter may log before main has imported logging; main's last resort prints it."""
    script = """
        import atoll, sys
        assert "logging" not in sys.modules
        sys.stderr = sys.stdout
        with atoll.Interpreter() as one:
            one.exec("import logging; logging.getLogger('x').warning('printed')")
            one.exec("logging.getLogger('x').info('not printed')")
    """
    assert run_cleanly(script) == "printed\n"


# ---- no deadlock ----


def test_handler_that_calls_into_the_interpreter(speaker: Any) -> None:
    """A handler of main may call into the interpreter that logs, and make it log again."""

    def react(record: logging.LogRecord) -> None:
        if record.msg == "first":
            speaker.log("app", ERROR, "second")

    for keeper in handling("app", Keeper(react)):
        speaker.log("app", ERROR, "first")
        assert [record.msg for record in keeper.records] == ["first", "second"]  # type: ignore[attr-defined]


def test_logging_in_circles(speaker: Any) -> None:
    """Threads that log from both sides, with a handler that calls back, do not wait for ever."""

    def react(record: logging.LogRecord) -> None:
        assert speaker.level("app") == logging.NOTSET

    def work(log: Any) -> None:
        for i in range(50):
            log("app", ERROR, "%d", i)

    for keeper in handling("app", Keeper(react)):
        functions = [reporting.log, speaker.log] * 2
        threads = [threading.Thread(target=work, args=(each,)) for each in functions]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(keeper.records) == 200  # type: ignore[attr-defined]


def test_handler_that_raises(speaker: Any) -> None:
    """What a handler of main raises arrives at the call that logged, as it would in main."""

    def fail(record: logging.LogRecord) -> None:
        raise LookupError("no room")

    for _ in handling("app", Keeper(fail)):
        with pytest.raises(LookupError, match="no room"):
            speaker.log("app", ERROR, "x")


def test_finalizer_that_logs(keeper: Any) -> None:
    """An object that logs while its interpreter ends is heard."""
    with atoll.Interpreter("ending") as ending:
        ending.call(reporting.log_when_finalized, "app")
        ending.exec("import warnings; warnings.simplefilter('ignore')")
    assert [record.msg for record in keeper.records] == ["finalized"]


def test_exit_with_open_interpreters(run_script: Any) -> None:
    """While the process ends, records of exit handlers and of threads still arrive."""
    done = run_script("""
        import logging, sys, atoll, reporting
        logging.basicConfig(stream=sys.stdout, format="%(interpreter)s %(message)s")
        one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
        proxy = two.eval("[]")
        one.exec("import atexit, logging; atexit.register(logging.error, 'exit handler')")
        two.exec("import logging, threading, time")
        two.exec("threading.Thread(target=lambda: logging.error('thread')).start()")
        import atexit
        atexit.register(logging.error, "main")
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.splitlines()) == ["main main", "one exit handler", "two thread"]


def test_exit_before_shutdown(run_script: Any, tmp_path: Any) -> None:
    """Where main's logging is shut down before the interpreters close, their records still come."""
    done = run_script("""
        import atoll
        one = atoll.Interpreter("one")
        import logging
        logging.basicConfig(filename="log.txt", format="%(message)s")
        one.exec("import atexit, logging; atexit.register(logging.error, 'late')")
        logging.error("early")
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "log.txt").read_text() == "early\nlate\n"


@pytest.mark.skipif(
    hasattr(sys, "gettotalrefcount"),
    reason="a debug build asserts at exit that no interpreter is left, whatever its threads do",
)
def test_exit_while_a_daemon_logs(run_script: Any) -> None:
    """A daemon thread that logs and warns for ever, inside, ends with the process, silently."""
    done = run_script("""
        import atoll, logging, os, threading, reporting, warnings
        logging.basicConfig(filename=os.devnull)
        warnings.showwarning = lambda *args, **kwargs: None
        warnings.simplefilter("always")
        one, started = atoll.Interpreter(), threading.Event()
        args = reporting.speak_for_ever, "x", started.set
        threading.Thread(target=one.call, args=args, daemon=True).start()
        started.wait()
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_handler_that_sets_levels(speaker: Any) -> None:
    """A handler of main may set levels: they hold when the call that logged returns."""
    logger = logging.getLogger("app")
    keeper = Keeper(lambda record: logger.setLevel(record.levelno + 10))
    for _ in handling("app", keeper):
        speaker.log("app", WARNING, "once")
        speaker.log("app", WARNING, "not twice")
        assert not speaker.is_enabled("app", WARNING)
    assert [record.msg for record in keeper.records] == ["once"]


def test_levels_in_a_forked_child(run_cleanly: Any) -> None:
    """A forked child has lost its interpreters, sets levels, and makes interpreters that log."""
    out = run_cleanly(
        """
        import atoll, logging, os, sys, reporting
        logging.basicConfig(stream=sys.stdout, format="%(interpreter)s %(message)s")
        one = atoll.Interpreter("one")
        one.call(reporting.log, "x", 40, "before")
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            logging.getLogger().setLevel(logging.DEBUG)
            with atoll.Interpreter("two") as two:
                two.call(reporting.log, "x", 10, "child")
            sys.stdout.flush()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        one.call(reporting.log, "x", 10, "not shown")
        one.call(reporting.log, "x", 40, "after")
        """,
        "-W",
        "ignore::DeprecationWarning",
    )
    assert out == "one before\ntwo child\none after\n"
