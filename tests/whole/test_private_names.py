"""The list of CPython's private names that are used is complete, and each of them is there."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADERS = Path(sysconfig.get_path("include"))

pytestmark = pytest.mark.skipif(not (ROOT / "src" / "core").is_dir(), reason="needs the source")

tool = runpy.run_path(str(ROOT / "tools" / "private_names.py"))


def test_page_is_up_to_date() -> None:
    """The page is what tools/private_names.py makes of the sources."""
    assert tool["PAGE"].read_text() == tool["page"](), "run python tools/private_names.py"


@pytest.mark.skipif(not (HEADERS / "Python.h").is_file(), reason="needs Python's headers")
def test_names_exist() -> None:
    """This Python's headers have each name and field that is used for its version."""
    assert tool["missing"](HEADERS) == []


def test_absent_names_are_found(tmp_path: Path) -> None:
    """Headers without the names are told so."""
    (tmp_path / "patchlevel.h").write_text("#define PY_MINOR_VERSION 14\nob_hash\n")
    missing = tool["missing"](tmp_path)
    assert {"_PyRuntime", "PyThreadState.prev"} < set(missing)
    assert {"PyTupleObject.ob_hash", "PyThreadState._whence"}.isdisjoint(missing)
