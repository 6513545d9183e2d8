"""`Decision`: how the extension modules of a package are imported, and why so."""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """What mode is taken, and why."""

    mode: str
    reason: str
    is_known: bool = True  # from the registry or the user, not from a trial
