"""Judge figures against their bounds and print them as one table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyperf
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 120  # columns when the output is not a terminal
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}  # of each unit of time
BUSY = 0.75  # load of each processor above which other programs distort the figures
SHOWN_METADATA = ("python_version", "cpu_model_name", "cpu_count", "load_avg_1min")


@dataclass(frozen=True)
class Bound:
    """The limit of a figure."""

    limit: float
    of: Literal["ratio", "value"] = "ratio"
    side: Literal["at most", "at least"] = "at most"

    def is_kept_by(self, measured: float) -> bool:
        return measured <= self.limit if self.side == "at most" else measured >= self.limit


@dataclass(frozen=True)
class Figure:
    """One measured value, what it is compared with, and its bound."""

    name: str
    value: float
    unit: str = "ns"
    against: Figure | None = None
    bound: Bound | None = None

    @cached_property
    def ratio(self) -> float | None:
        if self.against is None or not self.against.value:
            return None
        return self.value / self.against.value

    @cached_property
    def is_missed(self) -> bool:
        if self.bound is None:
            return False
        measured = self.value if self.bound.of == "value" else self.ratio
        return measured is None or not self.bound.is_kept_by(measured)


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """The options that every benchmark has; `rounds` is the default of --rounds."""
    options = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    options.add_argument("--check", action="store_true", help="exit with 1 if a bound is missed")
    options.add_argument("--json", type=Path, metavar="FILE", help="also write pyperf's format")
    options.add_argument(
        "--rounds", type=int, default=rounds, help="repeats (default: %(default)s)"
    )
    return options


def finish(title: str, figures: Sequence[Figure], options: argparse.Namespace) -> int:
    """Print the table, write the JSON file if asked to; return the exit status."""
    console = make_console()
    print_metadata(console)
    console.print(make_table(title, figures))
    if options.json is not None:
        make_suite(figures).dump(str(options.json), replace=True)
    missed = [figure.name for figure in figures if figure.is_missed]
    if missed:
        console.print(f"[red]missed:[/red] {', '.join(missed)}", highlight=False)
    return 1 if options.check and missed else 0


def make_console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)


def print_metadata(console: Console) -> None:
    """Print on which machine and Python the figures were measured."""
    metadata = pyperf.Run([1.0]).get_metadata()
    shown = [f"{name}: {metadata[name]}" for name in SHOWN_METADATA if name in metadata]
    console.print(" | ".join(shown), style="dim", highlight=False)
    if metadata.get("load_avg_1min", 0.0) > BUSY * metadata.get("cpu_count", 1):
        console.print(
            "The machine is busy: trust nothing that needs all processors.", style="yellow"
        )


def make_table(title: str, figures: Sequence[Figure]) -> Table:
    table = Table("figure", title=title, title_justify="left", highlight=False)
    for heading in ("measured", "against", "", "ratio", "bound"):
        table.add_column(heading, justify="left" if heading == "against" else "right")
    table.add_column("")
    for figure in figures:
        table.add_row(*_cells(figure))
    return table


def _cells(figure: Figure) -> list[str]:
    against = figure.against
    return [
        figure.name,
        format_value(figure.value, figure.unit),
        against.name if against else "",
        format_value(against.value, against.unit) if against else "",
        f"{figure.ratio:.2f}" if figure.ratio is not None else "",
        _format_bound(figure),
        _format_verdict(figure),
    ]


def format_value(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _format_bound(figure: Figure) -> str:
    bound = figure.bound
    if bound is None:
        return ""
    sign = "<=" if bound.side == "at most" else ">="
    unit = f" {figure.unit}" if bound.of == "value" else ""
    return f"{sign} {bound.limit:g}{unit}"


def _format_verdict(figure: Figure) -> str:
    if figure.bound is None:
        return ""
    return "[red]miss[/red]" if figure.is_missed else "[green]ok[/green]"


def make_suite(figures: Sequence[Figure]) -> pyperf.BenchmarkSuite:
    """The times among the figures, for `python -m pyperf compare_to OLD NEW`."""
    return pyperf.BenchmarkSuite(
        [
            pyperf.Benchmark(
                [pyperf.Run([figure.value * SECONDS[figure.unit]], metadata={"name": figure.name})]
            )
            for figure in figures
            if figure.unit in SECONDS and figure.value > 0
        ]
    )
