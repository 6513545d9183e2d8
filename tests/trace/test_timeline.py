"""`atoll timeline`, and the page that it draws."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import atoll
from atoll import cli
from atoll._page import diagram
from atoll._trace import reading, timeline


def span(name: str, begin: float, duration: float, **more: Any) -> dict[str, Any]:
    return {"ph": "X", "name": name, "ts": begin, "dur": duration, "pid": 1, "tid": 7, **more}


EVENTS = [
    {"ph": "M", "name": "thread_name", "pid": 1, "tid": 7, "args": {"name": "MainThread"}},
    span("inner", 20, 10, cat="crossing", args={"interpreter": "b", "from": "a"}),
    span("outer", 10, 50, cat="crossing", args={"interpreter": "a", "failed": True}),
    span("next", 60, 5, cat="task", args={"interpreter": "b"}),
    {"ph": "i", "name": "moment", "ts": 61, "pid": 1, "tid": 7},
    span("there", 70, 5, cat="task", tid=8),
    {"ph": "s", "cat": "task", "id": 1, "ts": 60, "pid": 1, "tid": 7},
    {"ph": "f", "cat": "task", "id": 1, "ts": 70, "pid": 1, "tid": 8},
    {"ph": "f", "cat": "task", "id": "without a beginning", "ts": 70, "pid": 1, "tid": 8},
    "no event",
    {"ph": "X", "name": "no time", "ts": "x", "dur": None},
]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    """A function that writes a trace file, and returns its path."""

    def write(content: object) -> Path:
        path = tmp_path / "trace.json"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(json.dumps(content))
        return path

    return write


def drawn(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert isinstance(data, dict)
    return data


def test_reading(write: Any) -> None:
    """Spans get the depth at which they lie in others of their thread; what is no event is left."""
    read = reading.read(write({"traceEvents": EVENTS, "otherData": {"dropped": 3}}))
    assert [(each.name, each.depth) for each in read.rows[0].spans] == [
        ("outer", 0), ("inner", 1), ("next", 0), ("moment", 1),
    ]  # fmt: skip
    assert [row.name for row in read.rows] == ["MainThread", "thread 8"]
    assert read.arrows == [(0, 60, 0, 1, 70, 0)]
    assert (read.begin, read.end, read.dropped) == (0, 75, 3)
    assert reading.read(write(EVENTS)).rows == read.rows  # a bare list is a trace too


def test_page_data(write: Any) -> None:
    """The page has all spans, and says how many events were dropped."""
    page = timeline.page(
        reading.read(write({"traceEvents": EVENTS, "otherData": {"dropped": 3}})), "x"
    )
    data = drawn(page)
    texts = data["texts"]
    columns = data["rows"][0]["columns"]
    assert [texts[each] for each in columns[3]] == ["outer", "inner", "next", "moment"]
    assert columns[0] == [10, 20, 60, 61]
    assert data["interpreters"] == ["a", "b"]
    assert "failed: True" in texts[columns[6][0]]
    assert "events dropped" in page


def test_page_opens_where_most_spans_are(write: Any) -> None:
    """What was dropped of a thread is told by where it was; all else may be few spans."""
    spans = [
        span("early", 1, 2, tid=7),
        *(span("late", 9_000 + 10 * i, 5, tid=8) for i in range(100)),
    ]
    about = {"dropped": 900, "dropped_by_thread": {"8": 900, "7": "many"}}
    data = drawn(timeline.page(reading.read(write({"traceEvents": spans, "otherData": about})), ""))
    assert [(row["dropped"], row["known_from"]) for row in data["rows"]] == [(0, 3), (900, 9_005)]
    begin, end = data["opening"]
    assert 8_900 < begin < 9_050
    assert end == data["length"] == 9_995
    for complete in ({}, {"dropped": 0, "dropped_by_thread": []}):
        read = reading.read(write({"traceEvents": spans, "otherData": complete}))
        assert drawn(timeline.page(read, ""))["opening"] == [0, 9_995]


def test_page_needs_nothing(write: Any) -> None:
    """Nothing is loaded, and only the page's own script may run, whatever names contain."""
    hostile = "</script><script>alert(1)</script><!--"
    events = [span(hostile, 0, 1, cat="crossing", args={"interpreter": hostile, hostile: hostile})]
    raw = timeline.page(reading.read(write({"traceEvents": events})), hostile)
    page = raw.replace("&#x27;", "'")
    assert "<script>alert" not in raw
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page
    assert "script-src 'sha256-" in page
    assert hostile in drawn(raw)["texts"]


def test_what_atoll_has_written(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """The file of a trace is drawn, with its tables."""
    path, page = tmp_path / "trace.json.gz", tmp_path / "page.html"
    numbers = interpreter.eval("[]")
    with atoll.trace(path):
        numbers.append(1)
    assert cli.main(["timeline", str(path), "--html", str(page)]) == 0
    text = page.read_text()
    assert '<td class="text">list.append</td>' in text
    assert "fresh" in drawn(text)["interpreters"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "'.*' is empty: its trace was not stopped"),
        (b"no JSON", "'.*' is no trace: it is not JSON"),
        (b"\xff\xfe", "'.*' is no trace: it is not JSON"),
        (b"[" * 100_000, "'.*' is no trace: it is not JSON"),
        (gzip.compress(b"{}", mtime=0)[:-9], "'.*' is damaged"),
        (gzip.compress(b"[1", mtime=0)[:12] + b"\0" * 20, "'.*' is damaged"),
        ({"some": "JSON"}, "'.*' is no trace: it has no list of trace events"),
        (3, "'.*' is no trace: it has no list of trace events"),
        ([], "the trace '.*' has no spans"),
        ({"traceEvents": [1, {"ph": "X"}]}, "the trace '.*' has no spans"),
    ],
)  # fmt: skip
def test_bad_files(write: Any, tmp_path: Path, capsys: Any, content: object, message: str) -> None:
    """A file that is no trace, or an empty one, is an error in one line, and nothing is written."""
    page = tmp_path / "page.html"
    assert cli.main(["timeline", str(write(content)), "--html", str(page)]) == cli.UNUSABLE
    assert re.match(f"atoll: {message}", capsys.readouterr().err)
    assert not page.exists()


def test_bad_paths(write: Any, tmp_path: Path, capsys: Any) -> None:
    """A missing file, and a page that cannot be written, are errors in one line."""
    missing, trace = tmp_path / "missing", write({"traceEvents": EVENTS})
    assert cli.main(["timeline", str(missing), "--html", str(tmp_path / "x")]) == cli.UNUSABLE
    assert (
        capsys.readouterr().err
        == f"atoll: cannot read {str(missing)!r}: No such file or directory\n"
    )
    assert cli.main(["timeline", str(trace), "--html", str(missing / "x")]) == cli.UNUSABLE
    assert "its folder does not exist" in capsys.readouterr().err
    assert cli.main(["timeline", str(trace), "--html", str(tmp_path)]) == cli.UNUSABLE
    assert "Is a directory" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["file"], ["--html", "x"]])
def test_missing_arguments(arguments: list[str], capsys: Any) -> None:
    """Both the file and the page must be named."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["timeline", *arguments])
    assert caught.value.code == cli.UNUSABLE
    assert "are required" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0.05, "0.05 \u00b5s"), (12.34, "12.3 \u00b5s"), (1500, "1.5 ms"), (2_500_000, "2.500 s")],
)
def test_durations(microseconds: float, text: str) -> None:
    """Durations have a unit that fits."""
    assert timeline.duration_text(microseconds) == text


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_boxes_cover_no_others(count: int) -> None:
    """A ring is as large as its boxes need, and their names are cut."""
    boxes = [diagram.Box(f"{place}-" + "name " * 20, ["1 list"]) for place in range(count)]
    figure = diagram.diagram(boxes, [], "Boxes")
    corners = re.findall(r'<rect x="(-?\d+)" y="(-?\d+)"', figure)
    places = [(int(x), int(y)) for x, y in corners]
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', figure).groups())  # type: ignore[union-attr]
    assert len(places) == count
    for at, (x, y) in enumerate(places):
        assert 0 <= x <= width - diagram.BOX_WIDTH
        assert 0 <= y <= height - diagram.BOX_HEIGHT
        assert not [
            other
            for other in places[:at]
            if abs(other[0] - x) < diagram.BOX_WIDTH and abs(other[1] - y) < diagram.BOX_HEIGHT
        ]
    assert "0-name name name \u2026</text>" in figure


def test_graph_page(interpreter: atoll.Interpreter, tmp_path: Path) -> None:
    """`gc.graph().write_html` draws the graph in the same style."""
    held = interpreter.eval("[[]]")[0]
    path = tmp_path / "graph.html"
    atoll.gc.graph().write_html(path)
    text = path.read_text()
    assert held is not None
    assert "<svg" in text
    assert "fresh" in text
    assert ">list<" in text
    with pytest.raises(FileNotFoundError):
        atoll.gc.graph().write_html(tmp_path / "missing" / "graph.html")
