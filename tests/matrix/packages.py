"""The packages of the matrix: how they are installed, and whether they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata

from small._found import FOUND


@dataclass(frozen=True)
class Package:
    """A row of the matrix.

    Attributes:
        name: Of the module in `work`, or of the function in a module of `small`.
        distribution: What its version is asked of; None for the standard library.
        modules: What is imported for it; the way that these are loaded is recorded.
        requirement: What is installed, if that is not just the distribution; several with spaces.
        built_with: What its shared objects were made with.
        uses: The module of its use; "" if it has one of its own in `work`.
    """

    name: str
    distribution: str | None
    modules: tuple[str, ...]
    requirement: str | None = None
    built_with: str = "C"
    uses: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The module and the function that use it."""
        return (self.uses, self.name) if self.uses else (f"work.{self.name}", "work")

    def version(self) -> str | None:
        """Return the version that is installed, or None."""
        if self.distribution is None:
            return ""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


def installed_with(package: str) -> tuple[str, str] | None:
    """Return the distribution that a package was installed with, and its version."""
    found = list(dict.fromkeys(distributions().get(package.partition(".")[0], ())))
    if len(found) > 1:  # a namespace
        start = package.replace(".", "/")
        places = (f"{start}/", f"{start}.")
        found = [
            each
            for each in found
            if any(str(path).startswith(places) for path in metadata.files(each) or ())
        ]
    return (found[0], metadata.version(found[0])) if found else None


@cache
def distributions() -> Mapping[str, list[str]]:
    """Return the distributions by what they install; that takes seconds."""
    return metadata.packages_distributions()


WORKS = (
    Package("stdlib", None, ("_sqlite3", "_decimal")),
    Package("numpy", "numpy", ("numpy",), built_with="C, C++"),
    Package("pandas", "pandas", ("pandas", "numpy"), built_with="Cython, C"),
    Package("scipy", "scipy", ("scipy", "numpy"), built_with="C, C++, Cython, pybind11, f2py"),
    Package("sklearn", "scikit-learn", ("sklearn", "scipy", "numpy"), built_with="Cython, OpenMP"),
    Package("pyarrow", "pyarrow", ("pyarrow",), built_with="Cython, C++, threads"),
    Package("polars", "polars", ("_polars_runtime_32",), built_with="Rust, PyO3, threads"),
    Package("lxml", "lxml", ("lxml",), built_with="Cython, C"),
    Package("orjson", "orjson", ("orjson",), built_with="Rust"),
    Package("pydantic", "pydantic", ("pydantic_core",), built_with="Rust, PyO3"),
    Package(
        "cryptography",
        "cryptography",
        ("cryptography", "_cffi_backend"),
        built_with="Rust, PyO3, cffi",
    ),
    Package("PIL", "pillow", ("PIL",)),
    Package("msgpack", "msgpack", ("msgpack",), built_with="Cython"),
    Package("regex", "regex", ("regex",)),
    Package("yaml", "pyyaml", ("yaml",), built_with="Cython, C"),
    Package("psycopg", "psycopg", ("psycopg_binary",), "psycopg[binary]", built_with="Cython"),
    Package("sqlalchemy", "sqlalchemy", ("sqlalchemy",), built_with="Cython"),
    Package("matplotlib", "matplotlib", ("matplotlib", "numpy"), built_with="pybind11, C++"),
    Package("protobuf", "protobuf", ("google",)),
    Package("cffi", "cffi", ("_cffi_backend",)),
    Package("zstandard", "zstandard", ("zstandard",), built_with="C, cffi"),
    Package(
        "aiohttp", "aiohttp", ("aiohttp", "multidict", "yarl", "frozenlist"), built_with="Cython, C"
    ),
    Package("uvloop", "uvloop", ("uvloop",), built_with="Cython, C"),
    Package("greenlet", "greenlet", ("greenlet",), built_with="C++"),
    Package("grpcio", "grpcio", ("grpc",), built_with="Cython, C++, threads"),
    Package("lz4", "lz4", ("lz4",)),
    Package("ctypes", "pillow", ("ctypes",)),
)

for subject in ("text", "data", "network", "science"):
    import_module(f"small.{subject}")
USES = tuple(
    Package(
        each.function.__name__,
        each.distribution,
        (),
        each.requirement,
        each.built_with,
        each.function.__module__,
    )
    for each in FOUND
)
PACKAGES = WORKS + USES
