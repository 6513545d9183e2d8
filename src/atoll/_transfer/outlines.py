"""Outlines: what is said of an exception, and of all that hang on it, where it is taken apart."""

from __future__ import annotations

import os
from _collections_abc import Sequence

from .. import _core
from .errors import BaseRemoteError, RemoteTraceback
from .exception_parts import (
    asked,
    fields_of,
    inside,
    members_of_group,
    message_of_group,
    reduction_of,
    text_of,
)
from .exception_types import has_name, named
from .names import module_of, qualname_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any, TypedDict

    from .errors import Blocks, Frame
    from .exception_types import Named

    class OutlineFields(TypedDict):
        """What is said of one exception without anything of its own: text, and how many values."""

        number: int  # by which it is known everywhere
        type: Named
        cls: int  # position of its type among the classes; -1: it has an import name
        first: int  # position of the first of its values
        args: int
        fields: tuple[str, ...]  # kept in C or in slots
        state: int  # entries of __dict__: a key and a value each
        reduction: tuple[str, int, int] | None  # by what, how many arguments, how many states
        notes: tuple[str, ...]
        members: tuple[Outline, ...]  # of a group
        frames: tuple[Frame, ...]
        interpreter: str
        last: str  # line of the printed traceback
        cause: Outline | None
        context: Outline | None
        suppress: bool

    # OutlineFields as pairs, so that it crosses as a plain tuple. Of a RemoteTraceback there are
    # only its "blocks", and only the "again" (a number) of what is part of the whole elsewhere.
    type Outline = tuple[tuple[str, Any], ...]

    # The outline, and of all the exceptions in it: references to types that have no import name,
    # and the values. They cross by the usual rule and each by itself.
    type Captured = tuple[Outline, tuple[Any, ...], tuple[Any, ...]]

_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OWN_FILES = tuple(
    _OWN_FOLDER + name
    for name in (
        "_interpreter/inside.py",
        "_transfer/values.py",
        "_interpreter/interpreter.py",
        "_transfer/closures.py",
        "_transfer/cloud.py",
        "_transfer/definitions.py",
        "_transfer/defining.py",
        "_transfer/functions.py",
        "_transfer/names.py",
        "_transfer/pickles.py",
        "_transfer/remaking.py",
        "_thread/thread.py",
        "_thread/inside.py",
    )
)
_CHAIN_LIMIT = 100
_DEPTH_LIMIT = 100  # of groups in groups
# An exception gets more frames each time that it is raised; of too many the outermost and the
# innermost are kept.
_FRAMES_LIMIT, _FRAMES_KEPT = 1000, 100


# ---- taking apart ----


def capture(
    exception: BaseException, sent: Callable[[object], object] = lambda value: value
) -> Captured:
    """Take an exception apart into what says what it is, and the values that it has.

    Called by the core, in the interpreter where the exception is.

    Args:
        exception: It may lie about its class, arguments and attributes, or raise when asked.
        sent: Says how a value is to cross.
    """
    taken = _Taken(sent)
    outline = taken.outline_of(exception, 0)
    return outline, tuple(taken.classes), tuple(taken.values)


class _Taken:
    """The values of an exception and of all that hang on it, while these are taken apart."""

    __slots__ = ("_seen", "_sent", "classes", "values")

    def __init__(self, sent: Callable[[object], object]) -> None:
        self.classes: list[object] = []
        self.values: list[object] = []
        self._seen: set[int] = set()
        self._sent = sent

    def outline_of(self, exception: Any, depth: int) -> Outline:
        """Describe an exception; its values are added to those that there are."""
        cls = type(exception)
        if issubclass(cls, RemoteTraceback):
            return (("blocks", exception.blocks),)
        number = _core.identity(exception)
        if number in self._seen:
            return (("again", number),)
        self._seen.add(number)
        args, named_fields = _args_of(exception), fields_of(exception)
        state, notes = _own_fields(exception)
        reduction = reduction_of(exception)
        fields: OutlineFields = {
            "number": number,
            "type": named(cls),
            "cls": self._reference_to(exception),
            "first": len(self.values),
            "args": len(args),
            "fields": tuple(name for name, _ in named_fields),
            "state": len(state),
            "reduction": reduction and (reduction[0], len(reduction[1]), len(reduction[2])),
            "notes": _printed(notes),
            "members": (),
            "frames": _frames(inside["__traceback__"](exception)),
            "interpreter": _core.own_name(),
            "last": _last_line(exception),
            "cause": None,
            "context": None,
            "suppress": inside["__suppress_context__"](exception),
        }
        self.values += map(self._sent, args)
        self.values += (self._sent(value) for _, value in named_fields)
        for key, value in state:
            self.values += key, self._sent(value)
        if reduction is not None:
            self.values += map(_copied, (*reduction[1], *reduction[2]))
        fields["members"] = self._members_of(exception, depth)
        fields["cause"] = self._linked(inside["__cause__"](exception), depth)
        fields["context"] = self._linked(inside["__context__"](exception), depth)
        return tuple(fields.items())

    def _reference_to(self, exception: Any) -> int:
        cls = type(exception)
        if issubclass(cls, BaseRemoteError) and exception.remote_type is not None:
            cls = exception.remote_type
        elif has_name(cls):
            return -1
        self.classes.append(_core.mark(cls, False))
        return len(self.classes) - 1

    def _linked(self, exception: BaseException | None, depth: int) -> Outline | None:
        if exception is None or len(self._seen) > _CHAIN_LIMIT:
            return None
        return self.outline_of(exception, depth)

    def _members_of(self, exception: Any, depth: int) -> tuple[Outline, ...]:
        if not issubclass(type(exception), BaseExceptionGroup):
            return ()
        members = members_of_group(exception)
        if depth >= _DEPTH_LIMIT:
            members = (RecursionError("[some exceptions left out]"),)
        return tuple(self.outline_of(member, depth + 1) for member in members)


def _args_of(exception: Any) -> tuple[Any, ...]:
    if issubclass(type(exception), BaseExceptionGroup):
        return text_of(message_of_group(exception)), *inside["args"](exception)[2:]
    answer: Any = asked(getattr, exception, "args", otherwise=None)
    args: tuple[Any, ...] = answer if type(answer) is tuple else inside["args"](exception)
    return args


def _own_fields(exception: BaseException) -> tuple[list[tuple[Any, Any]], Any]:
    """Return the entries of `__dict__` whose keys are any objects, and `__notes__` apart."""
    notes = None
    entries = []
    for key, value in dict.items(inside["__dict__"](exception)):
        if type(key) is str and key == "__notes__":
            notes = value
        elif not (type(key) is str and key == "remote_type"):
            entries.append((key, value))
    return entries, notes


def _copied(value: object) -> object:
    """Have what a reduction consists of go by value, as it would be pickled."""
    is_plain = isinstance(value, (str, int, float, bytes, type(None)))
    return value if is_plain or _core.is_reference(value) else _core.mark(value, True)


def _printed(notes: Any) -> tuple[str, ...]:
    """Return notes as `traceback` prints them: a sequence by its items, else as a whole."""
    is_sequence = asked(isinstance, notes, Sequence, otherwise=False)
    if is_sequence and not issubclass(type(notes), (str, bytes)):
        items = asked(tuple, notes, otherwise=("<__notes__ iteration failed>",))
        return tuple(text_of(note, "<note str() failed>") for note in items)
    failed = "<__notes__ repr() failed>"
    return () if notes is None else (text_of(asked(repr, notes, otherwise=failed)),)


def _last_line(exception: BaseException) -> str:
    """Say what the exception says, now: its arguments may be gone when it is printed."""
    cls = type(exception)
    name, module = text_of(qualname_of(cls)), text_of(asked(module_of, cls, otherwise="?"))
    if module not in ("builtins", "__main__"):
        name = f"{module}.{name}"
    text = text_of(exception, "<exception str() failed>")
    return f"{name}: {text}" if text else name


def _frames(traceback: TracebackType | None) -> tuple[Frame, ...]:
    entries: list[TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    if len(entries) <= _FRAMES_LIMIT:
        return tuple(_places(entries))
    left_out = "...", 0, "[some frames left out]"
    return (*_places(entries[:_FRAMES_KEPT]), left_out, *_places(entries[-_FRAMES_KEPT:]))


def _places(entries: list[TracebackType]) -> Iterator[Frame]:
    for each in entries:
        code = each.tb_frame.f_code
        if not code.co_filename.startswith(_OWN_FILES):
            yield text_of(code.co_filename), each.tb_lineno or 0, text_of(code.co_qualname)


# ---- the traceback, as it is printed ----

_BY_CAUSE = "The above exception was the direct cause of the following exception:"
_BY_CONTEXT = "During handling of the above exception, another exception occurred:"


def blocks_of(outline: Outline, words: str = "") -> Blocks:
    """Say how the traceback of a whole chain is to be printed."""
    fields: Any = dict(outline)
    if "number" not in fields:
        blocks: Blocks = fields.get("blocks", ())
        return blocks
    earlier: Blocks = ()
    followed_by = ""
    if fields["cause"] is not None:
        earlier, followed_by = blocks_of(fields["cause"], words), _BY_CAUSE
    elif fields["context"] is not None and not fields["suppress"]:
        earlier, followed_by = blocks_of(fields["context"], words), _BY_CONTEXT
    if earlier:  # it may be a part of the whole elsewhere
        words = followed_by
    last = (fields["last"], *fields["notes"])
    members = tuple(blocks_of(member) for member in fields["members"])
    return (*earlier, (words, fields["interpreter"], fields["frames"], last, members))
