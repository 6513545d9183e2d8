"""CPython's own tests, for ours that run them."""

from __future__ import annotations

import importlib
import unittest
from collections.abc import Callable
from typing import Any

import pytest
import workloads
from children import limit

import atoll


def load(name: str) -> Any:
    """Import a module of CPython's test package; without it, the module that asks is skipped."""
    try:
        importlib.import_module("test.support").SHORT_TIMEOUT = limit(30)
        return importlib.import_module(f"test.{name}")
    except ImportError as error:
        pytest.skip(f"this Python comes without test.{name}: {error}", allow_module_level=True)


def make_in(owner: str, constructor: str, *args: Any, **kwargs: Any) -> Any:
    """Make an object in the interpreter of that name; returns its Proxy."""
    interpreter = next(each for each in atoll.interpreters() if each.name == owner)
    return interpreter.call(workloads.make_by_reference, constructor, *args, **kwargs)


def skip(**reasons: str) -> Callable[[type], type]:
    """Mark tests of a suite that cannot hold by design, each with the reason."""

    def decorate(cls: type) -> type:
        for name, reason in reasons.items():
            if hasattr(cls, name):  # not every Python's suite has each test
                setattr(cls, name, unittest.skip(reason)(lambda self: None))
        return cls

    return decorate
