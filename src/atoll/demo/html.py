"""Writes the report as one HTML page."""

import platform
from datetime import datetime
from pathlib import Path

from atoll._page.document import cards, document, introduction, section, table
from atoll._page.markup import Markup, element
from atoll.demo.charts import Bar, Bin, Lane, bar_chart, binned, column_chart, lane_chart
from atoll.demo.run import Comparison, Pass
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

COMPLEXITY_BINS = (
    *(Bin(number, str(number)) for number in range(1, 6)),
    Bin(6, "6\u201310"),
    Bin(11, "11\u201320"),
    Bin(21, "21\u201350"),
    Bin(51, "51+"),
)
LINES_BINS = (
    Bin(0, "<10"),
    Bin(10, "<50"),
    Bin(50, "<100"),
    Bin(100, "<200"),
    Bin(200, "<500"),
    Bin(500, "<1k"),
    Bin(1_000, "<2k"),
    Bin(2_000, "<5k"),
    Bin(5_000, "5k+"),
)
NESTING_BINS = (*(Bin(number, str(number)) for number in range(10)), Bin(10, "10+"))
PACKAGE_ROWS = 15
IMPORT_ROWS = 10
FUNCTION_ROWS = 25


def write_page(path: Path, comparison: Comparison) -> None:
    """Write the report.

    Raises:
        OSError: if the file cannot be written.
    """
    path.write_text(page(comparison, datetime.now()), encoding="utf-8")


def page(comparison: Comparison, made_at: datetime) -> str:
    """Return the report as an HTML document."""
    return document(f"atoll demo: {comparison.sources.title}", _sections(comparison, made_at))


def _sections(comparison: Comparison, made_at: datetime) -> list[Markup]:
    sections = [
        _header(comparison, made_at),
        _cards(comparison),
        _timing(comparison),
        _distributions(comparison.parallel),
        _rankings(comparison.parallel),
        _functions(comparison.parallel),
    ]
    if comparison.failures:
        sections.append(_failures(comparison))
    return [*sections, _footer()]


def _header(comparison: Comparison, made_at: datetime) -> Markup:
    sources = comparison.sources
    return introduction(
        sources.title,
        f"{counted(len(sources.files), 'Python file')} ({sources.size / 1e6:.1f} MB) below ",
        element("code", str(sources.root)),
        f", measured by atoll on {made_at:%d %B %Y, %H:%M}, with "
        f"{platform.python_implementation()} {platform.python_version()}",
    )


def _cards(comparison: Comparison) -> Markup:
    total = total_of(comparison.parallel.measured)
    interpreters = counted(comparison.parallel.interpreters, "interpreter")
    numbers = {
        f"times as fast in {interpreters}": f"{comparison.speed_up:.2f}",
        "files measured": f"{total.files:,}",
        "lines": f"{total.lines:,}",
        "functions": f"{total.functions:,}",
        "classes": f"{total.classes:,}",
        "crossings between interpreters": f"{comparison.parallel.crossings:,}",
    }
    return cards(numbers)


def _timing(comparison: Comparison) -> Markup:
    parallel, single = comparison.parallel, comparison.single
    lanes = [*_lanes(parallel), *_lanes(single)]
    return section(
        "The same work, in parallel and not",
        lane_chart("Who was at work when: each change of shade is another file", lanes),
        table(PASS_COLUMNS, [pass_texts(parallel), pass_texts(single)], 0, class_="wide"),
        _verdict(comparison),
    )


def _lanes(result: Pass) -> list[Lane]:
    """Return a lane for each worker; the lane of a pass in one interpreter is named so."""
    return [
        Lane(
            "one alone" if result.interpreters == 1 else f"interpreter {worker + 1}",
            [span for span in result.spans if span.worker == worker],
        )
        for worker in range(result.interpreters)
    ]


def _verdict(comparison: Comparison) -> Markup:
    same = element("strong", "Both passes found the same.", class_="good")
    different = element("strong", "The two passes found different things.", class_="bad")
    return element(
        "p",
        same if comparison.is_consistent else different,
        " Both began with their interpreters created, the modules imported and the files in the "
        "page cache. All workers wrote into one index object, which has an interpreter of its own.",
    )


def _distributions(result: Pass) -> Markup:
    measurements = [file.measurement for file in result.measured]
    complexities = [
        function.complexity for measurement in measurements for function in measurement.functions
    ]
    lines = [measurement.lines for measurement in measurements]
    nesting = [measurement.nesting for measurement in measurements]
    return element(
        "div",
        section(
            "Complexity",
            column_chart(
                "Functions by cyclomatic complexity", binned(complexities, COMPLEXITY_BINS)
            ),
        ),
        section("Length", column_chart("Files by lines", binned(lines, LINES_BINS))),
        section("Nesting", column_chart("Files by deepest block", binned(nesting, NESTING_BINS))),
        section("Imports", _import_chart(result)),
        class_="pair",
    )


def _import_chart(result: Pass) -> Markup:
    bars = [
        Bar(name, count, f"{count:,}")
        for name, count in most_imported_modules(result.measured, IMPORT_ROWS)
    ]
    return bar_chart("Modules by the number of files that import them", bars)


def _rankings(result: Pass) -> Markup:
    packages = packages_of(result.measured)
    rows = [[name, *total.texts()] for name, total in packages[:PACKAGE_ROWS]]
    ranking = table(PACKAGE_COLUMNS, rows, numbers_from=1, class_="wide")
    return section(f"Packages ({len(packages):,})", ranking)


def _functions(result: Pass) -> Markup:
    rows = [
        [function.name, f"{file}:{function.line}", f"{function.complexity:,}"]
        for file, function in most_complex_functions(result.measured, FUNCTION_ROWS)
    ]
    return section(
        "Most complex functions", table(["function", "file", "complexity"], rows, numbers_from=2)
    )


def _failures(comparison: Comparison) -> Markup:
    rows = [list(failure) for failure in comparison.failures]
    return section(f"Not measured ({len(rows):,})", table(["file", "reason"], rows, numbers_from=2))


def _footer() -> Markup:
    return element(
        "footer",
        "Complexity is McCabe's: 1 for a function, and 1 for each place in it where control may go "
        "one way or another. Nesting counts the blocks around the most deeply nested statement.",
    )
