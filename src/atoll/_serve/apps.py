"""Finds the application that a text "module:attribute" names, in the interpreter that serves it."""

from __future__ import annotations

import inspect
import os
import pkgutil
import sys
from importlib import import_module
from importlib.util import find_spec

from .errors import AppNotFoundError, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check(target: object) -> str:
    """Return the text, or raise what is wrong with it as a text."""
    if not isinstance(target, str):
        raise TypeError(
            f"the application must be a text such as 'module:attribute', not "
            f"{type(target).__name__}: each interpreter imports its own [docs: reference/serve]"
        )
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        name = os.path.basename(module).removesuffix(".py") or "module"
        raise AppNotFoundError(
            f"{target!r} names no application: write 'module:attribute', such as '{name}:app'"
        )
    return target


def find(target: str, is_factory: bool) -> Any:
    """Import the application; a factory is called."""
    module, _, attribute = target.partition(":")
    found: Any = _import(module)
    for name in attribute.split("."):
        if not hasattr(found, name):
            names = [each for each in vars(found) if not each.startswith("_")]
            raise AppNotFoundError(
                f"{module!r} has no attribute {attribute!r}{suggestion(name, names)}"
            )
        found = getattr(found, name)
    if not callable(found):
        raise AppNotFoundError(f"{target!r} is no application: it is {type(found).__name__}")
    return found() if is_factory else found


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise  # the module is there, and imports one that is not
        message = f"there is no module {missing!r}{suggestion(missing, _modules_beside(missing))}"
    raise AppNotFoundError(f"{message} (searched in {', '.join(_folders())})")


def _folders() -> list[str]:
    """Return where a user's modules may be: the folders of `sys.path` outside of Python's own."""
    folders = [each for each in sys.path if os.path.isdir(each)]
    return [each for each in dict.fromkeys(folders) if not each.startswith(sys.base_prefix)]


def _modules_beside(name: str) -> list[str]:
    parent = name.rpartition(".")[0]
    if not parent:
        return [each.name for each in pkgutil.iter_modules(_folders())]
    spec = find_spec(parent)
    folders = spec.submodule_search_locations if spec else None
    return [f"{parent}.{each.name}" for each in pkgutil.iter_modules(folders or [])]


def is_wsgi(app: Any) -> bool:
    """Tell whether an application is called as WSGI's are: `app(environ, start_response)`."""
    call = app if inspect.isroutine(app) else type(app).__call__
    if inspect.isclass(app) or inspect.iscoroutinefunction(call):
        return False
    try:
        inspect.signature(app).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True
