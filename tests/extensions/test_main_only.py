"""What works in the main thread of main only: what errors advise, and that it works."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import atoll

SOURCE = "import signal; signal.signal(signal.SIGUSR2, lambda number, frame: None)"
ADVICE = (
    "{said} only works in main thread of the main interpreter; in the main thread, use "
    "atoll.main().import_module('{name}') or Interpreter(extensions={{'{name}': 'main'}}) "
    "[docs: explanation/extensions]"
)


@pytest.fixture(autouse=True)
def handling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module that installs a signal handler when it is imported."""
    (tmp_path / "handling.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = signal.getsignal(signal.SIGUSR2)
    yield
    signal.signal(signal.SIGUSR2, before)
    sys.modules.pop("handling", None)


@pytest.mark.parametrize(
    ("source", "said", "name"),
    [
        ("import handling", "signal", "handling"),
        (SOURCE, "signal", "signal"),
        ("import signal; signal.set_wakeup_fd(-1)", "set_wakeup_fd", "signal"),
    ],
)
def test_errors_say_what_to_write(source: str, said: str, name: str) -> None:
    """An error of a signal handler in an interpreter names the package, and how to use it."""
    with atoll.Interpreter() as one:
        with pytest.raises(ValueError, match="only works") as caught:
            one.exec(source)
        assert str(caught.value) == ADVICE.format(said=said, name=name)
        with pytest.raises(TypeError):
            one.exec("import signal; signal.signal()")


@pytest.mark.parametrize("options", [{}, {"extensions": {"handling": "main"}}])
def test_advice_works(options: dict[str, Any]) -> None:
    """What the error says can be written: in the main thread the package works."""
    with atoll.Interpreter(**options) as one:
        if options:
            one.exec("import handling")
        else:
            one.exec("import atoll; atoll.main().import_module('handling')")
    assert signal.getsignal(signal.SIGUSR2).__module__ == "handling"


def test_import_by_another_thread() -> None:
    """A package of main that wants the main thread says so when another thread imports it."""
    with atoll.Interpreter(extensions={"handling": "main"}) as one, ThreadPoolExecutor(1) as pool:
        imported = pool.submit(one.exec, "import handling")
        with pytest.raises(ValueError, match="only works in main thread") as caught:
            imported.result()
    assert "handling wants to be imported in the main thread: import it there first" in (
        caught.value.__notes__
    )


QT = """
class QApplication:
    def __init__(self, arguments):
        self.arguments = arguments
"""


def test_applications_of_qt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application of Qt is refused in interpreters, unless its event loop goes without GLib."""
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "QtWidgets.py").write_text(QT)
    monkeypatch.delenv("QT_NO_GLIB", raising=False)
    source = "from PySide6.QtWidgets import QApplication; found = QApplication(['x']).arguments"
    said = (
        r"^PySide6\.QtWidgets\.QApplication needs the main thread of the main interpreter, .* "
        r"in the main thread, use atoll\.main\(\)\.call\(FUNCTION\), .*'QT_NO_GLIB'\] = '1'"
    )
    with atoll.Interpreter() as one:
        with pytest.raises(RuntimeError, match=said):
            one.exec(source)
        one.exec(f"import os; os.environ['QT_NO_GLIB'] = '1'; {source}")
        assert one.eval("found == ['x']")
    with atoll.Interpreter(extensions={"PySide6": "main"}) as other:
        other.exec(source)
    for name in [each for each in sys.modules if each.startswith("PySide6")]:
        del sys.modules[name]
