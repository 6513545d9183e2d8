"""The packages of the matrix: how they are installed, and whether they are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata


@dataclass(frozen=True)
class Package:
    """A row of the matrix.

    Attributes:
        name: Of the module in `work`.
        distribution: What its version is asked of; None for the standard library.
        modules: What is imported for it; the way that these are loaded is recorded.
        requirement: What is installed, if that is not just the distribution.
    """

    name: str
    distribution: str | None
    modules: tuple[str, ...]
    requirement: str | None = None

    def version(self) -> str | None:
        """Return the version that is installed, or None."""
        if self.distribution is None:
            return ""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


PACKAGES = (
    Package("stdlib", None, ("_sqlite3", "_decimal")),
    Package("numpy", "numpy", ("numpy",)),
    Package("pandas", "pandas", ("pandas", "numpy")),
    Package("scipy", "scipy", ("scipy", "numpy")),
    Package("sklearn", "scikit-learn", ("sklearn", "scipy", "numpy")),
    Package("pyarrow", "pyarrow", ("pyarrow",)),
    Package("polars", "polars", ("_polars_runtime_32",)),
    Package("lxml", "lxml", ("lxml",)),
    Package("orjson", "orjson", ("orjson",)),
    Package("pydantic", "pydantic", ("pydantic_core",)),
    Package("cryptography", "cryptography", ("cryptography", "_cffi_backend")),
    Package("PIL", "pillow", ("PIL",)),
    Package("msgpack", "msgpack", ("msgpack",)),
    Package("regex", "regex", ("regex",)),
    Package("yaml", "pyyaml", ("yaml",)),
    Package("psycopg", "psycopg", ("psycopg_binary",), "psycopg[binary]"),
    Package("sqlalchemy", "sqlalchemy", ("sqlalchemy",)),
    Package("matplotlib", "matplotlib", ("matplotlib", "numpy")),
    Package("protobuf", "protobuf", ("google",)),
    Package("cffi", "cffi", ("_cffi_backend",)),
    Package("zstandard", "zstandard", ("zstandard",)),
    Package("aiohttp", "aiohttp", ("aiohttp", "multidict", "yarl", "frozenlist")),
    Package("uvloop", "uvloop", ("uvloop",)),
    Package("greenlet", "greenlet", ("greenlet",)),
    Package("grpcio", "grpcio", ("grpc",)),
    Package("lz4", "lz4", ("lz4",)),
    Package("ctypes", "pillow", ("ctypes",)),
)
