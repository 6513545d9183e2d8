"""What `multiprocessing` has once a process: its resource tracker and its key; how it starts some.

A resource tracker destroys what was registered with it, when the process that it belongs to ends.
An interpreter with one of its own would have shared memory destroyed, that others use, by its end.
"""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_FUNCTIONS = ("ensure_running", "getfd", "maybe_unlink", "register", "unregister")


def share_tracker(module: Any) -> None:
    """Have this interpreter use main's tracker; called with the module."""
    for name in _FUNCTIONS:
        if hasattr(module, name):
            function = _of_main(f"{module.__name__}:{name}")
            setattr(module, name, function)
            setattr(module._resource_tracker, name, function)
    tracker: Any = module._resource_tracker
    getfd = module.getfd
    type(tracker)._fd = property(lambda self: getfd(), lambda self, fd: None)  # loky reads it
    tracker._stop = lambda *args, **kwargs: None  # what it would do at its end closes main's


def _of_main(function: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return _core.invoke(None, function, args, kwargs)

    return call


def start_anew(context: Any) -> None:
    """Start new processes by default: CPython forks in main only; called with the module."""
    default = context._default_context
    if default._default_context is context._concrete_contexts.get("fork"):
        default._default_context = context._concrete_contexts["spawn"]


def share_key(process: Any) -> None:
    """Have this interpreter use main's key; called with `multiprocessing.process`."""

    def get(self: Any) -> bytes:
        key: bytes = process.AuthenticationString(_of_main(f"{__name__}:key")())
        return key

    def set_(self: Any, key: bytes) -> None:
        _of_main(f"{__name__}:set_key")(bytes(key))

    type(process.current_process()).authkey = property(get, set_)


# ---- in the main interpreter ----


def key() -> bytes:
    """Return the key of the process."""
    from multiprocessing.process import current_process

    return bytes(current_process().authkey)


def set_key(key: bytes) -> None:
    """Set it."""
    from multiprocessing.process import current_process

    current_process().authkey = key
