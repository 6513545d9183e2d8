"""Extension modules in interpreters: as they are, as private copies, from main, or not at all."""

from __future__ import annotations

import ctypes
import gc
import io
import os
import shutil
import signal
import sys
import threading
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import compiling
import extension_modules
import pytest
from children import open_files

import atoll
import atoll.extensions
from atoll import _core
from atoll._modules import child, doctor, importing, patterns, policy, registry, trials

pytestmark = pytest.mark.skipif(
    not compiling.HAS_COMPILER, reason="needs a C compiler for modules to import"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with extension modules."""
    path = tmp_path_factory.mktemp("extensions")
    extension_modules.build(path)
    return path


@pytest.fixture(autouse=True)
def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The folder is on `sys.path`, results of trials are kept in a folder of the test, and the
    policies and decisions of others are out of sight.
    """
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(policy, "_policies", {})
    monkeypatch.setattr(policy, "_decisions", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names = (*extension_modules.SIMPLE, "needing_package", "needing_package.needing")
    yield
    for name in names:
        sys.modules.pop(name, None)


def private(**more: Any) -> atoll.Interpreter:
    return atoll.Interpreter(extensions="private", **more)


def mode_of(interpreter: atoll.Interpreter, module: str) -> str | None:
    return atoll.copy(interpreter.call(atoll.extensions.modes)).get(module)


# ---- private copies ----


@pytest.mark.parametrize("name", ["single", "multi", "declaring"])
def test_private_statics(name: str) -> None:
    """A C static exists once for each interpreter, and once for main."""
    here = import_module(name)
    before = here.bump()
    with private() as one, private() as two:
        counts = [each.import_module(name).bump() for each in (one, two, one, one, two)]
        assert counts == [1, 1, 2, 3, 2]
        assert here.bump() == before + 1
        assert mode_of(one, name) == "private"


def test_single_phase_in_place() -> None:
    """A module of a single phase is made in the interpreter that imports it, not in main."""
    with private() as one:
        assert one.import_module("single").made_in == one.id


def test_module_attributes(folder: Path) -> None:
    """A private module tells of its original: name, file, spec."""
    with private() as one:
        module = one.import_module("needing_package.needing")
        original = folder / "needing_package" / f"needing{extension_modules.SUFFIX}"
        assert module.__name__ == "needing_package.needing"
        assert module.__file__ == module.__spec__.origin == str(original)


def test_libraries_beside_it() -> None:
    """Libraries beside a module are copied too, in a circle or not, unique symbols or not."""
    with private() as one, private() as two:
        first, second = (each.import_module("needing_package") for each in (one, two))
        assert [first.bump_library(), first.bump_library()] == [(1, 1), (2, 2)]
        assert second.bump_library() == (1, 1)
        copies = one.call(_core.count_private_copies)[0]
        assert copies == 3


def test_no_file_is_left(folder: Path) -> None:
    """Copies have no name: the folder of the package stays as it was."""
    before = sorted(each for each in folder.rglob("*") if "__pycache__" not in each.parts)
    with private() as one:
        one.import_module("needing_package").bump_library()
        others = [each for each in folder.rglob("*") if "__pycache__" not in each.parts]
    assert sorted(others) == before


def test_text_is_shared() -> None:
    """Of what was copied, the pages that are alike are given back."""
    pytest.importorskip("numpy")
    with private() as one:
        one.import_module("numpy")
        _, copied, shared, _, _ = one.call(_core.count_private_copies)
        assert copied > 0
        assert shared > copied * 0.8


def test_import_again() -> None:
    """What was removed from `sys.modules` is made anew from the same copy."""
    with private() as one:
        one.exec("import sys, multi; first = multi; del sys.modules['multi']; import multi")
        assert one.eval("first is not multi")
        assert one.call(_core.count_private_copies)[0] == 1


def test_unload_after_close(folder: Path) -> None:
    """A copy goes with its interpreter."""
    with private() as one:
        one.import_module("multi")
        assert copies_in_memory("multi")
    assert not copies_in_memory("multi")


def test_running_thread_keeps_copy(folder: Path, run_script: Any) -> None:
    """A copy in which a thread still runs stays after its interpreter; the process ends well."""
    done = run_script(f"""
        import atoll, sys
        sys.path.insert(0, {str(folder)!r})
        with atoll.Interpreter(extensions="private") as one:
            one.import_module("multi").start_endless_thread()
        with open("/proc/self/maps") as maps:
            print("memfd:multi." in maps.read())
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_argument_parsers_keep_copy(tmp_path: Path, run_script: Any) -> None:
    """CPython has a list of all argument parsers, to its end: so copies that have some stay."""
    extension_modules.compile_module("parsing", tmp_path)
    done = run_script(f"""
        import atoll, sys
        sys.path.insert(0, {str(tmp_path)!r})
        with atoll.Interpreter(extensions="private") as one:
            print(one.import_module("parsing").double_it(number=4))
        print(atoll.extensions.statistics().staying[0].reason)
    """)
    reason = "CPython looks at its argument parsers when the process ends"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"8\n{reason}\n", "")


def copies_in_memory(name: str) -> bool:
    with open("/proc/self/maps") as file:
        return any(f"memfd:{name}." in line for line in file)


# ---- what copies are told ----


def test_call_in_own_thread() -> None:
    """A thread that the copy has started gets into the interpreter of the copy."""
    with private() as one:
        one.exec(
            "import multi, atoll\nseen = []\n"
            "multi.call_in_thread(lambda: seen.append(atoll.current().id))"
        )
        assert atoll.copy(one.eval("seen")) == [one.id]


def test_call_back_detached() -> None:
    """A thread that has let go of the GIL gets it again, in the interpreter where it was."""
    with private() as one:
        one.exec("import multi, atoll\nseen = []")
        one.exec("multi.call_back(lambda: seen.append(atoll.current().id))")
        one.call(run_in_thread, "multi.call_back(lambda: seen.append(atoll.current().id))")
        assert atoll.copy(one.eval("seen")) == [one.id, one.id]


def run_in_thread(source: str) -> None:
    import __main__

    thread = threading.Thread(target=exec, args=(source, vars(__main__)))
    thread.start()
    thread.join()


def test_call_back_across() -> None:
    """A call-back of a copy may call another interpreter, whose copy calls back as well."""
    with private() as one, private() as two:
        for each in (one, two):
            each.exec("import multi, atoll\nseen = []")
        two.exec("def inner(): multi.call_in_thread(lambda: seen.append(atoll.current().id))")
        one.exec("def outer(inner): multi.call_back(lambda: (inner(), seen.append(1)))")
        one.eval("outer")(two.eval("inner"))
        assert atoll.copy(two.eval("seen")) == [two.id]
        assert atoll.copy(one.eval("seen")) == [1]


def test_stays_interleave() -> None:
    """Stays of one thread in two interpreters, as greenlets leave them, end in any order."""
    with private() as one, private() as two:
        first, second = (each.import_module("multi") for each in (one, two))
        first.begin_stay()
        second.begin_stay()
        first.end_stay()
        assert one.eval("len('still here')") == 10
        second.end_stay()
        first.begin_stay()
        second.begin_stay()
        second.end_stay()
        first.end_stay()
        assert two.eval("len('still here')") == 10


def test_stay_never_ends() -> None:
    """A stay that has not ended when its interpreter closes has no effect on later ones."""
    for _ in range(3):
        with private() as one, private() as two:
            first, second = (each.import_module("multi") for each in (one, two))
            first.begin_stay()
            second.begin_stay()
            second.end_stay()
            one.exec("import multi; seen = []; multi.call_back(lambda: seen.append(1))")
            assert atoll.copy(one.eval("seen")) == [1]


def test_another_greenlet(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that a thread is in below one greenlet is not entered below another: an error
    says so, and all goes on.
    """
    multi = import_module("multi")
    with private() as one:
        one.exec("def call(back): return back()")
        call = one.eval("call")
        assert call(lambda: multi.call_apart(lambda: one.eval("1"))) == 1  # there are no greenlets
        monkeypatch.setitem(sys.modules, "greenlet", multi)
        assert call(lambda: one.eval("2")) == 2
        with pytest.raises(RuntimeError, match=f"another greenlet .* '{one.name}', and must leave"):
            call(lambda: multi.call_apart(lambda: one.eval("3")))
        assert multi.call_apart(lambda: one.eval("4")) == 4


@pytest.mark.parametrize("how", ["signal", "timeout", "interrupt"])
def test_c_code_that_asks_is_stopped(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C code that computes for long and calls PyErr_CheckSignals is stopped by Ctrl-C, a timeout or
    `interrupt()`.
    """
    with private() as one:
        ask = one.import_module("multi").ask_until_stopped
        if how == "signal":
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                with pytest.raises(KeyboardInterrupt):
                    ask(int(signal.SIGINT))
            finally:
                signal.signal(signal.SIGINT, before)
        elif how == "timeout":
            with pytest.raises(TimeoutError), atoll.timeout(0.05):
                ask(one.eval("lambda: None"))
        else:
            begun = threading.Event()
            stopper = threading.Thread(
                target=lambda: begun.wait() and one.interrupt(ValueError("enough"))
            )
            stopper.start()
            with pytest.raises(ValueError, match="enough"):
                ask(begun.set)
            stopper.join()
        assert one.eval("2 + 3") == 5


def test_main_interpreter_is_own() -> None:
    """What a copy takes for the main interpreter is its own."""
    with private() as one:
        assert one.import_module("multi").main_id() == one.id


def test_pending_call() -> None:
    """A pending call of a copy is made in its interpreter."""
    with private() as one:
        one.exec(
            "import multi, atoll\nseen = []\n"
            "assert multi.add_pending(lambda: seen.append(atoll.current().id)) == 0\n"
            "while not seen: pass"
        )
        assert atoll.copy(one.eval("seen")) == [one.id]


def test_at_exit() -> None:
    """A function for the end of the process is called at the end of the interpreter."""
    reader, writer = os.pipe()
    try:
        with private() as one:
            assert one.import_module("multi").tell_at_exit(writer) == 0
        assert os.read(reader, 10) == b"end"
    finally:
        os.close(reader)
        os.close(writer)


def test_keys_of_threads() -> None:
    """A thread that ends after the copy has gone does not call its destructors."""
    with private() as one:
        ready, go = threading.Event(), threading.Event()

        def visit() -> None:
            one.import_module("multi").make_key()
            ready.set()
            go.wait()

        thread = threading.Thread(target=visit)
        thread.start()
        ready.wait()
    go.set()
    thread.join()
    assert not copies_in_memory("multi")


def test_exit_handler_waits_for_own_thread() -> None:
    """An exit handler may wait for a thread of the copy that calls Python."""
    reader, writer = os.pipe()
    try:
        with private() as one:
            one.exec(
                "import atexit, multi, os\n"
                f"atexit.register(multi.call_in_thread, lambda: os.write({writer}, b'in'))"
            )
        assert os.read(reader, 10) == b"in"
    finally:
        os.close(reader)
        os.close(writer)


# ---- modes ----


def test_native_refused() -> None:
    """In mode native CPython refuses a module that declares nothing."""
    with (
        atoll.Interpreter(extensions={"multi": "native"}) as one,
        pytest.raises(ImportError, match="does not support loading in subinterpreters"),
    ):
        one.import_module("multi")


def test_native() -> None:
    """In mode native a module that declares its support is imported as it is."""
    with atoll.Interpreter(extensions="native") as one:
        import declaring

        assert one.import_module("declaring").bump() == declaring.bump() - 1
        assert mode_of(one, "declaring") == "native"
        assert one.call(_core.count_private_copies)[0] == 0


def test_refuse() -> None:
    """In mode refuse the import of a named module fails, and says why."""
    with (
        atoll.Interpreter("strict", extensions={"multi": "refuse"}) as one,
        pytest.raises(ImportError, match=r"'multi' is refused in interpreter 'strict'"),
    ):
        one.import_module("multi")


def test_refuse_all() -> None:
    """Refusing all is refusing extension modules, not packages of Python alone."""
    with atoll.Interpreter(extensions="refuse") as one:
        one.import_module("workloads")
        one.import_module("array")
        with pytest.raises(ImportError, match="refused"):
            one.import_module("needing_package")


def test_main() -> None:
    """In mode main a module is a Proxy to main's, its statics are those of main."""
    with atoll.Interpreter(extensions={"multi": "main"}) as one:
        one.exec("import multi; from multi import bump")
        there = one.eval("multi")
        assert there is sys.modules["multi"]
        assert one.eval("bump()") == sys.modules["multi"].bump() - 1
        assert sys.modules["multi"].__spec__.origin.endswith(".so")
        assert mode_of(one, "multi") == "main"


def test_main_submodules() -> None:
    """Submodules, names of a package, and all of its names come from main as well."""
    with atoll.Interpreter(extensions={"needing_package": "main", "json": "main"}) as one:
        one.exec(
            "import atoll, needing_package.needing as inner\n"
            "from needing_package import needing, bump\n"
            "from json.decoder import *\n"
            "import json.decoder"
        )
        assert one.eval("inner is needing and atoll.is_proxy(inner)")
        assert one.eval("bump()") == sys.modules["needing_package"].bump() - 1
        assert one.eval("JSONDecoder") is sys.modules["json.decoder"].JSONDecoder
        assert one.eval("atoll.owner(json.decoder).id") == 0


def test_main_missing() -> None:
    """A module that main cannot import either is an ordinary ModuleNotFoundError."""
    with (
        atoll.Interpreter(extensions={"no_such_module": "main"}) as one,
        pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module'"),
    ):
        one.import_module("no_such_module")


def test_more_specific_name_wins() -> None:
    """The mode of a module goes before that of its package, and that before "*"."""
    modes: dict[str, atoll.extensions.Mode] = {
        "*": "refuse",
        "needing_package": "private",
        "needing_package.needing": "main",
    }
    with atoll.Interpreter(extensions=modes) as one:
        package = one.import_module("needing_package")
        assert atoll.owner(package).id == one.id
        assert (
            one.eval("__import__('sys').modules['needing_package.needing']")
            is (sys.modules["needing_package.needing"])
        )


def test_policy() -> None:
    """A policy is for all interpreters that are not told otherwise; "auto" takes it back."""
    atoll.extensions.policy("multi", "main")
    with atoll.Interpreter() as one, private() as two:
        one.import_module("multi")
        two.import_module("multi")
        assert mode_of(one, "multi") == "main"
        assert mode_of(two, "multi") == "private"
        two.call(atoll.extensions.policy, "multi", "auto")
    assert policy.policies() == {"multi": "auto"}


@pytest.mark.parametrize(
    ("extensions", "error", "text"),
    [
        ("privat", ValueError, "'privat' is not a mode; the modes are native, private, main"),
        ({"numpy": "Private"}, ValueError, "'Private' is not a mode"),
        ({"num py": "private"}, ValueError, "'num py' is not the name of a module"),
        ({"": "private"}, ValueError, "'' is not the name of a module"),
        ({"numpy": None}, TypeError, "a mode must be str, not NoneType"),
        ({1: "private"}, TypeError, "must be str, not int"),
        (["numpy"], TypeError, "a mode or a mapping of module names to modes, not list"),
        (None, TypeError, "not NoneType"),
    ],
)
def test_bad_extensions(extensions: Any, error: type[Exception], text: str) -> None:
    """A wrong mode, name or type is refused before an interpreter is made."""
    with pytest.raises(error, match=text):
        atoll.Interpreter(extensions=extensions)
    if isinstance(extensions, dict):
        with pytest.raises(error, match=text):
            atoll.extensions.policy(*next(iter(extensions.items())))


# ---- auto ----


def test_auto_unknown() -> None:
    """A module of which nothing is known is tried, and taken privately, in silence."""
    with atoll.Interpreter() as one:
        assert one.import_module("multi").bump() == 1
        assert mode_of(one, "multi") == "private"


def test_auto_declared() -> None:
    """A module that declares its support, and passes, is taken as it is."""
    with atoll.Interpreter() as one:
        one.import_module("declaring")
        assert mode_of(one, "declaring") == "native"


def test_auto_crashing() -> None:
    """A module that crashes when it is loaded again crashes in a trial, and is used from main."""
    expected = (
        r"crashing is used from the main interpreter.*crashed \(SIGABRT\) in import.*"
        r"extensions=\{'crashing': MODE\}"
    )
    with pytest.warns(atoll.ExtensionWarning, match=expected), atoll.Interpreter() as one:
        one.exec("import crashing")
        assert one.eval("crashing") is sys.modules["crashing"]
    with atoll.Interpreter() as two:  # decided: no second warning
        two.exec("import crashing")


def test_trial_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result of a trial is kept for other processes, as long as the files are the same."""
    with atoll.Interpreter() as one:
        one.import_module("multi")
    assert list((tmp_path / "cache" / "atoll" / "trials").glob("multi-*.json"))
    policy._decisions.clear()
    monkeypatch.setattr("atoll._modules.trials.run", None)  # not called
    with atoll.Interpreter() as two:
        two.import_module("multi")
        assert mode_of(two, "multi") == "private"


def test_trial_of_what_only_an_interpreter_finds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package is tried from where the interpreter finds it, on a `sys.path` of its own."""
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != str(folder)])
    with atoll.Interpreter() as one:
        one.exec(f"import sys; sys.path.insert(0, {str(folder)!r})")
        one.import_module("multi")
        assert mode_of(one, "multi") == "private"


def test_cache_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where results cannot be kept, packages are tried all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with atoll.Interpreter() as one:
        one.import_module("multi")
        assert mode_of(one, "multi") == "private"


def test_trial_out_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that runs out of time decides for this process only, and its reason says so."""
    monkeypatch.setattr(trials, "_LIMIT_SECONDS", 1e-6)
    with pytest.warns(atoll.ExtensionWarning, match=r"its trial took more than .* was in start"):
        import_by_auto("multi")
    mode, reason = atoll.extensions.choices()["multi"]
    assert mode == "main"
    assert reason.endswith("(another process will try it again)")
    assert not list(tmp_path.rglob("multi-*.json"))


def import_by_auto(name: str) -> None:
    with atoll.Interpreter() as one:
        one.import_module(name)


def test_limit_of_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial may take as much longer as the machine has more to do than it can."""
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for load, limit in ((0.5, 120), (4, 120), (12, 360)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0, 0))
        assert trials._limit() == limit


class Screen(io.StringIO):
    """A stream that a user may look at, and that tells when it has been written to."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: is_terminal
        self.is_written = threading.Event()

    def write(self, text: str) -> int:
        """Write a line."""
        super().write(text)
        self.is_written.set()
        return len(text)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_long_trial_is_told_of(is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial that lasts is told of on stderr, if that is a terminal."""
    screen = Screen(is_terminal)

    def run(package: str, mode: str, files: object = ()) -> trials.Trial:
        assert not is_terminal or screen.is_written.wait(60)
        return trials.Trial(package, mode, "", {}, 1.0, 1.0)

    monkeypatch.setattr(trials, "run", run)
    monkeypatch.setattr(trials, "_SILENT_SECONDS", 0)
    monkeypatch.setattr(sys, "stderr", screen)
    assert trials.cached_decision("multi", []).mode == "private"
    assert screen.getvalue().startswith("atoll: trying multi " if is_terminal else "")
    assert screen.is_written.is_set() is is_terminal


def test_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chosen can be forgotten, from any interpreter: it is tried again."""
    tried = []

    def run(package: str, mode: str, files: object = ()) -> trials.Trial:
        tried.append(mode)
        return trials.Trial(package, mode, "", {}, 1.0, 1.0)

    monkeypatch.setattr(trials, "run", run)
    with atoll.Interpreter() as one:
        one.import_module("multi")
        assert one.call(atoll.extensions.choices) == {"multi": ("private", "passed a trial")}
        assert list(tmp_path.rglob("multi-*.json"))
        one.call(atoll.extensions.forget, "multi")
        assert not list(tmp_path.rglob("multi-*.json"))
    assert atoll.extensions.choices() == {}
    import_by_auto("multi")
    assert tried == ["private", "private"]
    with pytest.raises(ValueError, match="is not the name of a module"):
        atoll.extensions.forget("../multi")


def test_trial_leaves_plugins(folder: Path, tmp_path: Path) -> None:
    """A trial imports what are modules; other shared objects of a package are plugins."""
    package = tmp_path / "with_plugin"
    package.mkdir()
    plugin = folder / "needing_package.libs" / extension_modules.ONE
    shutil.copy(plugin, package / "plugin.so")
    for name in ("multi", "renamed"):
        content = (folder / f"multi{extension_modules.SUFFIX}").read_bytes()
        (package / f"{name}{extension_modules.SUFFIX}").write_bytes(content)
    module = types.ModuleType("with_plugin")
    module.__path__ = [str(package)]
    assert child._extension_names("with_plugin", module) == ["with_plugin.multi"]


def test_trial_uses_own_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose threads are unlike others' is tried in a way of its own."""
    used: list[str] = []
    monkeypatch.setitem(patterns.PATTERNS, "colorsys", lambda: used.append("colorsys"))
    child._use("colorsys", False)
    assert used == []
    child._use("colorsys", True)
    assert used == ["colorsys"]


def test_doctor_finds_what_was_installed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor of a package without extension modules looks at those beside it."""
    of = {"json": ["one-package"], "multi": ["one-package"], "colorsys": ["another"]}
    monkeypatch.setattr(doctor.metadata, "packages_distributions", lambda: of)
    packages, missing = doctor.find_packages(["json"])
    assert ([each.name for each in packages], missing) == (["multi"], [])
    packages, missing = doctor.find_packages(["colorsys"])
    assert ([each.name for each in packages], missing) == (["colorsys"], [])


def test_auto_without_room(folder: Path, run_script: Any) -> None:
    """Where no more copies fit into the static block of thread-local data, main's is used."""
    done = run_script(f"""
        import warnings
        warnings.simplefilter("ignore")
        import atoll, sys
        sys.path.insert(0, {str(folder)!r})
        import greedy  # later there might be no room for main's either
        atoll.extensions.policy("greedy", "private")
        interpreters = [atoll.Interpreter() for _ in range(12)]
        with warnings.catch_warnings(record=True) as caught:
            for each in interpreters:
                each.exec("import warnings; warnings.simplefilter('always'); import greedy")
        touched = [each.eval("greedy.touch()") for each in interpreters]
        modes = [each.call(atoll.extensions.modes)["greedy"] for each in interpreters]
        print(modes[0], modes[-1], touched[0], all(touched))
        print(caught[0].message)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "private main 1 True"
    assert "cannot allocate memory in static TLS block" in second


def test_registry() -> None:
    """The registry names known packages once each, with a mode and a reason."""
    entries = registry.entries()
    assert {"numpy", "pandas", "scipy", "sklearn", "lxml", "_cffi_backend"} <= set(entries)
    for each in entries.values():
        assert each.mode in policy.MODES
        assert each.reason
    assert registry.find("numpy.linalg") == entries["numpy"]
    assert registry.find("no_such_package") is None


def test_registry_of_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known of other versions than the installed one is not used."""
    known = registry.Known("rich", "rich", ">=10000", "main", "a test")
    monkeypatch.setattr(registry, "entries", lambda: {"rich": known})
    assert registry.find("rich") is None
    monkeypatch.setattr(registry, "entries", lambda: {"rich": known._replace(versions=">=1")})
    assert registry.find("rich").mode == "main"


# ---- what goes wrong ----


def test_missing_dependency(tmp_path: Path, run_script: Any) -> None:
    """A library that is not there is the ordinary ImportError."""
    extension_modules.build(tmp_path)
    (tmp_path / "needing_package.libs" / extension_modules.ONE).unlink()
    done = run_script(f"""
        import atoll, sys, warnings
        warnings.simplefilter("ignore")
        sys.path.insert(0, {str(tmp_path)!r})
        for extensions in ("private", "auto"):
            with atoll.Interpreter(extensions=extensions) as one:
                try:
                    one.import_module("needing_package.needing")
                except ImportError as error:
                    print(error)
    """)
    text = f"{extension_modules.ONE}: cannot open shared object file: No such file or directory\n"
    assert (done.returncode, done.stdout) == (0, 2 * text)


def test_undefined_symbol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a copy names the original, never the copy."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = extension_modules.compile_module("needing", tmp_path)  # without its library
    with private() as one, pytest.raises(ImportError) as caught:
        one.import_module("needing")
    assert str(caught.value).startswith(f"{path}: undefined symbol: ")


def test_native_undefined_symbol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A native module that cannot be loaded is the ImportError that main gets."""
    monkeypatch.syspath_prepend(str(tmp_path))
    extension_modules.compile_module("needing", tmp_path)  # without its library
    with pytest.raises(ImportError) as here:
        import_module("needing")
    with atoll.Interpreter(extensions="native") as one, pytest.raises(ImportError) as there:
        one.import_module("needing")
    assert str(there.value) == str(here.value)
    assert there.value.path == here.value.path


@pytest.mark.parametrize("mode", ["native", "private"])
def test_audit(mode: str) -> None:
    """An audit hook of the interpreter sees the file before it is loaded, and may refuse it."""
    with (
        atoll.Interpreter(extensions=mode) as one,
        pytest.raises(PermissionError, match="declaring"),
    ):
        one.exec(
            "import sys\n"
            "def refuse(event, arguments):\n"
            "    if event == 'import' and str(arguments[1]).endswith('.so'):\n"
            "        raise PermissionError(arguments[1])\n"
            "sys.addaudithook(refuse)\n"
            "import declaring\n"
        )


def test_not_a_library(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no shared object, or a damaged one, is an ImportError with its path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    whole = (folder / f"multi{extension_modules.SUFFIX}").read_bytes()
    for number, content in enumerate((b"", b"text", whole[:100], whole[: len(whole) // 2])):
        path = tmp_path / f"broken{number}{extension_modules.SUFFIX}"
        path.write_bytes(content)
        with private() as one, pytest.raises(ImportError, match="broken"):
            one.import_module(f"broken{number}")


def test_wrong_name(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library without the function of a module is the ordinary ImportError."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / f"other{extension_modules.SUFFIX}"
    path.write_bytes((folder / f"multi{extension_modules.SUFFIX}").read_bytes())
    with private() as one, pytest.raises(ImportError, match=r"PyInit_other"):
        one.import_module("other")


def test_no_file_descriptor_is_kept() -> None:
    """Copies keep no descriptor open, whether or not their import fails."""

    def libraries() -> list[str]:
        return sorted(each for each in open_files().values() if "memfd:" in each or ".so" in each)

    before = libraries()
    with private() as one:
        one.import_module("needing_package").bump_library()
        with pytest.raises(ImportError):
            one.import_module("no_such_module")
        gc.collect()
        assert libraries() == before


def test_no_room_for_copies(folder: Path, run_script: Any) -> None:
    """Where copies cannot be written, private says so, and auto takes main's module."""
    done = run_script(f"""
        import warnings
        warnings.simplefilter("ignore")
        import atoll, resource, sys
        sys.path.insert(0, {str(folder)!r})
        atoll.extensions.policy("multi", "private")
        atoll.extensions.policy("needing_package", "private")
        one, two = atoll.Interpreter(extensions="private"), atoll.Interpreter()
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            one.import_module("multi")
        except ImportError as error:
            print(error)
        print(two.import_module("multi") is sys.modules["multi"])
        print(two.import_module("needing_package") is sys.modules["needing_package"])
    """)
    original = folder / f"multi{extension_modules.SUFFIX}"
    first = f"{original}: cannot make a private copy: File too large"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [first, "True", "True"]


def test_failed_load_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a module cannot be loaded, the libraries that were loaded for it before are gone."""
    extension_modules.build(tmp_path)
    libraries = tmp_path / "needing_package.libs"
    extension_modules.link_another(libraries / extension_modules.ONE)
    monkeypatch.syspath_prepend(str(tmp_path))
    with private() as one:
        with pytest.raises(ImportError, match="undefined symbol"):
            one.import_module("needing_package")
        assert one.call(_core.count_private_copies)[:3] == (0, 0, 0)
        assert mode_of(one, "needing_package.needing") is None
        assert not copies_in_memory(extension_modules.ONE)


def test_private_beside_mains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In auto a package that fails beside one of main's is main's as well, and a warning says so;
    one that fails in main too raises that error.
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "import multi\nif type(multi) is not {}:\n    raise TypeError('no module')\n"
    for name, expected in (("beside", "type(__import__('sys'))"), ("broken", "None")):
        (tmp_path / f"{name}.py").write_text(source.format(expected))
        atoll.extensions.policy(name, "private")
    atoll.extensions.policy("multi", "main")
    with atoll.Interpreter() as one:
        warned = one.call(warnings_of_import, "beside")
        assert "TypeError('no module'), beside main's multi" in warned
        assert (mode_of(one, "multi"), mode_of(one, "beside")) == ("main", "main")
        with pytest.raises(TypeError, match="no module"):
            one.import_module("broken")
        assert one.import_module("beside") is sys.modules.pop("beside")


def warnings_of_import(name: str) -> str:
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        __import__(name)
    return " ".join(str(each.message) for each in caught)


@pytest.mark.parametrize("place", ["constructor", "init", "exec"])
def test_interrupted_import(
    place: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a module is loaded comes out of the import, and the next import works."""
    folder = tmp_path_factory.getbasetemp() / "interrupting"
    if not folder.exists():
        folder.mkdir()
        extension_modules.compile_module("interrupting", folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("INTERRUPT_AT", place)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with private() as one:
            with pytest.raises(KeyboardInterrupt):
                one.import_module("interrupting")
            assert one.import_module("interrupting").bump() == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert not copies_in_memory("interrupting")


def test_no_files_in_memory(folder: Path, tmp_path: Path, run_cleanly: Any) -> None:
    """Where files in memory may not be executed, copies are unnamed files in TMPDIR; without that,
    the error names it, and auto takes main's module, or the package of that.
    """
    parted = tmp_path / "modules" / "parted"
    parted.mkdir(parents=True)
    (parted / "__init__.py").touch()
    shutil.copy(folder / f"multi{extension_modules.SUFFIX}", parted)
    told = run_cleanly(f"""
        import warnings
        warnings.simplefilter("ignore")
        import atoll, atoll.extensions, os, sys
        sys.path[:0] = [{str(folder)!r}, {str(Path(__file__).parent)!r}, {str(parted.parent)!r}]
        import multi, parted.multi, without_memory_files
        atoll.extensions.policy("multi", "private")
        print(without_memory_files.forbid())
        atoll.extensions.policy("parted", "private")
        for place in ({str(tmp_path)!r}, "/nonexistent"):
            os.environ["TMPDIR"] = place
            before = os.listdir({str(tmp_path)!r})
            with atoll.Interpreter(extensions="private") as one, atoll.Interpreter() as two:
                try:
                    print(one.import_module("multi").bump())
                except ImportError as error:
                    print(str(error).partition(": ")[2])
                print(two.import_module("multi") is multi)
                print(two.import_module("parted.multi") is parted.multi)
                print(os.listdir({str(tmp_path)!r}) == before)
    """)
    is_forbidden, *lines = told.splitlines()
    if is_forbidden == "False":
        pytest.skip("the system does not let a process forbid itself system calls")
    advice = "TMPDIR must name a folder whose files may be executed"
    refused = f"cannot make a private copy: No such file or directory ({advice})"
    assert lines == ["1", "False", "False", "True", refused, "True", "True", "True"]


# ---- ctypes ----


def test_ctypes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of an installed package that ctypes loads is a private copy; others are not."""
    installed = tmp_path / "site-packages"
    installed.mkdir()
    extension_modules.build(installed)
    monkeypatch.syspath_prepend(str(installed))
    library = installed / "needing_package.libs" / extension_modules.ONE
    original = ctypes.CDLL(str(library))
    with private() as one, atoll.Interpreter(extensions="native") as two:
        counts = [each.call(bump_by_ctypes, str(library)) for each in (one, two)]
        assert original.library_bump() == 2
        assert counts == [1, 1]


def test_ctypes_missing(tmp_path: Path) -> None:
    """A library that ctypes does not find is the OSError that main gets."""
    path = str(tmp_path / "missing.so")
    with pytest.raises(OSError, match="missing") as here:
        ctypes.CDLL(path)
    with private() as one, pytest.raises(OSError, match="missing") as there:
        one.call(bump_by_ctypes, path)
    assert str(there.value) == str(here.value)


def test_ctypes_by_name() -> None:
    """A library that is loaded is found by its name: the interpreter's own copy."""
    with private() as one:
        assert one.import_module("needing_package").bump_library() == (1, 1)
        assert one.call(bump_by_ctypes, extension_modules.ONE) == 2
        with pytest.raises(OSError, match=r"missing\.so"):
            one.call(bump_by_ctypes, "missing.so")


def test_ctypes_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who closes a library as often as it was opened leaves it to others, and for later."""
    installed = tmp_path / "site-packages"
    installed.mkdir()
    extension_modules.build(installed)
    monkeypatch.syspath_prepend(str(installed))
    library = installed / "needing_package.libs" / extension_modules.ONE
    with private() as one:
        assert atoll.copy(one.call(bump_and_close, str(library), 3)) == [1, 2, 3]


def bump_and_close(path: str, times: int) -> list[int]:
    import _ctypes
    import ctypes

    counts = []
    for _ in range(times):
        library = ctypes.CDLL(path)
        counts.append(library.library_bump())
        _ctypes.dlclose(library._handle)
    return counts


def bump_by_ctypes(path: str) -> int:
    import ctypes

    return int(ctypes.CDLL(path).library_bump())


def test_finder_is_first_once() -> None:
    """An interpreter, also one that was made ready before, has one finder of ours."""
    atoll.prewarm(1, wait=True)
    with atoll.Interpreter() as one:
        names = one.eval("[type(each).__name__ for each in __import__('sys').meta_path]")
        assert atoll.copy(names).count("Finder") == 1
    assert not any(isinstance(each, importing.Finder) for each in sys.meta_path)


# ---- numpy ----


def numpy_work(seed: int) -> float:
    import numpy

    numbers = numpy.random.default_rng(seed).random(20_000)
    spectrum = numpy.abs(numpy.fft.rfft(numpy.sort(numbers)))
    return float(spectrum.sum() + numpy.linalg.svd(numbers[:400].reshape(20, 20))[1].sum())


def test_numpy_in_parallel() -> None:
    """NumPy gives the same results in main and in two interpreters at once."""
    pytest.importorskip("numpy")
    if hasattr(sys, "gettotalrefcount"):
        pytest.skip("a debug build takes a minute to import NumPy")
    with atoll.InterpreterPoolExecutor(2) as pool:
        assert list(pool.map(numpy_work, range(6))) == [numpy_work(each) for each in range(6)]


def test_numpy_arrays_without_a_copy() -> None:
    """An array of one interpreter is seen by the NumPy of another, in place."""
    numpy = pytest.importorskip("numpy")
    with atoll.Interpreter() as one:
        one.exec("import numpy; array = numpy.arange(10.0)")
        here = numpy.asarray(one.eval("array"))
        here[3] = 42
        assert one.eval("float(array[3])") == 42
        del here
        gc.collect()
