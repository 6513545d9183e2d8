"""Watches the files of an application, as uvicorn does, and tells of changes."""

from __future__ import annotations

import threading
from contextlib import suppress

from .logs import logger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Watcher:
    """Watches files on a thread of its own.

    Args:
        options: Those of uvicorn whose names begin with `reload`.
        on_change: Called after files have changed.
    """

    def __init__(self, options: dict[str, Any], on_change: Callable[[], None]) -> None:
        from uvicorn import Config
        from uvicorn.supervisors import ChangeReload

        config = Config("", log_config=None, **options)
        self._reload = ChangeReload(config, target=lambda sockets: None, sockets=[])
        self._on_change = on_change
        self._thread = threading.Thread(target=self._watch, name="reload", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        for changes in self._reload:
            if changes:
                logger.warning("Changed: %s", ", ".join(sorted(map(str, changes))))
                vars(self._reload).get("mtimes", {}).clear()
                self._on_change()

    def close(self) -> None:
        """Stop watching."""
        self._reload.should_exit.set()
        with suppress(RuntimeError):  # this is the thread itself
            self._thread.join()
