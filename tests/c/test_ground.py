"""The C tests of `ground`, compiled and run without libpython: that proves it needs none."""

from __future__ import annotations

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from children import limit
from compiling import COMPILER, HAS_COMPILER

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "src" / "core"

pytestmark = pytest.mark.skipif(
    not HAS_COMPILER or not CORE.is_dir(),
    reason="needs a C compiler and the source",
)


FLAGS = [
    *("-std=gnu11", "-D_GNU_SOURCE", f"-I{CORE}"),
    *shlex.split(os.environ.get("ATOLL_C_TEST_FLAGS", "-g -O1")),
    *("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-missing-field-initializers"),
]


def compile_c(*arguments: str | Path, cwd: Path) -> None:
    compiled = subprocess.run(
        [*COMPILER, *FLAGS, *map(str, arguments)], capture_output=True, text=True, cwd=cwd
    )
    assert compiled.returncode == 0, compiled.stderr


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The objects of `ground`, compiled without Python's headers."""
    folder = tmp_path_factory.mktemp("ground")
    sources = sorted((CORE / "ground").rglob("*.c"))
    halves = sources[::2], sources[1::2]
    with ThreadPoolExecutor(len(halves)) as pool:
        list(pool.map(lambda half: compile_c("-c", *half, cwd=folder), halves))
    return sorted(folder.glob("*.o"))


@pytest.mark.parametrize("path", sorted(HERE.glob("test_*.c")), ids=lambda path: path.stem)
def test_ground(path: Path, ground: list[Path], tmp_path: Path) -> None:
    """The C test links with `ground` alone, without warnings, and ends with status 0."""
    program = tmp_path / path.stem
    compile_c("-o", program, path, *ground, "-pthread", cwd=tmp_path)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=limit(110))
    assert (done.returncode, done.stderr) == (0, "")
