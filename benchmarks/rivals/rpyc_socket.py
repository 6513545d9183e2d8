"""RPyC: a reference to an object in a server process, over a Unix socket."""

from __future__ import annotations

import importlib.util
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import workload
from rival import TEXT, TRANSPARENT, Names, Rival

START_SECONDS = 20.0
PROTOCOL = {"allow_public_attrs": True}


def serve(path: str) -> None:
    """Run in the server process: offer one Target as the root object."""
    import rpyc
    from rpyc.utils.server import ThreadedServer

    class Service(rpyc.Service):  # type: ignore[misc]
        exposed_target = workload.Target()

    ThreadedServer(Service, socket_path=path, protocol_config=PROTOCOL).start()


@contextmanager
def server(path: Path) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(str(path),))
    process.start()
    try:
        _wait_for(path, process)
        yield
    finally:
        process.terminate()
        process.join()


def _wait_for(path: Path, process: BaseProcess) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not path.exists():
        if time.monotonic() > deadline or not process.is_alive():
            raise TimeoutError("the RPyC server did not start")
        time.sleep(0.02)


@contextmanager
def opened() -> Iterator[Names]:
    from rpyc.utils.factory import unix_connect

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rpyc"
        with server(path):
            connection: Any = unix_connect(str(path), config=PROTOCOL)
            try:
                yield {"target": connection.root.target, "text": TEXT}
            finally:
                connection.close()


def _missing() -> str | None:
    return None if importlib.util.find_spec("rpyc") else "rpyc is not installed"


RIVAL = Rival("RPyC (Unix socket)", opened, TRANSPARENT, _missing())
