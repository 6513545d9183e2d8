"""What `atoll top` makes of documents: rates, tables, the live view, keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll import _core
from atoll._monitor import keys, plain, rates, tables, words
from atoll._monitor.view import View


def interpreter(number: int, name: str, **more: Any) -> dict[str, Any]:
    """An interpreter of a document."""
    usual = {
        "id": number,
        "name": name,
        "state": "open",
        "preemptive": False,
        "inside": None,
        "depth": 0,
        "waiting": 0,
        "crossings": 0,
        "visitors": 0,
        "thread_states": 0,
        "exports": 0,
        "proxies": 0,
        "buffers": 0,
        "memory": None,
        "busy": 0.0,
        "cpu": 0.0,
    }
    return usual | more


def thread(ident: int, name: str, **more: Any) -> dict[str, Any]:
    """A thread of a document."""
    usual = {
        "ident": ident,
        "native_id": ident,
        "name": name,
        "path": [0],
        "interpreter": 0,
        "depth": 0,
        "holds": False,
        "waits": None,
        "seconds": 1.0,
        "frame": "work() at work.py:1",
        "cpu": 0.0,
    }
    return usual | more


def document(time: float, **more: Any) -> dict[str, Any]:
    """A document, at a time at which so many seconds were observed."""
    usual = {
        "format": 1,
        "pid": 4711,
        "python": "3.13.0",
        "time": time,
        "cpu": 0.0,
        "memory": 2**25,
        "observed": time,
        "ready": 1,
        "interpreters": [interpreter(0, "main")],
        "threads": [],
        "executors": [],
        "queues": [],
        "gc": {"collections": 3},
        "left_out": dict.fromkeys(tables.NAMES, 0),
    }
    return usual | more


@pytest.fixture
def seen() -> dict[str, Any]:
    """Much at once."""
    workers = [interpreter(n, f"worker-{n}", busy=n / 30) for n in range(1, 30)]
    holder = thread(1, "holder", path=[0, 1], interpreter=1, depth=1, holds=True)
    waits = {"for": "enter", "interpreter": 1, "held_by": 1}
    others = [thread(n, f"other-{n}", waits=waits) for n in range(2, 12)]
    executor = {"id": 1, "name": "pool", "state": "open", "limit": 4, "workers": 2}
    before = document(0.0, executors=[executor | {"queued": 0, "running": 0, "done": 10}])
    after = document(
        1.0,
        interpreters=[interpreter(0, "main", inside=7), *workers],
        threads=[holder, *others],
        executors=[executor | {"queued": 5, "running": 2, "done": 110}],
        queues=[
            {
                "id": 9,
                "state": "open",
                "length": 3,
                "maxsize": None,
                "unfinished": 3,
                "getters": 0,
                "putters": 0,
                "joiners": 1,
            }
        ],
    )
    idle = [each | {"busy": 0.0} for each in after["interpreters"]]
    return rates.between(before | {"interpreters": idle}, after)


def shown(view: View, width: int = 80, height: int = 24) -> list[str]:
    """The lines of a view, as text."""
    return ["".join(text for text, _ in line) for line in view.lines(width, height)]


def pressed(seen: dict[str, Any], *pressed: str) -> View:
    """A view in which these keys were pressed."""
    view = View("python work.py")
    view.show(seen)
    for key in pressed:
        view.press(key)
    return view


def test_rates() -> None:
    """Shares and rates are what has happened between two documents, by the time between them."""
    before = document(10.0, cpu=1.0, interpreters=[interpreter(0, "main", crossings=5, busy=1.0)])
    after = document(
        12.0,
        cpu=4.0,
        observed=10.5,
        interpreters=[
            interpreter(0, "main", crossings=105, busy=1.25),
            interpreter(1, "new", crossings=7),
        ],
    )
    found = rates.between(before, after)
    main, new = found["interpreters"]
    assert (found["cpu"], found["interval"], found["crossings_per_second"]) == (1.5, 2.0, 50.0)
    assert (main["busy"], main["crossings"], main["crossings_per_second"]) == (0.5, 105, 50.0)
    assert (new["busy"], new["crossings_per_second"]) == (None, None)


def test_rates_of_a_real_document() -> None:
    """What the core writes has all that the tables show."""
    made = json.loads(_core.describe_process())
    sampled = [each | {"busy": 0.0, "cpu": 0.0} for each in made["interpreters"]]
    made |= {"observed": 0.0, "interpreters": sampled}
    text = "\n".join(plain.lines(rates.between(made, made), "python", None, ""))
    assert "INTERPRETER" in text
    assert "THREAD" in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (150, 50), (40, 10), (20, 3), (1, 1)])
def test_the_view_fits(seen: dict[str, Any], width: int, height: int) -> None:
    """No line is wider than the terminal, and there are as many as it has, whatever is shown."""
    for key in ("0", "1", "2", "3", "4", "/"):
        lines = shown(pressed(seen, key), width, height)
        assert len(lines) == height
        assert max(map(tables.cells, lines)) <= width


def test_all_tables_share_the_height(seen: dict[str, Any]) -> None:
    """Of each table something is shown, and how much is not."""
    lines = shown(pressed(seen))
    heads = [line.split()[0] for line in lines if line[:1].isupper()]
    assert heads == ["INTERPRETER", "THREAD", "EXECUTOR", "QUEUE"]
    assert [line for line in lines if line.endswith(" more")] == ["and 23 more", "and 5 more"]


def test_sorting(seen: dict[str, Any]) -> None:
    """Numbers are sorted with the largest first; `s` takes the next column, `r` turns it round."""
    names = [line.split()[0] for line in shown(pressed(seen, "1"))[3:]]
    assert names[:2] == ["worker-29", "worker-28"]
    assert shown(pressed(seen, "1", "r"))[3].startswith("main ")
    by_name = shown(pressed(seen, "1", "S"))
    assert [line.split()[0] for line in by_name[3:6]] == ["main", "worker-1", "worker-10"]
    assert ("INTERPRETER", "sorted") in [
        (text.strip(), kind) for text, kind in pressed(seen, "1", "S").lines(80, 24)[2]
    ]


def test_filtering(seen: dict[str, Any]) -> None:
    """Only rows that contain what was typed are shown, until Esc is pressed."""
    view = pressed(seen, "/", *"ER-17x", "backspace")
    assert " filter: ER-17_" in shown(view)[-1]
    view.press("enter")
    text = "\n".join(shown(view))
    assert "worker-17" in text
    assert "worker-29" not in text
    assert "THREAD" not in text
    view.press("escape")
    assert "worker-29" in "\n".join(shown(view))


def test_letters_are_typed_into_a_filter(seen: dict[str, Any]) -> None:
    """While a filter is typed, no letter is a command; Ctrl-C is."""
    view = pressed(seen, "/", "q", "s", "space")
    assert not view.is_over
    assert " filter: qs _" in shown(view)[-1]
    view.press("interrupt")
    assert view.is_over


def test_freezing(seen: dict[str, Any]) -> None:
    """A frozen view does not change, and says so."""
    view = pressed(seen, "space")
    before = shown(view)
    assert before[0].endswith("FROZEN ")
    view.show(seen | {"pid": 1})
    assert shown(view) == before
    view.press("space")
    view.show(seen | {"pid": 1})
    assert "process 1 " in shown(view)[0]


def test_a_process_that_does_not_answer(seen: dict[str, Any]) -> None:
    """That what is seen is old is said, also while the view is frozen."""
    view = View("python app.py")
    view.show(seen)
    view.silence = 7.0
    view.press("space")
    for width in (60, 100):
        title = view.lines(width, 24)[0][0][0]
        assert title.endswith("  NO ANSWER FOR 7.0 s ")
        assert len(title) == width


def test_sixty_columns_show_the_most_used_keys(seen: dict[str, Any]) -> None:
    """There is no room for all."""
    view = View("python app.py")
    view.show(seen)
    foot = "".join(text for text, _ in view.lines(60, 24)[-1])
    assert foot.split()[::2] == ["q", "space", "tab", "s", "/"]


def test_scrolling(seen: dict[str, Any]) -> None:
    """One table alone can be scrolled, and not beyond its end."""
    view = pressed(seen, "1", "down", "down", "up")
    assert shown(view)[3].startswith("worker-28 ")
    view.press("end")
    last = shown(view)
    assert last[-2].startswith("and 11 more")
    view.press("page down")
    assert shown(view) == last
    view.press("home")
    view.press("up")
    assert shown(view)[3].startswith("worker-29 ")


@pytest.mark.parametrize("key", ["q", "interrupt"])
def test_quitting(seen: dict[str, Any], key: str) -> None:
    """`q` and Ctrl-C end the view."""
    assert pressed(seen, key).is_over


def test_keys_of_terminals() -> None:
    """Keys come as characters and sequences; unknown sequences are left out."""
    assert keys.parse("a\x1b[A\x1b[6~ \t\x1b[1;5C\x1bOBé\x03\x00\x1b") == [
        "a",
        "up",
        "page down",
        "space",
        "tab",
        "down",
        "é",
        "interrupt",
        "escape",
    ]


def test_what_threads_wait_for(seen: dict[str, Any]) -> None:
    """Whoever waits for an interpreter is shown with who holds it; a deep path with its depth."""
    names = words.Names(seen)
    assert names.doing(seen["threads"][1]) == "waits for worker-1, held by holder"
    assert names.path(thread(1, "", path=[0, 1], depth=1)) == "main > worker-1"
    assert names.path(thread(1, "", path=[0, 1], depth=40)) == "main > worker-1 > 39 more"
    waits = {"for": "enter", "interpreter": 1, "held_by": None}
    assert names.path(thread(1, "", path=[0], depth=1, waits=waits)) == "main"


def test_what_terminals_obey_is_not_printed(seen: dict[str, Any]) -> None:
    """Names cannot send commands to the terminal."""
    evil = interpreter(3, "\x1b[2Jx\ny", crossings_per_second=0.0)
    text = "".join(shown(pressed(seen | {"interpreters": [evil]}), 150))
    assert "\x1b" not in text
    assert "?[2Jx?y" in text


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (words.count, None, "-"),
        (words.count, 12345.4, "12,345"),
        (words.count, 3.44e6, "3.4M"),
        (words.share, 1.87, "187%"),
        (words.size, 512, "512 B"),
        (words.size, 3 * 2**20, "3.0 MB"),
        (words.size, 2**30, "1.0 GB"),
        (words.duration, 0.25, "0.2 s"),
        (words.duration, 41, "41 s"),
        (words.duration, 187, "3:07"),
        (words.duration, 7421, "2:03:41"),
    ],
)
def test_figures_as_people_read_them(show: Any, value: float | None, text: str) -> None:
    """Figures have three digits or so, and their unit."""
    assert show(value) == text


def test_wide_characters(seen: dict[str, Any]) -> None:
    """Characters that take two cells are counted as two."""
    assert tables.cells("é名e\u0301") == 4
    assert tables.fit("名名名", 4) == "名~ "
    assert tables.fit("名", 4, is_right=True) == "  名"
