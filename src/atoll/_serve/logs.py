"""What is logged, and how: as uvicorn does, with the name of the interpreter."""

from __future__ import annotations

import logging
from copy import deepcopy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

logger = logging.getLogger("uvicorn.error")
"""The supervisor's own messages stand among those of uvicorn, at its handlers."""


def named(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return uvicorn's own configuration with the name in each line."""
    changed = deepcopy(config)
    tag = f"[{name.replace('%', '%%')}]"
    for formatter in changed["formatters"].values():
        formatter["fmt"] = formatter["fmt"].replace("%(levelprefix)s", f"%(levelprefix)s {tag}")
    return changed
