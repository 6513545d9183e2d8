"""Where `atoll.h` is, for extension modules that use atoll from C."""

from __future__ import annotations

import os


def get_include() -> str:
    """Return the folder of `atoll.h` and `atoll.pxd`, for the compiler's `-I`.

    Crosses: nothing. Threads: any.

    Example:
        >>> f"cc -I{atoll.get_include()} -c example.c"
        'cc -I.../atoll/include -c example.c'
    """
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "include")
