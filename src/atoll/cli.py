"""The command line: the commands of `atoll`, and `atoll --version`.

What a command needs is imported when it runs, so that `atoll run` never waits for the tables and
bars of `atoll demo`.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

type Commands = argparse._SubParsersAction[argparse.ArgumentParser]

MOST_INTERPRETERS = 256
"""More would only cost memory."""

FAILED = 1
UNUSABLE = 2
"""As argparse exits, and Python itself if it cannot open the script."""
INTERRUPTED = 130
"""As a shell reports a program that Ctrl-C ended."""
UNREAD = 141
"""As a shell reports a program whose output nobody reads on."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name.

    Args:
        argv: The arguments after the program's name; by default those of the process.

    Returns:
        The exit status.

    Raises:
        SystemExit: If the arguments are wrong (status 2), or ask for help (status 0).
    """
    ours, script_arguments = _split(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    arguments = parser.parse_args(ours)
    if arguments.version:
        return _print_version()
    try:
        return _run_command(parser, arguments, script_arguments)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "rich":
            raise
        return _complain("tables need rich: pip install 'atoll[cli]'", UNUSABLE)


def main_of_process() -> int:
    """Run the command of the process's arguments, and end it quietly if nobody reads its output."""
    try:
        status = main()
        if sys.stdout is not None and not sys.stdout.closed:  # as a script may leave it
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the flush at exit
        return UNREAD
    return status


def _run_command(
    parser: argparse.ArgumentParser,
    arguments: argparse.Namespace,
    script_arguments: Sequence[str],
) -> int:
    match arguments.command:
        case "demo":
            return _demo(arguments.path, arguments.interpreters, arguments.html)
        case "graph":
            return _graph(arguments.html)
        case "timeline":
            return _timeline(arguments.file, arguments.html)
        case "run":
            return _run(arguments.script, [*arguments.arguments, *script_arguments])
        case "serve":
            return _serve(script_arguments)
        case "doctor":
            if arguments.packages or arguments.all or arguments.json:
                return _doctor(arguments.packages, arguments.json)
            return _describe_installation()
        case "top":
            return _top(arguments)
    parser.print_help()
    return 0


def _split(argv: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split off the arguments after `run SCRIPT`: argparse would remove a first `--` from them.

    Those after `serve` are options of uvicorn's.
    """
    match argv:
        case ["serve", *options]:
            return argv[:1], options
        case ["run", script, *_] if not script.startswith("-"):
            return argv[:2], argv[2:]
        case _:
            return argv, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="atoll", description="Many interpreters in one process, really parallel."
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_demo(commands)
    _add_graph(commands)
    _add_timeline(commands)
    _add_run(commands)
    commands.add_parser("serve", help="serve a web application from many interpreters")
    _add_doctor(commands)
    _add_top(commands)
    return parser


def _add_demo(commands: Commands) -> None:
    demo = commands.add_parser(
        "demo",
        help="measure Python files in many interpreters, then in one",
        description="Measure every Python file below PATH in N interpreters at once, all of them "
        "writing into one object; then do the same in one interpreter, and compare.",
    )
    demo.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        type=Path,
        help="a folder or file (default: the standard library)",
    )
    demo.add_argument(
        "--interpreters",
        metavar="N",
        type=_interpreter_count,
        default=os.process_cpu_count() or 1,
        help="how many (default: one for each CPU, here %(default)s)",
    )
    demo.add_argument("--html", metavar="FILE", type=Path, help="write a report with charts too")


def _add_graph(commands: Commands) -> None:
    graph = commands.add_parser(
        "graph",
        help="show the references between interpreters",
        description="Run a small program in several interpreters, and show the references between "
        "them: while it runs, when a part of it has become garbage, and after a collection.",
    )
    graph.add_argument("--html", metavar="FILE", type=Path, help="write a page with drawings too")


def _add_timeline(commands: Commands) -> None:
    timeline = commands.add_parser(
        "timeline",
        help="draw the file of a trace",
        description="Draw the file that atoll.trace() has written, as an HTML page that needs no "
        "other file: a row for each thread, and tables of what took time.",
    )
    timeline.add_argument("file", metavar="FILE", type=Path, help="a trace, packed or plain")
    timeline.add_argument(
        "--html", metavar="OUT", type=Path, required=True, help="the page to write"
    )


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run a script in an interpreter of its own",
        description="Run SCRIPT as `python SCRIPT` would, in an interpreter of its own.",
    )
    run.add_argument("script", metavar="SCRIPT")
    run.add_argument(
        "arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="sys.argv[1:] of the script"
    )


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="describe this installation, or tell how interpreters import packages",
        description="Without packages, describe this installation, for a report of a bug. Else try "
        "each package in a process of its own, and tell what its extension modules declare, the "
        "mode that interpreters import them in, and what that costs.",
        epilog="Exit status: 0 if all work in interpreters (native or private), 1 if some do not, "
        "2 if there is no such package.",
    )
    doctor.add_argument(
        "packages",
        metavar="PACKAGE",
        nargs="*",
        help="a package, by the name that it is imported or installed by",
    )
    doctor.add_argument("--all", action="store_true", help="try all packages that are installed")
    doctor.add_argument("--json", action="store_true", help="print JSON, with every module")


def _add_top(commands: Commands) -> None:
    top = commands.add_parser(
        "top",
        help="watch a running process",
        description="Show the interpreters, threads, executors and queues of a running process of "
        "yours, live. A process can be watched if it has called atoll.monitor(), or was started "
        "with ATOLL_MONITOR=1; from Python 3.14 on any that uses atoll is asked to. Without PID, "
        "list them.",
    )
    top.add_argument(
        "pid", metavar="PID", nargs="?", type=int, help="the process (default: list them)"
    )
    how = top.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="print the tables once, as plain text")
    how.add_argument("--json", action="store_true", help="print the figures once, as JSON")
    top.add_argument(
        "--interval",
        metavar="SECONDS",
        type=float,
        help="how often to look, and for how long with --once and --json (default: 1, and 0.5)",
    )
    top.add_argument("--sort", metavar="COLUMN", help="sort tables by a column, as 'cpu'")
    top.add_argument("--filter", metavar="TEXT", default="", help="show rows with this text")


def _interpreter_count(text: str) -> int:
    count = int(text) if text.isdecimal() else 0
    if not 1 <= count <= MOST_INTERPRETERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_INTERPRETERS}")
    return count


def _print_version() -> int:
    from importlib.metadata import version

    print(f"atoll {version('atoll')}")
    return 0


def _complain(message: str, status: int) -> int:
    """Print an error in one line on stderr, and return the exit status."""
    print(f"atoll: {message}", file=sys.stderr)
    return status


def _demo(root: Path | None, interpreters: int, page: Path | None) -> int:
    from rich.console import Console

    from atoll.demo import report
    from atoll.demo.files import NoSourcesError, find_sources
    from atoll.demo.run import compare

    if _lacks_folder(page):
        return _cannot_write(page, "its folder does not exist")
    try:
        sources = find_sources(root)
    except NoSourcesError as error:
        return _complain(str(error), UNUSABLE)
    console = Console(highlight=False)
    report.print_start(console, sources, interpreters)
    with report.progress_bar(console, sources) as watch:
        comparison = compare(sources, interpreters, watch)
    report.print_report(console, comparison)

    def write(path: Path) -> None:
        from atoll.demo.html import write_page

        write_page(path, comparison)

    status = _write_page(page, "Report", write)
    return status or (0 if comparison.is_consistent else FAILED)


def _describe_installation() -> int:
    from atoll._modules import installation

    for heading, text in installation.describe():
        print(f"{heading + ':':<18}{text}")
    return 0 if installation.works() else FAILED


def _doctor(packages: Sequence[str], as_json: bool) -> int:
    from rich.console import Console

    from atoll._modules import doctor

    found, missing = doctor.find_packages(packages)
    diagnoses = list(doctor.progress(Console(stderr=True), found))
    if as_json:
        print(doctor.as_json(diagnoses))
    elif found or not missing:
        doctor.print_table(Console(highlight=False), diagnoses)
    for name in missing:
        _complain(f"there is no package {name!r}", UNUSABLE)
    if missing:
        return UNUSABLE
    return 0 if all(each.works for each in diagnoses) else FAILED


def _top(arguments: argparse.Namespace) -> int:
    from atoll._monitor import command

    return command.main(arguments)


def _lacks_folder(page: Path | None) -> bool:
    return page is not None and not page.absolute().parent.is_dir()


def _cannot_write(page: Path | None, reason: str | None) -> int:
    return _complain(f"cannot write {str(page)!r}: {reason}", UNUSABLE)


def _write_page(page: Path | None, title: str, write: Callable[[Path], None]) -> int:
    """Write a page, if one is wanted, and print its path; return the exit status."""
    from atoll._page.markup import printable

    if page is None:
        return 0
    try:
        write(page)
    except OSError as error:
        return _cannot_write(page, error.strerror)
    print(f"{title}: {printable(str(page))}")
    return 0


def _graph(page: Path | None) -> int:
    from rich.console import Console

    from atoll.demo import boards, graph

    if _lacks_folder(page):
        return _cannot_write(page, "its folder does not exist")
    snapshots = boards.run()
    graph.print_graph(Console(highlight=False), snapshots)
    return _write_page(page, "Page", partial(graph.write_page, snapshots=snapshots))


def _timeline(file: Path, page: Path) -> int:
    from atoll._trace import reading, timeline

    if _lacks_folder(page):
        return _cannot_write(page, "its folder does not exist")
    try:
        drawn = timeline.page(reading.read(file), file.name)
    except OSError as error:
        return _complain(f"cannot read {str(file)!r}: {error.strerror}", UNUSABLE)
    except reading.TraceFileError as error:
        return _complain(str(error), UNUSABLE)
    return _write_page(page, "Page", lambda path: _write_text(path, drawn))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _run(script: str, arguments: Sequence[str]) -> int:
    """Run a script in a new interpreter; wait for its threads and exit handlers."""
    from atoll import Interpreter

    try:
        _check_readable(script)
    except OSError as error:
        return _complain(f"can't open file {script!r}: {error.strerror}", UNUSABLE)
    with Interpreter(Path(script).name, forward_logging=False) as interpreter:
        try:
            path = os.path.abspath(script)
            interpreter.run_path(path, run_name="__main__", argv=[script, *arguments])
        except BaseException as error:
            return _status_of(error)
    return 0


def _serve(arguments: Sequence[str]) -> int:
    from atoll import serve
    from atoll._serve import command

    return command.main(arguments, serve.run)


def _check_readable(script: str) -> None:
    """Raise OSError unless a script can be opened; a folder with a `__main__.py` is one too."""
    if not os.path.isdir(script):
        with open(script, "rb"):
            pass


def _status_of(error: BaseException) -> int:
    """Print what Python prints when an exception ends a script, and return its exit status."""
    if isinstance(error, SystemExit):
        return _status_of_exit(error.code)
    traceback.print_exception(error.with_traceback(None))  # the script's traceback is in the cause
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else FAILED


def _status_of_exit(code: object) -> int:
    """Return the status that `sys.exit(code)` gives; print the code if it is not a number."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    print(code, file=sys.stderr)
    return FAILED
