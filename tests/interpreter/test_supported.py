"""Where the core cannot run, the import says so."""

from __future__ import annotations

import runpy
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import atoll

SOURCE = Path(atoll.__file__)


def run_on(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    code = compile(SOURCE.read_text(), str(SOURCE), "exec")
    for name, value in changes.items():
        monkeypatch.setattr(sys, name, value)
    exec(code, {"__name__": "atoll"})


def test_this_python_is_supported() -> None:
    """The check passes here, and knows the version of the package."""
    assert runpy.run_path(str(SOURCE))["__version__"] == atoll.__version__


def test_older_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older Python gets an ImportError that says what is supported and what this is."""
    with pytest.raises(ImportError, match=r"supports CPython 3\.13, .* this is cpython 3\.12\.7"):
        run_on(monkeypatch, version_info=(3, 12, 7, "final", 0))


def test_free_threaded_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A free-threaded Python gets an ImportError that says so."""
    with pytest.raises(ImportError, match="with a GIL; this is free-threaded cpython"):
        run_on(monkeypatch, abiflags="t")
    with pytest.raises(ImportError, match="this is free-threaded cpython"):
        run_on(monkeypatch, abiflags="td")


def test_other_implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another implementation gets an ImportError that names it."""
    with pytest.raises(ImportError, match="this is pypy"):
        run_on(monkeypatch, implementation=types.SimpleNamespace(name="pypy"))


def test_old_python_can_parse_it() -> None:
    """The check is written in a syntax that old Pythons read."""
    import ast

    ast.parse(SOURCE.read_text(), feature_version=(3, 8))


def test_foreign_interpreter(run_script: Any) -> None:
    """In an interpreter that somebody else made, the import says so."""
    done = run_script("""
        try:
            import _interpreters
        except ImportError:
            import _xxsubinterpreters as _interpreters
        number = _interpreters.create()
        failure = _interpreters.run_string(number, "import atoll; atoll.current()")
        print(failure.msg if failure else "imported")
        _interpreters.destroy(number)
    """)
    assert done.returncode == 0
    assert "this one was made by something else" in done.stdout
