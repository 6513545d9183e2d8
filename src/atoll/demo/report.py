"""Shows the job in a terminal: a bar while it runs, tables when it is done."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from atoll._page.markup import printable
from atoll.demo import run
from atoll.demo.files import Sources
from atoll.demo.run import Comparison, Pass, Watcher
from atoll.demo.totals import (
    PACKAGE_COLUMNS,
    PASS_COLUMNS,
    counted,
    most_complex_functions,
    most_imported_modules,
    packages_of,
    pass_texts,
    total_of,
)

PACKAGE_ROWS = 12
FUNCTION_ROWS = 10
IMPORT_ROWS = 10
FAILURE_ROWS = 8


def print_start(console: Console, sources: Sources, interpreters: int) -> None:
    """Say what is about to be done."""
    text = Text(sources.title, style="bold")
    text.append(
        f": measuring {counted(len(sources.files), 'file')} ({sources.size / 1e6:.1f} MB) in "
        f"{counted(interpreters, 'interpreter')}, then in 1",
        style="not bold",
    )
    console.print(text, soft_wrap=True)


@contextmanager
def progress_bar(console: Console, sources: Sources) -> Iterator[Watcher]:
    """Show a bar; yields the function that is called with the progress.

    The bar counts bytes, since the largest files come first. It is only shown in a terminal, until
    the job is done.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[files]:,} files"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, expand=True
    ) as progress:
        task = progress.add_task("starting", total=sources.size, files=0)

        def watch(now: run.Progress) -> None:
            description = counted(now.interpreters, "interpreter")
            progress.update(task, description=description, completed=now.size, files=now.files)

        yield watch


def print_report(console: Console, comparison: Comparison) -> None:
    """Print all tables and the summary."""
    tables = (
        _package_table(comparison.parallel),
        _function_table(comparison.parallel),
        _import_table(comparison.parallel),
        _failure_table(comparison),
        _pass_table(comparison),
    )
    for table in tables:
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    console.print(_summary(comparison))


def _table(title: str, *columns: str, numbers_from: int = 1) -> Table:
    """Return a table whose columns from one on hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for position, column in enumerate(columns):
        is_number = position >= numbers_from
        table.add_column(
            column,
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
            header_style="dim",
        )
    return table


def _text(value: str, style: str = "") -> Text:
    """Return a text from outside as a cell; brackets in it are not taken as markup."""
    return Text(printable(value), style=style)


def _package_table(result: Pass) -> Table:
    packages = packages_of(result.measured)
    table = _table("Packages", *PACKAGE_COLUMNS)
    for name, total in packages[:PACKAGE_ROWS]:
        table.add_row(_text(name), *total.texts())
    left_out = len(packages) - PACKAGE_ROWS
    if left_out > 0:
        table.add_row(Text(f"and {left_out} more", style="dim"))
    return table


def _function_table(result: Pass) -> Table:
    columns = ("function", "file", "line", "complexity")
    table = _table("Most complex functions", *columns, numbers_from=2)
    for file, function in most_complex_functions(result.measured, FUNCTION_ROWS):
        table.add_row(
            _text(function.name), _text(file), str(function.line), f"{function.complexity:,}"
        )
    return table


def _import_table(result: Pass) -> Table:
    table = _table("Most imported modules", "module", "by files")
    for name, count in most_imported_modules(result.measured, IMPORT_ROWS):
        table.add_row(_text(name), f"{count:,}")
    return table


def _failure_table(comparison: Comparison) -> Table:
    failures = comparison.failures
    table = _table(f"Not measured ({len(failures)})", "file", "reason", numbers_from=2)
    for name, reason in failures[:FAILURE_ROWS]:
        table.add_row(_text(name), _text(reason, style="yellow"))
    left_out = len(failures) - FAILURE_ROWS
    if left_out > 0:
        table.add_row(Text(f"and {left_out} more", style="dim"))
    return table


def _pass_table(comparison: Comparison) -> Table:
    table = _table("The two passes", *PASS_COLUMNS, numbers_from=0)
    for result in (comparison.parallel, comparison.single):
        table.add_row(*pass_texts(result))
    return table


def _summary(comparison: Comparison) -> Text:
    total = total_of(comparison.parallel.measured)
    text = Text(
        f"Measured {counted(total.files, 'file')}, {counted(total.lines, 'line')}, "
        f"{counted(total.functions, 'function')} and {counted(total.classes, 'class', 'es')}.\n"
    )
    text.append(f"Speed-up {comparison.speed_up:.2f}", style="bold green")
    text.append(f" with {counted(comparison.parallel.interpreters, 'interpreter')}; ")
    if comparison.is_consistent:
        text.append("both passes found the same", style="green")
    else:
        text.append("THE TWO PASSES FOUND DIFFERENT THINGS", style="bold red")
    return text.append(
        ".\nBoth began with interpreters created, modules imported and files in the page cache."
    )
