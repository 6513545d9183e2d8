"""The exceptions of `atoll.serve`."""

from __future__ import annotations

from difflib import get_close_matches

from .._transfer.errors import AtollError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MISSING = "serving needs uvicorn: pip install 'atoll[serve]'"


class AppNotFoundError(AtollError, ImportError):
    """The text "module:attribute" names no application. An `ImportError` too."""


class StartupError(AtollError, RuntimeError):
    """The application did not start in the first interpreter; its cause says why, or the log."""


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return the end of a message about a name that is none: which may be meant."""
    close = get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
