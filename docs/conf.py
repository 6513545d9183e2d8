"""How Sphinx makes a book of the pages in this folder: `make docs`.

The pages are plain Markdown, and their links are those of the repository: they work in a checkout
too. The book has copies of the repository's own pages (README, SECURITY...); links follow there.
Nothing is fetched from the network, so the book is the same wherever it is made.
"""

from __future__ import annotations

import re
import sys
import zlib
from importlib import metadata
from os.path import relpath
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT / "src"))  # for its docstrings, if it is not installed

project = "atoll"
author = "the atoll authors"
project_copyright = "the atoll authors. MIT licence"
try:
    release = version = metadata.version("atoll")
except metadata.PackageNotFoundError:
    release = version = ""

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
]
nitpicky = True
nitpick_ignore = [
    ("py:exc", "BrokenInterpreterPool")
]  # of concurrent.futures; Python 3.13 has none
default_role = "code"  # docstrings are written with single backticks

myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

autodoc_typehints = "none"  # the text of a docstring says it; the .pyi files have all of it
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False  # what stands before a colon there is prose, not a type

copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "atoll"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_show_sphinx = False
html_show_sourcelink = False

# ---- the repository's own pages ----

COPIES = {
    "index": ROOT / "README.md",
    "project/architecture": ROOT / "ARCHITECTURE.md",
    "project/changelog": ROOT / "CHANGELOG.md",
    "project/contributing": ROOT / "CONTRIBUTING.md",
    "project/security": ROOT / "SECURITY.md",
}
"""Pages whose text is that of a file elsewhere; their own text is for readers of the repository."""

LINK = re.compile(r"\[([^\[\]]*)\]\((?!\w+:)([^()#\s]+)(#[^()\s]*)?\)")


def place_of(page: str) -> Path:
    """Return the file that a page's text is in."""
    return COPIES.get(page, DOCS / f"{page}.md")


def page_of(path: Path) -> str | None:
    """Return the page of the book that has a file's text."""
    for page, original in COPIES.items():
        if path == original:
            return page
    if path.suffix == ".md" and path.is_relative_to(DOCS):
        return str(path.relative_to(DOCS).with_suffix(""))
    return None


def follow(page: str, link: re.Match[str]) -> str:
    """Rewrite a link to a file of the repository: to the page of the book, or to its name."""
    text, target, anchor = link.groups()
    path = (place_of(page).parent / target).resolve()
    if (to := page_of(path)) is None:
        name = path.relative_to(ROOT).as_posix()
        return f"`{name}`" if text.strip("`") in (name, target) else f"{text} (`{name}`)"
    return f"[{text}]({relpath(f'{to}.md', Path(page).parent)}{anchor or ''})"


def read_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Give a page its text, with links as the book has them."""
    text = source[0]
    if page in COPIES:
        _, _, contents = text.partition("<!-- contents -->")
        text = place_of(page).read_text() + contents
    text = text.replace("```mermaid", "```text")
    source[0] = LINK.sub(lambda link: follow(page, link), text)


# ---- docstrings ----


def split_raises(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Make two fields of `Raises: TypeError, ValueError: If...`: each is a link."""
    for line in list(lines):
        if found := re.match(r":raises ([\w., ]+): ?(.*)", line):
            names, text = found.groups()
            at = lines.index(line)
            lines[at : at + 1] = [f":raises {each}: {text}" for each in names.split(", ")]


# ---- links to Python's documentation ----


def python_inventory() -> bytes:
    """Make an inventory, as Sphinx reads it, of the names in python_names.txt."""
    lines = []
    for each in (DOCS / "python_names.txt").read_text().splitlines():
        if each and not each.startswith("#"):
            role, page, name = each.split()
            lines.append(f"{name} py:{role} 1 library/{page}.html#$ -\n")
    head = "# Sphinx inventory version 2\n# Project: Python\n# Version: 3\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    return head.encode() + zlib.compress("".join(lines).encode())


def map_python(app: Sphinx, config: Config) -> None:
    """Have links to Python's names resolved without the network."""
    folder = Path(app.doctreedir)
    folder.mkdir(parents=True, exist_ok=True)
    inventory = folder / "python.inv"
    inventory.write_bytes(python_inventory())
    config.intersphinx_mapping = {"python": ("https://docs.python.org/3", (str(inventory),))}


def setup(app: Sphinx) -> None:
    app.connect("config-inited", map_python, priority=100)  # before intersphinx reads the mapping
    app.connect("source-read", read_source)
    app.connect("autodoc-process-docstring", split_raises, priority=900)  # after napoleon
