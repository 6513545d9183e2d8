"""The folders of the sockets at which processes of the user can be watched."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SUFFIX = ".sock"


def path() -> str:
    """Return the path of the folder that this process uses, whether it exists or not.

    That is `atoll` in the user's runtime folder; where there is none, `atoll-UID` in the folder for
    temporary files.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _is_ours(runtime):
        return os.path.join(runtime, "atoll")
    from tempfile import gettempdir

    return os.path.join(gettempdir(), f"atoll-{os.getuid()}")


def make() -> str:
    """Make the folder if it does not exist, and return its path.

    Raises:
        PermissionError: If others could change what is in it.
        OSError: If it cannot be made.
    """
    folder = path()
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    if not _is_safe(folder):
        raise PermissionError(
            f"{folder!r} is not a folder that only user {os.getuid()} can use: remove it, or set "
            "XDG_RUNTIME_DIR to a folder of your own"
        )
    return folder


def _is_ours(folder: str) -> bool:
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def _is_safe(folder: str) -> bool:
    """Can nobody but this user (and root) put anything there?"""
    return _is_ours(folder) and not stat.S_IMODE(os.lstat(folder).st_mode) & 0o077


def socket_path(pid: int, folder: str) -> str:
    """Return where the socket of a process is, if it has one."""
    return os.path.join(folder, f"{pid}{_SUFFIX}")


# ---- those of others ----


def connect(pid: int) -> socket.socket | None:
    """Connect to a process; None: it cannot be watched."""
    for folder in _folders():
        with suppress(OSError):
            return connect_at(socket_path(pid, folder))
    return None


def connect_at(name: str) -> socket.socket:
    """Connect to a socket.

    Raises:
        OSError: If nobody answers there.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.connect(name)
    except BaseException:
        client.close()
        raise
    return client


def processes() -> list[int]:
    """Return the ids of the processes that can be watched; remove what dead ones have left."""
    found = {
        int(pid)
        for folder in _folders()
        for pid, suffix in map(os.path.splitext, os.listdir(folder))
        if suffix == _SUFFIX and pid.isdecimal() and _is_served(os.path.join(folder, pid + suffix))
    }
    return sorted(found)


def _folders() -> Iterator[str]:
    """Yield all folders that processes of this user may use: their variables may differ."""
    user = os.getuid()
    known = (path(), f"/run/user/{user}/atoll", f"/tmp/atoll-{user}")
    return (each for each in dict.fromkeys(known) if _is_safe(each))


def _is_served(name: str) -> bool:
    try:
        connect_at(name).close()
    except ConnectionRefusedError:
        with suppress(OSError):
            os.unlink(name)
        return False
    except OSError:
        return False
    return True
