"""What is known of packages with extension modules: the data file `registry.json`."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import NamedTuple

from .importing import OF_THE_PROCESS, nearest


class Known(NamedTuple):
    """An entry of the registry."""

    package: str
    distribution: str
    versions: str
    mode: str
    reason: str


@cache
def entries() -> dict[str, Known]:
    """Read the registry, by package."""
    text = resources.files(__package__).joinpath("registry.json").read_text("utf-8")
    return {entry["package"]: Known(**entry) for entry in json.loads(text)}


def find(name: str) -> Known | None:
    """Find the entry of a module or of its closest parent package."""
    if name in OF_THE_PROCESS:
        return Known(name, "", "", "main", "exists once in the process")
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
