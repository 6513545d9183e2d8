"""CPython's own tests, for ours that run them."""

from __future__ import annotations

import importlib
import unittest
from collections.abc import Callable
from typing import Any

import pytest


def load(name: str) -> Any:
    """Import a module of CPython's test package; without it, the module that asks is skipped."""
    try:
        return importlib.import_module(f"test.{name}")
    except ImportError as error:
        pytest.skip(f"this Python comes without test.{name}: {error}", allow_module_level=True)


def skip(**reasons: str) -> Callable[[type], type]:
    """Mark tests of a suite that cannot hold by design, each with the reason."""

    def decorate(cls: type) -> type:
        for name, reason in reasons.items():
            if hasattr(cls, name):  # not every Python's suite has each test
                setattr(cls, name, unittest.skip(reason)(lambda self: None))
        return cls

    return decorate
