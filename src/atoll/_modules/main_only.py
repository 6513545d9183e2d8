"""What works in the main thread of the main interpreter only: errors say so, and what to write.

A process has one table of signal handlers, and CPython changes it from there only. Event loops of
Qt use GLib's main context, of which it has one, too: without an error the second one would hang.
"""

from __future__ import annotations

import sys

from .importing import MAIN_THREAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

_APPLICATIONS = {
    "QtCore": "QCoreApplication",
    "QtGui": "QGuiApplication",
    "QtWidgets": "QApplication",
}
_WITHOUT_GLIB = "QT_NO_GLIB"


# ---- signal handlers ----


def explain_functions(signal: Any) -> None:
    """Have errors of `signal` say what to write."""
    for name in ("signal", "set_wakeup_fd"):
        setattr(signal, name, _explained(getattr(signal, name)))


def _explained(function: Callable[..., Any]) -> Callable[..., Any]:
    from functools import wraps

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueError as error:
            if MAIN_THREAD not in str(error):
                raise
            package = _package_of(sys._getframe(1))
            raise ValueError(f"{error}; {advice(package)}") from None

    return call


def _package_of(frame: FrameType | None) -> str:
    """Return the package that calls, the standard library left out; `signal` if it is the user."""
    while frame is not None:
        name: str = frame.f_globals.get("__name__", "").partition(".")[0]
        if name == "__main__":
            break
        if name and name not in sys.stdlib_module_names:
            return name
        frame = frame.f_back
    return "signal"


def advice(package: str) -> str:
    """Say how a package is used that needs the main thread of the main interpreter."""
    return (
        f"in the main thread, use atoll.main().import_module({package!r}) or "
        f"Interpreter(extensions={{{package!r}: 'main'}}) [docs: explanation/extensions]"
    )


# ---- Qt ----


def guard_application(module: Any) -> None:
    """Refuse to make an application, which has an event loop, if that would use GLib."""
    kit, _, part = module.__name__.partition(".")
    application = getattr(module, _APPLICATIONS[part], None)  # PySide6 makes it when asked
    if application is None:  # the module of main stands for it
        return
    make = application.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        import os

        if not os.environ.get(_WITHOUT_GLIB):
            raise RuntimeError(
                f"{kit}.{part}.{application.__name__} needs the main thread of the main "
                "interpreter, since its event loop uses what GLib has once: in the main thread, "
                "use atoll.main().call(FUNCTION), where FUNCTION makes it; or set "
                f"os.environ[{_WITHOUT_GLIB!r}] = '1' for an event loop of this interpreter's own "
                "[docs: explanation/extensions]"
            )
        make(self, *args, **kwargs)

    application.__init__ = __init__
