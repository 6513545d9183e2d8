"""What an interpreter has from main: settings of `sys`, and where modules are found."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import atoll


@pytest.fixture(params=["ready", "new"])
def kind(request: pytest.FixtureRequest) -> bool:
    """Tell whether an interpreter must be new; else it may be one that was made in advance."""
    return bool(request.param == "new")


# ---- settings ----


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of main that are not the default ones."""
    limit, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
    sys.setrecursionlimit(limit + 5000)
    sys.set_int_max_str_digits(7000)
    monkeypatch.setattr(sys, "dont_write_bytecode", not sys.dont_write_bytecode)
    monkeypatch.setattr(sys, "pycache_prefix", "somewhere")
    monkeypatch.setattr(sys, "tracebacklimit", 5, raising=False)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    yield
    sys.setrecursionlimit(limit)
    sys.set_int_max_str_digits(digits)


def current_settings() -> tuple[object, ...]:
    names = "dont_write_bytecode", "pycache_prefix", "tracebacklimit", "frozen", "flags"
    values = tuple(str(getattr(sys, name)) for name in names)
    return sys.getrecursionlimit(), sys.get_int_max_str_digits(), *values


def depth(n: int) -> int:
    return n and 1 + depth(n - 1)


def test_settings(settings: None, kind: bool) -> None:
    """The recursion limit and other settings of `sys` are main's at the moment."""
    with atoll.Interpreter(preemptive=kind) as interpreter:
        assert interpreter.call(current_settings) == current_settings()
        assert interpreter.call(depth, 3000) == 3000


# ---- sys.path ----


def test_relative_path(kind: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative entries of `sys.path` mean what they meant when main used them."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "found_by_relative_path.py").write_text("value = 5")
    (tmp_path / "there" / "not_imported_in_main.py").write_text("value = 6")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("there")
    importlib.import_module("found_by_relative_path")
    monkeypatch.chdir("/")
    with atoll.Interpreter(preemptive=kind) as interpreter:
        assert interpreter.import_module("found_by_relative_path").value == 5
        assert interpreter.import_module("not_imported_in_main").value == 6
    del sys.modules["found_by_relative_path"]


def test_empty_path(kind: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty entry of `sys.path` is the folder that atoll was imported in."""
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.chdir(tmp_path)
    with atoll.Interpreter(preemptive=kind) as interpreter:
        assert interpreter.eval("__import__('sys').path[0]") == atoll._start_folder
