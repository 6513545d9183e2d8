"""Names of parametrised tests: the same in every process."""

from __future__ import annotations

import re


def label(value: object) -> str:
    """What `repr` says of it, without the address."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
