"""`atoll top`: its options, and what it prints."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress

from . import attach, folder, plain, processes, rates, words
from .client import Client, WatchError
from .tables import Column, Table, joined, lay_out, text_column, titles

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

FAILED = 1
UNUSABLE = 2


def main(arguments: argparse.Namespace) -> int:
    """Do what the options say, and return the exit status."""
    try:
        return _main(arguments)
    except WatchError as error:
        return _complain(str(error), UNUSABLE)
    except EOFError:
        return _complain(f"process {arguments.pid} has ended, or closed its monitor", FAILED)


def _main(arguments: argparse.Namespace) -> int:
    interval = arguments.interval
    if interval is not None and not 0.05 <= interval <= 3600:
        return _complain("--interval takes 0.05 to 3600 seconds", UNUSABLE)
    sort = None if arguments.sort is None else arguments.sort.upper()
    if sort is not None and sort not in titles():
        return _complain(
            f"no table has a column {arguments.sort!r}: these are {', '.join(titles())}", UNUSABLE
        )
    if arguments.pid is None:
        return _list(as_json=arguments.json)
    command = processes.command(arguments.pid)
    if arguments.json:
        print(json.dumps(_measure(arguments.pid, interval or 0.5), indent=2, ensure_ascii=False))
    elif arguments.once:
        document = _measure(arguments.pid, interval or 0.5)
        for line in plain.lines(document, command, sort, arguments.filter):
            print(line)
    else:
        return _live(arguments.pid, interval or 1.0, command, sort, arguments.filter)
    return 0


def _complain(message: str, status: int) -> int:
    print(f"atoll: {message}", file=sys.stderr)
    return status


def _measure(pid: int, seconds: float) -> dict[str, Any]:
    """Return what a process did for so long."""
    with attach.connect(pid) as client:
        client.ask_every(seconds)
        before = client.wait()
        return rates.between(before, client.wait(seconds + 5))


def _live(pid: int, interval: float, command: str, sort: str | None, wanted: str) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _complain("a live view needs a terminal: use --once or --json", UNUSABLE)
    try:
        from . import live
    except ModuleNotFoundError:
        return _complain(
            "a live view needs rich: pip install 'atoll[cli]', or use --once or --json", UNUSABLE
        )
    from .view import View

    with attach.connect(pid) as client:
        client.ask_every(interval)
        with suppress(KeyboardInterrupt):
            if not live.run(client, View(command, sort, wanted), interval):
                return _complain(f"process {pid} has ended, or closed its monitor", 0)
    return 0


# ---- the list ----


def _list(as_json: bool) -> int:
    rows = _watchable()
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    if not rows:
        print("no process of yours uses atoll (as far as can be seen)")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    table = Table("processes", _columns(), rows, None)
    for line in lay_out(table, rows, width)[1]:
        print(joined(line))
    return 0


def _watchable() -> list[dict[str, Any]]:
    """Describe this user's processes that use atoll."""
    found = {pid: _described(pid) for pid in folder.processes() if pid != _own_id()}
    for pid, version in processes.with_atoll():
        if pid not in found:
            is_willing = attach.FIRST_TO_ASK <= version == sys.version_info[:2]
            found[pid] = _row(pid, ".".join(map(str, version)), "asking" if is_willing else None)
    return [found[pid] for pid in sorted(found)]


def _own_id() -> int:
    return os.getpid()


def _described(pid: int) -> dict[str, Any]:
    try:
        connection = folder.connect(pid)
        if connection is None:
            return _row(pid, None, None)
        with Client(connection) as client:
            client.ask_once()
            document = client.wait(1.0)
    except (EOFError, WatchError):  # it has just ended, or is stopped
        return _row(pid, None, "socket")
    return _row(pid, document["python"], "socket") | {
        "interpreters": len(document["interpreters"]),
        "memory": document["memory"],
    }


def _row(pid: int, python: str | None, way: str | None) -> dict[str, Any]:
    return {
        "pid": pid,
        "python": python,
        "interpreters": None,
        "memory": None,
        "way": way,
        "command": processes.command(pid),
    }


def _columns() -> list[Column]:
    ways = {"socket": "socket", "asking": "asking it", None: "ATOLL_MONITOR=1 at its start"}
    return [
        text_column("PID", lambda row: str(row["pid"])),
        text_column("PYTHON", lambda row: row["python"] or words.NONE),
        text_column("INTERPRETERS", lambda row: words.count(row["interpreters"]), rank=2),
        text_column("MEMORY", lambda row: words.size(row["memory"]), rank=1),
        text_column("WATCHED BY", lambda row: ways[row["way"]], least=15),
        text_column("COMMAND", lambda row: row["command"], least=20),
    ]
