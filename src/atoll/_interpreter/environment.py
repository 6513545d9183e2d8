"""One environment: `os.environ` of each interpreter is the process's, as it is at the moment.

CPython copies the environment into a dict when `os` is imported, and keeps the two alike by itself.
So changes by others would not be seen. Here the class of `os.environ` and `os.environb` looks into
the environment itself. The objects stay the same ones.
"""

from __future__ import annotations

import os

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, ValuesView
    from typing import Any


def share() -> None:
    """Make this interpreter's `os.environ` the process's environment."""
    if os.putenv is _core.putenv:
        return
    kind: Any = os._Environ
    kind._data = property(_read, _ignore)
    kind.__getitem__, kind.__delitem__ = _get, _delete
    kind.copy, kind.items, kind.values = _copy, _items, _values
    modules: tuple[Any, ...] = os, __import__(os.name)
    for module in modules:
        module.putenv, module.unsetenv = _core.putenv, _core.unsetenv
        if hasattr(module, "_clearenv"):
            module._clearenv = _core.clearenv


# ---- methods of os._Environ ----


def _read(self: Any) -> dict[bytes, bytes]:
    return _core.variables()


def _ignore(self: Any, value: object) -> None:
    """Let `__init__` set `_data`."""


def _get(self: Any, key: Any) -> Any:
    value = _core.get_variable(self.encodekey(key))
    if value is None:
        raise KeyError(key)
    return self.decodevalue(value)


def _delete(self: Any, key: Any) -> None:
    if not _core.remove_variable(self.encodekey(key)):
        raise KeyError(key)


# What is read at once is of one moment: others may remove variables meanwhile.


def _copy(self: Any) -> dict[Any, Any]:
    return {self.decodekey(key): self.decodevalue(value) for key, value in self._data.items()}


def _items(self: Any) -> ItemsView[Any, Any]:
    return _copy(self).items()


def _values(self: Any) -> ValuesView[Any]:
    return _copy(self).values()
