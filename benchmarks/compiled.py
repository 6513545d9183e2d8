"""Compiles the C files of benchmarks."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import atoll


def build(name: str) -> Any:
    """Compile and import the extension module of that name."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    includes = (f"-I{sysconfig.get_path('include')}", f"-I{atoll.get_include()}")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}")
        source = str(Path(__file__).with_name(f"{name}.c"))
        options = ("-std=gnu11", "-O2", "-shared", "-fPIC", "-pthread", *includes)
        subprocess.run([*compiler, *options, source, "-o", str(target)], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(folder)
