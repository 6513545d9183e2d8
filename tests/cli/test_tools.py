"""Tools see inside, as docs/how-to/in-your-program.md says: its blocks that are no plain script.

The line ```python pytest begins such a block.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dap
import pytest
from children import environment, limit

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "in-your-program.md"


def block(kind: str) -> str:
    found = re.search(rf"^```\w+ {kind}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def needs(*packages: str) -> pytest.MarkDecorator:
    missing = [each for each in packages if not find_spec(each)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(packages)}")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs Python in the test's folder."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit(100),
            cwd=tmp_path,
        )

    return run


MEASURED = """
def call(n):
    if n:
        return 1
    return 2

def thread(n):
    if n:
        return 1
    return 2

def worker(n):
    if n:
        return 1
    return 2
"""
MEASURING = """
import atoll, measured

with atoll.Interpreter() as interpreter:
    interpreter.call(measured.call, 1)
thread = atoll.Thread(target=measured.thread, args=(1,))
thread.start()
thread.join()
with atoll.InterpreterPoolExecutor(1) as pool:
    pool.submit(measured.worker, 1).result()
"""


@needs("coverage")
@pytest.mark.parametrize("kind", ["coverage", "coverage-branches"])
def test_coverage(run: Any, tmp_path: Path, kind: str) -> None:
    """The configuration of the page has coverage measure all interpreters."""
    if kind == "coverage-branches" and sys.version_info >= (3, 14):
        pytest.skip("for 3.13")
    (tmp_path / "pyproject.toml").write_text(block(kind))
    (tmp_path / "measured.py").write_text(MEASURED)
    (tmp_path / "measuring.py").write_text(MEASURING)
    done = run("-m", "coverage", "run", "--include=measured.py", "measuring.py")
    assert (done.returncode, done.stderr) == (0, "")

    import coverage

    data = coverage.CoverageData(str(tmp_path / ".coverage"))
    for part in tmp_path.glob(".coverage.*"):
        other = coverage.CoverageData(str(part))
        other.read()
        data.update(other)
    lines = set(data.lines(str(tmp_path / "measured.py")) or ())
    data.close()
    assert lines == {2, 3, 4, 7, 8, 9, 12, 13, 14}


def test_pytest(run: Any, tmp_path: Path) -> None:
    """The fixture of the page works, and what is printed inside is captured."""
    (tmp_path / "test_page.py").write_text(block("pytest"))
    done = run("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_page.py")
    assert "2 passed" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_breakpoint(run: Any, tmp_path: Path) -> None:
    """A breakpoint of pdb in a worker stops there, and its prompt reads from the terminal."""
    (tmp_path / "page.py").write_text(block("breakpoint"))
    done = run("page.py", stdin="p 'total is', total\nnext\nwhere\ncontinue\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "('total is', 42)" in done.stdout
    assert "page.py(7)work()\n-> return total" in done.stdout
    assert done.stdout.endswith("42\n")


@needs("debugpy")
def test_debugpy(tmp_path: Path) -> None:
    """A breakpoint that an editor sets in an interpreter which listens stops there."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = tmp_path / "page.py"
    source = block("debugpy").replace("5678", str(port))
    path.write_text(source.replace("    debugpy.wait", "    print(flush=True)\n    debugpy.wait"))
    line = source[: source.index("return total")].count("\n") + 1
    command = [sys.executable, "-W", "ignore", str(path)]
    settings = environment() | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=settings) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"  # it listens
        with closing(dap.Client(port)) as client:
            assert client.look(str(path), line, "total") == "42"
        assert process.stdout.read() == "42\n"


NOTEBOOK = """
import os, sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
def show(message):
    content = message["content"]
    print(content.get("text") or content.get("data", {}).get("text/plain") or content, end=" ")
client.execute_interactive(open("cell.py").read(), output_hook=show, timeout=60)
client.stop_channels()
manager.shutdown_kernel()
"""


@needs("ipykernel", "jupyter_client")
def test_notebook(run: Any, tmp_path: Path) -> None:
    """In a notebook's kernel functions of cells run inside, `await` works, and output is shown."""
    (tmp_path / "cell.py").write_text(block("notebook"))
    (tmp_path / "kernel.py").write_text(NOTEBOOK)
    done = run("kernel.py")
    assert "squares 7\n" in done.stdout
    assert "49" in done.stdout


@needs("IPython")
def test_ipython(run: Any) -> None:
    """In IPython functions of the session run inside."""
    session = textwrap.dedent("""
        import atoll
        worker = atoll.Interpreter("w")
        def square(n): return n * n

        print("it is", worker.call(square, 7))
    """)
    done = run("-m", "IPython", "--simple-prompt", "--no-banner", "--quick", stdin=session)
    assert "it is 49" in done.stdout
