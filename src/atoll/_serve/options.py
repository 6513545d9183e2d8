"""The options: the supervisor's, and those of `uvicorn.Config` in each interpreter."""

from __future__ import annotations

import errno
import inspect
import os
from dataclasses import dataclass

from .errors import MISSING, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE = 30
"""Seconds that running requests get to finish."""

_LISTENING = ("host", "port", "uds", "fd", "backlog")
_PROCESS = ("env_file",)
_TLS_FILES = ("ssl_certfile", "ssl_keyfile", "ssl_ca_certs")
_RELOADING = ("reload", "reload_dirs", "reload_includes", "reload_excludes", "reload_delay")


@dataclass(frozen=True)
class Options:
    """Options by who needs them."""

    listening: dict[str, Any]
    reloading: dict[str, Any]
    process: dict[str, Any]
    uvicorn: dict[str, Any]

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        is_secure = self.uvicorn.get("ssl_certfile") or self.uvicorn.get("ssl_context_factory")
        return "https" if is_secure else "http"

    @property
    def grace(self) -> float:
        """Seconds that running requests get to finish."""
        return float(self.uvicorn["timeout_graceful_shutdown"])


def sort(options: dict[str, Any]) -> Options:
    """Sort options.

    Raises:
        ModuleNotFoundError: If there is no uvicorn.
        TypeError: If there is no such option.
        FileNotFoundError, ValueError: If a file for TLS is missing.
    """
    _check_names(options)
    _check_tls(options)
    others = {"timeout_graceful_shutdown": GRACE} | options
    if others["timeout_graceful_shutdown"] is None:
        others["timeout_graceful_shutdown"] = GRACE

    def take(names: tuple[str, ...]) -> dict[str, Any]:
        return {name: others.pop(name) for name in names if name in others}

    return Options(take(_LISTENING), take(_RELOADING), take(_PROCESS), others)


def _check_names(options: dict[str, Any]) -> None:
    if "workers" in options:
        raise TypeError(
            "there are interpreters instead of workers: write interpreters=N "
            "[docs: reference/serve]"
        )
    known = [
        each for each in inspect.signature(import_uvicorn().Config).parameters if each != "app"
    ]
    for name in options:
        if name not in known:
            hint = suggestion(name, [*known, "interpreters"])
            raise TypeError(f"there is no option {name!r}{hint}")


def _check_tls(options: dict[str, Any]) -> None:
    for name in _TLS_FILES:
        path = options.get(name)
        if path is not None and not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, f"{name}: there is no file {str(path)!r}")
    if options.get("ssl_keyfile") and not options.get("ssl_certfile"):
        raise ValueError("ssl_keyfile needs the certificate for that key: add ssl_certfile")


def import_uvicorn() -> Any:
    """Import uvicorn, or say what to install."""
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        raise ModuleNotFoundError(MISSING, name="uvicorn") from None
    return uvicorn
