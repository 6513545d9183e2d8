"""Exceptions of tasks as distributed sends them on: with frames in place of a remote traceback."""

from __future__ import annotations

from itertools import dropwhile
from os.path import dirname, join

from tblib import Traceback

from .._transfer.errors import RemoteTraceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any


_PACKAGE = join(dirname(dirname(__file__)), "")


def add_frames(error: BaseException) -> None:
    """Give an exception the traceback that it had inside.

    distributed pickles tracebacks, and a client need not have atoll to read a RemoteTraceback. It
    leaves out its own frames, which come first; so must be left out those of atoll before them.
    """
    last = error
    while last.__cause__ is not None and type(last.__cause__) is not RemoteTraceback:
        last = last.__cause__
    if type(last.__cause__) is not RemoteTraceback:
        return
    *_, (_, _, frames, *_) = last.__cause__.blocks
    last.__cause__ = None
    error.__traceback__ = _traceback(dropwhile(lambda each: each[0].startswith(_PACKAGE), frames))


def _traceback(frames: Iterable[tuple[str, int, str]]) -> TracebackType | None:
    made: dict[str, Any] | None = None
    for file, line, name in reversed(list(frames)):
        code = {"co_filename": file, "co_name": name, "co_firstlineno": 1}
        frame = {
            "f_globals": {"__file__": file, "__name__": "?"},
            "f_locals": {},
            "f_code": code,
            "f_lineno": line,
        }
        made = {"tb_frame": frame, "tb_lineno": line, "tb_next": made}
    return None if made is None else Traceback.from_dict(made).as_traceback()
