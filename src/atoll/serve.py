"""Serve a web application from many interpreters: ASGI and WSGI, with uvicorn in each.

    import atoll.serve

    atoll.serve.run("app:app", interpreters=4, port=8000)

`atoll serve app:app -n 4` is the same on the command line. It needs `pip install 'atoll[serve]'`.

One listening socket is accepted from by all interpreters. It stays open while interpreters are
replaced, so no request is lost then.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from contextlib import contextmanager

from ._interpreter import exit, green
from ._serve import apps
from ._serve.errors import AppNotFoundError, StartupError
from ._serve.listening import Listening
from ._serve.logs import logger
from ._serve.options import import_uvicorn, sort
from ._serve.reloading import Watcher
from ._serve.supervisor import Supervisor
from ._serve.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Any, Self

    from ._queue.queue import Queue
    from ._serve.supervisor import Event

__all__ = ["AppNotFoundError", "Server", "StartupError", "run"]


class Server:
    """A web application, served from interpreters of this process, while the program goes on.

    Each interpreter imports the application by its name, and runs uvicorn and its lifespan. What
    the application logs is handled by what it sets up itself, as in a process of its own.

    What crosses: the name and the options, once. Requests do not: each is received, handled and
    answered in one interpreter.

    Args:
        app: "module:attribute", an ASGI or WSGI application; with `factory=True`, a function that
            returns one.
        interpreters: How many; None: one for each CPU.
        name: They are called `name-1`, `name-2`...
        **options: Those of `uvicorn.Config`: `host`, `port` (0: a free one), `uds`, `fd`,
            `interface`, `log_level`, `access_log`, `lifespan`, `reload`... A running request gets
            `timeout_graceful_shutdown` seconds to finish (30).

    Raises:
        TypeError: If there is no such option, or the application is no text.
        AppNotFoundError: If the text is not "module:attribute".
        ValueError: If the number of interpreters is not positive.
        ModuleNotFoundError: If uvicorn is missing.

    Threads: any of the main interpreter.

    Example:
        >>> with atoll.serve.Server("app:app", interpreters=2, port=0) as server:
        ...     print(server.address)
        http://127.0.0.1:41237
    """

    def __init__(
        self, app: str, *, interpreters: int | None = None, name: str = "web", **options: Any
    ) -> None:
        number = (os.process_cpu_count() or 1) if interpreters is None else interpreters
        if number < 1:
            raise ValueError(f"interpreters must be 1 or more, not {number}")
        self._app = apps.check(app)
        self._options = sort(options)
        self._names = [f"{name}-{n + 1}" for n in range(number)]
        self._begun = threading.Event()  # all interpreters serve, or it is over
        self._over = threading.Event()
        self._supervisor: Supervisor | None = None
        self._address = ""
        self._port: int | None = None

    def start(self) -> None:
        """Listen, and start all interpreters.

        What crosses: the name and the options. Threads: any of the main interpreter.

        Raises:
            OSError: If it cannot listen there; the message says where.
            AppNotFoundError: If there is no such module or attribute.
            StartupError: If the application did not start in the first interpreter.
            RuntimeError: If it has been started already, or threads are greenlets here.
        """
        self._launch()
        try:
            self._begun.wait()
        except BaseException:  # Ctrl-C
            self._tell("stop")
            raise
        self._raise_error()

    def _launch(self) -> None:
        if self._supervisor is not None:
            raise RuntimeError("a server can only be started once")
        green.refuse("serve")
        import_uvicorn().Config("", log_config=None, **self._options.process)
        listening = Listening.open(**self._options.listening)
        self._address = listening.describe(self._options.scheme)
        self._port = listening.port

        def make_worker(name: str, events: Queue[Event]) -> Worker:
            fileno = listening.socket.fileno()
            given = self._options.uvicorn
            return Worker(name, self._app, given, fileno, events, self._options.grace)

        self._supervisor = Supervisor(
            self._names,
            make_worker,
            reloads=bool(self._options.reloading.get("reload")),
            on_ready=self._announce,
            on_stop=listening.close,
        )
        exit.register()  # before ours, which is to run first
        atexit.register(self.stop)
        threading.Thread(target=self._supervise, name="serve", daemon=True).start()

    def _raise_error(self) -> None:
        """Raise why it could not start, if so; it is over then."""
        if self._supervisor is not None and self._supervisor.error is not None:
            self._over.wait()
            raise self._supervisor.error

    def _announce(self) -> None:
        count = len(self._names)
        many = f"{count} interpreters" if count > 1 else "1 interpreter"
        logger.info("Serving at %s from %s (Ctrl-C stops)", self._address, many)
        self._begun.set()

    def _supervise(self) -> None:
        assert self._supervisor is not None
        watcher = None
        try:
            if self._options.reloading.get("reload"):
                watcher = Watcher(self._options.reloading, self.restart)
            self._supervisor.run()
        finally:
            if watcher is not None:
                watcher.close()
            self._over.set()
            self._begun.set()

    @property
    def address(self) -> str:
        """Where it listens: `http://127.0.0.1:8000`, `unix:/run/app.sock`."""
        return self._address

    @property
    def port(self) -> int | None:
        """The port that it listens at; None for a Unix socket."""
        return self._port

    def restart(self) -> None:
        """Replace the interpreters one by one, by new ones that import the application anew.

        An interpreter is replaced when its successor serves; it then finishes its requests. If the
        successor does not start, it stays. The call does not wait for that.

        What crosses: nothing. Threads: any of the main interpreter.
        """
        self._tell("restart")

    def stop(self) -> None:
        """Stop listening, let running requests finish, and close the interpreters.

        A request that runs for longer than `timeout_graceful_shutdown` is broken off. Stopping a
        stopped server does nothing. At the end of the process it is done if it has not been.

        What crosses: nothing. Threads: any of the main interpreter.
        """
        if self._supervisor is not None:
            self._tell("stop")
            self._over.wait()
            atexit.unregister(self.stop)

    def _tell(self, event: str) -> None:
        if self._supervisor is None:
            raise RuntimeError("the server has not been started")
        self._supervisor.tell(event)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def run(app: str, *, interpreters: int | None = None, name: str = "web", **options: Any) -> None:
    """Serve a web application from interpreters of this process until a signal ends it.

    SIGINT (Ctrl-C) and SIGTERM stop it: running requests finish. A second one ends the process at
    once. SIGHUP replaces the interpreters, as `Server.restart`. Called in another thread than the
    main one it leaves signals alone.

    What crosses: the name and the options, once. Threads: any of the main interpreter.

    Args:
        app: "module:attribute", as of `Server`.
        interpreters: How many; None: one for each CPU.
        name: They are called `name-1`, `name-2`...
        **options: Those of `uvicorn.Config`, as of `Server`. With `reload=True` the interpreters
            are replaced when a file changes.

    Raises:
        TypeError, ValueError, ModuleNotFoundError: As `Server`.
        OSError, AppNotFoundError, StartupError: As `Server.start`.

    Example:
        >>> atoll.serve.run("app:app", interpreters=4, port=8000)
    """
    server = Server(app, interpreters=interpreters, name=name, **options)
    _set_up_logs(options)
    server._launch()
    if threading.current_thread() is threading.main_thread():
        with _signals(server):
            server._over.wait()
    else:
        server._over.wait()
    server._raise_error()


def _set_up_logs(options: dict[str, Any]) -> None:
    """Set up uvicorn's loggers in main, for the supervisor's own messages."""
    names = ("log_config", "log_level", "use_colors")
    import_uvicorn().Config("", **{name: options[name] for name in names if name in options})


@contextmanager
def _signals(server: Server) -> Iterator[None]:
    """Have signals stop and restart a server."""
    former: dict[int, Any] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)  # a second one ends the process
        server._tell("stop")

    def restart(number: int, frame: FrameType | None) -> None:
        server.restart()

    try:
        for each in (signal.SIGINT, signal.SIGTERM):
            former[each] = signal.signal(each, stop)
        former[signal.SIGHUP] = signal.signal(signal.SIGHUP, restart)
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
