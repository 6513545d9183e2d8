"""A module of CPython's test package whose generators and coroutines live in another interpreter.

Each generator function and async function of it is made in the owner as soon as it is defined here.
The names that it refers to it finds here, when it asks for them; modules are those of the owner,
but for asyncio: the event loop runs here.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import doctest
import importlib
import importlib.util
import marshal
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import atoll

_DECORATOR, _TYPE = "_made_elsewhere", "_type"
_GIVEN = "__qualname__", "__defaults__", "__kwdefaults__"
_OWN_SCOPE = ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef


@contextlib.contextmanager
def loaded(name: str, owner: atoll.Interpreter) -> Iterator[types.ModuleType]:
    """Load the module anew; examples in its docstrings are treated alike."""
    codes: list[bytes] = []

    def compiled(source: Any, filename: str, mode: str, *options: Any) -> Any:
        tree = compile(source, filename, mode, ast.PyCF_ONLY_AST, True)
        return compile(_Moving(codes, filename).visit(tree), filename, mode, *options)

    def made_elsewhere(index: int) -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            made = owner.call(make, codes[index], _finder(function))
            for name in _GIVEN:
                with contextlib.suppress(AttributeError):  # a decorator may make something else
                    setattr(made, name, atoll.copy(getattr(function, name)))
            return made

        return decorate

    spec = importlib.util.find_spec(f"test.{name}")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with (
        _known(module),
        mock.patch.object(builtins, _DECORATOR, made_elsewhere, create=True),
        mock.patch.object(builtins, _TYPE, _type, create=True),
        mock.patch.object(doctest, "compile", compiled, create=True),
    ):
        source = importlib.util.decode_source(spec.loader.get_data(spec.origin))  # type: ignore[union-attr]
        exec(compiled(source, str(spec.origin), "exec", 0, True), vars(module))
        yield module


@contextlib.contextmanager
def _known(module: types.ModuleType) -> Iterator[None]:
    """Have it in `sys.modules`; what is imported meanwhile stays there."""
    usual = sys.modules[module.__name__]
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        sys.modules[module.__name__] = usual


def _type(value: Any) -> type:
    return atoll.type_of(value) if atoll.is_proxy(value) else type(value)


class _Moving(ast.NodeTransformer):
    """Decorates the definitions that are to be made elsewhere, and notes their code."""

    def __init__(self, codes: list[bytes], filename: str) -> None:
        self._codes, self._filename = codes, filename

    def visit_FunctionDef(self, node: Any) -> Any:
        if not _goes(node):
            return self.generic_visit(node)
        code = compile(ast.Module([_without_values(node)], []), self._filename, "exec", 0, True)
        self._codes.append(marshal.dumps(code))
        decorator = ast.parse(f"{_DECORATOR}({len(self._codes) - 1})", mode="eval").body
        moved = type(node)(**{**vars(node), "decorator_list": [decorator]})
        return ast.fix_missing_locations(moved)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> Any:
        """What type() says of a Proxy, is that it is one."""
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1:
            node.func.id = _TYPE
        return self.generic_visit(node)


def _without_values(node: Any) -> Any:
    """Return a definition without what is evaluated here: defaults and annotations."""
    made = copy.deepcopy(node)
    for defaults in (made.args.defaults, made.args.kw_defaults):
        defaults[:] = [each and ast.Constant(None) for each in defaults]
    made.returns = None
    for each in ast.walk(made.args):
        if isinstance(each, ast.arg):
            each.annotation = None
    return ast.fix_missing_locations(made)


def _goes(node: Any) -> bool:
    """Does it make generators or coroutines, without what only works in the scope it is in?"""
    inner = list(_in_scope(node))
    return (
        (isinstance(node, ast.AsyncFunctionDef) or any(map(_is_yield, inner)))
        and not node.name.startswith("test")
        and not any(isinstance(each, ast.Nonlocal) for each in ast.walk(node))
        and not any(isinstance(each, ast.Name) and each.id == "super" for each in inner)
    )


def _is_yield(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _in_scope(node: ast.AST) -> Iterator[ast.AST]:
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, _OWN_SCOPE):
            yield each
            yield from _in_scope(each)


def _finder(function: Any) -> Callable[[str], Any]:
    """What finds the names that a function refers to; KeyError: there is none."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))

    def find(name: str) -> Any:
        try:
            value = cells[name].cell_contents if name in cells else function.__globals__[name]
        except ValueError:  # an empty cell
            raise NameError(name) from None
        is_there = isinstance(value, types.ModuleType) and value.__name__ != "asyncio"
        return (value.__name__,) if is_there else [value]

    return find


# ---- in the owner ----


class _Names(dict[str, Any]):
    def __init__(self, find: Callable[[str], Any]) -> None:
        super().__init__(__name__="elsewhere")
        self._find = find

    def __missing__(self, name: str) -> Any:
        found = self._find(name)
        return importlib.import_module(found[0]) if isinstance(found, tuple) else found[0]


def make(code: bytes, find: Callable[[str], Any]) -> Any:
    """Define a function; its decorators are called here as well."""
    names = _Names(find)
    exec(marshal.loads(code), names)
    return atoll.ref(names.popitem()[1])
