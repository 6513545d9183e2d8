"""The end of private copies: what they want to be called then, and what keeps them in memory."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import extension_modules
import pytest

import atoll
import atoll.extensions

pytestmark = extension_modules.NEEDS_COMPILERS

LEAKS = str(Path(__file__).parents[1] / "leaks")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with extension modules."""
    path = tmp_path_factory.mktemp("unloading")
    extension_modules.build_cpp(path)
    extension_modules.compile_module("multi", path)
    extension_modules.compile_module("leaving", path)
    return path


@pytest.fixture(autouse=True)
def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is on `sys.path`."""
    monkeypatch.syspath_prepend(str(folder))


@pytest.fixture
def told() -> Iterator[tuple[int, int]]:
    """A pipe for what libraries tell: reader and writer."""
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    os.write(ends[1], b"<")
    yield ends
    for each in ends:
        os.close(each)


def private() -> atoll.Interpreter:
    return atoll.Interpreter(extensions="private")


def copies_in_memory(name: str) -> bool:
    with open("/proc/self/maps") as file:
        return any(f"memfd:{name}." in line for line in file)


def test_order_of_destructors(told: tuple[int, int]) -> None:
    """All that was registered goes before any destructor function, the latest first; the module's
    goes before that of the library that it needs; and each is still there for the other.
    """
    reader, writer = told
    with private() as one:
        module = one.import_module("visiting")
        module.tell_end(writer)
        module.touch()
    # thread-local; atexit(); statics of the module, of the library with its guest; functions
    assert os.read(reader, 100) == b"<tavghML"


def test_variables_of_two_libraries() -> None:
    """A variable that the module and the library both have is one for both, as without copies, and
    each interpreter has its own.
    """
    with private() as one, private() as two:
        for each in (one, two):
            assert each.import_module("visiting").visit_both() == (1, 2)


def test_joined_thread(told: tuple[int, int]) -> None:
    """A std::thread that has ended keeps nothing in memory, and its variables went with it."""
    reader, writer = told
    with private() as one:
        module = one.import_module("visiting")
        module.tell_end(writer)
        module.run_thread()
        assert os.read(reader, 100) == b"<t"
        assert one.call(atoll.extensions.statistics).threads == 0
    assert not copies_in_memory("visiting")


def test_joined_thread_of_own_run_time(
    tmp_path: Path,
) -> None:
    """The same where a library has C++'s run-time in itself, beside libraries that share one."""
    try:
        extension_modules.build_cpp(tmp_path, "-static-libstdc++")
    except subprocess.CalledProcessError:
        pytest.skip("there is no libstdc++.a")
    with private() as one:
        shared = one.import_module("visiting")
        with private() as two:
            two.exec(f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
            own = two.import_module("visiting")
            assert own.__file__ != shared.__file__
            for each in (own, shared):
                each.run_thread()
            assert two.call(atoll.extensions.statistics).threads == 0
        assert not atoll.extensions.statistics().staying
        shared.run_thread()
    assert not copies_in_memory("visiting")


def test_variables_of_living_threads(told: tuple[int, int]) -> None:
    """Threads that live on, with thread-local variables of a copy, do not keep it: the closing
    thread's are destroyed, those of others dropped.
    """
    reader, writer = told
    ready, go = threading.Event(), threading.Event()
    with private() as one:
        module = one.import_module("visiting")
        module.tell_end(writer)

        def visit() -> None:
            module.touch()
            ready.set()
            go.wait()

        thread = threading.Thread(target=visit)
        thread.start()
        ready.wait()
    assert not copies_in_memory("visiting")
    go.set()
    thread.join()
    assert os.read(reader, 100) == b"<avghML"


def test_variables_of_ended_thread(told: tuple[int, int]) -> None:
    """A thread that ends destroys its thread-local variables, as long as the copy is there."""
    reader, writer = told
    with private() as one:
        module = one.import_module("visiting")
        module.tell_end(writer)
        thread = threading.Thread(target=module.touch)
        thread.start()
        thread.join()
        assert os.read(reader, 100) == b"<t"


def test_variables_of_threads_before_a_fork(folder: Path, run_cleanly: Any) -> None:
    """A forked child has no other threads: their variables are not destroyed by threads that it
    makes, which may lie where those have been.
    """
    told = run_cleanly(
        f"""
import atoll, os, signal, sys, threading
sys.path.insert(0, {str(folder)!r})
reader, writer = os.pipe()
def use(writer):
    module = atoll.Interpreter(extensions="private").import_module("visiting")
    module.tell_end(writer)
    return module
module = use(writer)
ready, go = threading.Barrier(21), threading.Event()
def visit():
    module.touch()
    ready.wait()
    go.wait()
threads = [threading.Thread(target=visit) for _ in range(20)]
for each in threads:
    each.start()
ready.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    touch = use(os.open(os.devnull, os.O_WRONLY)).touch
    for _ in range(40):
        thread = threading.Thread(target=touch)
        thread.start()
        thread.join()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
os.write(writer, b"<")
print(os.read(reader, 100))
go.set()
for each in threads:
    each.join()
""",
        "-W",
        "ignore::DeprecationWarning",
    )
    assert told == "b'<'\n"


def staying_for_a_thread() -> atoll.extensions.Staying:
    while True:
        (staying,) = atoll.extensions.statistics().staying
        if not staying.reason.startswith("its thread 0 "):  # it has begun
            return staying
        os.sched_yield()


def test_staying_is_explained(folder: Path) -> None:
    """A running thread keeps its copies; statistics() names it, and the next close after its end
    unloads them.
    """
    reader, writer = os.pipe()
    with private() as one:
        one.import_module("multi").start_waiting_thread(reader)
        name = one.name
    staying = staying_for_a_thread()
    assert staying.interpreter == name
    assert staying.library == str(folder / f"multi{extension_modules.SUFFIX}")
    assert staying.reason.startswith("its thread ")
    assert copies_in_memory("multi")
    number = staying.reason.split()[2]
    os.close(writer)
    while os.path.exists(f"/proc/self/task/{number}"):
        os.sched_yield()
    os.close(reader)
    (staying,) = atoll.extensions.statistics().staying
    assert staying.reason == "nothing: it goes when the next interpreter closes"
    with private():
        pass
    assert atoll.extensions.statistics().staying == ()
    assert not copies_in_memory("multi")


def test_threads_of_c11() -> None:
    """A thread that was not started by pthread_create keeps its copies as well."""
    reader, writer = os.pipe()
    with private() as one:
        one.import_module("leaving").start_waiting_thread(reader)
    number = staying_for_a_thread().reason.split()[2]
    assert copies_in_memory("leaving")
    os.close(writer)
    while os.path.exists(f"/proc/self/task/{number}"):
        os.sched_yield()
    os.close(reader)
    with private():
        pass
    assert not copies_in_memory("leaving")


def first_free_key() -> int:
    libc, key = ctypes.CDLL(None), ctypes.c_uint()
    assert libc.pthread_key_create(ctypes.byref(key), None) == 0
    assert libc.pthread_key_delete(key) == 0
    return key.value


def test_functions_by_name() -> None:
    """A function of CPython that a copy looks up by its name answers for its interpreter."""
    with private() as one:
        assert one.import_module("leaving").main_id() == one.id


def test_keys_are_deleted() -> None:
    """Keys for thread-specific data, CPython's and C11's, go with the copies that made them."""
    seen = set()
    for _ in range(3):
        with private() as one:
            assert one.import_module("leaving").make_keys()
        seen.add(first_free_key())
    assert len(seen) == 1


def test_handler_with_status(told: tuple[int, int]) -> None:
    """What was registered by on_exit is called when the copies end."""
    reader, writer = told
    with private() as one:
        assert one.import_module("leaving").tell_at_exit(writer) == 0
    assert os.read(reader, 100) == b"<exit"


def test_what_cannot_be_taken_back(folder: Path, run_cleanly: Any) -> None:
    """A copy that handles a signal or C++'s failures, has a timer, waits for input, allocates
    Python's memory or has a signal stack stays, and says why. One that hears audit events hears
    those of its interpreter, and does not stay.
    """
    told = run_cleanly(f"""
import atoll, atoll.extensions, os, signal, sys
sys.path.insert(0, {str(folder)!r})
def leave(name, *arguments, module="leaving"):
    with atoll.Interpreter(extensions="private") as one:
        getattr(one.import_module(module), name)(*arguments)
leave("handle_signal", signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGUSR1)
leave("set_signal_stack")
signal.signal(signal.SIGUSR2, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR2)
leave("start_timer")
leave("hook_input")
leave("tell_at_quick_exit")
leave("watch_allocations")
leave("handle_failures", module="visiting")
with atoll.Interpreter(extensions="private") as one:
    hook = one.import_module("leaving").hook_audit
    hook()
    sys.audit("spoken")
    one.exec("import sys; sys.audit('spoken')")
    print(hook())
sys.audit("spoken")
for each in sorted(atoll.extensions.statistics().staying, key=lambda each: each.reason):
    print(os.path.basename(each.library).split(".")[0], each.reason)
""")
    assert told.splitlines() == [
        "1",
        "leaving CPython allocates memory with it",
        "leaving Python calls it as it waits for input",
        "leaving a thread handles signals on a stack in it",
        "leaving a timer calls it",
        "leaving it handles signal 10",
        "leaving it is called by quick_exit",
        "visiting it is called where operator new fails",
        "visiting it is called where std::terminate ends the process",
    ]


NEEDS_ACCOUNTS = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2")
    or hasattr(sys, "gettotalrefcount")
    or bool(os.environ.get("PYTHONMALLOC")),
    reason="needs glibc's accounts, and Python's allocator as it is",
)


KEEPING = """
from keeping import leaving
kept = {number: None for number in range(100_000)}, [], bytearray(100_000), "-" * 1_000_000
kept[1].extend(type(f"Kept{number}", (), {}) for number in range(100))
del kept[2][1_000:]
leaving.keep(kept)
large = [bytes(5_000) for _ in range(1_000)]
"""


@pytest.fixture(scope="module")
def keeping(folder: Path) -> Path:
    """The folder, with a package that keeps much in a static variable."""
    for name in ("keeping", "keeping/below"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").touch()
    (folder / "keeping" / "below" / "much.py").write_text(KEEPING)
    extension_modules.compile_module("leaving", folder / "keeping")
    return folder


@NEEDS_ACCOUNTS
@pytest.mark.parametrize("mode", ["private", "auto"])
def test_objects_that_static_variables_keep(keeping: Path, run_cleanly: Any, mode: str) -> None:
    """What a package keeps for ever goes with its interpreter: also tables, classes and texts that
    are not in Python's arenas, and were resized.
    """
    told = run_cleanly(f"""
import atoll, sys
sys.path[:0] = [{str(keeping)!r}, {LEAKS!r}]
from measure import in_use
def use():
    with atoll.Interpreter(extensions={mode!r}) as one:
        one.exec("import keeping.below; import keeping.below.much")
use()
before = in_use()
for _ in range(10):
    use()
print((in_use() - before) // 10_000_000)
""")
    assert told == "0\n"


@NEEDS_ACCOUNTS
def test_allocators_that_are_replaced(keeping: Path, run_cleanly: Any) -> None:
    """Where others have replaced Python's allocators, nothing is freed that may have been freed."""
    told = run_cleanly(f"""
import atoll, sys
sys.path.insert(0, {str(keeping)!r})
from keeping import leaving
leaving.remember_allocators()
with atoll.Interpreter(extensions="private") as one:
    one.exec("from keeping.below.much import large")
    leaving.restore_allocators()
    one.exec("large.clear()")
    held = [b"%d" % number * 2_000 for number in range(1_000)]
print(all(each == b"%d" % number * 2_000 for number, each in enumerate(held)))
del held
""")
    assert told == "True\n"


def test_statistics_of_copies() -> None:
    """statistics() counts the copies of the calling interpreter."""
    with private() as one, private() as two:
        one.import_module("visiting")
        counted, other = (each.call(atoll.extensions.statistics) for each in (one, two))
        assert (counted.copies, other.copies) == (2, 0)
        assert counted.copied_bytes >= counted.shared_bytes >= 0
        assert counted.seconds > 0
