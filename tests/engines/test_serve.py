"""`atoll.serve`: servers of several interpreters, their restarts and ends, their command."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from children import environment, limit

import atoll

pytest.importorskip("uvicorn")

import served

from atoll import cli, serve
from atoll._serve import apps, command, supervisor, worker
from atoll._serve.listening import Listening


def connected(port: int | None) -> closing[http.client.HTTPConnection]:
    """A client."""
    assert port is not None
    return closing(http.client.HTTPConnection("127.0.0.1", port, timeout=limit(60)))


def ask(port: int | None, path: str = "/") -> str:
    """Get a page over a new connection."""
    with connected(port) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so; what is waited for takes some tenths of a second."""
    end = time.monotonic() + limit(30)
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def make(target: str = "served:app", **options: Any) -> serve.Server:
    """Make a server of one interpreter at a free port."""
    # The same whatever is installed; and clients may be slow.
    always = {"loop": "asyncio", "http": "h11", "ws": "none", "timeout_keep_alive": 600}
    ours = {"interpreters": 1, "port": 0, "log_level": "critical"}
    return serve.Server(target, **always | ours | options)


@pytest.fixture(scope="module")
def server() -> Iterator[serve.Server]:
    """A server of two interpreters that nobody changes."""
    with make(interpreters=2) as server:
        yield server


# Serving


def test_requests_are_answered_in_the_interpreters(server: serve.Server) -> None:
    """An interpreter that the server has made answers."""
    numbers = {str(each.id) for each in atoll.interpreters() if each.name in ("web-1", "web-2")}
    assert len(numbers) == 2
    assert {ask(server.port) for _ in range(5)} <= numbers


def test_lifespan(server: serve.Server) -> None:
    """The lifespan of the application has started before it serves."""
    assert ask(server.port, "/started") == "True"


def test_address(server: serve.Server) -> None:
    """The address has the port that was free."""
    assert server.address == f"http://127.0.0.1:{server.port}"


def test_a_server_starts_once(server: serve.Server) -> None:
    """A second start is an error."""
    with pytest.raises(RuntimeError, match="once"):
        server.start()


def test_port_in_use(server: serve.Server) -> None:
    """A port that another server listens at is an error that says so."""
    with pytest.raises(OSError, match=f"127.0.0.1:{server.port}: address already in use"):
        make(port=server.port).start()


def test_wsgi_by_a_factory_at_a_unix_socket(tmp_path: Path) -> None:
    """What a factory makes is seen to be WSGI; the socket's file is removed at the end."""
    pytest.importorskip("a2wsgi")
    path = tmp_path / "s"
    with make("served:make_wsgi", factory=True, uds=str(path)) as server:
        assert server.address == f"unix:{path}"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"".join(iter(lambda: client.recv(9999), b"")).endswith(b"web-1\r\n0\r\n\r\n")
    assert not path.exists()


# Restarts


def test_restart() -> None:
    """A client that stays connected gets an answer to all he asks, at last from the successor."""
    server = make()
    with server, connected(server.port) as client:
        before = ask(server.port)

        def is_sent_on() -> bool:
            client.request("GET", "/")
            answer = client.getresponse()
            assert (answer.status, answer.read().decode()) == (200, before)
            return answer.getheader("connection") == "close"

        assert not is_sent_on()
        server.restart()
        wait_for(is_sent_on)
        assert ask(server.port) != before


def test_successor_fails(tmp_path: Path, monkeypatch: Any, caplog: Any) -> None:
    """If what the interpreters are to import is broken now, the former ones serve on."""
    (tmp_path / "changing.py").write_text("from served import app\n")
    monkeypatch.syspath_prepend(tmp_path)
    with make("changing:app") as server:
        before = ask(server.port)
        (tmp_path / "changing.py").write_text("from served import application\n")
        server.restart()
        wait_for(lambda: "web-1 could not be replaced, and serves as before" in caplog.text)
        assert "cannot import name 'application'" in caplog.text
        assert ask(server.port) == before


def test_interpreter_that_dies_is_replaced(monkeypatch: Any, caplog: Any) -> None:
    """If an event loop ends by itself, another interpreter takes its place."""
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.0)
    with make() as server:
        before = ask(server.port)
        ask(server.port, "/die")

        def is_replaced() -> bool:
            with suppress(OSError, http.client.HTTPException):  # it may still accept, and then end
                return ask(server.port) != before
            return False

        wait_for(is_replaced)
    assert "web-1 died, and is replaced in 0 s" in caplog.text


# The end


@contextmanager
def started(port: int | None, path: str) -> Iterator[http.client.HTTPResponse]:
    """A request whose answer has begun, and goes on later."""
    with connected(port) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            assert answer.read(1) == b"a"
            yield answer


def test_stop_lets_requests_finish() -> None:
    """A request that runs is answered to its end, while new ones are refused."""
    with make() as server, started(server.port, "/until-refused") as answer:
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert answer.read() == b"b"
        stopping.join()


def test_stop_breaks_off_after_a_time(monkeypatch: Any) -> None:
    """A request that runs for longer than the time for it is broken off."""
    monkeypatch.setattr(worker, "CLEANUP", limit(60))
    server = make(timeout_graceful_shutdown=0)
    with server, started(server.port, "/for-ever") as answer:
        server.stop()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


# What cannot be served


def test_application_does_not_start() -> None:
    """A lifespan that fails is an error, and the port is free again."""
    server = make("served:not_living", lifespan="on")
    with pytest.raises(serve.StartupError):
        server.start()
    with pytest.raises(ConnectionError):
        ask(server.port)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("servd:app", "there is no module 'servd'; did you mean 'served'?"),
        ("served.app:app", "there is no module 'served.app'"),
        ("served:ap", "'served' has no attribute 'ap'; did you mean 'app'?"),
        ("served:Legacy.app", "'served' has no attribute 'Legacy.app'"),
        ("served:number", "'served:number' is no application: it is int"),
    ],
)
def test_wrong_names(target: str, message: str) -> None:
    """A module or attribute that is not there is an error that says what may be meant."""
    with pytest.raises(serve.AppNotFoundError, match=re.escape(message)):
        apps.find(target, False)


def test_error_reaches_who_starts() -> None:
    """A wrong name is raised by `start`, though it is found in the interpreter."""
    with pytest.raises(serve.AppNotFoundError, match="'served' has no attribute 'ap'"):
        make("served:ap").start()


@pytest.mark.parametrize(
    ("app", "options", "message"),
    [
        ("served", {}, "'served' names no application: write 'module:attribute', such as"),
        ("dir/app.py", {}, "such as 'app:app'"),
        (served.app, {}, "must be a text such as 'module:attribute', not function"),
        ("served:app", {"interpreters": 0}, "interpreters must be 1 or more, not 0"),
        ("served:app", {"prt": 1}, "there is no option 'prt'; did you mean 'port'?"),
        ("served:app", {"workers": 2}, "write interpreters=N"),
        ("served:app", {"ssl_certfile": "no.pem"}, "ssl_certfile: there is no file 'no.pem'"),
        ("served:app", {"ssl_keyfile": __file__}, "add ssl_certfile"),
    ],
)
def test_wrong_arguments(app: Any, options: Any, message: str) -> None:
    """Wrong arguments are errors before anything starts."""
    with pytest.raises((TypeError, ValueError, ImportError, OSError), match=re.escape(message)):
        serve.Server(app, **options)


@pytest.mark.parametrize(
    ("name", "is_wsgi"),
    [("app", False), ("wsgi", True), ("Legacy", False), ("make_wsgi", False)],
)
def test_wsgi_is_seen(name: str, is_wsgi: bool) -> None:
    """WSGI applications are told from ASGI's of both versions."""
    assert apps.is_wsgi(getattr(served, name)) is is_wsgi


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"fd": 10**6}, "file descriptor 1000000: bad file descriptor"),
        ({"uds": __file__}, "test_serve.py: file exists"),
        ({"port": 70000}, "port must be 0 to 65535, not 70000"),
    ],
)
def test_where_one_cannot_listen(place: Any, message: str) -> None:
    """The error says where it cannot listen, and why."""
    with pytest.raises((OSError, ValueError), match=message):
        Listening.open(**place)


def test_listening_at_a_file_descriptor(tmp_path: Path) -> None:
    """A socket that was opened before is listened at, and stays its owner's."""
    with socket.create_server(("127.0.0.1", 0)) as mine:
        listening = Listening.open(fd=mine.fileno())
        assert listening.port == mine.getsockname()[1]
        listening.close()
        assert mine.fileno() >= 0


def test_no_listening_socket() -> None:
    """A descriptor that cannot be listened at is an error that says what it must be."""
    with (
        open(os.devnull) as file,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        socket.create_connection(server.getsockname()) as connected,
    ):
        for each in file, datagrams, connected:
            with pytest.raises(OSError, match="; it must be of a bound stream socket"):
                Listening.open(fd=each.fileno())
            os.fstat(each.fileno())  # it is still open


def test_abandoned_unix_socket(tmp_path: Path) -> None:
    """The file of a socket whose server has crashed is replaced; that of a living one is not."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(path)
    listening = Listening.open(uds=path)
    with pytest.raises(OSError, match="address already in use"):
        Listening.open(uds=path)
    listening.close()
    assert not os.path.exists(path)


# The command


def given_by(*arguments: str) -> dict[str, Any]:
    """Return what the command calls `run` with."""
    given: dict[str, Any] = {}
    path = sys.path[:]
    try:
        assert command.main(arguments, lambda app, **options: given.update(options)) == 0
    finally:
        sys.path[:] = path
    return given


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ("a:b", {}),
        ("a:b -n 3 --port 0", {"interpreters": 3, "port": 0}),
        ("--no-access-log a:b", {"access_log": False}),
        ("a:b --header X:1:2 --factory", {"headers": [("X", "1:2")], "factory": True}),
        ("a:b --reload --reload-dir .", {"reload": True, "reload_dirs": ["."]}),
    ],
)
def test_options(arguments: str, options: dict[str, Any]) -> None:
    """The options of uvicorn's command are ours, but only those that are given."""
    assert given_by(*arguments.split()) == options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("served", "names no application"),
        ("served:app --prt 1", "No such option"),
        ("served:app -n 0", "not in the range"),
        ("served:app --workers 2", "Write -n instead"),
        ("served:app --port 70000", "port must be"),
        ("served:app --fd 1000000", "cannot listen at file descriptor 1000000"),
    ],
)
def test_unusable_arguments(arguments: str, message: str, capsys: Any, monkeypatch: Any) -> None:
    """Wrong arguments give one message, and status 2."""
    monkeypatch.setattr(serve, "_set_up_logs", lambda options: None)
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert cli.main(["serve", *arguments.split()]) == 2
    assert message in capsys.readouterr().err


def test_help(capsys: Any) -> None:
    """The help has our options and those of uvicorn."""
    assert cli.main(["serve", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--interpreters" in out
    assert "--log-level" in out
    assert "--workers" not in out


def test_uvicorn_is_missing(capsys: Any, monkeypatch: Any) -> None:
    """Without uvicorn the command and the function say what to install."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "uvicorn.main", raising=False)
    assert cli.main(["serve", "served:app"]) == 2
    assert capsys.readouterr().err.endswith("pip install 'atoll[serve]'\n")
    with pytest.raises(ModuleNotFoundError, match=re.escape("pip install 'atoll[serve]'")):
        serve.run("served:app")


def test_process(tmp_path: Path) -> None:
    """The command serves until SIGTERM; its log names the interpreters."""
    options = ["-n", "1", "--port", "0", "--no-use-colors", "--ws", "none"]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "atoll", "serve", "served:app", *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parent,
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    ready = next(line for line in lines if "Serving at" in line)
    port = int(re.findall(r"127\.0\.0\.1:(\d+) from 1 interpreter", ready)[0])
    ask(port, "/page")
    process.send_signal(signal.SIGTERM)
    rest = "".join(lines)
    assert process.wait(limit(60)) == 0
    assert re.search(r'\[web-1\] 127\.0\.0\.1:\d+ - "GET /page HTTP/1.1" 200 OK\n', rest)
    process.stdout.close()
