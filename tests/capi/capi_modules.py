"""Builds extension modules that use `atoll.h`, and loads them."""

from __future__ import annotations

import importlib
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from compiling import COMPILER, CPP_COMPILER, HAS_COMPILER, HAS_CPP_COMPILER

import atoll

SOURCES = Path(__file__).parent
EXAMPLES = SOURCES.parents[1] / "examples" / "c"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

NEEDS_COMPILER = pytest.mark.skipif(not HAS_COMPILER, reason="needs a C compiler")
NEEDS_CPP_COMPILER = pytest.mark.skipif(not HAS_CPP_COMPILER, reason="needs a C++ compiler")


def build(source: Path, folder: Path, name: str | None = None, *options: str) -> Path:
    """Compile an extension module, in C11 or C++17, without a warning."""
    name = name or source.stem
    is_cpp = source.suffix == ".cpp"
    target = folder / f"{name}{SUFFIX}"
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{atoll.get_include()}"]
    subprocess.run(
        [
            *(CPP_COMPILER if is_cpp else COMPILER),
            *("-std=c++17" if is_cpp else "-std=c11", "-shared", "-fPIC", "-O1", "-pthread"),
            *("-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers"),
            *("-Wno-cast-function-type", *includes, *options, str(source), "-o", str(target)),
        ],
        check=True,
    )
    return target


def load(path: Path) -> ModuleType:
    """Import a module that was built, so that other interpreters find it, too."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    importlib.invalidate_caches()
    name = path.name.removesuffix(SUFFIX)
    atoll.extensions.policy(name, "native")  # no trial, which takes a process
    return importlib.import_module(name)
