"""The decorator that makes a function the use of a package."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple


class Use(NamedTuple):
    """A small use of a package: how it is called, and what of."""

    function: Callable[[], object]
    distribution: str
    built_with: str
    requirement: str | None


FOUND: list[Use] = []

type Function = Callable[[], object]


def use(
    built_with: str, distribution: str | None = None, requirement: str | None = None
) -> Callable[[Function], Function]:
    """Make a function the use of a distribution; by default its name is the distribution's."""

    def add(function: Function) -> Function:
        name = distribution or function.__name__.replace("_", "-")
        FOUND.append(Use(function, name, built_with, requirement))
        return function

    return add


def told(module: str, function: str) -> str:
    """Use a package, and return what was found as text."""
    return repr(getattr(import_module(module), function)())
