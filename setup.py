"""Builds the C core; everything else is said in pyproject.toml."""

import os
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).parent
CORE = HERE / "src" / "core"


def relative(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(HERE)) for path in CORE.glob(pattern))


class BuildExt(build_ext):
    """Compiles as many files at a time as there are cores."""

    def build_extension(self, ext: Extension) -> None:
        def compiled(source: str) -> list[str]:
            made: list[str] = self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                macros=ext.define_macros,
                include_dirs=ext.include_dirs,
                extra_postargs=ext.extra_compile_args,
                depends=ext.depends,
            )
            return made

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ext.extra_objects = [each for made in pool.map(compiled, ext.sources) for each in made]
        ext.sources = []
        super().build_extension(ext)


core = Extension(
    "atoll._core",
    sources=relative("**/*.c"),
    depends=relative("**/*.h"),
    define_macros=[("_GNU_SOURCE", "1")],
    include_dirs=[str(CORE.relative_to(HERE))],
    extra_compile_args=[
        "-std=gnu11",
        "-O3",
        "-fvisibility=hidden",
        "-fno-semantic-interposition",
        "-fno-plt",
        "-Wall",
        "-Wextra",
        "-Wno-unused-parameter",
        "-Wno-missing-field-initializers",
        "-Wno-cast-function-type",
        *shlex.split(os.environ.get("ATOLL_CFLAGS", "")),
    ],
    extra_link_args=["-pthread", *shlex.split(os.environ.get("ATOLL_LDFLAGS", ""))],
)

# An unsupported Python gets the package without its core: importing it then says what is supported.
supported = sys.version_info >= (3, 13) and "t" not in sys.abiflags

setup(ext_modules=[core] if supported else [], cmdclass={"build_ext": BuildExt})
