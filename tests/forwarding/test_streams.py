"""The standard streams of an interpreter are main's."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

import pytest

import atoll


def replace(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give main another `sys.stdout`; in the test itself, as pytest sets it before."""
    made = io.TextIOWrapper(io.BytesIO(), "latin-1", "replace", write_through=False)
    monkeypatch.setattr(sys, "stdout", made)
    return made


def look() -> tuple[Any, ...]:
    out: Any = sys.stdout
    return (out.encoding, out.errors, out.line_buffering, out.write_through, out.isatty(),
            out.writable(), out.readable(), out.seekable(), out.closed)  # fmt: skip


def test_attributes(shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the attributes of main's."""
    replace(monkeypatch)
    expected = "latin-1", "replace", False, False, False, True, False, False, False
    assert shared_interpreter.call(look) == expected


def test_reconfigure(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`reconfigure` is for main's stream, of which there is one."""
    stream = replace(monkeypatch)
    shared_interpreter.exec("""
import sys
import threading
sys.stdout.write("\\xe9")
sys.stdout.reconfigure(encoding="utf-8", errors="strict", line_buffering=True, write_through=True)
sys.stdout.write("\\xe9")
""")
    assert stream.buffer.getvalue() == b"\xe9\xc3\xa9"
    assert shared_interpreter.call(look)[:4] == ("utf-8", "strict", True, True)
    shared_interpreter.exec("sys.stdout.reconfigure(write_through=False); sys.stdout.write('x')")
    assert stream.buffer.getvalue() == b"\xe9\xc3\xa9"
    shared_interpreter.exec("sys.stdout.flush()")
    assert stream.buffer.getvalue() == b"\xe9\xc3\xa9x"


@pytest.mark.parametrize("main_has", [io.StringIO(), None])
def test_reconfigure_what_cannot(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch, main_has: Any
) -> None:
    """It does nothing where main's stream has none; an unknown option is an error."""
    monkeypatch.setattr(sys, "stdout", main_has)
    shared_interpreter.exec("import sys; sys.stdout.reconfigure(line_buffering=True)")
    assert shared_interpreter.call(look)[:5] == ("utf-8", "strict", False, False, False)
    with pytest.raises(TypeError, match="'nonsense'"):
        shared_interpreter.exec("sys.stdout.reconfigure(nonsense=1)")


def test_bytes(shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes can be written to `buffer`."""
    stream = replace(monkeypatch)
    shared_interpreter.exec("import sys; sys.stdout.write('a'); sys.stdout.buffer.write(b'b')")
    stream.flush()
    assert sorted(stream.buffer.getvalue()) == [97, 98]


def test_parts_of_lines(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the main thread writes appears in order; of other threads' lines only whole ones."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    shared_interpreter.call(print, "a", end="")
    print("b")
    thread = threading.Thread(target=shared_interpreter.call, args=(print, "c"), kwargs={"end": ""})
    thread.start()
    thread.join()
    assert out.getvalue() == "ab\n"
    shared_interpreter.call(print, "d")
    assert out.getvalue() == "ab\ncd\n"


def test_input(shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter reads what main would read next, whatever main's stdin is at the moment."""
    lines = "".join(f"{n}\n" for n in range(12))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    read_line = lambda size=-1: sys.stdin.readline(size)  # noqa: E731
    assert input() == "0"
    assert shared_interpreter.call(input) == "1"
    assert sys.stdin.readline() == "2\n"
    assert shared_interpreter.call(lambda: next(iter(sys.stdin))) == "3\n"
    with atoll.InterpreterPoolExecutor(1) as pool:
        assert pool.submit(input).result() == "4"
    assert shared_interpreter.call(read_line, 1) + shared_interpreter.call(read_line) == "5\n"
    assert shared_interpreter.call(lambda: sys.stdin.read(2)) == "6\n"
    assert shared_interpreter.call(lambda: list(sys.stdin.readlines(1))[0]) == "7\n"
    assert shared_interpreter.call(lambda: sys.stdin.read()) == "8\n9\n10\n11\n"
    with pytest.raises(EOFError):
        shared_interpreter.call(input)
    monkeypatch.setattr("sys.stdin", io.StringIO("another\n"))
    assert shared_interpreter.call(input) == "another"


def test_attributes_of_input(
    shared_interpreter: atoll.Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says of itself what main's says, and has that one's bytes."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bytes"), encoding="latin-1"))
    of = lambda: (sys.stdin.encoding, sys.stdin.readable(), sys.stdin.writable(), sys.stdin.mode)  # noqa: E731
    assert shared_interpreter.call(of) == ("latin-1", True, False, "r")
    assert shared_interpreter.call(lambda: sys.stdin.buffer.read()) == b"bytes"
    shared_interpreter.call(lambda: sys.stdin.reconfigure(encoding="utf-8"))  # type: ignore[union-attr]
    assert sys.stdin.encoding == "utf-8"
    with pytest.raises(io.UnsupportedOperation):
        shared_interpreter.call(lambda: sys.stdin.write(""))
