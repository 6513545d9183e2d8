"""`atoll top`: what it prints of processes, and of those that cannot be watched."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from children import environment

import atoll
from atoll import cli
from atoll._monitor import attach, command, folder, processes
from atoll._monitor.client import WatchError

ME = os.getpid()


@pytest.fixture(autouse=True)
def runtime_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder of this test's own for sockets, with a short name."""
    path = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    monkeypatch.setattr(folder, "_folders", lambda: [folder.make()])  # none of other programs
    return path


@pytest.fixture
def monitor() -> Iterator[atoll.Monitor]:
    """The monitor of this process, while the test runs."""
    with atoll.monitor() as monitor:
        yield monitor


@contextmanager
def waiting_process(*arguments: str) -> Iterator[int]:
    """A process that reads its stdin to the end, once it has printed a line; its id."""
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What `atoll top` says when it cannot do what the arguments ask for."""
    assert cli.main(["top", *map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


# ---- once ----


def test_json(monitor: atoll.Monitor, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the figures of some time, with rates and shares."""
    assert cli.main(["top", str(ME), "--json", "--interval", "0.05"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pid"], found["format"]) == (ME, 1)
    assert found["interval"] >= 0.05
    assert found["crossings_per_second"] >= 0
    main = next(each for each in found["interpreters"] if each["id"] == 0)
    assert main["crossings_per_second"] >= 0
    assert main["busy"] is None or 0 <= main["busy"] <= 1.1


def test_once(monitor: atoll.Monitor, capsys: pytest.CaptureFixture[str]) -> None:
    """`--once` prints tables; `--filter` leaves out rows without a text, and empty tables."""
    assert cli.main(["top", str(ME), "--once", "--interval", "0.05", "--sort", "memory"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"process {ME}: ")
    assert any(line.startswith("INTERPRETER ") for line in lines)
    assert any(line.startswith("MainThread ") for line in lines)
    arguments = ["top", str(ME), "--once", "--interval", "0.05", "--filter", "no such text"]
    assert cli.main(arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_list(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a process, those that use atoll are listed, and how each can be watched."""
    monkeypatch.setattr(
        processes, "with_atoll", lambda: iter([(4711, (3, 13)), (4712, sys.version_info[:2])])
    )
    assert cli.main(["top", "--json"]) == 0
    ways = {each["pid"]: each["way"] for each in json.loads(capsys.readouterr().out)}
    assert ways == {4711: None, 4712: "asking" if sys.version_info >= (3, 14) else None}
    assert cli.main(["top"]) == 0
    assert "ATOLL_MONITOR=1" in capsys.readouterr().out


def test_list_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is left out or cut, and each process takes one line."""
    monkeypatch.setattr(processes, "with_atoll", lambda: iter([(4711, (3, 13))]))
    monkeypatch.setattr(processes, "command", lambda pid: "python " + "x" * 300)
    monkeypatch.setattr(folder, "processes", lambda: iter([]))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert cli.main(["top"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert "INTERPRETERS" not in head
    assert len(line) == 60
    assert "python xxx" in line


def test_list_is_told_by_those_with_a_socket(
    monitor: atoll.Monitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process with a socket tells how many interpreters it has."""
    monkeypatch.setattr(processes, "with_atoll", lambda: iter([]))
    monkeypatch.setattr(command, "_own_id", lambda: 0)
    assert cli.main(["top", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["pid"], row["way"]) == (ME, "socket")
    assert row["interpreters"] >= 1


# ---- what cannot be watched ----


def test_no_such_process(capsys: pytest.CaptureFixture[str]) -> None:
    """A number that no process has is said to be one."""
    assert complaint(capsys, 2**22 + 1, "--once") == f"atoll: there is no process {2**22 + 1}\n"


def test_not_python(capsys: pytest.CaptureFixture[str]) -> None:
    """A process that does not run Python is named."""
    with waiting_process("sh", "-c", "echo; cat") as pid:
        assert f"process {pid} does not run Python: sh -c" in complaint(capsys, pid, "--json")


def test_without_atoll(capsys: pytest.CaptureFixture[str]) -> None:
    """A Python that has not imported atoll is told from one that has."""
    with waiting_process(sys.executable, "-ISc", "print(flush=True); input()") as pid:
        assert f"process {pid} has not imported atoll" in complaint(capsys, pid, "--json")


def test_of_another_user(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's process is not looked at."""
    monkeypatch.setattr(processes, "is_ours", lambda pid: False)
    assert "another user's" in complaint(capsys, ME, "--once")


@pytest.mark.parametrize(
    ("version", "text"), [((3, 13), "ATOLL_MONITOR=1"), ((3, 99), "of the same version")]
)
def test_other_versions(
    version: tuple[int, int],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Python that cannot be asked is told what to do instead."""
    monkeypatch.setattr(processes, "version", lambda pid: version)
    assert text in complaint(capsys, ME, "--once")


@pytest.mark.parametrize("seconds", ["0", "nan", "4000", "-1"])
def test_wrong_intervals(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An interval has bounds."""
    assert "--interval takes" in complaint(capsys, ME, f"--interval={seconds}")


def test_unknown_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be sorted by a column that no table has."""
    assert cli.main(["top", str(ME), "--once", "--sort", "speed"]) == 2
    assert "no table has a column 'speed': these are INTERPRETER, BUSY, CPU" in (
        capsys.readouterr().err
    )


def test_a_live_view_needs_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Where output is no terminal, other options are named."""
    assert "use --once or --json" in complaint(capsys, ME)


def test_a_wrong_answer_is_refused(monkeypatch: pytest.MonkeyPatch, monitor: atoll.Monitor) -> None:
    """Documents of another format are not shown."""
    monkeypatch.setattr("atoll._monitor.client.FORMAT", 99)
    with attach.connect(ME) as client:
        client.ask_once()
        with pytest.raises(WatchError, match="another version of atoll"):
            client.wait()


def test_the_end_of_the_process(monitor: atoll.Monitor) -> None:
    """Whoever watches sees that the monitor was closed."""
    with attach.connect(ME) as client:
        client.ask_once()
        client.wait()
        monitor.close()
        with pytest.raises(EOFError):
            client.wait()


@pytest.mark.skipif(sys.version_info < attach.FIRST_TO_ASK, reason="cannot be asked")
def test_asking(capsys: pytest.CaptureFixture[str]) -> None:
    """A process that has not prepared for it is asked to let itself be watched."""
    code = (
        "import atoll, select, sys; it = atoll.Interpreter('asked'); print(flush=True)\n"
        "while not select.select([sys.stdin], [], [], 0.01)[0]: pass"
    )
    with waiting_process(sys.executable, "-c", code) as pid:
        try:
            attach.connect(pid).close()
        except WatchError as error:
            if "does not let" in str(error):
                pytest.skip("this system does not let processes look at each other")
            raise
        assert folder.processes() == [pid]
        assert cli.main(["top", str(pid), "--json", "--interval", "0.05"]) == 0
    assert "asked" in [each["name"] for each in json.loads(capsys.readouterr().out)["interpreters"]]


# ---- live ----


def test_live(monitor: atoll.Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The view is drawn in a terminal until `q` is pressed, and leaves the terminal as it was."""
    ours, theirs = pty.openpty()
    seen = bytearray()

    def press_when_drawn() -> None:
        while b"INTERPRETER" not in seen:
            seen.extend(os.read(ours, 4096))
        os.write(ours, b"2sq")
        while b"\x1b[?1049l" not in seen:  # the screen of before is shown again
            seen.extend(os.read(ours, 4096))

    for name, value in {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
    before: Any = termios.tcgetattr(theirs)
    user = threading.Thread(target=press_when_drawn)
    with open(theirs, "w", closefd=False) as out, open(theirs, closefd=False) as typed:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stdin", typed)
        user.start()
        status = cli.main(["top", str(ME), "--interval", "0.05"])
        out.flush()
        user.join()
        after = termios.tcgetattr(theirs)
    os.close(ours)
    os.close(theirs)
    assert (status, after) == (0, before)
    assert b"\x1b[?1049h" in seen
