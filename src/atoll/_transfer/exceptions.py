"""Exceptions that arrive: put together as what they are elsewhere.

Whatever of one cannot be carried is named in a note; the exception itself always arrives.
"""

from __future__ import annotations

from .. import _core
from .._typing import cast
from .errors import BaseRemoteError, DeadlineExceeded, RemoteTraceback, shortened
from .exception_parts import (
    add_state,
    allocate,
    has_attribute,
    inside,
    is_made_by_all,
    made_by_reduction,
    set_args,
    set_fields,
    set_inside,
    text_of,
)
from .exception_types import is_ordinary, stand_in, twin
from .outlines import blocks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .errors import Blocks
    from .exception_parts import Reduction
    from .outlines import Outline

    # What has arrived; and which of it has not, and why.
    type Arrived = tuple[tuple[Any, ...], list[tuple[int, str]]]


def prepare(outline: Outline, classes: Arrived) -> Incoming:
    """Begin an exception before its values are there, which may have it among them.

    Called by the core, in the interpreter that gets it.
    """
    return Incoming(outline, classes[0])


def rebuild(
    incoming: Incoming, arrival: tuple[Arrived, BaseException | bool | None]
) -> BaseException:
    """Put an exception together; called by the core.

    Args:
        incoming: What prepare() has begun.
        arrival: The values, and how it arrives: False, passed; None, raised; or raised while that
            exception is handled here.
    """
    values, handled = arrival
    is_raised = handled is not False
    try:
        exception = incoming.exception(values, is_raised)
    except MemoryError:
        raise
    except Exception as failure:  # what cannot be foreseen is no reason to lose it
        exception = _plain(incoming.outline, failure)
    if is_raised and issubclass(type(exception), DeadlineExceeded) and _core.deadline_was_heeded():
        exception = DeadlineExceeded.as_timeout_error(cast("DeadlineExceeded", exception))
    blocks = shortened(blocks_of(incoming.outline))
    if is_raised or (incoming.is_new and any(frames for _, _, frames, _, _ in blocks)):
        _add_traceback(exception, blocks)
    was_raised_here = not incoming.is_new and inside["__traceback__"](exception) is not None
    if is_raised and handled is not None and not was_raised_here:
        top = _fields(incoming.outline)
        is_hidden = top["suppress"] and top["cause"] is None
        _add_context(exception, cast("BaseException", handled), is_hidden)
    return exception


def deadline_passed(arguments: tuple[str]) -> BaseException:
    """Make what ends a call of a restricted object when the caller's time is over.

    Called by the core, in the interpreter that gets it.
    """
    exception = DeadlineExceeded(*arguments)
    return exception.as_timeout_error() if _core.deadline_was_heeded() else exception


class Incoming:
    """An exception, and all that hang on it, on their way in.

    Those that live here already, by their numbers, are the ones that are meant; others are made.
    """

    __slots__ = (
        "_ahead",
        "_classes",
        "_found",
        "_lost",
        "_unlinked",
        "_values",
        "is_new",
        "outline",
    )

    def __init__(self, outline: Outline, classes: tuple[Any, ...]) -> None:
        self.outline, self._classes = outline, classes
        self._values: tuple[Any, ...] = ()
        self._lost: dict[int, str] = {}
        self._found: dict[int, BaseException] = {}  # by number
        self._ahead: dict[int, Any] = {}  # the fields of those that have to be made, by number
        self._unlinked: list[tuple[BaseException, Any]] = []  # made, but for cause and context
        self._begin(outline)
        self.is_new = _fields(outline)["number"] in self._ahead

    def _begin(self, outline: Outline | None) -> None:
        fields = _fields(outline or ())
        if "number" not in fields:
            return
        number = fields["number"]
        exception = _core.identified(number)
        if exception is not None:
            self._found[number] = exception
        else:
            self._ahead[number] = fields
            cls = self._class_of(fields)
            if not fields["members"] and fields["reduction"] is None and is_made_by_all(cls):
                self._enter(number, allocate(cls))
        for part in (*fields["members"], fields["cause"], fields["context"]):
            self._begin(part)

    def _enter(self, number: int, exception: BaseException | None) -> None:
        if exception is not None:
            self._found[number] = exception
            _core.identify(exception, number)

    def _class_of(self, fields: Any) -> type[BaseException]:
        found: Any = None if fields["cls"] < 0 else self._classes[fields["cls"]]
        if found is not None and not _core.is_proxy(found):
            found = _core.whole(found)
            if isinstance(found, type) and issubclass(found, BaseException):
                return found  # it came home
        return twin(fields["type"])

    def exception(self, values: Arrived, is_raised: bool) -> BaseException:
        """Return the exception, now that its values are there."""
        self._values, self._lost = values[0], dict(values[1])
        fields = _fields(self.outline)
        if self.is_new:
            self._made(self.outline)
        elif is_raised:
            self._renew(self._found[fields["number"]], fields)
        while self._unlinked:
            self._link(*self._unlinked.pop())
        return self._found[fields["number"]]

    def _made(self, outline: Outline) -> BaseException:
        fields = _fields(outline)
        if "blocks" in fields:
            return RemoteTraceback(fields["blocks"])
        number = fields["number"] if "number" in fields else fields["again"]
        if number in self._ahead:
            self._make(number, self._ahead.pop(number))
        return self._found[number]

    def _make(self, number: int, fields: Any) -> None:
        parts = Parts(self._values, self._lost, fields)
        exception, is_reduced = self._found.get(number), False
        if exception is None and fields["members"]:
            exception = self._group(fields, *parts.args)
        elif exception is None:
            cls = self._class_of(fields)
            is_stand_in = issubclass(cls, BaseRemoteError)
            exception = None if is_stand_in else made_by_reduction(cls, parts.reduction)
            is_reduced = exception is not None
            for args in () if is_reduced else (parts.args, ()):
                exception = allocate(cls, *args) if exception is None else exception
        if exception is None:
            parts.notes.append(f"atoll: it could not be made as what it is: {fields['last']}")
            exception = allocate(stand_in(fields["type"]))
        if number not in self._found:
            self._enter(number, exception)
        self._fill(self._found[number], fields, parts, is_reduced)

    def _group(self, fields: Any, message: str, *others: Any) -> BaseException:
        members = [self._made(member) for member in fields["members"]]
        made = allocate(self._class_of(fields), message, members)
        if made is None:
            made = BaseExceptionGroup(message, members)
        if others:
            set_inside(made, "args", (message, members, *others))
        return made

    def _fill(self, exception: BaseException, fields: Any, parts: Parts, is_reduced: bool) -> None:
        if not fields["members"]:
            set_args(exception, parts.args)
        add_state(exception, parts.state)
        refused = set_fields(exception, dict(parts.fields))
        if not is_reduced:
            parts.notes += (f"atoll: e.{name} could not be set" for name in refused)
        own = inside["__dict__"](exception)
        if issubclass(type(exception), BaseRemoteError) and fields["cls"] >= 0:
            own["remote_type"] = self._classes[fields["cls"]]
        if parts.notes:
            own["__notes__"] = parts.notes
        self._unlinked.append((exception, fields))

    def _link(self, exception: BaseException, fields: Any) -> None:
        """Set cause and context; later, since those of a group's members may be the group."""
        for link in ("cause", "context"):
            if fields[link] is not None:
                set_inside(exception, f"__{link}__", self._made(fields[link]))
        set_inside(exception, "__suppress_context__", fields["suppress"])

    def _renew(self, exception: BaseException, fields: Any) -> None:
        """Add to one that lives here what it has got where it was raised."""
        parts = Parts(self._values, self._lost, fields)
        own = inside["__dict__"](exception)
        add_state(
            exception, [each for each in parts.state if not has_attribute(exception, each[0])]
        )
        known = own.get("__notes__")
        if parts.notes and not isinstance(known, list):
            own["__notes__"] = parts.notes
        elif parts.notes:
            known += [note for note in parts.notes if note not in known]
        cause = fields["cause"]
        if cause is not None and "blocks" not in _fields(cause):
            set_inside(exception, "__cause__", self._made(cause))
        elif cause is None and fields["suppress"]:
            set_inside(exception, "__suppress_context__", True)
        if fields["context"] is not None and inside["__context__"](exception) is None:
            set_inside(exception, "__context__", self._made(fields["context"]))


class Parts:
    """The values of one exception that have arrived, by what they are."""

    __slots__ = ("_lost", "_position", "_values", "args", "fields", "notes", "reduction", "state")

    def __init__(self, values: tuple[Any, ...], lost: dict[int, str], fields: Any) -> None:
        self._values, self._lost, self._position = values, lost, fields["first"]
        self.notes = list(fields["notes"])
        self.args = tuple(self._argument(f"args[{i}]") for i in range(fields["args"]))
        self.fields = [each for name in fields["fields"] for each in self._field(name)]
        self.state = [each for _ in range(fields["state"]) for each in self._entry()]
        self.reduction = None if fields["reduction"] is None else self._all(*fields["reduction"])

    def _next(self) -> tuple[Any, str | None]:
        """Return a value, and why it is lost."""
        position, self._position = self._position, self._position + 1
        return self._values[position], self._lost.get(position)

    def _note(self, name: str, why: str) -> str:
        text = f"{name} could not be carried: {why}"
        self.notes.append(f"atoll: {text}")
        return text

    def _argument(self, name: str) -> Any:
        value, why = self._next()
        return value if why is None else f"<{self._note(name, why)}>"

    def _field(self, name: Any) -> Iterator[tuple[Any, Any]]:
        value, why = self._next()
        if why is None:
            yield name, value
        else:
            self._note(f"e.{name}", why)

    def _entry(self) -> Iterator[tuple[Any, Any]]:
        key, why = self._next()
        if why is None:
            yield from self._field(key)
        else:
            self._note("the name of an attribute", why)
            self._next()

    def _all(self, maker: str, count: int, states: int) -> Reduction | None:
        found = [self._next() for _ in range(count + states)]
        if any(why is not None for _, why in found):
            return None
        values = tuple(value for value, _ in found)
        return maker, values[:count], values[count:]


def _fields(outline: Outline) -> Any:
    return dict(outline)


def _plain(outline: Outline, failure: Exception) -> BaseException:
    """Make the nearest exception that all share, which says what the other said."""
    fields = _fields(outline)
    of = fields["type"]
    base = of if isinstance(of, type) else of[3]
    made = allocate(base)
    if made is None:
        made = Exception() if is_ordinary(of) else BaseException()
    set_inside(made, "args", (fields["last"],))
    made.add_note(f"atoll: it could not be put together: {text_of(failure)}")
    return made


def _add_traceback(exception: BaseException, blocks: Blocks) -> None:
    """Hang the remote traceback at the end of the chain of causes."""
    last = _last_in_chain(exception, "__cause__")
    if issubclass(type(last), RemoteTraceback):
        cast("RemoteTraceback", last).blocks = blocks
    else:
        set_inside(last, "__cause__", RemoteTraceback(blocks))


def _add_context(exception: BaseException, handled: BaseException, is_hidden: bool) -> None:
    """Have it raised while another one is handled here, as Python does it.

    Unless it was raised `from None` the remote traceback has that context as well: of what has a
    cause Python prints that alone.
    """
    chain = set(map(id, _chain(exception, "__context__")))
    if id(handled) in chain:
        return
    for each in _chain(handled, "__context__"):
        if id(inside["__context__"](each)) in chain:
            set_inside(each, "__context__", None)  # no circle
    set_inside(_last_in_chain(exception, "__context__"), "__context__", handled)
    if not is_hidden:
        set_inside(_last_in_chain(exception, "__cause__"), "__context__", handled)


def _chain(exception: BaseException, link: str) -> Iterator[BaseException]:
    seen = set()
    following: BaseException | None = exception
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = inside[link](following)


def _last_in_chain(exception: BaseException, link: str) -> BaseException:
    *_, last = _chain(exception, link)
    return last
