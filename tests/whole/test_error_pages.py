"""Messages that end with the name of a page, as in `[docs: how-to/timeouts]`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
