"""For PyInstaller, which asks installed packages for hooks (entry point `pyinstaller40`)."""

from __future__ import annotations

import os


def folders() -> list[str]:
    """Return the folders with hooks: `hook-atoll.py`."""
    return [os.path.dirname(__file__)]
