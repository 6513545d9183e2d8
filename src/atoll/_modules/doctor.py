"""`atoll doctor`: how interpreters import packages with extension modules, and at what cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from . import trials
from .policy import choose, extension_files
from .trials import Trial

_SUPPORTED = "supported"


class Package(NamedTuple):
    """An installed package, and its shared objects."""

    name: str
    files: tuple[str, ...]


class Diagnosis(NamedTuple):
    """What is known of one package."""

    package: str
    mode: str
    reason: str
    trial: Trial

    @property
    def works(self) -> bool:
        """Does it work in several interpreters in parallel?"""
        return not self.trial.failure and self.mode in ("native", "private")

    @property
    def declares(self) -> str:
        """What its modules declare about interpreters with a GIL of their own, in a few words."""
        said = list(self.trial.declared.values())
        if not said:
            return "-"
        supporting = said.count(_SUPPORTED)
        if supporting in (0, len(said)):
            return "yes" if supporting else "no"
        return f"{supporting} of {len(said)}"


# ---- which packages ----


def find_packages(names: Sequence[str]) -> tuple[list[Package], list[str]]:
    """Find packages by their import names or distribution names; without names, all.

    Returns:
        The packages, and the names of those that are not there.
    """
    if not names:
        installed = sorted(metadata.packages_distributions(), key=str.lower)
        return [each for name in installed for each in _parts(name) if each.files], []
    found = {name: _named(name) for name in names}
    missing = [name for name, packages in found.items() if not packages]
    return [each for packages in found.values() for each in packages], missing


def _named(name: str) -> list[Package]:
    """Find a package; if it has no extension modules, those that were installed with it."""
    found = _parts(name)
    if any(each.files for each in found):
        return found
    distributions = metadata.packages_distributions()
    wanted = {_normalized(each) for each in distributions.get(name, [name])}
    tops = [top for top, of in distributions.items() if wanted & set(map(_normalized, of))]
    beside = [each for top in sorted(tops) for each in _parts(top)]
    return [each for each in beside if each.files] or found or beside


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _parts(name: str) -> list[Package]:
    """Return a package, or the parts of a namespace, each of which is a package."""
    try:
        spec = util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    folders = tuple(spec.submodule_search_locations or ())
    if spec.loader is None:
        inside = {path.name.split(".")[0] for folder in folders for path in Path(folder).iterdir()}
        return [each for part in sorted(inside) for each in _parts(f"{name}.{part}")]
    origin = spec.origin if spec.has_location else None
    return [Package(name, tuple(extension_files(origin, folders)))]


# ---- what is known of them ----


def diagnose(package: Package) -> Diagnosis:
    """Try a package in the mode that `auto` chooses."""
    name = package.name
    private = trials.run(name, "private")
    chosen = choose(name, package.files, lambda _, files: trials.decide(private, files))
    trial = private if chosen.mode == "private" else trials.run(name, chosen.mode)
    return Diagnosis(name, chosen.mode, chosen.reason, trial._replace(declared=private.declared))


def progress(console: Console, packages: Iterable[Package]) -> Iterator[Diagnosis]:
    """Diagnose packages one after another; a terminal shows which one."""
    for each in packages:
        if console.is_terminal:
            with console.status(f"trying {each.name}"):
                diagnosis = diagnose(each)
        else:
            diagnosis = diagnose(each)
        yield diagnosis


# ---- output ----


def print_table(console: Console, diagnoses: Sequence[Diagnosis]) -> None:
    """Print a row for each package, and below the table why trials failed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("package", "modules", "declares", "auto", "trial", "ms", "MB"):
        table.add_column(title, justify="right" if title in ("modules", "ms", "MB") else "left")
    for each in diagnoses:
        trial = each.trial
        table.add_row(
            each.package,
            str(len(trial.declared) or "-"),
            each.declares,
            each.mode,
            "[red]failed[/red]" if trial.failure else "[green]ok[/green]",
            f"{trial.milliseconds:.0f}",
            f"{trial.megabytes:.1f}",
        )
    console.print(table)
    for each in diagnoses:
        if not each.works:
            console.print(f"{each.package}: {each.trial.failure or each.reason}", markup=False)


def as_json(diagnoses: Sequence[Diagnosis]) -> str:
    """Return all diagnoses as a JSON list of objects, one for each package."""
    return json.dumps(
        [
            {
                "package": each.package,
                "declares_support": each.declares,
                "modules": each.trial.declared,
                "mode": each.mode,
                "reason": each.reason,
                "works": each.works,
                "failure": each.trial.failure,
                "milliseconds": round(each.trial.milliseconds, 1),
                "megabytes": round(each.trial.megabytes, 2),
            }
            for each in diagnoses
        ],
        indent=2,
    )
