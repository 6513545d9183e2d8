"""`atoll.monitor()`: a socket at which other processes see what this one does."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import workloads

import atoll
from atoll import _core


@pytest.fixture(autouse=True)
def runtime_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder of this test's own for the socket, with a short name."""
    folder = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def monitor() -> Iterator[atoll.Monitor]:
    """The monitor of this process, while the test runs."""
    with atoll.monitor() as monitor:
        yield monitor


def document() -> dict[str, Any]:
    """What the process is doing now."""
    made: dict[str, Any] = json.loads(_core.describe_process())
    return made


def document_until(holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Make documents until one is as wanted; a test that waits in vain is timed out."""
    while not holds(found := document()):
        pass
    return found


def of_interpreter(interpreter: atoll.Interpreter, found: dict[str, Any]) -> dict[str, Any]:
    """What a document says of an interpreter."""
    (each,) = (each for each in found["interpreters"] if each["id"] == interpreter.id)
    return dict(each)


def waiting(found: dict[str, Any], what: str, **more: int) -> list[dict[str, Any]]:
    """The threads that wait for that."""
    return [
        each
        for each in found["threads"]
        if each["waits"] is not None
        and each["waits"]["for"] == what
        and more.items() <= each["waits"].items()
    ]


def spins(found: dict[str, Any]) -> bool:
    """Whether a thread is in the loop of `workloads.spin_until_set`."""
    return any((each["frame"] or "").startswith("Flag.spin()") for each in found["threads"])


@pytest.fixture
def connection(monitor: atoll.Monitor) -> Iterator[socket.socket]:
    """A connection to the monitor."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(monitor.path)
        yield connection


# ---- figures ----


def test_figures_are_those_of_statistics(interpreter: atoll.Interpreter) -> None:
    """What `statistics()` counts has the same names and values in a document."""
    held = [interpreter.eval("[]") for _ in range(3)]
    counted = interpreter.statistics()
    found = of_interpreter(interpreter, document())
    if found["exports"] is None:
        pytest.skip("this system does not let a process read its own memory safely")
    names = ("crossings", "visitors", "thread_states", "exports", "proxies", "buffers")
    assert {name: found[name] for name in names} == {name: getattr(counted, name) for name in names}
    assert found["exports"] == len(held)
    assert (found["name"], found["state"], found["preemptive"]) == ("fresh", "open", False)


def test_names_of_any_characters() -> None:
    """Names of interpreters, executors and threads arrive as they are."""
    name = 'a "b" \\ \n \x7f é 名'
    with (
        atoll.Interpreter(name) as interpreter,
        atoll.InterpreterPoolExecutor(1, thread_name_prefix=name),
    ):
        found = document()
        assert of_interpreter(interpreter, found)["name"] == name
        assert name in [each["name"] for each in found["executors"]]
        thread = threading.Thread(
            target=lambda: found.update(json.loads(interpreter.call(_core.describe_process))),
            name=name,
        )
        thread.start()
        thread.join()
        assert name in [each["name"] for each in found["threads"]]


def test_who_calls_is_inside(interpreter: atoll.Interpreter) -> None:
    """A thread is shown where it is, with the way that it has come."""
    found = json.loads(interpreter.call(_core.describe_process))
    assert of_interpreter(interpreter, found)["inside"] == threading.get_ident()
    (mine,) = (each for each in found["threads"] if each["ident"] == threading.get_ident())
    assert (mine["name"], mine["native_id"]) == ("MainThread", threading.get_native_id())
    assert (mine["path"], mine["interpreter"]) == ([0, interpreter.id], interpreter.id)
    assert (mine["depth"], mine["holds"], mine["waits"]) == (1, True, None)


def test_who_waits_to_enter(interpreter: atoll.Interpreter) -> None:
    """A thread that waits for an interpreter is shown with the one that holds it."""
    interpreter.import_module("workloads")
    flag = interpreter.call(workloads.Flag)
    entered = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        spinning = pool.submit(interpreter.call, workloads.spin_until_set, entered, flag)
        entered.wait()
        document_until(spins)  # it has come back from setting the event
        pool.submit(interpreter.eval, "1")
        found = document_until(
            lambda found: bool(waiting(found, "enter", interpreter=interpreter.id))
        )
        interpreter.interrupt(workloads.CustomError)
        with pytest.raises(workloads.CustomError):
            spinning.result()
    (waiter,) = waiting(found, "enter", interpreter=interpreter.id)
    there = of_interpreter(interpreter, found)
    assert (waiter["path"], there["waiting"]) == ([0], 1)
    holder = waiter["waits"]["held_by"]
    assert holder not in (None, waiter["ident"])
    (spinner,) = (each for each in found["threads"] if each["ident"] == holder)
    assert spinner["path"] == [0, interpreter.id]


def test_queues_and_who_waits_at_them() -> None:
    """A queue is shown with its length, and the threads that wait at it."""
    full: atoll.Queue[int] = atoll.Queue(1)
    full.put(1)
    with ThreadPoolExecutor(1, thread_name_prefix="putter") as pool:
        putting = pool.submit(full.put, 2)
        found = document_until(lambda found: bool(waiting(found, "put")))
        assert full.get() == 1
        putting.result()
    (putter,) = waiting(found, "put")
    assert putter["name"] == "putter_0"  # though it has been in no other interpreter
    number = putter["waits"]["queue"]
    (queue,) = (each for each in found["queues"] if each["id"] == number)
    assert queue == {
        "id": number,
        "state": "open",
        "length": 1,
        "maxsize": 1,
        "unfinished": 1,
        "getters": 0,
        "putters": 1,
        "joiners": 0,
    }


def test_executors() -> None:
    """An executor is shown with its workers and how many tasks it has done."""
    with atoll.InterpreterPoolExecutor(2, thread_name_prefix="counted") as executor:
        assert [executor.submit(abs, -n).result() for n in range(5)] == list(range(5))
        (found,) = (each for each in document()["executors"] if each["name"] == "counted")
    assert found.pop("id") > 0
    assert 1 <= found.pop("workers") <= 2
    assert found == {
        "name": "counted",
        "state": "open",
        "limit": 2,
        "queued": 0,
        "running": 0,
        "done": 5,
    }
    del executor
    document_until(lambda found: "counted" not in [each["name"] for each in found["executors"]])


def test_collections_are_those_of_gc() -> None:
    """Collections are counted as by `atoll.gc.statistics()`."""
    atoll.gc.collect()
    found, counted = document()["gc"], atoll.gc.statistics()
    assert found["collections"] == counted.collections
    assert found.keys() == counted._asdict().keys()


# ---- the socket ----


def test_only_the_user_can_connect(monitor: atoll.Monitor, runtime_folder: Path) -> None:
    """The socket and its folder are the user's alone."""
    path = Path(monitor.path)
    assert path == runtime_folder / "atoll" / f"{os.getpid()}.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_of_others_is_refused(runtime_folder: Path) -> None:
    """Where others could put something, no socket is made."""
    (runtime_folder / "atoll").mkdir()
    (runtime_folder / "atoll").chmod(0o777)
    with pytest.raises(PermissionError, match="only user"):
        atoll.monitor()
    assert _core.monitor_path() is None


def test_documents_are_lines(connection: socket.socket) -> None:
    """Each request is answered by a line of JSON; figures that take time grow."""
    with connection.makefile("rw") as file:
        file.write("once\n")
        file.flush()
        assert json.loads(file.readline())["pid"] == os.getpid()
        file.write("every 20\n")
        file.flush()
        first, last = json.loads(file.readline()), json.loads(file.readline())
        while last["observed"] == first["observed"]:
            last = json.loads(file.readline())
    assert last["time"] > first["time"]
    busy = {each["id"]: each["busy"] for each in last["interpreters"]}
    assert 0 <= busy[0] <= last["observed"]


def test_a_wrong_request_is_refused(connection: socket.socket) -> None:
    """What is no request is answered by what is one, and the connection is closed."""
    connection.sendall(b"GET / HTTP/1.1\r\n")
    with connection.makefile() as file:
        assert "'once'" in json.loads(file.readline())["error"]
        assert file.read() == ""


def test_one_monitor_a_process(monitor: atoll.Monitor, interpreter: atoll.Interpreter) -> None:
    """Whoever asks for a monitor gets the same, in every interpreter."""
    assert atoll.monitor().path == monitor.path
    assert interpreter.eval("__import__('atoll').monitor().path") == monitor.path


def test_begun_in_another_interpreter(interpreter: atoll.Interpreter) -> None:
    """It goes on when the interpreter that has begun it is closed."""
    path = interpreter.eval("__import__('atoll').monitor().path")
    interpreter.close()
    with atoll.monitor() as monitor:
        assert (monitor.path, monitor.is_closed) == (path, False)


def begin_at(barrier: threading.Barrier) -> str:
    """Begin the monitor when all others do."""
    barrier.wait()
    return atoll.monitor().path


def test_threads_begin_it_together(runtime_folder: Path) -> None:
    """Threads that call it at the same time get one monitor, and no other file is left."""
    with ThreadPoolExecutor(4) as pool:
        barrier = threading.Barrier(4)
        found = set(pool.map(begin_at, [barrier] * 4))
    with atoll.monitor() as monitor:
        assert found == {monitor.path}
        assert os.listdir(runtime_folder / "atoll") == [os.path.basename(monitor.path)]


def test_closing(runtime_folder: Path) -> None:
    """A closed monitor has no socket; closing again does nothing; another can be begun."""
    monitor = atoll.monitor()
    assert str(runtime_folder) in repr(monitor)
    monitor.close()
    monitor.close()
    assert monitor.is_closed
    assert repr(monitor) == "<atoll.Monitor closed>"
    assert os.listdir(runtime_folder / "atoll") == []
    with atoll.monitor() as again:
        assert not again.is_closed


# ---- processes ----


def test_forks_and_ends(run_cleanly: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers without any GIL; a forked child has none of its own; a killed one's is swept."""
    monkeypatch.setenv("ATOLL_MONITOR", "1")
    printed = run_cleanly("""
        import ctypes, json, os, signal
        import atoll
        from atoll import _core
        from atoll._monitor import folder
        from atoll._monitor.client import Client

        def run(function, wait=os.waitpid):
            child = os.fork()
            if child == 0:
                try:
                    function()
                finally:
                    os._exit(1)
            wait(child, 0)
            return child

        def ask_parent():
            assert _core.monitor_path() is None
            with Client(folder.connect(os.getppid())) as client:
                client.ask_once()
                assert client.wait()["pid"] == os.getppid()
            print("asked", flush=True)

        def leave():
            path = atoll.monitor().path
            assert path != parents
            os.kill(os.getpid(), signal.SIGKILL)

        parents = atoll.monitor().path
        holding_the_gil = ctypes.PyDLL(None).waitpid
        run(ask_parent, lambda child, _: holding_the_gil(child, None, 0))
        child = run(leave)
        listed = os.listdir(os.path.dirname(parents))
        assert f"{child}.sock" in listed, listed
        assert os.getpid() in folder.processes()
        assert os.listdir(os.path.dirname(parents)) == [f"{os.getpid()}.sock"]
        print(parents)
    """)
    asked, path = printed.split()
    assert asked == "asked"
    assert os.listdir(os.path.dirname(path)) == []


def test_a_wrong_variable_is_said(
    run_script: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ATOLL_MONITOR is 1 or 0; anything else is a warning."""
    monkeypatch.setenv("ATOLL_MONITOR", "yes")
    done = run_script("import atoll; print(atoll._core.monitor_path())", "-W", "default")
    assert "ATOLL_MONITOR='yes' has no effect: it is 1 or 0" in done.stderr
    assert done.stdout == "None\n"
