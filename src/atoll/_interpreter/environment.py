"""One environment: `os.environ` of each interpreter is the process's, as it is at the moment.

CPython copies the environment into a dict when `os` is imported, and keeps the two alike by itself.
So changes by others would not be seen. Here the class of `os.environ` and `os.environb` looks into
the environment itself. The objects stay the same ones; another object of the class, such as a deep
copy, has a dict of its own, as ever.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping  # as `os` does

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import ItemsView, ValuesView
    from typing import Any


_shared: dict[bytes, bytes]  # the dict of os.environ; an object that has it is the environment


def share() -> None:
    """Make this interpreter's `os.environ` the process's environment."""
    global _shared
    if os.putenv is _core.putenv:
        return
    kind: Any = os._Environ
    _shared = vars(os.environb)["_data"]  # not of os.environ: tests replace that for a time
    kind._data = property(_read, _write)
    kind.__getitem__, kind.__delitem__, kind.__deepcopy__ = _get, _delete, _copy_deeply
    kind.copy, kind.items, kind.values = _copy, _items, _values
    kind.pop, kind.clear, kind.setdefault = _pop, _clear, _set_default
    kind.__or__, kind.__ror__ = _unite, _unite_after
    modules: tuple[Any, ...] = os, __import__(os.name)
    for module in modules:
        module.putenv, module.unsetenv = _core.putenv, _core.unsetenv
        if hasattr(module, "_clearenv"):
            module._clearenv = _core.clearenv


# ---- methods of os._Environ ----


def _is_environment(self: Any) -> bool:
    return vars(self).get("_data") is _shared


def _read(self: Any) -> dict[bytes, bytes]:
    own: dict[bytes, bytes] = vars(self)["_data"]
    return _core.variables() if own is _shared else own


def _write(self: Any, value: dict[bytes, bytes]) -> None:
    vars(self)["_data"] = value


def _get(self: Any, key: Any) -> Any:
    name = self.encodekey(key)
    value = _core.get_variable(name) if _is_environment(self) else self._data.get(name)
    if value is None:
        raise KeyError(key)
    return self.decodevalue(value)


def _delete(self: Any, key: Any) -> None:
    name = self.encodekey(key)
    was_set = _is_environment(self) and _core.pop_variable(name) is not None
    if not was_set:
        _core.unsetenv(name)
        if _is_environment(self) or self._data.pop(name, None) is None:
            raise KeyError(key)


def _copy_deeply(self: Any, memo: object) -> Any:
    copy = object.__new__(type(self))
    vars(copy).update(vars(self), _data=dict(self._data))
    return copy


# Each of these is one step: others may change variables meanwhile.

_MISSING: Any = object()


def _pop(self: Any, key: Any, default: Any = _MISSING) -> Any:
    if _is_environment(self):
        value = _core.pop_variable(self.encodekey(key))
    elif (value := self._data.get(self.encodekey(key))) is not None:
        del self[key]
    if value is not None:
        return self.decodevalue(value)
    if default is _MISSING:
        raise KeyError(key)
    return default


def _clear(self: Any) -> None:
    if _is_environment(self):
        _core.clearenv()
    else:
        _clear_own(self)


_clear_own: Any = os._Environ.clear


def _set_default(self: Any, key: Any, value: Any) -> Any:
    try:
        return self[key]
    except KeyError:
        self[key] = value
        return value


def _unite(self: Any, other: Any) -> Any:
    return _copy(self) | dict(other) if isinstance(other, Mapping) else NotImplemented


def _unite_after(self: Any, other: Any) -> Any:
    return dict(other) | _copy(self) if isinstance(other, Mapping) else NotImplemented


def _copy(self: Any) -> dict[Any, Any]:
    return {self.decodekey(key): self.decodevalue(value) for key, value in self._data.items()}


def _items(self: Any) -> ItemsView[Any, Any]:
    return _copy(self).items()


def _values(self: Any) -> ValuesView[Any]:
    return _copy(self).values()
