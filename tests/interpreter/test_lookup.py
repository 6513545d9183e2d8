"""Modules that only main's finders find."""

from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import pytest

import atoll
from atoll._modules import lookup

SOURCE = "value = 5\ndef double(n): return 2 * n"


class Executing:
    """A loader that only executes."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(SOURCE, vars(module))


class Reading(SourceFileLoader):
    """A loader that has the source elsewhere."""

    def get_data(self, path: str) -> bytes:
        return SOURCE.encode()


class Locked(Executing):
    """A loader that cannot be copied."""

    def __init__(self) -> None:
        self.lock = Lock()


class Finder:
    """Finds one module."""

    def __init__(self, spec: ModuleSpec) -> None:
        self.spec = spec

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return self.spec if name == self.spec.name else None


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[ModuleSpec], None]]:
    """A function that has main find a module, first or last."""
    before = set(sys.modules)

    def use(spec: ModuleSpec) -> None:
        monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder(spec)])

    yield use
    for name in [name for name in set(sys.modules) - before if name.startswith("only_in_main")]:
        del sys.modules[name]


@pytest.mark.parametrize("is_imported", [False, True])
@pytest.mark.parametrize("kind", [Executing, Reading])
def test_hook(
    shared_interpreter: atoll.Interpreter, use: Any, kind: Any, is_imported: bool
) -> None:
    """A module that a finder of main finds can be imported, be it imported in main or not."""
    name = f"only_in_main_{kind.__name__}_{is_imported}"
    if kind is Reading:
        spec = spec_from_file_location(name, "/x.py", loader=Reading(name, "/x.py"))
    else:
        spec = ModuleSpec(name, kind())
    use(spec)
    if is_imported:
        assert shared_interpreter.call(importlib.import_module(name).double, 2) == 4
    assert shared_interpreter.import_module(name).value == 5
    if kind is Reading:
        assert shared_interpreter.eval(f"__import__({name!r}).__file__") == "/x.py"
        source = f"__import__('inspect').getsource(__import__({name!r}))"
        assert shared_interpreter.eval(source).rstrip() == SOURCE


def test_folder_that_is_added_later(
    shared_interpreter: atoll.Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What main adds to `sys.path` later is found: files, packages, archives."""
    (tmp_path / "package_of_a_later_folder").mkdir()
    (tmp_path / "package_of_a_later_folder" / "__init__.py").write_text("from . import part")
    (tmp_path / "package_of_a_later_folder" / "part.py").write_text("value = 5")
    (tmp_path / "parts_of_a_later_folder").mkdir()
    (tmp_path / "parts_of_a_later_folder" / "part.py").write_text("value = 6")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("module_of_a_later_archive.py", "value = 7")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path), str(tmp_path / "archive.zip")])
    for name, value in (
        ("package_of_a_later_folder.part", 5),
        ("parts_of_a_later_folder.part", 6),
        ("module_of_a_later_archive", 7),
    ):
        assert shared_interpreter.import_module(name).value == value
        assert name not in sys.modules


@pytest.mark.parametrize(
    ("name", "is_found", "reason"),
    [
        ("only_in_main_by_hand", False, "main has one that no finder finds"),
        ("only_in_main_locked", True, "a Locked, cannot be copied"),
    ],
)
def test_that_cannot_be_made(
    shared_interpreter: atoll.Interpreter, use: Any, name: str, is_found: bool, reason: str
) -> None:
    """A module that cannot be made elsewhere is an error that says so; a Proxy to it can be had."""
    if is_found:
        use(ModuleSpec(name, Locked()))  # type: ignore[arg-type]
    else:
        sys.modules[name] = ModuleType(name)
        exec(SOURCE, vars(sys.modules[name]))
    with pytest.raises(ModuleNotFoundError, match=f"{name}.*{reason}.*extensions=") as caught:
        shared_interpreter.import_module(name)
    assert caught.value.name == name
    with atoll.Interpreter(extensions={name: "main"}) as interpreter:
        double = interpreter.import_module(name).double
        assert double(2) == 4
        assert double is importlib.import_module(name).double


def test_nowhere(shared_interpreter: atoll.Interpreter) -> None:
    """A module that is nowhere is an error as usual."""
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'nowhere_at_all'$"):
        shared_interpreter.import_module("nowhere_at_all")


def test_sources_are_those_of_the_library() -> None:
    """What stands in for a module that frozen programs have no code of has the same names."""
    for name, source in lookup._SOURCES.items():
        namespace: dict[str, Any] = {}
        exec(source, namespace)
        real = importlib.import_module(name)
        assert all(namespace[each] is getattr(real, each) for each in (*real.__all__, "__doc__"))


def test_hook_for_pyinstaller() -> None:
    """PyInstaller is told of all modules of the package."""
    from atoll import __pyinstaller

    (folder,) = __pyinstaller.folders()
    names = runpy.run_path(str(Path(folder) / "hook-atoll.py"))["hiddenimports"]
    assert {"atoll._core", "atoll._interpreter.inside", "atoll._transfer.exceptions"} <= set(names)
    assert all(importlib.util.find_spec(name) for name in names)
