"""Private copies find what lies beside the files of which they are copies."""

from __future__ import annotations

import ctypes
from importlib import resources
from pathlib import Path
from typing import Any

import extension_modules
import pytest

import atoll

pytestmark = extension_modules.NEEDS_COMPILERS


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose module looks for files beside itself."""
    folder = tmp_path_factory.mktemp("origin")
    extension_modules.build_asking(folder)
    return folder / "asking_package"


@pytest.fixture
def one(package: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An interpreter that imports it."""
    monkeypatch.syspath_prepend(str(package.parent))
    with atoll.Interpreter(extensions="private") as made:
        yield made


def module_of(interpreter: atoll.Interpreter) -> Any:
    return interpreter.import_module("asking_package.asking")


def test_own_path(one: atoll.Interpreter, package: Path) -> None:
    """A copy that asks for its path is told the original's; the loader spells it differently."""
    told = atoll.copy(module_of(one).where())
    path = package / f"asking{extension_modules.SUFFIX}"
    assert told["dladdr"] == told["dladdr1"] == str(path)
    assert told["origin"] == str(package)
    assert told["symbol"] == "asked_symbol"
    for spelled in (told["link_map"], told["listed"]):
        assert spelled != str(path)
        assert Path(spelled) == path


def test_code_in_maps(one: atoll.Interpreter, package: Path) -> None:
    """The system's list of mappings names the original where a copy's code is."""
    address = module_of(one).where()["address"]
    with open("/proc/self/maps") as file:
        for line in file:
            begin, end = (int(each, 16) for each in line.split()[0].split("-"))
            if begin <= address < end:
                break
    assert line.split()[-1] == str(package / f"asking{extension_modules.SUFFIX}")


def test_file_beside_it(one: atoll.Interpreter) -> None:
    """A file is found by the path of the code, and by the package's resources."""
    assert module_of(one).read_beside("data.txt") == "found\n"
    assert one.call(read_resource) == "found\n"


def read_resource() -> str:
    return resources.files("asking_package").joinpath("data.txt").read_text()


@pytest.mark.parametrize(
    "name", ["$ORIGIN/providers/{}", "${{ORIGIN}}/providers/{}", "{}", "{package}/providers/{}"]
)
def test_library_beside_it(one: atoll.Interpreter, package: Path, name: str) -> None:
    """A library that a copy opens, by $ORIGIN, along its RPATH or by path, is a copy, and uses the
    copies that are there.
    """
    name = name.format(extension_modules.PROVIDER, package=package)
    with atoll.Interpreter(extensions="private") as two:
        modules = [module_of(each) for each in (one, two, one)]
        counts = [each.open_and_call(name, "library_provide") for each in modules]
        assert counts == [1, 1, 2]


def test_library_in_no_folder(one: atoll.Interpreter) -> None:
    """A copy that opens a library by the name of one that is loaded gets its own copy."""
    assert module_of(one).open_and_call(extension_modules.ONE, "library_bump") == 1


def test_original_beside_copies(one: atoll.Interpreter, package: Path) -> None:
    """Who asks for the original gets it, though a copy that bears its path was loaded first."""
    module_of(one).open_and_call(extension_modules.ONE, "library_bump")
    original = ctypes.CDLL(str(package / extension_modules.ONE))
    assert original.library_count() == 0


def test_functions_by_name(one: atoll.Interpreter, package: Path) -> None:
    """A function that a copy looks up in a library is that library's own."""
    path = str(package / f"asking{extension_modules.SUFFIX}")
    assert module_of(one).open_and_call(path, "on_exit") == 42


def test_exceptions(one: atoll.Interpreter) -> None:
    """C++ exceptions that a copy throws are caught."""
    assert module_of(one).throw_and_catch(42) == 42


def test_missing_library(one: atoll.Interpreter) -> None:
    """A library that is not there is the loader's error."""
    for name in ("$ORIGIN/missing.so", "missing.so"):
        with pytest.raises(OSError, match=r"missing\.so: cannot open shared object file"):
            module_of(one).open_and_call(name, "library_bump")


def test_names_differ(one: atoll.Interpreter) -> None:
    """The loader knows each copy by a name of its own."""
    with atoll.Interpreter(extensions="private") as two:
        assert module_of(one).where()["listed"] != module_of(two).where()["listed"]
