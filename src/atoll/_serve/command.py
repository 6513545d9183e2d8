"""The command `atoll serve`: uvicorn's own options, but for those that are ours."""

from __future__ import annotations

import os
import sys

from .errors import AppNotFoundError, StartupError
from .options import import_uvicorn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import click

HELP = """Serve APP, an ASGI or WSGI application ("module:attribute"), with uvicorn in each of N
interpreters of one process.

SIGINT (Ctrl-C) and SIGTERM let running requests finish; a second one ends the process at once.
SIGHUP replaces the interpreters one by one, without losing a request."""

FAILED, UNUSABLE = 1, 2
_NOT_OURS = frozenset({"version", "timeout_worker_healthcheck"})


def main(arguments: Sequence[str], run: Callable[..., None]) -> int:
    """Run the command by `atoll.serve.run`; return its exit status."""
    try:
        import_uvicorn()
    except ModuleNotFoundError as error:
        return _complain(str(error), UNUSABLE)
    import click
    from uvicorn.main import main as uvicorn

    try:
        command = _command(click, uvicorn)
        context = command.make_context("atoll serve", list(arguments))
        options = _given(context)
        if "workers" in options:
            raise click.UsageError("Write -n instead of --workers.", context)
    except click.exceptions.Exit as end:  # --help
        return end.exit_code
    except click.UsageError as error:
        error.show()
        return UNUSABLE
    return _run(run, **options)


def _command(click: Any, uvicorn: click.Command) -> click.Command:
    ours = [
        click.Option(
            ["-n", "--interpreters"],
            type=click.IntRange(1, 256),
            help="How many interpreters.  [default: one for each CPU]",
        ),
        click.Option(["--name"], help="They are called NAME-1, NAME-2...  [default: web]"),
    ]
    theirs = [each for each in uvicorn.params if each.name not in (*_NOT_OURS, "workers")]
    workers = click.Option(["--workers"], hidden=True)
    return click.Command(  # type: ignore[no-any-return]
        "serve",
        params=[*theirs[:1], *ours, *theirs[1:], workers],
        help=HELP,
        context_settings=uvicorn.context_settings,
    )


def _given(context: click.Context) -> dict[str, Any]:
    """Return the options that are given, by the names of `uvicorn.Config`."""
    from click.core import ParameterSource

    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if headers := given.pop("headers", None):
        given["headers"] = [tuple(each.split(":", 1)) for each in headers]
    for name in ("reload_dirs", "reload_includes", "reload_excludes"):
        if name in given:
            given[name] = list(given[name])
    return given


def _run(run: Callable[..., None], app: str, app_dir: str = "", **options: Any) -> int:
    sys.path.insert(0, os.path.abspath(app_dir))
    try:
        run(app, **options)
    except OSError as error:
        return _complain(error.strerror or str(error), UNUSABLE)
    except (AppNotFoundError, TypeError, ValueError) as error:
        return _complain(str(error), UNUSABLE)
    except ModuleNotFoundError as error:
        return _complain(f"{app!r} cannot be imported: {error}", UNUSABLE)
    except StartupError as error:
        if error.__cause__ is not None:
            sys.excepthook(type(error.__cause__), error.__cause__, None)
        return _complain(f"{error}", FAILED)
    return 0


def _complain(message: str, status: int) -> int:
    print(f"atoll: {message}", file=sys.stderr)
    return status
