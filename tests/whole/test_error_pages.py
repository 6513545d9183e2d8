"""Messages that end with the name of a page, as in `[docs: how-to/timeouts]`."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import atoll

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCES = [
    path
    for folder, pattern in (("core", "*.[ch]"), ("atoll", "*.py"))
    for path in (ROOT / "src" / folder).rglob(pattern)
]
PAGES = sorted(
    {page for each in SOURCES for page in re.findall(r"\[docs: (.+?)\]", each.read_text())}
)

pytestmark = pytest.mark.skipif(not PAGES, reason="needs the source")


@pytest.mark.parametrize("page", PAGES)
def test_page_exists(page: str) -> None:
    """A page that a message names is there, and the list of exceptions says what to do."""
    assert (DOCS / f"{page}.md").is_file()
    listed = re.findall(r"\]\(([^)#]+)", (DOCS / "reference" / "errors.md").read_text())
    assert DOCS / f"{page}.md" in {(DOCS / "reference" / link).resolve() for link in listed}


def test_page_is_at_the_end() -> None:
    """Nothing comes after the name of the page: the string in the source ends with it."""
    after = [
        (path.name, line)
        for path in SOURCES
        for line in path.read_text().splitlines()
        if re.search(r"\[docs: .+?\][^\"']", line)
    ]
    assert after == []


def close_from_inside(interpreter: atoll.Interpreter) -> None:
    interpreter.exec("import atoll; atoll.current().close()")


def use_when_closed(interpreter: atoll.Interpreter) -> None:
    items = interpreter.eval("[]")
    interpreter.close()
    items.append(1)


def load_another_file(interpreter: atoll.Interpreter) -> None:
    atoll.share.load(__file__)


def capture_lock(interpreter: atoll.Interpreter) -> None:
    lock = threading.Lock()
    interpreter.call(lambda: lock)


def submit_lock(interpreter: atoll.Interpreter) -> None:
    with atoll.InterpreterPoolExecutor(1) as pool:
        pool.submit(id, threading.Lock()).result()


@pytest.mark.parametrize(
    ("provoke", "page"),
    [
        (use_when_closed, "explanation/lifetimes"),
        (close_from_inside, "explanation/lifetimes"),
        (lambda interpreter: atoll.main().close(), "explanation/lifetimes"),
        (lambda interpreter: atoll.restrict([], ["nothing"]), "how-to/restrict"),
        (lambda interpreter: atoll.share([]), "how-to/shared-tables"),
        (load_another_file, "how-to/shared-tables"),
        (capture_lock, "how-to/functions"),
        (submit_lock, "how-to/functions"),
        (lambda interpreter: atoll.copy(interpreter.eval("(n for n in [])")), "how-to/functions"),
        (lambda interpreter: atoll.Interpreter(extensions="shared"), "reference/extensions"),
    ],
)
def test_message(
    interpreter: atoll.Interpreter, provoke: Callable[[atoll.Interpreter], Any], page: str
) -> None:
    """What users are likely to meet leads to the page that says what to do: text, or last note."""
    with pytest.raises(Exception) as caught:
        provoke(interpreter)
    last = [str(caught.value), *getattr(caught.value, "__notes__", ())][-1]
    assert last.endswith(f"[docs: {page}]")
