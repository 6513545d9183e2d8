"""Finds the Python files to measure."""

import os
import platform
import stat
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from atoll._page.markup import printable

INSTALLED_PACKAGES = frozenset({"site-packages", "dist-packages"})
"""Folders inside the standard library's that do not belong to it."""


class NoSourcesError(Exception):
    """There is nothing to measure; the message says why, in one line."""


class SourceFile(NamedTuple):
    """A file to read: its path, as it can be opened, and its size in bytes."""

    path: str
    size: int


class Failure(NamedTuple):
    """A file or folder that could not be measured: its name below the root, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Sources:
    """The files below a root, the largest first, and the folders that could not be read."""

    root: Path
    title: str
    files: tuple[SourceFile, ...]
    unreadable: tuple[Failure, ...]

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    def name_of(self, path: str) -> str:
        """Return a file's name as it is shown: below the root, with slashes."""
        return Path(path).name if path == str(self.root) else os.path.relpath(path, self.root)


def find_sources(root: Path | None) -> Sources:
    """Find the Python files below a root, by default those of the standard library.

    Raises:
        NoSourcesError: if the root does not exist or has none.
    """
    if root is None:
        root = Path(sysconfig.get_path("stdlib"))
        title = f"The standard library of Python {platform.python_version()}"
        return _sources(root, title, without=INSTALLED_PACKAGES)
    return _sources(root, printable(str(root)), without=frozenset())


def _sources(root: Path, title: str, without: frozenset[str]) -> Sources:
    if not os.path.exists(root):
        raise NoSourcesError(f"no such file or folder: {printable(str(root))}")
    unreadable: list[Failure] = []
    paths = [str(root)] if root.is_file() else _paths_below(root, without, unreadable)
    files = [file for path in paths if path.endswith(".py") and (file := _source_file(path))]
    if not files:
        reasons = "".join(f" ({failure.reason})" for failure in unreadable[:1])
        raise NoSourcesError(f"no Python files below {printable(str(root))}{reasons}")
    files.sort(key=lambda file: (-file.size, file.path))
    return Sources(root, title, tuple(files), tuple(sorted(unreadable)))


def _paths_below(root: Path, without: frozenset[str], unreadable: list[Failure]) -> list[str]:
    def note(error: OSError) -> None:
        name = os.path.relpath(error.filename, root)
        unreadable.append(Failure(name, f"{type(error).__name__}: {error.strerror}"))

    paths: list[str] = []
    for folder, folders, names in os.walk(root, onerror=note):
        folders[:] = [name for name in folders if name not in without]
        paths += [os.path.join(folder, name) for name in names]
    return paths


def _source_file(path: str) -> SourceFile | None:
    """Return the file at a path; None if it is not a regular file (a pipe may never end)."""
    try:
        status = os.stat(path)
    except OSError:
        return SourceFile(path, 0)  # the worker that opens it gets the error
    return SourceFile(path, status.st_size) if stat.S_ISREG(status.st_mode) else None
