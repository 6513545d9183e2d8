"""What is known of packages with extension modules: the data file `registry.json`.

`tests/matrix/registry.py` writes the file, out of what the matrix of packages has found.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import NamedTuple

from .importing import OF_THE_PROCESS, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PART_OF_MYPYC = "__mypyc"  # ends the names of libraries that the modules of a package share


class Known(NamedTuple):
    """An entry of the registry.

    Attributes:
        package: What is imported.
        distribution: What was installed.
        versions: Which versions the entry is about, as a specifier; "": all.
        mode: In which interpreters import it.
        reason: Why.
        tried: The versions that were tried.
    """

    package: str
    distribution: str
    versions: str
    mode: str
    reason: str
    tried: Sequence[str] = ()

    @property
    def because(self) -> str:
        """The reason, and which versions were tried."""
        if not self.tried:
            return self.reason
        return f"{self.reason} (tried: {self.distribution} {', '.join(self.tried)})"


@cache
def entries() -> dict[str, Known]:
    """Read the registry, by package."""
    text = resources.files(__package__).joinpath("registry.json").read_text("utf-8")
    return {entry["package"]: Known(**entry) for entry in json.loads(text)}


def find(name: str) -> Known | None:
    """Find the entry of a module or of its closest parent package."""
    if name in OF_THE_PROCESS:
        return Known(name, "", "", "main", "exists once in the process")
    if name.endswith(_PART_OF_MYPYC):  # only private modules of its package import it
        return Known(name, "", "", "private", "is a part of a package that mypyc has compiled")
    known = entries()
    package = nearest(name, known)
    return known[package] if package and _is_installed(known[package]) else None


def _is_installed(entry: Known) -> bool:
    """Tell whether the entry is about the installed version."""
    if not entry.versions:
        return True
    from importlib.metadata import PackageNotFoundError, version

    from packaging.specifiers import SpecifierSet

    try:
        installed = version(entry.distribution)
    except PackageNotFoundError:
        return False
    return SpecifierSet(entry.versions, prereleases=True).contains(installed)
