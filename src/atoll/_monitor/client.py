"""The other end of the socket: asks a process what it is doing."""

from __future__ import annotations

import json
import select
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Self

FORMAT = 1
"""Of the documents; as FIGURES_FORMAT in the core."""

PATIENCE_SECONDS = 5.0


class WatchError(Exception):
    """A process cannot be watched; the text says why, and what to do."""


class Client:
    """A connection to a process.

    Args:
        connection: It belongs to the client from now on.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._received = bytearray()
        self._is_ended = False

    def fileno(self) -> int:
        """Return the socket's descriptor, for `select`."""
        return self._socket.fileno()

    def ask_once(self) -> None:
        """Ask for one document."""
        self._send("once\n")

    def ask_every(self, seconds: float) -> None:
        """Ask for a document now, and again and again."""
        self._send(f"every {round(seconds * 1000)}\n")

    def _send(self, request: str) -> None:
        with suppress(ConnectionError):  # then take() tells the reason, or that it has ended
            self._socket.sendall(request.encode())

    def take(self) -> dict[str, Any] | None:
        """Return the latest document that has come; None: none has.

        Raises:
            EOFError: If the process has ended, or closed its monitor.
            WatchError: If it refuses.
        """
        self._receive()
        *lines, rest = self._received.split(b"\n")
        if lines:
            self._received = bytearray(rest)
            return _checked(json.loads(lines[-1]))
        if self._is_ended:
            raise EOFError
        return None

    def wait(self, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait for the next document.

        Raises:
            EOFError: If the process has ended, or closed its monitor.
            WatchError: If it refuses, or sends nothing for so long.
        """
        deadline = time.monotonic() + seconds
        while (document := self.take()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise WatchError("the process does not answer: it may be stopped")
            select.select([self._socket], [], [], left)
        return document

    def _receive(self) -> None:
        while not self._is_ended:
            try:
                some = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            except ConnectionError:
                some = b""
            self._received += some
            self._is_ended = not some

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    if "error" in document:
        raise WatchError(f"the process refuses: {document['error']}")
    if document.get("format") != FORMAT:
        raise WatchError("the process runs another version of atoll: use `atoll top` of that one")
    return document
