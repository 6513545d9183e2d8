"""Where `atoll.h` is, for extension modules that use atoll from C."""

from __future__ import annotations

import os


def get_include() -> str:
    """Return the folder of `atoll.h` and `atoll.pxd`, for the compiler's `-I`.

    Crosses: nothing. Threads: any.

    Example:
        >>> setuptools.Extension("example", ["example.c"], include_dirs=[atoll.get_include()])
    """
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "include")
