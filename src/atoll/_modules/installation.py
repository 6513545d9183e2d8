"""`atoll doctor` without packages: this installation, to be pasted into a report of a bug."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path

import atoll
from atoll import _core

_NEEDED = ("cloudpickle", "packaging")
_USEFUL = (("rich", "tables of the command: pip install 'atoll[cli]'"),)


def describe() -> Iterator[tuple[str, str]]:
    """Say what is installed, and what is missing, in pairs of a heading and a text."""
    yield "atoll", f"{atoll.__version__}, core {Path(_core.__file__ or '').name}"
    yield "Python", f"{sys.version} [{sys.executable}]"
    yield "build", ", ".join(_build())
    yield "system", f"{platform.platform()}, {_libc()}"
    yield "CPUs", f"{os.process_cpu_count()} of {os.cpu_count()}"
    yield "interpreters", _try_interpreter()
    for name in _NEEDED:
        yield name, _version(name)
    for name, purpose in _USEFUL:
        if not util.find_spec(name):
            yield "missing", f"{name}, for {purpose}"
    yield "frames of others", _reading()
    obstacle = _core.parking_obstacle()
    yield "parking", "on" if obstacle is None else f"off: {obstacle}"


def works() -> bool:
    """Can an interpreter be made, and is all there that atoll needs?"""
    return _try_interpreter() == "work" and all(map(util.find_spec, _NEEDED))


def _build() -> Iterator[str]:
    yield "debug" if hasattr(sys, "gettotalrefcount") else "release"
    yield "shared libpython" if sysconfig.get_config_var("Py_ENABLE_SHARED") else "static libpython"
    yield f"word size {8 * tuple.__itemsize__}"
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    for option in ("--enable-optimizations", "--with-lto", "--with-pydebug"):
        if option in arguments:
            yield option


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown libc"
    except (ValueError, OSError):  # musl
        return "not glibc"


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "MISSING: atoll needs it"


def _try_interpreter() -> str:
    try:
        with atoll.Interpreter("doctor") as interpreter:
            return "work" if interpreter.call(pow, 2, 3) == 8 else "give wrong results"
    except Exception as error:
        return f"FAIL: {error!r}"


def _reading() -> str:
    """Say whether dumps can show frames: a sandbox may forbid process_vm_readv."""
    from io import StringIO

    text = StringIO()
    atoll.dump_traceback(text)
    return "readable" if "_reading" in text.getvalue() else "not readable: dumps show none"
