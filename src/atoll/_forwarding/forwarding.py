"""The hooks that send warnings, unraisable exceptions and log records to the main interpreter.

Every interpreter gets these hooks, but few ever call one: so their code is in modules that are
imported at the first call.
"""

from __future__ import annotations

import sys
import warnings

from . import warning_filters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, TextIO

_show_warning_here = warnings.showwarning


def announce() -> None:
    """Add the field `interpreter` to log records here, before other interpreters exist."""
    if "logging" in sys.modules:
        from .logging import add_interpreter_field

        add_interpreter_field()


def forward() -> None:
    """Send this interpreter's warnings, unraisable exceptions and log records to main."""
    warnings.showwarning = _show_warning
    warning_filters.follow()
    sys.unraisablehook = _report_unraisable
    if "logging" in sys.modules:
        _attach()
    else:
        sys.meta_path.insert(0, _LoggingFinder())


def keep() -> None:
    """Raise timeouts again that become unraisable, where nothing is forwarded."""
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _keep_unraisable


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if file is not None:
        _show_warning_here(message, category, filename, lineno, file, line)
    elif not sys.is_finalizing():  # while finalizing, main cannot be entered
        from .warnings import send

        send(message, category, filename, lineno, line)


# The defaults are bound early: when an interpreter ends, this module is emptied before the last
# calls. The core knows the function's name and does not interrupt it: an exception raised in it
# would be lost.
def _report_unraisable(
    unraisable: sys.UnraisableHookArgs,
    /,
    is_for_main: bool = True,
    report_here: Any = sys.__unraisablehook__,
) -> None:
    try:
        from .unraisable import is_raised_again, send

        is_done = is_raised_again(unraisable) or (is_for_main and send(unraisable))
    except BaseException:  # cannot be raised; the reported exception matters more
        is_done = False
    if not is_done:
        report_here(unraisable)


def _keep_unraisable(
    unraisable: sys.UnraisableHookArgs, /, report: Any = _report_unraisable
) -> None:
    report(unraisable, False)


def _attach() -> None:
    from .logging import attach

    attach()


class _LoggingFinder:
    """Waits on `sys.meta_path` for the import of `logging`, which most interpreters never do."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "logging":
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = _AttachingLoader(self, spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _AttachingLoader:
    def __init__(self, finder: _LoggingFinder, loader: Any) -> None:
        self._finder = finder
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: Any) -> None:
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        _attach()
