"""`atoll.monitor`: lets other processes of the user watch this one."""

from __future__ import annotations

import atexit
import errno
import os
import socket
import threading
import warnings

from .. import _core
from .._interpreter import exit
from . import folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

VARIABLE = "ATOLL_MONITOR"
_BACKLOG = 8


class Monitor:
    """The socket at which `atoll top` watches this process; see `monitor()`.

    Attributes:
        path: Where it is.

    Example:
        >>> with atoll.monitor() as monitor:
        ...     work()
        >>> monitor.is_closed
        True
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def is_closed(self) -> bool:
        """Has it been closed, or is this a forked child?"""
        return _core.monitor_path() != self.path

    def close(self) -> None:
        """Close the socket: nobody can watch any more. It may be called twice.

        Crosses: nothing. Threads: any.
        """
        if not self.is_closed:
            _core.stop_monitor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<atoll.Monitor {'closed' if self.is_closed else repr(self.path)}>"


def monitor() -> Monitor:
    """Let this user's `atoll top` watch this process.

    Opens a Unix socket that only this user can use: `atoll/PID.sock` in `$XDG_RUNTIME_DIR`, or
    without that variable `atoll-UID/PID.sock` in the folder for temporary files. A thread of
    atoll's own serves it. It needs no interpreter, so it answers also while all threads are stuck;
    it sleeps while nobody watches. `ATOLL_MONITOR=1` in the environment calls this when atoll is
    imported.

    A process has one: a second call returns the same. It is closed when the process ends, or by
    `close()`. A forked child has none until it calls this itself.

    Crosses: nothing.

    Returns:
        The monitor, a context manager.

    Raises:
        OSError: If the socket cannot be made.
        RuntimeError: If the process is ending.

    Threads: any.

    Example:
        >>> atoll.monitor().path
        '/run/user/1000/atoll/4711.sock'
    """
    found = _core.monitor_path()
    if found is None:
        found = _start_in_main()
    return Monitor(found)


def _start_in_main() -> str:
    if _core.current().id == 0:
        return start()
    path: str = _core.invoke(None, "atoll._monitor.monitor:start", (), None)  # in main
    return path


def start() -> str:
    """Start serving and return the socket's path; in the main interpreter."""
    atexit.register(_core.stop_monitor)  # before the next line: so it is called after that's
    exit.register()
    path = folder.socket_path(os.getpid(), folder.make())
    made = f"{path}.{threading.get_native_id()}"  # until it is clear that no other thread is faster
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(made)
        try:
            os.chmod(made, 0o600)
            listener.listen(_BACKLOG)
            _core.start_monitor(listener.fileno(), path)
            os.rename(made, path)  # over that of a dead process that had the same id
        except BaseException as error:
            os.unlink(made)
            if isinstance(error, OSError) and error.errno == errno.EALREADY:
                return path
            raise
    return path


def obey_variable() -> None:
    """Do what ATOLL_MONITOR says; called when atoll is imported.

    A program does not fail because it cannot be watched.
    """
    value = os.environ.get(VARIABLE, "")
    if value == "1":
        try:
            start()
        except (OSError, RuntimeError) as error:
            warnings.warn(f"{VARIABLE}=1 has no effect: {error}", RuntimeWarning, stacklevel=3)
    elif value not in {"", "0"}:
        warnings.warn(
            f"{VARIABLE}={value!r} has no effect: it is 1 or 0", RuntimeWarning, stacklevel=3
        )
