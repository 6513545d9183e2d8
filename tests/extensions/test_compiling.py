"""Code that one interpreter has compiled serves the next one, where Python has no .pyc files."""

from __future__ import annotations

import importlib
import inspect
import itertools
import marshal
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import atoll
from atoll import _core

_numbers = itertools.count()


class Source:
    """A module of its own name in a folder of `sys.path`."""

    def __init__(self, folder: Path) -> None:
        self.name = f"compiled_{next(_numbers)}"
        self.path = folder / f"{self.name}.py"

    def write(self, text: str) -> None:
        """Write it; its time is always the same, as if it had been edited within a moment."""
        self.path.write_text(text)
        os.utime(self.path, (1e9, 1e9))

    def keep(self, text: str) -> None:
        """Keep other code than the source's."""
        code = compile(text, str(self.path), "exec")
        _core.keep_code(str(self.path), -1, self.path.read_bytes(), marshal.dumps(code))


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.syspath_prepend(tmp_path)
    source = Source(tmp_path)
    source.write("value = 1\ndef function(): return 1\n")
    return source


def without_files() -> None:
    sys.dont_write_bytecode = True


@pytest.fixture
def one(source: Source) -> Iterator[atoll.Interpreter]:
    with atoll.Interpreter("one") as interpreter:
        interpreter.call(without_files)
        yield interpreter


@pytest.fixture
def other(source: Source) -> Iterator[atoll.Interpreter]:
    with atoll.Interpreter("other") as interpreter:
        interpreter.call(without_files)
        yield interpreter


def value_of(name: str) -> Any:
    return importlib.import_module(name).value


def reloaded(name: str) -> Any:
    return importlib.reload(sys.modules[name]).value


def facts_of(name: str) -> tuple[Any, ...]:
    """What tools see of a module and of what it has."""
    module = importlib.import_module(name)
    return (
        module.__file__,
        module.__spec__.cached,  # type: ignore[union-attr]
        type(module.__loader__).__name__,
        module.function.__code__.co_filename,
        inspect.getsource(module.function),
        str(inspect.signature(module.__loader__.source_to_code)),
    )


def error_of(name: str) -> str:
    try:
        __import__(name)
    except SyntaxError:
        return traceback.format_exc()
    return ""


def test_code_is_kept(source: Source, one: atoll.Interpreter, other: atoll.Interpreter) -> None:
    """What an interpreter compiles is kept, once; the next one takes it."""
    before = atoll.extensions.code_statistics()
    assert one.call(value_of, source.name) == 1
    assert atoll.extensions.code_statistics().modules == before.modules + 1
    source.keep("value = 'kept'")
    assert other.call(value_of, source.name) == "kept"
    assert atoll.extensions.code_statistics().modules == before.modules + 1


def test_an_edited_file(source: Source, one: atoll.Interpreter, other: atoll.Interpreter) -> None:
    """It is compiled anew, even if neither its time nor its size has changed."""
    assert one.call(value_of, source.name) == other.call(value_of, source.name) == 1
    before = atoll.extensions.code_statistics().modules
    source.write("value = 2\ndef function(): return 2\n")
    assert one.call(reloaded, source.name) == other.call(reloaded, source.name) == 2
    assert atoll.extensions.code_statistics().modules == before


def test_files(source: Source, one: atoll.Interpreter) -> None:
    """Files with bytecode are written, and read, as ever."""
    one.exec("import sys; sys.dont_write_bytecode = False")
    assert one.call(value_of, source.name) == 1
    cached = Path(one.call(facts_of, source.name)[1])
    data = cached.read_bytes()
    assert data.startswith(importlib.util.MAGIC_NUMBER)
    source.keep("value = 'kept'")
    with atoll.Interpreter("another") as another:
        assert another.call(value_of, source.name) == 1
    assert cached.read_bytes() == data


def test_what_tools_see(source: Source, one: atoll.Interpreter, other: atoll.Interpreter) -> None:
    """A module of kept code has the same loader, files and source as in main."""
    here = facts_of(source.name)
    assert one.call(facts_of, source.name) == other.call(facts_of, source.name) == here


def test_errors(source: Source, one: atoll.Interpreter, other: atoll.Interpreter) -> None:
    """The traceback of a SyntaxError is the one in main, without lines of the import system."""
    source.write("value = = 1\n")
    here = error_of(source.name)
    assert here.count("File") == 2
    assert one.call(error_of, source.name) == other.call(error_of, source.name) == here


LOADERS = """
import ast, sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

class OfTrees(SourceFileLoader):
    def source_to_code(self, data, path, *arguments, **options):
        tree = ast.parse(data.replace(b"value = 1", b"value = 'tree'"))
        return super().source_to_code(tree, path, *arguments, **options)

class OfText(SourceFileLoader):
    def get_data(self, path):
        return super().get_data(path).replace(b"value = 1", b"value = 'text'")

def load(kind, name, path):
    module = module_from_spec(spec_from_loader(name, kind(name, path)))
    module.__loader__.exec_module(module)
    return module.value
"""


def test_other_loaders(source: Source, one: atoll.Interpreter, other: atoll.Interpreter) -> None:
    """A loader that changes the source, or compiles it itself, gets code of what it has made."""
    for interpreter in (one, other, one):
        interpreter.exec(LOADERS)
        found = [
            interpreter.eval(f"load({kind}, {source.name!r}, {str(source.path)!r})")
            for kind in ("OfTrees", "OfText", "SourceFileLoader", "OfText")
        ]
        assert found == ["tree", "text", 1, "text"]


def test_memory_is_bounded(source: Source, one: atoll.Interpreter) -> None:
    """No more than so many bytes are kept, and the oldest code goes first."""
    before = _core.limit_code(0)
    try:
        assert atoll.extensions.code_statistics() == (0, 0, 0)
        assert one.call(value_of, source.name) == 1
        assert atoll.extensions.code_statistics() == (0, 0, 0)
        _core.limit_code(1000)
        for n in range(10):
            _core.keep_code(f"{n}.py", -1, b"source", marshal.dumps(f"code {n}".ljust(100)))
        assert 1 < atoll.extensions.code_statistics().modules < 10
        assert atoll.extensions.code_statistics().bytes <= 1000
        assert _core.find_code("0.py", -1, b"source") is None
        assert str(_core.find_code("9.py", -1, b"source")).strip() == "code 9"
    finally:
        _core.limit_code(before)


def test_main_is_left_alone() -> None:
    """The import system of the main interpreter is CPython's own."""
    from importlib.machinery import SourceFileLoader

    assert not hasattr(SourceFileLoader.source_to_code, "__wrapped__")
