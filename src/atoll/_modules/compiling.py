"""Modules are compiled once a process, where Python has no .pyc files for them.

Source that an interpreter has compiled is not compiled again in the next one: the core keeps the
code, by path, level of optimisation and contents of the source. All else stays as it is: the
loaders, which look for .pyc files first and write them if they may, and what they note of a module.
The main interpreter's import system is left alone.
"""

from __future__ import annotations

import marshal

# importlib has it too, but is not imported yet.
from _frozen_importlib_external import SourceLoader

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_compile: Any = SourceLoader.source_to_code


def _source_to_code(
    loader: SourceLoader,
    data: Any,
    path: Any,
    *arguments: Any,
    _optimize: int = -1,
    **options: Any,
) -> Any:
    if type(data) is not bytes or type(path) is not str:  # a loader's own syntax tree
        return _compile(loader, data, path, *arguments, _optimize=_optimize, **options)
    code = _core.find_code(path, _optimize, data)
    if code is None:
        code = _compile(loader, data, path, *arguments, _optimize=_optimize, **options)
        _core.keep_code(path, _optimize, data, marshal.dumps(code))
    return code


def install() -> None:
    """Have this interpreter use code that others have compiled, and keep its own for them."""
    function: Any = _source_to_code
    # Python leaves lines of its import system out of tracebacks, and so this one.
    function.__code__ = function.__code__.replace(co_filename=_compile.__code__.co_filename)
    function.__name__, function.__qualname__ = _compile.__name__, _compile.__qualname__
    function.__doc__, function.__wrapped__ = _compile.__doc__, _compile
    loader: Any = SourceLoader
    loader.source_to_code = function
