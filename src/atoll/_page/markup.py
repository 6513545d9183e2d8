"""HTML and SVG, built from elements that escape what they are given."""

from html import escape


def printable(text: str) -> str:
    """Return a text with control characters and lone surrogates as escapes, fit for any display."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class Markup(str):
    """A text that is HTML already. Everything else is escaped on its way into an element."""

    __slots__ = ()


def element(tag: str, /, *content: str, **attributes: str) -> Markup:
    """Return an element. Attributes: `class_` stands for `class`, `aria_label` for `aria-label`."""
    inside = "".join(_html(part) for part in content)
    return Markup(f"<{tag}{_attributes(attributes)}>{inside}</{tag}>")


def void_element(tag: str, /, **attributes: str) -> Markup:
    """Return an element of HTML that has neither content nor an end tag; SVG has none of these."""
    return Markup(f"<{tag}{_attributes(attributes)}>")


def join(parts: list[Markup]) -> Markup:
    """Return elements one after another."""
    return Markup("\n".join(parts))


def _html(part: str) -> str:
    return part if isinstance(part, Markup) else escape(printable(part))


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(printable(value))}"'
        for name, value in attributes.items()
    )
