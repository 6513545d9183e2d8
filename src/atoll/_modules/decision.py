"""`Decision`: in which mode the extension modules of a package are imported, and why."""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """The mode of a package, and the reason."""

    mode: str
    reason: str
    is_known: bool = True  # from the registry or the user, not from a trial
    is_final: bool = True  # another trial would not decide differently
