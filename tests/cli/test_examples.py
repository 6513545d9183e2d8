"""The programs in examples/ run, and so does the code in the README and in docs/.

In a page, a comment `# -> text` is a line that the page prints, in that order; `...` in it stands
for any text. A page's blocks are one script. Those that import a package which is not installed, or
mention NumPy without it, are left out. Blocks of other kinds (```python pytest): test_tools.py.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest
from children import limit

import atoll
import atoll.extensions
import atoll.gc
import atoll.serve

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def run(path: Path, *arguments: str, folder: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        env=os.environ | {"COLUMNS": "120"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=limit(110),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_spell_checker_words() -> None:
    """The spell checker corrects the words that it is given."""
    out = run(EXAMPLES / "spell_checker.py", "functoin", "interpeter", "qqqqqqqqqqqq")
    assert "functoin -> function\n" in out
    assert "interpeter -> interpreter\n" in out
    assert "qqqqqqqqqqqq -> qqqqqqqqqqqq\n" in out


def test_spell_checker_comparison() -> None:
    """Without words it compares interpreters with processes."""
    out = run(EXAMPLES / "spell_checker.py", "--number", "100", "--interpreters", "2")
    assert "2 interpreters, one shared table" in out
    assert "2 processes, a table each" in out


@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="needs distributed")
def test_book_cluster() -> None:
    """A cluster of dask's with interpreters counts words."""
    out = run(EXAMPLES / "book_cluster.py", "--files", "10", "--threads", "1")
    assert re.match(r"[\d,]+ long words in 10 files\n", out)
    assert len(out.splitlines()) == 6


@pytest.mark.skipif(not importlib.util.find_spec("sklearn"), reason="needs scikit-learn")
def test_digit_reader() -> None:
    """Interpreters read the digits as one does, and most of them right."""
    out = run(EXAMPLES / "digit_reader.py", "--parts", "3", "--interpreters", "2")
    right = re.match(r"(1,\d\d\d) of 1,797 digits are read", out)
    assert right is not None
    assert right[1] > "1,600"
    assert "2 interpreters, their imports included" in out


@pytest.mark.skipif(bool(importlib.util.find_spec("sklearn")), reason="scikit-learn is there")
def test_digit_reader_without() -> None:
    """Without scikit-learn the reader of digits says what it needs."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "digit_reader.py")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This example needs scikit-learn (No module named ")


@pytest.mark.skipif(not importlib.util.find_spec("uvicorn"), reason="needs uvicorn")
def test_web_service() -> None:
    """The web service counts the words that it is asked about, without the stop words."""
    assert run(EXAMPLES / "web_service.py") == "{'reef': 2, 'lagoon': 1}\n"


@pytest.mark.skipif(not importlib.util.find_spec("joblib"), reason="needs joblib")
def test_joblib_search() -> None:
    """The search by joblib finds that the slowest cooling is the best."""
    *values, best = run(EXAMPLES / "joblib_search.py").splitlines()
    assert len(values) == 9
    assert values[-1].partition(": ")[2] == re.match("best: (.*), in ", best)[1]  # type: ignore[index]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[str]:
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [each for each in blocks if not any(map(is_missing, packages_of(each)))]


def packages_of(block: str) -> set[str]:
    """Find the packages that a block needs."""
    found = set(re.findall(r"^ *(?:import|from) (\w+)", block, re.MULTILINE))
    return found | ({"numpy"} if "numpy" in block else set())


def is_missing(package: str) -> bool:
    return importlib.util.find_spec(package) is None


def is_like(line: str, expected: str) -> bool:
    return bool(re.fullmatch(re.escape(expected).replace(r"\.\.\.", ".*"), line))


@pytest.mark.parametrize("page", [*filter(blocks_of, PAGES)], ids=name_of)
def test_page(page: Path, tmp_path: Path) -> None:
    """A page's Python code prints what its comments say, and nothing else."""
    script = "\n".join(blocks_of(page))
    path = tmp_path / "page.py"
    path.write_text(script)
    lines = run(path, folder=tmp_path).splitlines()
    expected = re.findall(r"# -> (.*)", script)
    pairs = zip_longest(lines, expected, fillvalue="(nothing)")
    assert [pair for pair in pairs if not is_like(*pair)] == []


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors_of(target))


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *PAGES[1:]], ids=name_of)
def test_links(page: Path) -> None:
    """The files and headings that a page links to are there."""
    links = re.findall(r"\]\((?!https?:)(.+?)\)", page.read_text())
    assert [each for each in links if not leads_somewhere(page, each)] == []


@pytest.mark.parametrize(
    "module", [atoll, atoll.extensions, atoll.gc, atoll.serve], ids=lambda each: each.__name__
)
def test_reference(module: ModuleType) -> None:
    """Every public name is in the reference."""
    text = "".join(page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md"))
    names = [f"{module.__name__}.{name}" for name in module.__all__]
    assert [name for name in names if not re.search(rf"`{re.escape(name)}\b", text)] == []


def attributes_of(cls: type) -> set[str]:
    own = [each for each in cls.__mro__ if each.__module__.split(".")[0] == "atoll"]
    return {name for each in own for name in vars(each) if not name.startswith(("_", "n_"))}


def test_reference_of_attributes() -> None:
    """Every public attribute of a public class is in the reference."""
    text = "".join(page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md"))
    classes = [each for name in atoll.__all__ if isinstance(each := getattr(atoll, name), type)]
    names = {name for each in classes for name in attributes_of(each)}
    assert [name for name in names if not re.search(rf"`[^`]*\b{name}\b", text)] == []
