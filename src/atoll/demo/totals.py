"""Sums up what was measured."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from atoll.demo.measure import Function
from atoll.demo.run import MeasuredFile, Pass

PACKAGE_COLUMNS = (
    "package",
    "files",
    "lines",
    "functions",
    "classes",
    "complexity",
    "per function",
)
"""The head of a table of packages: the name, and what `Total.texts` returns."""

PASS_COLUMNS = ("interpreters", "seconds", "busy CPUs", "files/s", "lines/s", "crossings")
"""The head of a table of passes: what `pass_texts` returns."""

LOOSE_MODULES = "(single modules)"
"""The package name under which files directly below the root are counted."""


class Total(NamedTuple):
    """The sums over a set of files."""

    files: int
    lines: int
    functions: int
    classes: int
    complexity: int

    @property
    def complexity_per_function(self) -> float:
        """The complexity for each function; 0 if there are none."""
        return self.complexity / self.functions if self.functions else 0.0

    def texts(self) -> list[str]:
        """Return the numbers as they are shown, in the order of `PACKAGE_COLUMNS`."""
        return [*(f"{number:,}" for number in self), f"{self.complexity_per_function:.1f}"]


class Package(NamedTuple):
    """A top-level package and its total."""

    name: str
    total: Total


class LocatedFunction(NamedTuple):
    """A function and the name of the file that it is in."""

    file: str
    function: Function


def total_of(files: Sequence[MeasuredFile]) -> Total:
    """Return the sums over files."""
    measurements = [file.measurement for file in files]
    return Total(
        files=len(measurements),
        lines=sum(measurement.lines for measurement in measurements),
        functions=sum(len(measurement.functions) for measurement in measurements),
        classes=sum(measurement.classes for measurement in measurements),
        complexity=sum(measurement.complexity for measurement in measurements),
    )


def packages_of(files: Sequence[MeasuredFile]) -> list[Package]:
    """Return the top-level packages, that with the most lines first."""
    by_package = sorted(files, key=_package_name)
    packages = [
        Package(name, total_of(list(members)))
        for name, members in groupby(by_package, _package_name)
    ]
    return sorted(packages, key=lambda package: (-package.total.lines, package.name))


def most_complex_functions(files: Iterable[MeasuredFile], count: int) -> list[LocatedFunction]:
    """Return the functions with the highest complexity, the highest first."""
    functions = [
        LocatedFunction(file.name, function)
        for file in files
        for function in file.measurement.functions
    ]
    functions.sort(key=lambda located: (-located.function.complexity, located))
    return functions[:count]


def most_imported_modules(files: Iterable[MeasuredFile], count: int) -> list[tuple[str, int]]:
    """Return the top-level modules that the most files import, each with the number of files."""
    importers = Counter(name for file in files for name in file.measurement.imports)
    return sorted(importers.items(), key=lambda item: (-item[1], item[0]))[:count]


def counted(number: int, noun: str, ending: str = "s") -> str:
    """Return `1 file`, `2 files`, `1,000 files` and so on."""
    return f"{number:,} {noun}{ending if number != 1 else ''}"


def pass_texts(result: Pass) -> list[str]:
    """Return the timing of a pass as it is shown, in the order of `PASS_COLUMNS`."""
    lines = total_of(result.measured).lines
    return [
        str(result.interpreters),
        f"{result.seconds:.2f}",
        f"{result.busy_cpus:.2f}",
        f"{len(result.spans) / result.seconds:,.0f}",
        f"{lines / result.seconds:,.0f}",
        f"{result.crossings:,}",
    ]


def _package_name(file: MeasuredFile) -> str:
    package, slash, _ = file.name.partition("/")
    return package if slash else LOOSE_MODULES
