"""Which Pythons atoll runs on, checked before anything else is imported."""

import sys

VERSION = "0.1.0"

if sys.implementation.name != "cpython" or sys.version_info < (3, 13) or "t" in sys.abiflags:
    build = "free-threaded " if "t" in sys.abiflags else ""
    raise ImportError(
        f"atoll {VERSION} supports CPython 3.13, 3.14 and 3.15 with a GIL; this is {build}"
        f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}"
    )
