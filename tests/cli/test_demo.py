"""The demo: measuring, finding files, indexing, summing up, and what is shown."""

import os
import threading
import warnings
from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from rich.console import Console

from atoll._page import document
from atoll._page.markup import element, printable, void_element
from atoll.demo import files, html, report, run, totals, worker
from atoll.demo.charts import Bar, Bin, Lane, bar_chart, binned, lane_chart
from atoll.demo.index import Index
from atoll.demo.measure import Function, Measurement, measure

SPAN = (0, 1.0, 2.0)


def decisions(body: str) -> int:
    """Return what a body adds to the complexity of the function that has it."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    (function,) = measure(f"async def function(a, b, c):\n{lines}\n").functions
    return function.complexity - 1


# Measuring


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", 0),
        ("if a: pass", 1),
        ("if a: pass\nelse: pass", 1),
        ("if a: pass\nelif b: pass\nelse: pass", 2),
        ("return a if b else c", 1),
        ("for a in b: pass\nelse: pass", 1),
        ("async for a in b: pass", 1),
        ("while a: pass", 1),
        ("with a as b: pass", 0),
        ("async with a as b: pass", 0),
        ("assert a", 0),
        ("del a\nraise b", 0),
    ],
)
def test_statements_that_branch_add_one(body: str, expected: int) -> None:
    """An if, an elif, a loop and a conditional expression add one each; an else adds nothing."""
    assert decisions(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a and b", 1),
        ("return a and b and c", 2),
        ("return a and b or c", 2),
        ("return not a", 0),
        ("return a < b < c", 0),
        ("if a and (b or c): pass", 3),
        ("return f'{a or b:{c or a}}'", 2),
        ("return {**(a or b)}", 1),
        ("return (d := a or b)", 1),
        ("yield a or b", 1),
        ("return (await a) or b", 1),
    ],
)
def test_each_and_and_or_adds_one(body: str, expected: int) -> None:
    """Each `and` and `or` adds one, wherever in a statement it stands."""
    assert decisions(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return [d for d in a]", 1),
        ("return {d for d in a if d}", 2),
        ("return {d: e for d in a for e in b if d if e}", 4),
        ("return (d async for d in a)", 1),
        ("return [d or c for d in a if d and b]", 4),
        ("return [[e for e in d] for d in a]", 2),
    ],
)
def test_comprehensions_add_one_for_each_for_and_if(body: str, expected: int) -> None:
    """Each `for` and each `if` of a comprehension adds one."""
    assert decisions(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("try: pass\nexcept A: pass", 1),
        ("try: pass\nexcept A: pass\nexcept B: pass\nelse: pass\nfinally: pass", 2),
        ("try: pass\nfinally: pass", 0),
        ("try: pass\nexcept* A: pass\nexcept* B: pass", 2),
        ("try:\n    if a: pass\nexcept (a or b):\n    if c: pass\nfinally:\n    if c: pass", 5),
    ],
)
def test_each_except_adds_one(body: str, expected: int) -> None:
    """Each `except` adds one; `try`, `else` and `finally` add nothing but what is in them."""
    assert decisions(body) == expected


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (["1"], 1),
        (["1", "2", "_"], 2),
        (["1", "anything"], 1),
        (["1 | 2 | 3"], 3),
        (["1 | _"], 1),
        (["(1 | 2) as d"], 2),
        (["[1, *_]", "{'key': value}", "int(d)"], 3),
        (["1 if a"], 2),
        (["_ if a and b"], 2),
    ],
)
def test_cases_add_one_if_they_may_fail(cases: list[str], expected: int) -> None:
    """A case that may fail to match, a guard and a `|` add one each; a catch-all adds nothing."""
    body = "match a:\n" + "".join(f"    case {case}: pass\n" for case in cases)
    assert decisions(body) == expected


def test_lambda_counts_for_the_function_around_it() -> None:
    """A lambda is no function of its own: what it decides counts for the function around it."""
    assert decisions("return lambda d, e=a or b: d if d else e") == 2


def test_nested_function_counts_for_itself() -> None:
    """A nested function has its own complexity, and adds nothing to that of the outer one."""
    source = dedent("""\
        def outer(a):
            if a:
                def inner(b):
                    return b or a or 1
            return inner
        """)
    assert measure(source).functions == (Function("outer", 1, 2), Function("outer.inner", 3, 3))


def test_decorators_and_defaults_count_outside() -> None:
    """Decorators, defaults and annotations count for the scope in which the `def` stands."""
    source = "def outer():\n    @(a or b)\n    def inner(c=d or e) -> f or g: pass\n"
    assert measure(source).functions == (Function("outer", 1, 4), Function("outer.inner", 3, 1))


def test_class_body_counts_for_the_scope_around_it() -> None:
    """The decisions in a class body count for the function, or the file, that it is in."""
    source = dedent("""\
        class Outer:
            if a: pass
            def method(self):
                class Local:
                    if b or c: pass
                    async def deep(self): pass
        """)
    measurement = measure(source)
    assert measurement.functions == (
        Function("Outer.method", 3, 3),
        Function("Outer.method.Local.deep", 6, 1),
    )
    assert (measurement.classes, measurement.complexity) == (2, 5)


def test_file_complexity_is_functions_and_the_rest() -> None:
    """A file's complexity is the sum over its functions, and the decisions outside them."""
    source = "def one(): pass\ndef two(a): return a or 1\nif one() and two(0): pass\n"
    assert measure(source).complexity == 1 + 2 + 2


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", 0),
        ("a = 1", 0),
        ("def f(): pass", 1),
        ("class C:\n    def f(self):\n        with a: pass", 3),
        ("if a: pass\nelif b: pass\nelif c: pass", 1),
        ("if a: pass\nelse:\n    if b: pass", 2),
        ("if a: pass\nelif b:\n    if c: pass", 2),
        ("try: pass\nexcept A: pass\nelse: pass", 1),
        ("try: pass\nfinally:\n    while a: pass", 2),
        ("match a:\n    case 1: pass", 2),
        ("a = [[[1 for b in c] for d in e] for f in g]", 0),
    ],
)
def test_nesting_counts_blocks(source: str, expected: int) -> None:
    """Nesting is the number of blocks around the deepest statement; an elif is not deeper."""
    assert measure(source).nesting == expected


def test_imports_are_top_level_names() -> None:
    """Each imported top-level module is named once, in order; a relative import is left out."""
    source = dedent("""\
        import os.path, sys
        import os as system
        from collections.abc import Mapping
        from . import sibling
        from .cousin import name
        def late(): from json import loads
        """)
    assert measure(source).imports == ("collections", "json", "os", "sys")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("", 0), ("a = 1", 1), ("a = 1\n", 1), ("a = 1\r\nb = 2\r\n", 2), ("\n\n\n", 3)],
)
def test_lines_are_those_of_an_editor(source: str, expected: int) -> None:
    """The last line counts with or without its end."""
    assert measure(source.encode()).lines == expected


def test_source_encoding_is_obeyed() -> None:
    """Bytes are read in the encoding that they declare."""
    source = "# coding: latin-1\ndef f\u00fcnf(): pass\n".encode("latin-1")
    assert [function.name for function in measure(source).functions] == ["f\u00fcnf"]


def test_most_complex_function_is_the_first_of_equals() -> None:
    """Of several equally complex functions, the first in the file is the most complex one."""
    measurement = measure("def a(): pass\ndef b(x): return x or 1\ndef c(x): return x or 1\n")
    assert measurement.most_complex == Function("b", 2, 2)
    assert measure("").most_complex is None


def test_plain_measurement_is_exact_tuples() -> None:
    """A plain measurement has no type that would not cross by value, and can be turned back."""

    def types_in(value: object) -> set[type]:
        inner = [types_in(item) for item in value] if isinstance(value, tuple) else []
        return {type(value)}.union(*inner)

    measurement = measure("import os\ndef f(): pass\n")
    assert types_in(measurement.plain()) == {tuple, str, int}
    assert Measurement.from_plain(measurement.plain()) == measurement


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    """What the parser takes, however deep, is measured."""
    depth = 90
    source = "".join(f"{' ' * level}if a:\n" for level in range(depth)) + " " * depth + "pass"
    assert measure(source).nesting == depth
    assert measure("a = " + "(" * depth + "b or c" + ")" * depth).complexity == 1


# Finding files


def make_tree(root: Path, sources: dict[str, str | bytes]) -> Path:
    """Write files below a root, and return it."""
    for name, source in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return root


def test_files_come_largest_first(tmp_path: Path) -> None:
    """The largest file is first, so that none of the long ones is left for the end."""
    make_tree(tmp_path, {"small.py": "", "package/large.py": "a = 1\n" * 9, "b.py": "a = 1\n"})
    sources = files.find_sources(tmp_path)
    names = [sources.name_of(file.path) for file in sources.files]
    assert names == ["package/large.py", "b.py", "small.py"]
    assert sources.size == 60


def test_only_python_files_are_found(tmp_path: Path) -> None:
    """Files with other endings, folders and pipes are passed over."""
    make_tree(tmp_path, {"a.py": "", "b.txt": "", "c.pyc": b"", "folder.py/d.py": ""})
    os.mkfifo(tmp_path / "pipe.py")
    sources = files.find_sources(tmp_path)
    assert [sources.name_of(file.path) for file in sources.files] == ["a.py", "folder.py/d.py"]


def test_root_may_be_a_file(tmp_path: Path) -> None:
    """A root that is a Python file stands for itself."""
    make_tree(tmp_path, {"a.py": ""})
    sources = files.find_sources(tmp_path / "a.py")
    assert [sources.name_of(file.path) for file in sources.files] == ["a.py"]


def test_default_is_the_standard_library() -> None:
    """Without a root, the standard library is found, and no installed package."""
    sources = files.find_sources(None)
    names = {sources.name_of(file.path) for file in sources.files}
    assert {"ast.py", "json/decoder.py"} <= names
    assert not any(name.startswith(("site-packages/", "dist-packages/")) for name in names)


@pytest.mark.parametrize("name", ["absent", "empty", "empty/notes.txt"])
def test_nothing_to_measure_is_an_error(tmp_path: Path, name: str) -> None:
    """A root that is absent, or holds no Python file, is an error of one line that names it."""
    make_tree(tmp_path, {"empty/notes.txt": ""})
    with pytest.raises(files.NoSourcesError, match=name) as caught:
        files.find_sources(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_unreadable_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be read is listed with the reason, and the others are searched."""
    make_tree(tmp_path, {"a.py": "", "secret/b.py": ""})
    scandir = os.scandir

    def guarded(path: str) -> object:
        if os.path.basename(path) == "secret":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    sources = files.find_sources(tmp_path)
    assert [file.path for file in sources.files] == [str(tmp_path / "a.py")]
    assert sources.unreadable == (files.Failure("secret", "PermissionError: Permission denied"),)


def test_printable_escapes_what_a_terminal_would_obey() -> None:
    """Control characters and lone surrogates become escapes; other text stays."""
    assert printable("\x1b[31m\n\udcff/f\u00fc.py") == "\\x1b[31m\\n\\udcff/f\u00fc.py"


# The index and the worker


def test_index_hands_each_path_out_once() -> None:
    """Each path is handed out once, in the order given, and then None for ever."""
    index = Index((("b", 9), ("a", 1)))
    assert [index.next_path() for _ in range(4)] == ["b", "a", None, None]


def test_stopped_index_hands_nothing_out() -> None:
    """After `stop()` there are no more paths."""
    index = Index((("a", 0), ("b", 0)))
    index.stop()
    assert index.next_path() is None


def test_index_returns_results_in_order_of_paths() -> None:
    """Results come in the order of the paths, whatever the order in which they came in."""
    index = Index((("a", 1), ("b", 10), ("c", 100), ("d", 1000)))
    plain = measure("").plain()
    index.add_measurement("b", plain, SPAN)
    index.add_failure("c", "SyntaxError", SPAN)
    index.add_measurement("a", plain, SPAN)
    assert index.measurements() == (("a", plain), ("b", plain))
    assert index.failures() == (("c", "SyntaxError"),)
    assert index.spans() == (SPAN, SPAN, SPAN)
    assert index.finished() == (3, 111)


BAD_SOURCES: dict[str, str | bytes] = {
    "syntax.py": "a = 1\nb = (\n",
    "encoding.py": b"# coding: utf-8\na = '\xff'\n",
    "unknown.py": "# coding: klingon\n",
    "null.py": b"a = 1\0\n",
    "indented.py": "".join(f"{' ' * level}if a:\n" for level in range(200)),
    "complex.py": "a = " + "-" * 20_000 + "1\n",
}


def test_file_that_does_not_parse_is_listed(tmp_path: Path) -> None:
    """A file that is absent or does not parse is listed with a reason; work goes on."""
    make_tree(tmp_path, BAD_SOURCES | {"good.py": "a = 1\n"})
    index = Index([(str(tmp_path / name), 0) for name in (*BAD_SOURCES, "absent.py", "good.py")])
    worker.work(index, 0)
    reasons = {Path(path).name: reason for path, reason in index.failures()}
    assert reasons.keys() == {*BAD_SOURCES, "absent.py"}
    assert reasons["syntax.py"] == "SyntaxError: '(' was never closed (line 2)"
    assert reasons["absent.py"] == "FileNotFoundError: No such file or directory"
    assert all("\n" not in reason for reason in reasons.values())
    assert [Path(path).name for path, _ in index.measurements()] == ["good.py"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SyntaxError("bad"), "SyntaxError: bad"),
        (SyntaxError("bad", ("name", 3, 1, "text")), "SyntaxError: bad (line 3)"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (ValueError("null bytes"), "ValueError: null bytes"),
        (PermissionError(13, "Permission denied", "/secret"), "PermissionError: Permission denied"),
        (OSError("odd"), "OSError: odd"),
    ],
)
def test_reason_is_the_type_and_the_message(error: Exception, expected: str) -> None:
    """A reason names the type, says what is wrong if that is known, and where."""
    assert worker.reason_of(error) == expected


def test_warnings_of_measured_files_are_dropped(tmp_path: Path) -> None:
    """A warning about a file that is measured is not shown, nor does it become an error."""
    make_tree(tmp_path, {"a.py": "a = '\\d'\nb = 1is 2\nc = a is 1\n"})
    index = Index(((str(tmp_path / "a.py"), 0),))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worker.work(index, 0)
    assert not caught
    assert not index.failures()


# Running


def nothing(progress: run.Progress) -> None:
    """Watch nothing."""


TREE: dict[str, str | bytes] = {
    "single.py": "import os\nimport json\n\ndef f(a):\n    return a or 1\n",
    "package/__init__.py": "import os\n",
    "package/code.py": "class C:\n    def m(self, a):\n        if a:\n            return a or 1\n",
    "package/bad.py": "def\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with a package, a module, and a file that does not parse."""
    return make_tree(tmp_path / "tree", TREE)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> run.Comparison:
    """The job done on such a folder, in two interpreters and in one."""
    tree = make_tree(tmp_path_factory.mktemp("demo") / "tree", TREE)
    return run.compare(files.find_sources(tree), 2, nothing)


def test_both_passes_find_the_same(comparison: run.Comparison) -> None:
    """Two interpreters and one find the same: what `measure` says of every file."""
    expected = tuple(
        run.MeasuredFile(name, measure(TREE[name]))
        for name in ("package/__init__.py", "package/code.py", "single.py")
    )
    assert comparison.is_consistent
    assert comparison.parallel.measured == comparison.single.measured == expected
    assert [failure.name for failure in comparison.failures] == ["package/bad.py"]


def test_every_file_was_somebodys_work(comparison: run.Comparison) -> None:
    """There is a span for each file, of one of the workers, within the pass."""
    for result, workers in ((comparison.parallel, {0, 1}), (comparison.single, {0})):
        assert len(result.spans) == len(TREE)
        assert {span.worker for span in result.spans} <= workers
        assert all(0 <= span.started <= span.ended <= result.seconds for span in result.spans)


def test_crossings_are_counted(comparison: run.Comparison) -> None:
    """Each file takes two crossings at least: to be handed out, and to be handed in."""
    assert comparison.parallel.crossings >= 2 * len(TREE)
    assert comparison.single.crossings >= 2 * len(TREE)


def test_more_interpreters_than_files(tmp_path: Path) -> None:
    """Interpreters for which there is no file do no harm."""
    sources = files.find_sources(make_tree(tmp_path, {"a.py": "a = 1\n"}))
    comparison = run.compare(sources, 3, nothing)
    assert (comparison.parallel.interpreters, len(comparison.parallel.spans)) == (3, 1)
    assert comparison.is_consistent


def test_watcher_is_told_that_all_is_done(tree: Path) -> None:
    """The watcher is told the number of interpreters at work, and in the end that all is done."""
    told: list[run.Progress] = []
    sources = files.find_sources(tree)
    run.compare(sources, 2, told.append)
    assert {progress.interpreters for progress in told} == {1, 2}
    assert told[-1] == run.Progress(interpreters=1, files=len(TREE), size=sources.size)


def test_different_results_are_noticed(comparison: run.Comparison) -> None:
    """A result that differs in one file makes two passes differ."""
    changed = run.Pass(
        interpreters=1,
        seconds=1.0,
        cpu_seconds=1.0,
        crossings=0,
        measured=comparison.single.measured[1:],
        failures=comparison.single.failures,
        spans=(),
    )
    assert not comparison.parallel.found_the_same(changed)


def fail(index: Index, number: int) -> None:
    """Fail as a worker would that has a bug."""
    raise ZeroDivisionError(f"worker {number}")


def interrupt(progress: run.Progress) -> None:
    """Press Ctrl-C while the work is watched."""
    raise KeyboardInterrupt


def test_exception_in_a_worker_surfaces(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that ends a worker is raised where the job was started."""
    monkeypatch.setattr(run, "work", fail)
    with pytest.raises(ZeroDivisionError, match="worker"):
        run.compare(files.find_sources(tree), 2, nothing)


def test_interrupted_job_leaves_no_thread(tree: Path) -> None:
    """A KeyboardInterrupt in the middle comes out when the workers have stopped."""
    with pytest.raises(KeyboardInterrupt):
        run.compare(files.find_sources(tree), 2, interrupt)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("atoll-demo")]


# Summing up


def measured(**sources: str) -> list[run.MeasuredFile]:
    """Return measured files; two underscores in a name stand for a slash."""
    return [
        run.MeasuredFile(f"{name.replace('__', '/')}.py", measure(source))
        for name, source in sources.items()
    ]


def test_packages_are_summed_by_first_folder() -> None:
    """A package is a folder at the top; files outside one are counted together."""
    packages = totals.packages_of(
        measured(
            big__a="def f(): pass\nclass C: pass\n",
            big__deep__b="a = b or c\n" * 3,
            alone="a = 1\n",
        )
    )
    assert packages == [
        totals.Package("big", totals.Total(2, 5, 1, 1, 4)),
        totals.Package(totals.LOOSE_MODULES, totals.Total(1, 1, 0, 0, 0)),
    ]


def test_most_complex_functions_come_first() -> None:
    """Functions are ranked by complexity, equals by file, and only so many are returned."""
    ranked = totals.most_complex_functions(
        measured(
            b="def two(a): return a or 1", a="def one(): pass\ndef three(a): return a or 1 or 2"
        ),
        count=2,
    )
    assert [(located.file, located.function.name) for located in ranked] == [
        ("a.py", "three"),
        ("b.py", "two"),
    ]


def test_imports_are_counted_by_file() -> None:
    """A module is counted once for each file that imports it."""
    ranked = totals.most_imported_modules(
        measured(a="import os, os.path, sys", b="import os", c="import re"), count=2
    )
    assert ranked == [("os", 2), ("re", 1)]


def test_no_functions_have_no_average() -> None:
    """Without functions the complexity of each is shown as zero."""
    assert totals.total_of(measured(a="if a: pass")).texts()[-1] == "0.0"


# Showing


HOSTILE_TREE: dict[str, str | bytes] = {
    "<script>alert(1)<|script>.py": "def f(a): return a or 1\n",
    "[red]markup[|red].py": "def\n",
    "quote\"'&amp;/\x1b[31m\n.py": "def g(): pass\n",
    "undecodable \udcff.py": "def h(): pass\n",
}


class PageReader(HTMLParser):
    """Reads a page, and fails where its tags do not nest."""

    VOID = frozenset({"meta"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def hostile(tmp_path: Path) -> run.Comparison:
    """The job done on files whose names would do harm if they were taken for markup."""
    sources = {name.replace("|", "\N{DIVISION SLASH}"): text for name, text in HOSTILE_TREE.items()}
    return run.compare(files.find_sources(make_tree(tmp_path / "<b>tree", sources)), 2, nothing)


def page_of(comparison: run.Comparison) -> str:
    return html.page(comparison, datetime(2025, 1, 2, 3, 4))


def test_page_is_well_formed(comparison: run.Comparison) -> None:
    """Every element of the page is closed, in order."""
    reader = PageReader(page_of(comparison))
    assert {"html", "head", "body", "svg", "path", "table"} <= reader.tags


def test_page_says_what_was_found(comparison: run.Comparison) -> None:
    """The page shows the timing, the functions, and the files that did not parse."""
    text = PageReader(page_of(comparison)).text
    for expected in (f"{comparison.speed_up:.2f}", "C.m", "package/code.py:2", "package/bad.py"):
        assert expected in text
    assert "Both passes found the same." in text


def test_page_needs_nothing_else(comparison: run.Comparison) -> None:
    """The page has no script, link or address, and its policy forbids to load anything."""
    page = page_of(comparison)
    reader = PageReader(page)
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    names = {name for name, _ in reader.attributes}
    assert not names & {"src", "href", "onload", "onclick", "action"}
    assert "url(" not in page
    assert "@import" not in page
    assert ("content", document.POLICY) in reader.attributes


def test_page_escapes_hostile_names(hostile: run.Comparison) -> None:
    """A file's name is text in the page, whatever it looks like."""
    page = page_of(hostile)
    reader = PageReader(page)
    assert "script" not in reader.tags
    assert "b" not in reader.tags
    assert "<script>alert(1)" in reader.text
    assert "&amp;amp;" in page
    assert "\\x1b[31m\\n" in reader.text
    assert "undecodable \\udcff.py" in reader.text
    page.encode()


def test_page_without_failures_has_no_such_section(tmp_path: Path) -> None:
    """A page on files that all parse, and hold nothing, has no empty table of failures."""
    sources = files.find_sources(make_tree(tmp_path, {"a.py": ""}))
    text = PageReader(page_of(run.compare(sources, 1, nothing))).text
    assert "Not measured" not in text


def test_report_takes_names_literally(hostile: run.Comparison) -> None:
    """A file's name in the terminal is text: no markup, no escape sequence, no crash."""
    output = StringIO()
    console = Console(file=output, width=200, force_terminal=True, color_system=None)
    report.print_report(console, hostile)
    assert "[red]markup[" in output.getvalue()
    assert "\\x1b[31m\\n" in output.getvalue()
    assert "\x1b" not in output.getvalue()
    output.getvalue().encode()


def test_report_says_if_passes_differ(comparison: run.Comparison) -> None:
    """A difference between the passes is said loudly, in the terminal and on the page."""
    nobody = run.Pass(1, 1.0, 1.0, 0, (), (), ())
    differing = run.Comparison(comparison.sources, comparison.parallel, nobody)
    output = StringIO()
    report.print_report(Console(file=output, width=200), differing)
    assert "DIFFERENT" in output.getvalue()
    assert "The two passes found different things." in PageReader(page_of(differing)).text


def test_markup_escapes_all_but_itself() -> None:
    """Text and attributes are escaped; elements go into elements as they are."""
    inner = element("b", "<&>", class_='"x"')
    assert inner == '<b class="&quot;x&quot;">&lt;&amp;&gt;</b>'
    assert element("p", inner, "&") == f"<p>{inner}&amp;</p>"
    assert void_element("meta", http_equiv="a") == '<meta http-equiv="a">'


def test_bins_begin_at_their_value() -> None:
    """A value belongs to the last bin that does not begin after it; empty bins stay."""
    bins = (Bin(0, "few"), Bin(2, "some"), Bin(10, "many"), Bin(100, "most"))
    counts = [(bar.label, bar.value) for bar in binned([0, 1, 2, 9, 10, 11, 12], bins)]
    assert counts == [("few", 2), ("some", 2), ("many", 3), ("most", 0)]


@pytest.mark.parametrize(
    "chart",
    [
        lambda: bar_chart("none", []),
        lambda: bar_chart("zero", [Bar("a", 0, "0")]),
        lambda: lane_chart("none", []),
        lambda: lane_chart("idle", [Lane("a", [])]),
        lambda: lane_chart("short", [Lane("a", [run.Span(0, 0.0, 1e-9)])]),
    ],
)
def test_charts_of_nothing_are_well_formed(chart: Callable[[], str]) -> None:
    """A chart without data, or with next to none, is a chart all the same."""
    assert "figure" in PageReader(chart()).tags
