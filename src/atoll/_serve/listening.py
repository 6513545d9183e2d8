"""The one listening socket, which all interpreters accept from.

It belongs to main. So what waits in its queue is not lost when an interpreter is replaced, or dies;
and an interpreter that is busy keeps nobody waiting while another is not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Listening:
    """The listening socket, and where it listens."""

    def __init__(self, listener: socket.socket, path: str | None = None) -> None:
        self.socket = listener
        is_internet = listener.family in (socket.AF_INET, socket.AF_INET6)
        self.port: int | None = listener.getsockname()[1] if is_internet else None
        self._path = path  # to remove

    @classmethod
    def open(
        cls,
        host: str = "127.0.0.1",
        port: int = 8000,
        uds: str | None = None,
        fd: int | None = None,
        backlog: int = 2048,
    ) -> Self:
        """Listen; `fd` and `uds` go before host and port.

        Raises:
            OSError: If it cannot, with a message that says where.
            ValueError: If there is no such port.
        """
        if fd is not None:
            return cls(_inherit(fd, backlog))
        if uds is not None:
            return cls(_at_path(uds, backlog), uds)
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be 0 to 65535, not {port}")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            return cls(socket.create_server((host, port), family=family, backlog=backlog))
        except OSError as error:
            raise _failure(f"{host}:{port}", error) from None

    def close(self) -> None:
        """Have new clients refused."""
        self.socket.close()
        if self._path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)
            self._path = None

    def describe(self, scheme: str) -> str:
        """Return where a client finds it."""
        name = self.socket.getsockname()
        if self.port is None:
            return f"unix:{os.fsdecode(name)}"
        host = f"[{name[0]}]" if ":" in name[0] else name[0]
        return f"{scheme}://{host}:{name[1]}"


_NOT_BOUND = (errno.ENOTSOCK, errno.EOPNOTSUPP, errno.EINVAL)


def _failure(place: str, error: OSError, hint: str = "") -> OSError:
    number = error.errno or 0
    # Those of the resolver of names are negative.
    reason = os.strerror(number) if number > 0 else str(error.strerror).partition(" (")[0]
    if error.errno == errno.EADDRINUSE:
        hint = "; another program listens there"
    return OSError(error.errno, f"cannot listen at {place}: {reason.lower()}{hint}")


def _inherit(fd: int, backlog: int) -> socket.socket:
    try:
        duplicate = os.dup(fd)
        try:
            listener = socket.socket(fileno=duplicate)
        except OSError:
            os.close(duplicate)
            raise
        try:
            listener.listen(backlog)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        hint = "; it must be of a bound stream socket" if error.errno in _NOT_BOUND else ""
        raise _failure(f"file descriptor {fd}", error, hint) from None
    return listener


def _at_path(path: str, backlog: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        mode = _remove_abandoned(path)
        listener.bind(path)
        os.chmod(path, mode)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise _failure(path, error) from None
    return listener


def _remove_abandoned(path: str) -> int:
    """Remove a socket that nobody listens at any more; return the mode for its successor."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return 0o666
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(path) != errno.ECONNREFUSED:
            raise OSError(errno.EADDRINUSE, "")
    os.unlink(path)
    return stat.S_IMODE(mode)
