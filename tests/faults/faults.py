"""The n-th allocation fails, for every n: an exception or nothing comes of it, no crash, no leak.

    python tests/faults/faults.py [--seconds S] [--kind python|c|thread] [--every K] [SCENARIO...]

Each scenario runs again and again in a process of its own, with the 1st, 2nd, 3rd... allocation
failing (hook.c), until it passes without that. Then everything must be as it was: interpreters,
threads, exports, proxies, buffers; and what is allocated must not grow when the same failure is
repeated. A process that dies is started again behind the place. Prints what went wrong; the status
is 1 if anything did.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import ctypes
import errno
import gc
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FLAGS = ["-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-Wall", "-pthread"]
KINDS = {"python": 1, "c": 2, "thread": 4}
REPEATS = 20  # of a failure that may leak
PATIENCE_SECONDS = 60  # with what goes late
LIMIT = 100_000  # of allocations in a scenario

Scenario = Callable[[], object]


# ---- scenarios: each is set up once, and gives what is run with failures ----


def setup() -> Any:
    """An interpreter, and the module `workloads` there, with all imported that is ever needed."""
    import workloads

    import atoll

    worker = atoll.Interpreter("worker")
    there = worker.import_module("workloads")
    worker.call(workloads.evaluate, "1")
    return atoll, workloads, worker, there


def make_and_close() -> Scenario:
    import atoll

    def run() -> None:
        atoll.Interpreter("short").close()

    return run


def call_with_copies() -> Scenario:
    _, workloads, worker, _ = setup()
    arguments = (1, 2.5, "text" * 10, b"bytes" * 10, (1, ("two", 3.0)), frozenset({1, 2}), 10**30)

    def run() -> None:
        result = worker.call(workloads.pack, *arguments, key=("value", None))
        assert result == (arguments, (("key", ("value", None)),))

    return run


def call_with_proxies() -> Scenario:
    _, workloads, worker, there = setup()

    def run() -> None:
        numbers = worker.call(workloads.list_of, 1)
        numbers.append([2])
        mine: list[int] = []
        there.call(mine.append, 3)
        counter = there.Counter(1)
        assert (counter.add(2), counter.n, len(numbers), mine) == (3, 3, 2, [3])
        assert [type(each).__name__ for each in numbers] == ["int", "list"]

    return run


def call_by_value() -> Scenario:
    _, _, worker, _ = setup()
    offset = 5
    worker.call(type("NeedsCloudpickle", (), {}))  # what failures lead to has been imported

    def run() -> None:
        assert worker.call(lambda value: value + offset, 1) == 6

    return run


def exception() -> Scenario:
    _, workloads, worker, _ = setup()

    def run() -> None:
        for function in (workloads.throw_with_note, workloads.throw_from_cause):
            try:
                worker.call(function)
            except (ValueError, workloads.CustomError) as error:
                if error.__cause__ is None:
                    raise AssertionError("no traceback") from None

    return run


def queue() -> Scenario:
    atoll, workloads, worker, _ = setup()
    shared = atoll.Queue()

    def run() -> None:
        try:
            worker.call(workloads.put, shared, ("item", 1.5))
            shared.put([1])
            assert shared.get() == ("item", 1.5)
            assert worker.call(workloads.list_of, shared.get_nowait())[0] == [1]
        finally:
            while not shared.empty():
                discard(shared)

    return run


def discard(shared: Any) -> None:
    with contextlib.suppress(MemoryError):  # the item is gone with it
        shared.get_nowait()


def priority_queue() -> Scenario:
    atoll, workloads, worker, _ = setup()
    shared = atoll.PriorityQueue()

    def run() -> None:
        try:
            for priority in (3, 1, 2):
                worker.call(workloads.put, shared, (priority, "item"))
            assert [shared.get()[0] for _ in range(3)] == [1, 2, 3]
        finally:
            while not shared.empty():
                discard(shared)

    return run


def share() -> Scenario:
    atoll, workloads, worker, _ = setup()
    number = 0

    def run() -> None:
        nonlocal number
        number += 1  # what is shared already is found
        value = atoll.share({f"key {number}": (number, f"text {number}", frozenset({number, 1.5}))})
        assert worker.call(workloads.item_of, value, f"key {number}")[0] == number

    return run


def buffer() -> Scenario:
    atoll, workloads, worker, _ = setup()

    def run() -> None:
        memory = atoll.Buffer.copy_of(bytes(100))
        part = memory[10:20]
        part[0] = 7
        assert worker.call(workloads.item_of, memory, 10) == 7
        assert bytes(memoryview(part.toreadonly()))[0] == 7

    return run


def atomic_int() -> Scenario:
    atoll, workloads, worker, _ = setup()

    def run() -> None:
        number = atoll.AtomicInt(atoll.Buffer(8))
        add = worker.call(workloads.call, number.add, 2**62)
        assert (add, number.load()) == (0, 2**62)

    return run


def executor() -> Scenario:
    atoll, workloads, _, _ = setup()
    pool = atoll.InterpreterPoolExecutor(1)
    assert list(pool.map(abs, [-1, -2])) == [1, 2]

    def run() -> None:
        assert pool.submit(workloads.pack, 1, "two", key=[3]).result()[0] == (1, "two")
        assert list(pool.map(abs, [-1, -2, -3], chunksize=2)) == [1, 2, 3]

    return run


def make_executor() -> Scenario:
    import atoll

    def run() -> None:
        with atoll.InterpreterPoolExecutor(1) as pool:
            assert pool.submit(abs, -1).result() == 1

    return run


def thread() -> Scenario:
    import atoll

    def run() -> None:
        one = atoll.Thread(target=abs, args=(-1,))
        one.start()
        assert one.result() == 1

    return run


def call_on_new_thread() -> Scenario:
    _, workloads, worker, _ = setup()

    def run() -> None:
        assert worker.call(workloads.list_of, 1)[0] == 1

    return run


def timeout() -> Scenario:
    atoll, workloads, worker, _ = setup()

    def run() -> None:
        with atoll.timeout(100):
            assert worker.call(abs, -1) == 1
        try:
            with atoll.timeout(0.002):
                worker.call(workloads.spin_for_ever)
        except TimeoutError:
            pass

    return run


def copy() -> Scenario:
    atoll, workloads, worker, _ = setup()
    numbers = worker.call(workloads.list_of, (1, "two"))

    def run() -> None:
        assert atoll.copy(numbers) == [(1, "two")]
        assert worker.call(workloads.type_name, atoll.copy([1])) == "list"

    return run


def restrict() -> Scenario:
    atoll, workloads, worker, _ = setup()

    def run() -> None:
        mine = [3, 1]
        narrow = atoll.restrict(mine, ["append", "sort"])
        worker.call(workloads.call, narrow.append, 2)
        assert len(mine) == 3

    return run


def dump_traceback() -> Scenario:
    atoll, workloads, worker, _ = setup()

    class File:
        def write(self, text: str) -> None:
            pass

    def run() -> None:
        worker.call(workloads.call, atoll.ref(lambda: atoll.dump_traceback(File())))
        with atoll.watchdog(100, 2):
            pass

    return run


def collect_garbage() -> Scenario:
    atoll, workloads, worker, _ = setup()
    from atoll import _core

    def run() -> None:
        _core.begin_fork()  # the collector begins anew, with a thread that may not start
        _core.end_fork()
        there = worker.call(workloads.list_of, 1)
        there.append([there])
        del there
        try:
            atoll.gc.collect()
        finally:  # a failure does not last
            atoll.gc.collect()

    return run


def drop() -> Scenario:
    atoll, _, worker, _ = setup()
    from atoll import _core

    worker.exec(
        "class Ending:\n"
        "    def __init__(self, log): self.log = log\n"
        "    def __del__(self): self.log.put('ended')"
    )
    make = worker.eval("Ending")
    log = atoll.Queue()

    def run() -> None:
        _core.begin_fork()  # it begins anew, too
        _core.end_fork()
        first, second = make(log), make(log)
        del first
        del second  # calls it again, if need be
        assert [log.get(timeout=60) for _ in range(2)] == ["ended", "ended"]

    return run


def private_import() -> Scenario:
    import extension_modules

    import atoll

    folder = tempfile.TemporaryDirectory()
    extension_modules.build(Path(folder.name))
    extension_modules.build_cpp(Path(folder.name))
    sys.path.insert(0, folder.name)

    def run() -> None:
        with atoll.Interpreter("private", extensions="private") as one:
            assert one.import_module("multi").bump() == 1
            assert one.import_module("needing_package").bump_library() == (1, 1)
            one.import_module("visiting")

    run.folder = folder  # type: ignore[attr-defined]
    return run


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    each.__name__: each
    for each in (
        call_with_copies,
        call_with_proxies,
        call_by_value,
        exception,
        queue,
        priority_queue,
        share,
        buffer,
        atomic_int,
        executor,
        call_on_new_thread,
        timeout,
        copy,
        restrict,
        dump_traceback,
        collect_garbage,
        drop,
        make_and_close,
        make_executor,
        thread,
        private_import,
    )
}

# Functions of CPython's that end the process when they get no memory, in which versions: control.py
# shows it without atoll. Making an interpreter is another one, in all versions.
CRASHING = {
    "PyObject_GetIter": True,
    "PyEval_EvalCode": True,  # of a module: its classes
    "_PyEval_GetIter": sys.version_info >= (3, 15),
    "PyFunction_NewWithQualName": sys.version_info < (3, 14),
    "PyType_FromModuleAndSpec": sys.version_info < (3, 14),
}
EXCUSED = tuple(name for name, is_crashing in CRASHING.items() if is_crashing)

# What CPython says where it has no memory for a traceback, or while it compiles.
NO_EXCEPTION = (
    "error return without exception set",
    "<built-in function compile> returned NULL without setting an exception",
)

# Those that make interpreters: what fails there is CPython's own code, mostly (see is_excused).
MAKING = {"make_and_close", "make_executor", "thread", "private_import"}
# Those that take too long to be repeated.
SLOW = MAKING | {"collect_garbage"}
# Those whose other threads are to fail as well, but for Python's allocations: the module threading
# does not survive that.
EVERYWHERE = {"executor", "make_executor", "thread", "collect_garbage"}

# Those that run on a new thread each time, which nothing is known of yet.
FRESH = {"call_on_new_thread"}


# ---- the process in which it happens ----


def compile_hook(folder: Path, excused: Iterable[str] = EXCUSED) -> Path:
    """Compile the hook; the functions excused do not fail."""
    made = folder / "hook.so"
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    include = sysconfig.get_path("include")
    names = "".join(f'"{each}", ' for each in excused) + "NULL"
    subprocess.run(
        [*compiler, *FLAGS, f"-I{include}", f"-DEXCUSED={names}", "-o", str(made), HERE / "hook.c"],
        check=True,
    )
    return made


class Hook:
    """Has an allocation fail in a `with` block."""

    def __init__(self, path: str, kinds: int, everywhere: bool, fresh: bool) -> None:
        from atoll import _core

        self._library = ctypes.PyDLL(path)
        self._run = self._library.hook_run
        self._run.restype = ctypes.py_object
        self._run.argtypes = [ctypes.py_object, ctypes.c_int, ctypes.c_long, ctypes.c_int,
                              ctypes.POINTER(ctypes.c_long)]  # fmt: skip
        self._kinds, self._everywhere, self._fresh = kinds, everywhere, fresh
        self._seen = ctypes.c_long(0)
        if self._library.hook_install(str(_core.__file__).encode()) < 6:
            raise SystemExit("the C library's functions were not found in _core")

    def run(self, function: Scenario, number: int) -> tuple[str, bool, bool]:
        """As `run_here`, on a new thread if that is asked for."""
        if not self._fresh:
            return self.run_here(function, number)
        results: list[tuple[str, bool, bool]] = []
        thread = threading.Thread(target=lambda: results.append(self.run_here(function, number)))
        thread.start()
        thread.join()
        return results[0]

    def run_here(self, function: Scenario, number: int) -> tuple[str, bool, bool]:
        """What comes of it; is it as expected; were there that many allocations?

        The exception does not leave this function: a MemoryError that is part of a cycle may be
        lost to the collector (CPython takes it from a list of its own without telling that).
        """
        text, is_fine = "nothing", True
        try:
            self._run(function, self._kinds, number, self._everywhere, ctypes.byref(self._seen))
        except BaseException as error:
            is_fine = is_expected(error)
            text = describe(error) if is_fine else f"{describe(error)} {where(error)}"
        return text, is_fine, self._seen.value >= number


class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
                 "fordblks", "keepcost")]  # fmt: skip


def allocated(is_at_rest: bool) -> int:
    """Bytes that the C library has given out, and blocks of Python's.

    CPython counts the blocks of all interpreters, and no lock keeps them as they are meanwhile: so
    only if none of them is at work.
    """
    ctypes.pythonapi.PyType_ClearCache()  # keeps thousands of names that were looked up
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = MallInfo
    return int(mallinfo().uordblks) + (16 * sys.getallocatedblocks() if is_at_rest else 0)


def collect() -> None:
    """Collect garbage everywhere, and have everybody drop what others have let go."""
    import atoll

    gc.collect()
    for each in atoll.interpreters():
        with contextlib.suppress(
            atoll.InterpreterClosedError
        ):  # an executor's worker has closed it
            each.call(gc.collect)
            each.statistics()
    gc.collect()
    atoll.main().statistics()


def state() -> dict[str, Any]:
    """What must be the same afterwards."""
    import atoll
    from atoll import _core

    collect()
    interpreters = atoll.interpreters()
    counts = {}
    for each in interpreters:
        with contextlib.suppress(atoll.InterpreterClosedError):
            counts[each.name] = tuple(each.statistics())[1:]
    return {
        "interpreters": len(interpreters),
        # not those that threading lists for ever when it fails before it has started them
        "threads": sum(each.is_alive() for each in threading.enumerate()),
        "counts": counts,
        "buffers": _core.buffer_statistics(),
    }


def is_more(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Is there anything that there was not, or more of it? What goes late is fine."""
    gone = (0,) * 5  # an interpreter's counts
    counts = [(before["counts"].get(name, gone), now) for name, now in after["counts"].items()]
    counts += [(before["buffers"], after["buffers"])]
    return (
        after["interpreters"] > before["interpreters"]
        or after["threads"] > before["threads"]
        or any(now > was for pair in counts for was, now in zip(*pair, strict=True))
    )


def settle(before: dict[str, Any]) -> dict[str, Any]:
    """The state, once threads and standby threads have come to rest; or as it stays."""
    until = time.monotonic() + PATIENCE_SECONDS
    while is_more(before, now := state()) and time.monotonic() < until:
        time.sleep(0.002)
    return now


def describe(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[0]


def where(error: BaseException) -> str:
    """The innermost places."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(each.filename).name}:{each.lineno} {each.name}"
                      for each in reversed(frames[-4:]))  # fmt: skip


def is_expected(error: BaseException | None) -> bool:
    """A failure that says what it is."""
    while error is not None:
        if isinstance(error, MemoryError | BrokenExecutor) or "MemoryError" in str(error):
            return True
        if isinstance(error, ImportError) and os.strerror(errno.ENOMEM) in str(error):
            return True
        if str(error) in NO_EXCEPTION and type(error) is SystemError:
            return True
        if type(error) is RuntimeError and any(
            word in str(error) for word in ("thread", "interpreter", "allocate lock")
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def child(name: str, kind: str, first: int, step: int, hook_path: str) -> None:
    """Run with failures; print a line for each number, and for what is not as it should be."""
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "extensions")]
    import atoll
    from atoll import _core
    from atoll._interpreter import standby

    def keep_none() -> None:  # what would be made in the background would fail, too
        standby._start()
        _core.call_standby()

    standby.keep_one = keep_none
    scenario = SCENARIOS[name]()
    is_at_rest = name != "executor"  # whose workers may be closing their interpreters
    hook = Hook(hook_path, KINDS[kind], name in EVERYWHERE and kind != "python", name in FRESH)
    for _ in range(1 if name in SLOW else 30):
        hook.run(scenario, LIMIT)
    for each in atoll.interpreters():
        each.call(gc.freeze)  # what there is by now need not be looked through each time
    usual = max(growth(hook, fail_plainly, number, is_at_rest)[0] for number in range(1, 8))
    if name not in SLOW:
        usual = max(usual, growth(hook, scenario, LIMIT, is_at_rest)[0])
    before = state()
    for number in range(first, LIMIT, step):
        print("at", number, flush=True)
        text, is_fine, was_reached = hook.run(scenario, number)
        if not is_fine:
            print("bad", number, text, flush=True)
        after = settle(before)
        if is_more(before, after):
            changed = {
                key: (before[key], after[key]) for key in before if before[key] != after[key]
            }
            print("left", number, text, changed, flush=True)
            before = after
        if not was_reached:
            print("end", number, flush=True)
            return
        if name not in EVERYWHERE | SLOW | {"share"}:
            smallest, amounts = growth(hook, scenario, number, is_at_rest)
            if smallest >= usual + 16 * REPEATS:  # once more: caches may have been filled
                smallest, amounts = growth(hook, scenario, number, is_at_rest)
            if smallest >= usual + 16 * REPEATS:
                print("leak", number, text, amounts, flush=True)


def fail_plainly() -> object:
    """Something that has nothing to do with atoll: failing, CPython leaks a little of its own."""
    return ["a", "b", "c"], [float(each) for each in range(300, 310)], fail_plainly.__code__


def growth(hook: Hook, scenario: Scenario, number: int, is_at_rest: bool) -> tuple[int, list[int]]:
    """By how much more is allocated after many repetitions, at least; and each time."""
    amounts = array.array("q", [0] * 4)  # nothing of its own is allocated meanwhile
    for i in range(4):
        for _ in range(REPEATS):
            hook.run(scenario, number)
        collect()
        amounts[i] = allocated(is_at_rest)
    each = [amounts[i + 1] - amounts[i] for i in range(3)]
    return min(each), each


# ---- the driver ----


def runs(name: str, kind: str, step: int, until: float, hook: Path) -> Iterator[str]:
    """Everything that goes wrong, as lines."""
    first = 1
    while time.monotonic() < until:
        done = run_child(name, kind, first, step, until, hook)
        lines = done.stdout.splitlines()
        at = max((int(line.split()[1]) for line in lines if line.startswith("at ")), default=0)
        yield from (line for line in lines if not line.startswith(("at ", "end ")))
        if done.returncode == 0:
            return
        if done.returncode == -9:
            yield f"hung {at} or out of time"
            if time.monotonic() >= until:
                return
        else:
            yield f"died {at} status {done.returncode}: {last_words(done.stderr)}"
        if at == 0:
            return
        first = at + step
    yield f"stopped before {first}: out of time"


def run_child(
    name: str, kind: str, first: int, step: int, until: float, hook: Path
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "faulthandler", __file__]
    command += ["--child", name, kind, str(first), str(step), str(hook)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path])}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        env=environment,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=max(1.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("Fatal", "python", "Debug", "Assertion"))]
    crashed = next((i for i, line in enumerate(lines) if line.startswith("Current thread")), 0)
    frames = [line for line in lines[crashed:] if line.startswith("File")]
    return " | ".join([*(fatal or lines[-1:])[:2], *frames[:3]])


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        name, kind, first, step, hook = sys.argv[2:]
        child(name, kind, int(first), int(step), hook)
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600, help="for all of it")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--every", type=int, default=1, help="only every K-th allocation")
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS])
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    is_bad = False
    with tempfile.TemporaryDirectory() as folder:
        hook = compile_hook(Path(folder))
        for kind in options.kind or KINDS:
            for name in options.scenarios or SCENARIOS:
                for line in runs(name, kind, options.every, until, hook):
                    print(f"{kind} {name}: {line}", flush=True)
                    is_bad = True
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
