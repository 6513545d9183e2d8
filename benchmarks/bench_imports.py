"""What an import costs in one more interpreter: with .pyc files, and where Python has none."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable

from report import Bound, Figure, finish, parser

import atoll

MODULES = (
    *("argparse", "asyncio", "csv", "difflib", "doctest", "email.mime.text", "fractions"),
    *("http.server", "json", "pickletools", "pydoc", "statistics", "tarfile", "turtledemo"),
    *("unittest.mock", "xml.dom.minidom", "xmlrpc.client", "zipfile"),
)
MILLISECONDS = 1e3


def use_no_files(folder: str) -> None:
    """Read and write .pyc files in an empty folder that nobody may write to."""
    sys.pycache_prefix, sys.dont_write_bytecode = folder, True


def compile_again(folder: str) -> None:
    """As CPython itself does."""
    from importlib._bootstrap_external import SourceLoader  # type: ignore[import-not-found]

    use_no_files(folder)
    SourceLoader.source_to_code = SourceLoader.source_to_code.__wrapped__


def import_all() -> float:
    """Return the seconds that it takes."""
    from importlib import import_module

    start = time.perf_counter()
    for name in MODULES:
        import_module(name)
    return time.perf_counter() - start


def measure(prepare: Callable[[str], None] | None, folder: str) -> float:
    """Milliseconds of the imports in a new interpreter."""
    with atoll.Interpreter(preemptive=True) as interpreter:  # a new one: none is kept ready
        if prepare is not None:
            interpreter.call(prepare, folder)
        return interpreter.call(import_all) * MILLISECONDS


def measure_imports(rounds: int) -> list[Figure]:
    """The best times of all kinds, in turns."""
    kinds = {"with .pyc files": None, "code kept": use_no_files, "compiled again": compile_again}
    best = dict.fromkeys(kinds, float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        first = measure(use_no_files, folder)
        for _ in range(rounds):
            for name, prepare in kinds.items():
                best[name] = min(best[name], measure(prepare, folder))
    with_files = Figure("with .pyc files", best["with .pyc files"], "ms")
    again = Figure("compiled again", best["compiled again"], "ms")
    kept = "one more interpreter, without .pyc files"
    return [
        Figure("the first interpreter, without .pyc files", first, "ms", again),
        Figure(kept, best["code kept"], "ms", with_files, Bound(1.3)),
        Figure(kept, best["code kept"], "ms", again, Bound(0.5)),
    ]


def main() -> int:
    options = parser(__doc__, rounds=5).parse_args()
    return finish("imports", measure_imports(options.rounds), options)


if __name__ == "__main__":
    sys.exit(main())
