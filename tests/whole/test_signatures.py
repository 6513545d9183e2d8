"""The public names: all there, documented in full, and importable from `atoll` only."""

from __future__ import annotations

import inspect
import types
from typing import Any

import pytest

import atoll

PUBLIC = {name: getattr(atoll, name) for name in atoll.__all__}
FUNCTIONS = {name: each for name, each in PUBLIC.items() if inspect.isfunction(each)}
METHODS = {
    f"Interpreter.{name}": each
    for name, each in vars(atoll.Interpreter).items()
    if inspect.isfunction(each) and not name.startswith("_")
}
CLASSES = {name: each for name, each in PUBLIC.items() if inspect.isclass(each)}


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted, without duplicates, and what dir() shows."""
    names = {name for name in dir(atoll) if not name.startswith("_")}
    shown = {name for name in names if not isinstance(getattr(atoll, name), types.ModuleType)}
    assert atoll.__all__ == sorted(set(atoll.__all__))
    assert set(atoll.__all__) == shown - {"TYPE_CHECKING"}


def test_unknown_name() -> None:
    """A name that the package does not have is an AttributeError, and cannot be imported."""
    assert not hasattr(atoll, "Interpretr")
    with pytest.raises(ImportError, match="Interpretr"):
        from atoll import Interpretr  # noqa: F401


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_has_a_docstring(name: str) -> None:
    """Every public name says in one sentence what it is."""
    if getattr(PUBLIC[name], "__module__", None) == "builtins":
        pytest.skip("Python documents its own")
    text = inspect.getdoc(PUBLIC[name])
    assert text
    assert text.splitlines()[0].rstrip().endswith((".", "?", ":"))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_has_an_example(name: str) -> None:
    """Every public name shows its use."""
    if getattr(PUBLIC[name], "__module__", None) == "builtins" or inspect.ismodule(PUBLIC[name]):
        pytest.skip("Python documents its own; a module has its names' examples")
    text = inspect.getdoc(PUBLIC[name]) or ""
    assert "Example:\n    >>> " in text or "Examples:\n    >>> " in text


@pytest.mark.parametrize("name", FUNCTIONS | METHODS)
def test_sections(name: str) -> None:
    """A function's docstring says what crosses, who may call, and names each parameter."""
    function = (FUNCTIONS | METHODS)[name]
    text = inspect.getdoc(function) or ""
    assert "Threads: " in text
    assert "rosses: " in text or "What crosses" in text or name == "register_value_type" \
        or name == "Interpreter.close"  # fmt: skip
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]
    assert not parameters or "Args:" in text
    for parameter in parameters:
        assert f"    {parameter}: " in text.replace("*", ""), parameter


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_raise(name: str) -> None:
    """Every method of Interpreter has its Raises."""
    assert "Raises:\n    " in (inspect.getdoc(METHODS[name]) or "")


@pytest.mark.parametrize("name", FUNCTIONS | METHODS)
def test_annotations(name: str) -> None:
    """Every parameter and result is annotated."""
    signature = inspect.signature((FUNCTIONS | METHODS)[name])
    assert signature.return_annotation is not inspect.Signature.empty
    for each in signature.parameters.values():
        assert each.name == "self" or each.annotation is not inspect.Parameter.empty


SIGNATURES = {
    "Interpreter.acall": ["self", "fn", "args", "kwargs"],
    "Interpreter.call": ["self", "fn", "args", "kwargs"],
    "Interpreter.exec": ["self", "source"],
    "Interpreter.eval": ["self", "expression"],
    "Interpreter.import_module": ["self", "name"],
    "Interpreter.run_path": ["self", "path", "run_name", "argv"],
    "Interpreter.run_module": ["self", "name", "run_name", "argv"],
    "Interpreter.interrupt": ["self", "exception"],
    "Interpreter.statistics": ["self"],
    "Interpreter.close": ["self", "timeout"],
    "checkpoint": [],
    "copy": ["obj", "writable"],
    "current": [],
    "get_include": [],
    "interpreters": [],
    "is_proxy": ["obj"],
    "is_shared": ["obj"],
    "main": [],
    "metrics": [],
    "monitor": [],
    "owner": ["proxy"],
    "prewarm": ["n", "imports", "wait"],
    "ref": ["obj"],
    "register_value_type": ["cls"],
    "restrict": ["obj", "names"],
    "type_of": ["proxy"],
}


def test_signatures() -> None:
    """The parameters are those that the documentation promises."""
    actual: dict[str, Any] = {
        name: list(inspect.signature(each).parameters)
        for name, each in (FUNCTIONS | METHODS).items()
    }
    assert actual == SIGNATURES


def test_run_like_runpy() -> None:
    """run_path and run_module share their parameters' names with runpy."""
    import runpy

    assert "run_name" in inspect.signature(runpy.run_path).parameters
    assert (
        inspect.signature(atoll.Interpreter.run_path).parameters["run_name"].default == "__main__"
    )


@pytest.mark.parametrize("name", [name for name, each in CLASSES.items()
                                  if issubclass(each, Exception)])  # fmt: skip
def test_exceptions_have_one_base(name: str) -> None:
    """All exceptions of atoll's own derive from AtollError, but the traceback carrier."""
    assert issubclass(CLASSES[name], atoll.AtollError) or name == "RemoteTraceback"


def test_statistics_fields() -> None:
    """Statistics is a record of six counts."""
    assert atoll.main().statistics().__match_args__ == (
        "crossings", "visitors", "thread_states", "exports", "proxies", "buffers",
    )  # fmt: skip
