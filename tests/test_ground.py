"""The C tests of src/core/ground: compiled and run without libpython, which proves that it needs none."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from compiling import COMPILER, HAS_COMPILER

HERE = Path(__file__).parent
CORE = HERE.parent / "src" / "core"

pytestmark = pytest.mark.skipif(
    not HAS_COMPILER or not CORE.is_dir(),
    reason="needs a C compiler and the source",
)


@pytest.mark.parametrize("path", sorted((HERE / "c").glob("test_*.c")), ids=lambda path: path.stem)
def test_ground(path: Path, tmp_path: Path) -> None:
    """The C test links with `ground` alone, without warnings, and ends with status 0."""
    program = tmp_path / path.stem
    sources = [path, *sorted((CORE / "ground").glob("*.c"))]
    flags = shlex.split(os.environ.get("ATOLL_C_TEST_FLAGS", "-g -O1"))
    compiled = subprocess.run(
        [*COMPILER, "-std=gnu11", "-D_GNU_SOURCE", *flags, "-Wall", "-Wextra", "-Werror"]
        + ["-Wno-unused-parameter", "-Wno-missing-field-initializers"]
        + [f"-I{CORE}", "-o", str(program), *map(str, sources), "-pthread"],
        capture_output=True,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=110)
    assert (done.returncode, done.stderr) == (0, "")
