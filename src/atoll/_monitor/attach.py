"""How `atoll top` gets at a process: by its socket, or by asking it to open one."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from .. import _core
from . import folder, processes
from .client import Client, WatchError

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02

FIRST_TO_ASK = (3, 14)
"""The first version that can be asked (PEP 768)."""

# Run by the other process, at some time, in its `__main__`: so it leaves no name there.
_SCRIPT = """\
exec('''
def answer():
    import os
    try:
        import atoll
        text = "path " + atoll.monitor().path
    except BaseException as error:
        text = f"error {type(error).__name__}: {error}"
    name = os.path.join(here, f"{os.getpid()}.answer")
    with open(name + ".new", "w") as file:
        file.write(text)
    os.rename(name + ".new", name)
answer()
''', {"here": HERE})
"""


def connect(pid: int) -> Client:
    """Connect to a process, which is asked to let itself be watched if it does not yet.

    Raises:
        WatchError: If it cannot be watched.
    """
    connection = folder.connect(pid)
    if connection is None:
        _check(pid)
        path = _ask(pid)
        try:
            connection = folder.connect_at(path)
        except OSError:
            raise WatchError(f"process {pid} has closed its monitor again") from None
    return Client(connection)


def _check(pid: int) -> None:
    """Raise WatchError unless a process can be asked to let itself be watched."""
    if not processes.exists(pid):
        raise WatchError(f"there is no process {pid}")
    if not processes.is_ours(pid):
        raise WatchError(f"process {pid} is another user's")
    try:
        version = processes.version(pid)
        is_python = version is not None or processes.is_python(pid)
    except OSError as error:
        raise WatchError(f"process {pid} cannot be looked at: {error.strerror}") from None
    if not is_python:
        raise WatchError(f"process {pid} does not run Python: {processes.command(pid)}")
    if version is None:
        raise WatchError(f"process {pid} has not imported atoll: {processes.command(pid)}")
    theirs = ".".join(map(str, version))
    if version < FIRST_TO_ASK:
        raise WatchError(
            f"process {pid} runs Python {theirs}, which cannot be asked from outside (3.14 can): "
            "have it call atoll.monitor(), or start it with ATOLL_MONITOR=1"
        )
    if version != sys.version_info[:2]:
        raise WatchError(
            f"process {pid} runs Python {theirs}, and only `atoll top` of the same version can ask "
            f"it to be watched; this is {sys.version_info[0]}.{sys.version_info[1]}"
        )


def _ask(pid: int) -> str:
    """Have a process call `atoll.monitor()`; return where its socket is."""
    here = folder.make()
    script, answer = os.path.join(here, "attach.py"), os.path.join(here, f"{pid}.answer")
    with suppress(FileNotFoundError):
        os.unlink(answer)
    with open(f"{script}.{os.getpid()}", "w") as file:
        file.write(_SCRIPT.replace("HERE", repr(here)))
    os.rename(file.name, script)  # it stays: the process may run it later
    _request(pid, script)
    return _await(pid, answer)


def _request(pid: int, script: str) -> None:
    """Have the main thread of a process run a script, as `sys.remote_exec` does.

    That one finds the main thread only in a process without other interpreters.
    """
    try:
        shift = processes.shift(pid, _core.landmark())
        if shift is None:
            raise RuntimeError("it runs another Python than this one, if of the same version")
        _core.ask_process(pid, shift, script)
    except PermissionError:
        raise WatchError(
            f"the system does not let process {pid} be asked from outside "
            "(kernel.yama.ptrace_scope): have it call atoll.monitor(), or start it with "
            "ATOLL_MONITOR=1"
        ) from None
    except (OSError, RuntimeError) as error:
        raise WatchError(f"process {pid} cannot be asked from outside: {error}") from None


def _await(pid: int, answer: str) -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not os.path.exists(answer):
        if not processes.exists(pid):
            raise WatchError(f"process {pid} has ended")
        if time.monotonic() > deadline:
            raise WatchError(
                f"process {pid} has not answered for {_PATIENCE_SECONDS:.0f} s: its main thread "
                "runs no Python in the main interpreter. It can be watched once it does, unless "
                "it was started with -X disable_remote_debug"
            )
        time.sleep(_PAUSE_SECONDS)
    with open(answer) as file:
        kind, _, text = file.read().partition(" ")
    os.unlink(answer)
    if kind == "error":
        raise WatchError(f"process {pid} cannot be watched: {text}")
    return text
