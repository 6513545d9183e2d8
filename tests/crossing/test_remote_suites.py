"""CPython's own tests pass with remote classes and modules in place of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from remote_suites import SUITES, Suite

import atoll


@pytest.fixture(scope="module")
def owner() -> Iterator[atoll.Interpreter]:
    """The interpreter in which the tested objects live."""
    with atoll.Interpreter("owner of the suites") as interpreter:
        yield interpreter


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.module)
def test_suite(owner: atoll.Interpreter, suite: Suite) -> None:
    """All tests pass but those that are left out, each with the reason."""
    assert suite.run(owner) == {}
