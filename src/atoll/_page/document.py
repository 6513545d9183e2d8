"""Parts of HTML pages that need nothing else: no font, no network, and mostly no script."""

import base64
import hashlib
from collections.abc import Mapping, Sequence

from .markup import Markup, element, join, void_element
from .style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Forbids the page to load anything, whatever a file's name contains."""


def document(title: str, content: Sequence[Markup], *, style: str = "", script: str = "") -> str:
    """Return an HTML document that needs no other file; with a script only its hash may run."""
    policy = f"{POLICY}; script-src '{_hash_of(script)}'" if script else POLICY
    head = element(
        "head",
        void_element("meta", charset="utf-8"),
        void_element("meta", http_equiv="Content-Security-Policy", content=policy),
        void_element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE + style)),
    )
    scripts = [element("script", Markup(script))] if script else []
    body = element("body", element("main", join([*content])), *scripts)
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def section(title: str, *content: Markup) -> Markup:
    """Return a part of a page."""
    return element("section", element("h2", title), *content)


def introduction(title: str, *content: str) -> Markup:
    """Return the head of a page: what it is about."""
    return element("header", element("h1", title), element("p", *content, class_="quiet"))


def cards(numbers: Mapping[str, str]) -> Markup:
    """Return a row of cards, each a number above what it is."""
    made = [
        element("section", element("strong", number), element("span", label, class_="quiet"))
        for label, number in numbers.items()
    ]
    return element("div", join(made), class_="cards")


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers_from: int,
    class_: str = "plain",
) -> Markup:
    """Return a table; a wide one leaves its fourth and fifth columns out where there is no room."""

    def cells(name: str, texts: Sequence[str]) -> Markup:
        classes = ["number" if place >= numbers_from else "text" for place in range(len(texts))]
        cells = [
            element(name, text, class_=class_) for text, class_ in zip(texts, classes, strict=True)
        ]
        return element("tr", join(cells))

    head = element("thead", cells("th", columns))
    body = element("tbody", join([cells("td", row) for row in rows]))
    return element("table", head, body, class_=class_)
