"""The command line: `atoll demo`, `atoll graph`, `atoll run`, and their exit status."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest
from children import limit

from atoll import cli
from atoll.demo import run


def atoll(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `python -m atoll` to its end."""
    command = [sys.executable, "-m", "atoll", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit(100))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with two files, one of which does not parse."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "good.py").write_text("import os\n\n\ndef f(a):\n    return a or os\n")
    (root / "bad.py").write_text("def\n")
    return root


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The path of a script that a test writes."""
    return tmp_path / "script.py"


# The program


def test_no_command_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, help is printed."""
    assert cli.main([]) == 0
    assert "demo" in capsys.readouterr().out


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version of the installed package."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"atoll {version('atoll')}\n"


def test_command_line_imports_no_rich() -> None:
    """Reading the arguments does not import rich."""
    code = "import sys, atoll.cli; atoll.cli.main(['--version']); print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("command", ["demo", "graph", "doctor colorsys"])
def test_rich_is_missing(command: str) -> None:
    """Without rich a command that prints tables says what to install."""
    code = (
        "import sys; sys.modules['rich'] = None\n"
        f"import atoll.cli; sys.exit(atoll.cli.main({command.split()!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    message = "atoll: tables need rich: pip install 'atoll[cli]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_workers_import_no_rich() -> None:
    """What the worker interpreters import does not import rich."""
    code = "import sys, atoll.demo.worker, atoll.demo.index; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# atoll demo


def test_demo_shows_what_it_found(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo shows totals, the bad file, the speed-up, and that both passes agree."""
    assert cli.main(["demo", str(tree), "--interpreters", "2"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    for expected in (
        "Measured 1 file, 5 lines, 1 function and 0 classes.",
        "bad.py",
        "SyntaxError",
        "found the same",
    ):
        assert expected in output
    assert re.search(r"Speed-up \d+\.\d\d with 2 interpreters", output)


def test_demo_as_a_program_writes_its_page(tree: Path, tmp_path: Path) -> None:
    """`python -m atoll demo --html` ends with 0, is silent on stderr, and writes the page."""
    page = tmp_path / "page.html"
    done = atoll("demo", tree, "--interpreters", "2", "--html", page)
    assert (done.returncode, done.stderr) == (0, "")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "many", "", "257", "\u00b2"])
def test_demo_refuses_a_bad_number(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A number of interpreters that is none, or out of range, is an error of usage."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["demo", f"--interpreters={count}"])
    assert caught.value.code == 2
    assert "is not a number from 1 to 256" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["absent", "empty", "notes.txt"])
def test_demo_without_files_is_an_error(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path that is absent or has no Python file: one line on stderr, and status 2."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    assert cli.main(["demo", str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert name in captured.err


@pytest.mark.parametrize("page", ["absent/page.html", "tree"])
def test_demo_says_that_it_cannot_write(
    tree: Path, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that cannot be written: one line on stderr, and status 2."""
    assert cli.main(["demo", str(tree), "--interpreters=1", f"--html={tree.parent / page}"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_demo_fails_if_passes_differ(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the passes find different things, the status is 1."""
    monkeypatch.setattr(run.Pass, "found_the_same", lambda self, other: False)
    assert cli.main(["demo", str(tree), "--interpreters=1"]) == 1


def test_demo_interrupted_while_waiting(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while the main thread waits for the workers ends the demo with status 130."""

    def interrupted(*arguments: object, **options: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run, "wait", interrupted)
    assert cli.main(["demo", str(tree), "--interpreters=2"]) == 130
    assert capsys.readouterr().err == "atoll: interrupted\n"


def test_demo_interrupted_by_a_signal(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the work ends the program with status 130 and no traceback."""
    (tmp_path / "many").mkdir()
    for number in range(400):
        (tmp_path / "many" / f"m{number}.py").write_text("a = [1, 2, (3, 4)] or {5: 6}\n" * 5_000)
    command = [sys.executable, "-u", "-m", "atoll", "demo", str(tmp_path), "--interpreters", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "measuring 400 files" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        errors = process.stderr.read()
    assert (process.returncode, rest, errors) == (130, "", "atoll: interrupted\n")


# atoll graph


def test_graph_shows_what_is_collected(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has the Proxies of the forgotten board; all objects of its circle are freed."""
    assert cli.main(["graph"]) == 0
    out = capsys.readouterr().out
    assert "old board" in out
    assert "25 objects" in " ".join(out.split())


def test_graph_writes_a_page_that_needs_nothing(tmp_path: Path) -> None:
    """`--html` writes one file: drawings as SVG, no script, nothing to be loaded."""
    page = tmp_path / "graph.html"
    done = atoll("graph", "--html", page)
    assert (done.returncode, done.stderr) == (0, "")
    text = page.read_text()
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) == 2
    for drawing in map(ElementTree.fromstring, drawings):
        paths = [each for each in drawing.iter() if each.tag in {"path", "rect"}]
        assert paths
        assert not any(list(each) for each in paths)
    assert "circular" in text
    assert not re.search(r"<script|<link|src=|url\((?!#)", text)


def test_doctor_tells_of_the_packages_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no package's is an error, and the others are told of."""
    assert cli.main(["doctor", "nonexist", "colorsys", "--json"]) == 2
    out, err = capsys.readouterr()
    assert [each["package"] for each in json.loads(out)] == ["colorsys"]
    assert err == "atoll: there is no package 'nonexist'\n"


def test_doctor_describes_the_installation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without packages it says what is installed, and needs no rich for that."""
    monkeypatch.setitem(sys.modules, "rich", None)
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    for expected in (
        "core _core.",
        sys.version.split()[0],
        "interpreters:     work",
        "parking:",
        "glibc",
    ):
        assert expected in out
    assert "MISSING" not in out


def test_graph_says_that_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is not there is an error before anything runs."""
    assert cli.main(["graph", f"--html={tmp_path / 'none' / 'graph.html'}"]) == 2
    assert "does not exist" in capsys.readouterr().err


# atoll run


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("pass", 0, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(0)", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit(True)", 1, ""),
        ("import sys; sys.exit('no good')", 1, "no good\n"),
        ("import sys; sys.exit((1, 'two'))", 1, "(1, 'two')\n"),
        ("import sys; sys.exit(['listed'])", 1, "['listed']\n"),
        ("raise SystemExit", 0, ""),
    ],
)
def test_run_exits_as_the_script(
    script: Path, capsys: pytest.CaptureFixture[str], source: str, status: int, said: str
) -> None:
    """`sys.exit` in a script gives the status, and prints what, it gives under `python`."""
    script.write_text(source)
    assert cli.main(["run", str(script)]) == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        ("ValueError('wrong')", 1),
        ("KeyboardInterrupt('wrong')", 130),
        ("BaseException('wrong')", 1),
        ("GeneratorExit('wrong')", 1),
        ("type('Own', (Exception,), {})('wrong')", 1),
    ],
)
def test_run_prints_the_script_s_traceback(
    script: Path, capsys: pytest.CaptureFixture[str], raised: str, status: int
) -> None:
    """An uncaught exception is printed with the script's own file and line."""
    script.write_text(f"def inner():\n    raise {raised}\n\ninner()\n")
    assert cli.main(["run", str(script)]) == status
    errors = capsys.readouterr().err
    assert f'File "{script}", line 4' in errors
    assert f'File "{script}", line 2, in inner' in errors
    assert "wrong" in errors.splitlines()[-1]


def test_run_prints_a_syntax_error(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script that does not parse is shown where it is wrong, with status 1."""
    script.write_text("a = 1\nb = (\n")
    assert cli.main(["run", str(script)]) == 1
    errors = capsys.readouterr().err
    assert f'File "{script}", line 2' in errors
    assert "SyntaxError: '(' was never closed" in errors


def test_run_says_that_there_is_no_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that is absent: one line on stderr, and status 2."""
    assert cli.main(["run", str(tmp_path / "absent.py")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_run_needs_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    """`atoll run` alone is an error of usage."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["run"])
    assert caught.value.code == 2
    assert "SCRIPT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b c"],
        ["--version"],
        ["-h"],
        ["--", "x"],
        ["x", "--", "y"],
        ["--interpreters", "0", "-"],
        ["", "demo", "run"],
    ],
)
def test_run_passes_all_arguments_on(
    script: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """All that follows the script is the script's own, also what looks like an option."""
    script.write_text("import sys\nprint(sys.argv)\n")
    assert cli.main(["run", str(script), *arguments]) == 0
    assert capsys.readouterr().out == f"{[str(script), *arguments]}\n"


def test_run_is_main_in_another_interpreter(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script is `__main__`, not in the main interpreter, and finds what lies beside it."""
    script.with_name("beside_it.py").write_text("here = 'beside'\n")
    script.write_text(
        "import sys, atoll, beside_it\n"
        "print(__name__, sys.modules['__main__'].__dict__ is globals(), __file__)\n"
        "print(beside_it.here, atoll.current() == atoll.main())\n"
    )
    assert cli.main(["run", str(script)]) == 0
    assert capsys.readouterr().out == f"__main__ True {script}\nbeside False\n"
    assert "beside_it" not in sys.modules


def test_run_as_a_program_equals_python(script: Path) -> None:
    """`python -m atoll run` gives the output and status that `python` gives."""
    script.write_text(
        "import atexit, sys\n"
        "atexit.register(print, 'at exit')\n"
        "print(sys.argv[1:], sys.stdin.read(), __file__, sys.path[0])\n"
        "print('oops', file=sys.stderr)\n"
        "sys.exit(3)\n"
    )
    python, ours = (
        subprocess.run(
            [sys.executable, *module, script.name, "-x"],
            input="typed",
            cwd=script.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        for module in ([], ["-m", "atoll", "run"])
    )
    said = f"['-x'] typed {script} {script.parent}\nat exit\n"
    assert (python.returncode, python.stdout, python.stderr) == (3, said, "oops\n")
    assert (ours.returncode, ours.stdout, ours.stderr) == (3, said, "oops\n")


def test_run_leaves_logging_to_the_script(script: Path) -> None:
    """A script that configures logging and warnings for itself is obeyed, as by `python`."""
    script.write_text(
        "import logging, sys, warnings\n"
        "logging.basicConfig(level=logging.DEBUG, format='%(levelname)s: %(message)s')\n"
        "logging.debug('details')\n"
        "logging.captureWarnings(True)\n"
        "warnings.warn('captured')\n"
    )
    plain = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        timeout=limit(100),
    )
    assert "DEBUG: details\nWARNING: " in plain.stderr
    done = atoll("run", script)
    assert (done.returncode, done.stderr) == (0, plain.stderr)


def test_run_accepts_a_folder_with_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with a `__main__.py` is a script too."""
    (tmp_path / "__main__.py").write_text("print('in a folder')\n")
    assert cli.main(["run", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "in a folder\n"


def test_output_that_nobody_reads() -> None:
    """`atoll doctor | head -0` ends with SIGPIPE's status and says nothing."""
    unread, output = os.pipe()
    os.close(unread)
    with open(output, "w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "atoll", "doctor"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=limit(60),
        )
    assert (done.returncode, done.stderr) == (cli.UNREAD, b"")


def test_run_interrupted_by_a_signal(script: Path) -> None:
    """A Ctrl-C during a script gives the traceback of a KeyboardInterrupt, and status 130."""
    script.write_text(
        "import os, signal\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "for number in range(10_000_000): pass\n"
    )
    done = atoll("run", script)
    assert done.returncode == 130
    assert done.stderr.endswith("KeyboardInterrupt\n")
