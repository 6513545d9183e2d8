"""Tries packages in child processes, which may crash, and caches the results."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from .decision import Decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

UNDER_TRIAL = "ATOLL_UNDER_TRIAL"
"""The environment variable with the packages that parent processes are trying."""

_LIMIT_SECONDS = 120  # on a machine that has nothing else to do
_SILENT_SECONDS = 1.0
_CHILD = "import sys; sys.path[:] = sys.argv[3:]; from atoll._modules import child; child.main()"


class Trial(NamedTuple):
    """The result of trying a package in one mode."""

    package: str
    mode: str
    failure: str
    """What went wrong and in which stage; "": nothing."""
    declared: dict[str, str]
    """What its private modules declare about interpreters with a GIL of their own."""
    milliseconds: float
    """The time of its first import in an interpreter."""
    megabytes: float
    """How much that import made the process grow."""
    is_complete: bool = True
    """It was not broken off for its time, nor was it impossible to begin it."""


def run(package: str, mode: str, files: Iterable[str] = ()) -> Trial:
    """Try a package in a child process: import and use it in two interpreters and close them.

    Args:
        package: Its name.
        mode: How the interpreters import it.
        files: Its extension modules. An interpreter may have a `sys.path` of its own: the child
            also finds the package where they are.
    """
    around = os.environ.get(UNDER_TRIAL, "")
    limit = _limit()
    path = dict.fromkeys([*map(str, sys.path), *(_place_of(package, each) for each in files)])
    command = [sys.executable, "-c", _CHILD, package, mode, *path]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            env=os.environ | {UNDER_TRIAL: f"{around} {package}"},
        )
    except subprocess.TimeoutExpired as error:
        report = _read(error.stdout or b"")
        made = _trial(package, mode, report, f"took more than {limit:.3g} s, and was in")
        return made._replace(is_complete=False)
    except (OSError, TypeError) as error:  # TypeError: no sys.executable, if Python is embedded
        failure = f"no child process can be made: {error}"
        return Trial(package, mode, failure, {}, 0.0, 0.0, is_complete=False)
    report = _read(done.stdout)
    return _trial(package, mode, report, _end_of(done, report))


def _place_of(package: str, file: str) -> str:
    """Return the folder that a package with that extension module lies in."""
    folders, top = Path(file).parents, package.partition(".")[0]
    return str(next((each.parent for each in folders if each.name == top), folders[0]))


def _limit() -> float:
    """Return how many seconds a trial may take, on a machine with as much to do as this one."""
    return _LIMIT_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _read(output: bytes) -> dict[str, Any]:
    """Collect the reports of the stages; other lines are the package's."""
    report: dict[str, Any] = {"stage": "start"}
    for line in output.splitlines():
        with suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and "stage" in said:
                report.update(said)
    return report


def _end_of(done: subprocess.CompletedProcess[bytes], report: dict[str, Any]) -> str:
    """Describe how the process has ended; "": normally."""
    if done.returncode < 0:
        with suppress(ValueError):
            return f"crashed ({signal.Signals(-done.returncode).name}) in"
        return f"crashed (signal {-done.returncode}) in"
    if done.returncode > 0 and "failure" not in report:
        return f"ended with status {done.returncode} in"
    return ""


def _trial(package: str, mode: str, report: dict[str, Any], end: str) -> Trial:
    failure = f"{end} {report['stage']}" if end else report.get("failure", "")
    return Trial(
        package,
        mode,
        failure,
        report.get("declared", {}),
        report.get("milliseconds", 0.0),
        report.get("megabytes", 0.0),
    )


def decide(private: Trial, files: Iterable[str]) -> Decision:
    """Choose the mode of a package by its trial in mode `private`."""
    package = private.package
    if not private.is_complete:
        again = f"its trial {private.failure} (another process will try it again)"
        return Decision("main", again, is_known=False, is_final=False)
    if private.failure:
        return Decision("main", f"its trial failed: {private.failure}", is_known=False)
    declares = private.declared.values()
    if declares and set(declares) == {"supported"} and not run(package, "native", files).failure:
        return Decision("native", "declares its support, and passed a trial", is_known=False)
    return Decision("private", "passed a trial", is_known=False)


# ---- the cache ----


def cached_decision(package: str, files: list[str]) -> Decision:
    """Choose the mode of a package, or return the cached choice for the same files."""
    if package in os.environ.get(UNDER_TRIAL, "").split():
        return Decision("private", "is being tried", is_known=False)
    path = _cache_path(package, files)
    with suppress(OSError, ValueError, TypeError):
        return Decision(*json.loads(path.read_text("utf-8")))
    with _told_if_long(package):
        made = decide(run(package, "private", files), files)
    if not made.is_final:
        return made
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(made), "utf-8")
        unfinished.replace(path)
    except OSError:  # the folder is read-only or full: the next process tries it again
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return made


@contextmanager
def _told_if_long(package: str) -> Iterator[None]:
    """Tell whoever waits at a terminal what takes so long."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    text = (
        f"atoll: trying {package} in a process of its own, once, to learn how interpreters can "
        f"import it (at most {_limit():.0f} s)\n"
    )
    timer = threading.Timer(_SILENT_SECONDS, sys.stderr.write, (text,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def forget(package: str) -> None:
    """Remove all cached choices for a package."""
    for path in _cache_folder().glob(f"{package}-*.json"):
        path.unlink(missing_ok=True)


def _cache_path(package: str, files: Iterable[str]) -> Path:
    return _cache_folder() / f"{package}-{_fingerprint(files)}.json"


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "atoll" / "trials"


def _fingerprint(files: Iterable[str]) -> str:
    """Return a digest of these files, this Python and this atoll."""
    digest = hashlib.sha256(f"{sys.version} {__version__}".encode())
    for path in sorted(files):
        status = os.stat(path)
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:20]
