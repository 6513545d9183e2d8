"""The child process of a trial: it reports each stage before it begins."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import atoll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class _Report:
    """Writes lines for the parent, each with all results so far."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {"stage": "start"}

    def say(self, **known: Any) -> None:
        self._known |= known
        # The package may write to stdout too, with or without newlines.
        os.write(1, f"\n{json.dumps(self._known)}\n".encode())


def main() -> None:
    """Try the package in the mode that the command line names."""
    package, mode = sys.argv[1:3]
    report = _Report()
    try:
        _try(report, package, mode)
    except Exception as error:
        lines = traceback.format_exception_only(error)
        report.say(failure=lines[-1].strip())
        sys.exit(1)
    report.say(stage="exit")


def _try(report: _Report, package: str, mode: str) -> None:
    both = [atoll.Interpreter(extensions={package: mode}) for _ in range(2)]  # type: ignore[dict-item]
    report.say(stage="import")
    size, began = _resident_bytes(), time.perf_counter()
    both[0].call(_use, package, False)
    report.say(
        milliseconds=(time.perf_counter() - began) * 1e3,
        megabytes=max(0, _resident_bytes() - size) / 1e6,
    )
    both[1].call(_use, package, False)
    report.say(stage="use in two interpreters at once")
    _use_in_all(both, package)
    report.say(stage="close", declared=atoll.copy(both[0].call(_declared, package)))
    for each in both:
        each.close()
    report.say(stage="import after a close")
    with atoll.Interpreter(extensions={package: mode}) as third:  # type: ignore[dict-item]
        third.call(_use, package, True)
    report.say(stage="close again")


def _use_in_all(interpreters: list[atoll.Interpreter], package: str) -> None:
    with ThreadPoolExecutor(len(interpreters)) as pool:
        list(pool.map(lambda each: each.call(_use, package, True), interpreters))


def _resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * _PAGE_BYTES


# ---- in the interpreters ----


def _declared(package: str) -> dict[str, str]:
    from atoll._modules.importing import declared

    return {
        name: said
        for name, said in declared.items()
        if name == package or name.startswith(f"{package}.")
    }


def _use(package: str, thoroughly: bool) -> None:
    """Import a package; if `thoroughly`, also its extension modules, and use what it has."""
    import gc
    from contextlib import suppress
    from importlib import import_module

    from atoll._modules.patterns import PATTERNS

    module = import_module(package)
    for name in _extension_names(package, module) if thoroughly else ():
        with suppress(ImportError):  # a module may need packages that are not installed
            import_module(name)
    for name in dir(module) if thoroughly else ():
        with suppress(Exception):  # attributes may not allow this
            value = getattr(module, name)
            repr(value)
            if isinstance(value, type):
                dir(value)
    if thoroughly and package in PATTERNS:
        PATTERNS[package]()
    gc.collect()


def _extension_names(package: str, module: ModuleType) -> list[str]:
    from importlib.machinery import EXTENSION_SUFFIXES

    from atoll._modules.policy import extension_files

    names = []
    for folder in getattr(module, "__path__", ()):
        for path in extension_files(None, (folder,)):
            suffix = next(each for each in EXTENSION_SUFFIXES if path.endswith(each))
            inside = os.path.relpath(path.removesuffix(suffix), folder).split(os.sep)
            if all(part.isidentifier() for part in inside) and _is_module(path, inside[-1]):
                names.append(".".join([package, *inside]))
    return names


def _is_module(path: str, name: str) -> bool:
    """Tell whether a shared object has the function of a module of that name.

    Packages have others as well, with the same suffix: plugins of a library, for example.
    """
    from mmap import ACCESS_READ, mmap

    from atoll._modules.importing import symbol

    functions = [f"{each}{symbol(name)}\0".encode() for each in ("PyInit", "PyModExport")]
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return any(content.find(each) >= 0 for each in functions)
