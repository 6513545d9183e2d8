"""The exceptions of `atoll.serve`."""

from __future__ import annotations

from .._transfer.errors import AtollError

MISSING = "serving needs uvicorn: pip install 'atoll[serve]'"


class AppNotFoundError(AtollError, ImportError):
    """The text "module:attribute" names no application. An `ImportError` too."""


class StartupError(AtollError, RuntimeError):
    """The application did not start in the first interpreter; its cause says why, or the log."""
