"""Builds the extension modules beside it into a folder."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest
from compiling import COMPILER, CPP_COMPILER, HAS_COMPILER, HAS_CPP_COMPILER

NEEDS_COMPILERS = pytest.mark.skipif(
    not (HAS_COMPILER and HAS_CPP_COMPILER), reason="needs compilers for modules to import"
)

SOURCES = Path(__file__).parent
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")

SIMPLE = ("single", "multi", "declaring", "crashing", "greedy")

# Named as those are that wheels come with. In a circle: each needs the other.
ONE, TWO = "libcounting-0a1b2c3d.so.1.0.0", "libstepping-4e5f6a7b.so.1.0.0"

PROVIDER = "libproviding-8a9b0c1d.so.1"


def build(folder: Path) -> None:
    """Build all of them: modules, and a package whose module needs libraries beside it."""
    for name in SIMPLE:
        compile_module(name, folder)
    package = folder / "needing_package"
    libraries = folder / "needing_package.libs"
    for each in (package, libraries):
        each.mkdir()
    (package / "__init__.py").write_text("from .needing import bump, bump_library\n")
    _link_circle(libraries)
    compile_module(
        "needing", package, str(libraries / ONE), "-Wl,-rpath,$ORIGIN/../needing_package.libs"
    )


def build_cpp(folder: Path, *options: str) -> None:
    """Build the C++ module and the library beside it."""
    host = folder / "libhosting-5c6d7e8f.so.1"
    _link(host, "library_host.cpp", f"-Wl,-soname,{host.name}", *options)
    compile_module("visiting", folder, str(host), *options, suffix="cpp")


def build_asking(folder: Path) -> None:
    """Build a package whose module opens a library in a folder below, and one that both need."""
    package = folder / "asking_package"
    providers = package / "providers"
    providers.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "data.txt").write_text("found\n")
    _link_circle(package)
    _link(providers / PROVIDER, "library_provider.c", f"-Wl,-soname,{PROVIDER}", str(package / ONE))
    below = "-Wl,-rpath,$ORIGIN/providers"
    compile_module("asking", package, str(package / ONE), below, suffix="cpp")


def compile_module(name: str, folder: Path, *options: str, suffix: str = "c") -> Path:
    """Compile one module."""
    target = folder / f"{name}{SUFFIX}"
    _link(target, f"{name}.{suffix}", f"-I{sysconfig.get_path('include')}", *options)
    return target


def link_another(target: Path) -> None:
    """Link a library of that name with none of the functions that modules need."""
    _link(target, "library_two.c", f"-Wl,-soname,{target.name}", "-Dlibrary_count=getpid")


def _link_circle(folder: Path) -> None:
    one, two = folder / ONE, folder / TWO
    _link(two, "library_two.c", f"-Wl,-soname,{TWO}")
    _link(one, "library_one.c", f"-Wl,-soname,{ONE}", str(two))
    _link(two, "library_two.c", f"-Wl,-soname,{TWO}", str(one))


def _link(target: Path, source: str, *options: str) -> None:
    compiler = CPP_COMPILER if source.endswith(".cpp") else COMPILER
    own = ["-shared", "-fPIC", "-O1", "-o", str(target), str(SOURCES / source)]
    links = ["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed"]
    subprocess.run([*compiler, *own, *links, *options], check=True)
