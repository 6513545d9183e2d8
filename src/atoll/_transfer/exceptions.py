"""Exceptions on their way: captured where they were raised, rebuilt where they are caught."""

from __future__ import annotations

import os
from _collections_abc import Sequence
from importlib import import_module

from .. import _core
from .errors import BaseRemoteError, DeadlineExceeded, RemoteError, RemoteTraceback
from .names import name_of
from .value_types import by_value_class, by_value_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypedDict, cast

    from .blocks import Block, Blocks, Frame

    # The type: itself if all share it; else module, qualified name, cloudpickle's id for a class
    # that went by value, and the nearest type that all share.
    type TypeName = tuple[str, str, str | None, type[BaseException]]

    class OutlineFields(TypedDict):
        """What is said of one exception without anything of its own: text, and how many values."""

        type: type[BaseException] | TypeName
        args: int
        fields: tuple[tuple[str, str], ...]  # kept in C by builtin types
        state: int  # entries of __dict__: a key and a value each
        notes: tuple[str, ...]
        members: tuple[Outline, ...]  # of a group
        frames: tuple[Frame, ...]
        interpreter: str
        last: str  # line of the printed traceback
        blocks: tuple[Block, ...] | None  # of a RemoteTraceback, instead of all that
        cause: Outline | None
        context: Outline | None
        suppress: bool

    # OutlineFields as pairs, so that it crosses as a plain tuple.
    type Outline = tuple[tuple[str, Any], ...]

    # The outline, and the values of all the exceptions in it, in its order: a reference to the type
    # if it has no import name, the arguments, the entries of __dict__. They cross by the usual rule
    # and each by itself. Then, which of them did not arrive, and why.
    type Lost = tuple[tuple[int, str], ...]
    type Captured = tuple[Outline, tuple[Any, ...], Lost]

else:
    from .._typing import cast

_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OWN_FILES = tuple(
    _OWN_FOLDER + name
    for name in (
        "_interpreter/inside.py",
        "_transfer/values.py",
        "_interpreter/interpreter.py",
        "_transfer/closures.py",
        "_transfer/cloud.py",
        "_transfer/functions.py",
        "_transfer/names.py",
        "_transfer/pickles.py",
        "_transfer/remaking.py",
        "_thread/thread.py",
        "_thread/inside.py",
    )
)
_C_FIELDS = ("name", "path", "obj", "name_from")
_CHAIN_LIMIT = 100
_DEPTH_LIMIT = 100  # of groups in groups
_BLOCKS_KEPT = 50  # of the oldest, and of the newest, of an exception that crossed many times


# ---- capture: where it was raised ----


def capture(
    exception: BaseException, sent: Callable[[object], object] = lambda value: value
) -> Captured:
    """Take an exception apart into what says what it is, and the values that it has.

    Called by the core, in the interpreter where the exception was raised.

    Args:
        exception: It may lie about its class, arguments and attributes, or raise when asked.
        sent: Says how a value is to cross.
    """
    taken = _Taken(sent)
    outline = taken.outline_of(exception, 0)
    return outline, tuple(taken.values), ()


class _Taken:
    """The values of an exception and of all that hang on it, while these are taken apart."""

    __slots__ = ("_seen", "_sent", "values")

    def __init__(self, sent: Callable[[object], object]) -> None:
        self.values: list[object] = []
        self._seen: set[int] = set()
        self._sent = sent

    def outline_of(self, exception: Any, depth: int) -> Outline:
        """Describe an exception; its values are added to those that there are."""
        self._seen.add(id(exception))
        if issubclass(type(exception), RemoteTraceback):
            return (("blocks", exception.blocks),)
        base = _shared_base(type(exception))
        args = _constructor_args(exception)
        state, notes = _own_fields(exception)
        self.values.append(_reference_to(exception, base))
        self.values += map(self._sent, args)
        for key, value in state:
            self.values += key, self._sent(value)
        fields: OutlineFields = {
            "type": _type_name(type(exception), base),
            "args": len(args),
            "fields": _c_fields(exception, base),
            "state": len(state),
            "notes": _printed(notes),
            "members": self._members_of(exception, depth),
            "frames": _frames(_inside["__traceback__"](exception)),
            "interpreter": _core.own_name(),
            "last": _last_line(exception),
            "blocks": None,
            "cause": self._linked(_inside["__cause__"](exception), depth),
            "context": self._linked(_inside["__context__"](exception), depth),
            "suppress": _inside["__suppress_context__"](exception),
        }
        return tuple(fields.items())

    def _linked(self, exception: BaseException | None, depth: int) -> Outline | None:
        if exception is None or id(exception) in self._seen or len(self._seen) > _CHAIN_LIMIT:
            return None
        return self.outline_of(exception, depth)

    def _members_of(self, exception: Any, depth: int) -> tuple[Outline, ...]:
        if not issubclass(type(exception), BaseExceptionGroup):
            return ()
        members = _members_in_group(exception)
        if depth >= _DEPTH_LIMIT:
            members = (RecursionError("[some exceptions left out]"),)
        return tuple(self.outline_of(member, depth + 1) for member in members)


# What an exception and a class are, whatever they answer when asked.
_inside: dict[str, Callable[[BaseException], Any]] = {
    name: BaseException.__dict__[name].__get__
    for name in ("args", "__dict__", "__traceback__", "__cause__", "__context__")
}
_inside["__suppress_context__"] = BaseException.__dict__["__suppress_context__"].__get__


def _set_inside(exception: BaseException, name: str, value: Any) -> None:
    """Set what BaseException keeps; a `__setattr__` of the class's own is not asked."""
    BaseException.__dict__[name].__set__(exception, value)


def _set_c_field(exception: BaseException, name: str, value: str) -> None:
    for base in (ImportError, NameError, AttributeError):
        if issubclass(type(exception), base) and name in base.__dict__:
            base.__dict__[name].__set__(exception, value)


_members_in_group = BaseExceptionGroup.__dict__["exceptions"].__get__
_message_of_group = BaseExceptionGroup.__dict__["message"].__get__
_mro_of = type.__dict__["__mro__"].__get__
_bases_of = type.__dict__["__bases__"].__get__
_flags_of = type.__dict__["__flags__"].__get__
_module_of = type.__dict__["__module__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__


def _asked[T](question: Callable[..., T], *about: Any, otherwise: T) -> T:
    """Ask what may run code of others."""
    try:
        return question(*about)
    except MemoryError:
        raise
    except Exception:
        return otherwise


def _text(value: object, otherwise: str = "?") -> str:
    """Return a string as itself and no subclass, anything else as it prints."""
    text = value if issubclass(type(value), str) else _asked(str, value, otherwise=otherwise)
    return str.__str__(cast("str", text))


def _shared_base(cls: type[BaseException]) -> type[BaseException]:
    """Find the nearest builtin type: the one whose C constructor and fields count."""
    bases = _bases_of(cls)
    if len(bases) == 2 and bases[0] in (RemoteError, BaseRemoteError):
        cls = bases[1]  # what _remote_type was given
    found: type[BaseException] = next(base for base in _mro_of(cls) if _is_shared(base))
    return found


def _is_shared(cls: type) -> bool:
    is_static = not _flags_of(cls) & (1 << 9)  # Py_TPFLAGS_HEAPTYPE
    return is_static and _module_of(cls) == "builtins"


def _type_name(
    cls: type[BaseException], base: type[BaseException]
) -> type[BaseException] | TypeName:
    if cls is base:
        return cls
    identifier = _asked(by_value_id, cls, otherwise=None)
    return _text(_asked(_module_of, cls, otherwise="?")), _text(_qualname_of(cls)), identifier, base


def _reference_to(exception: Any, base: type[BaseException]) -> type | None:
    cls = type(exception)
    if issubclass(cls, BaseRemoteError) and exception.remote_type is not None:
        remote: type = exception.remote_type
        return remote
    is_named = cls is base or _asked(name_of, cls, otherwise=None) is not None
    return None if is_named else cls


def _constructor_args(exception: Any) -> tuple[Any, ...]:
    """Return what the builtin constructor wants; OSError keeps more than `args` shows."""
    if issubclass(type(exception), BaseExceptionGroup):
        return (_message_of_group(exception),)
    if issubclass(type(exception), OSError):
        reduced = _asked(OSError.__reduce__, exception, otherwise=None)
        if isinstance(reduced, tuple) and isinstance(reduced[1], tuple):
            return reduced[1]
    asked: Any = _asked(getattr, exception, "args", otherwise=None)
    args: tuple[Any, ...] = asked if type(asked) is tuple else _inside["args"](exception)
    return args


def _c_fields(exception: BaseException, base: type[BaseException]) -> tuple[tuple[str, str], ...]:
    if not issubclass(base, ImportError | NameError | AttributeError):
        return ()
    values = (
        (name, _asked(getattr, exception, name, otherwise=None))
        for name in _C_FIELDS
        if hasattr(base, name)
    )
    return tuple((name, _text(value)) for name, value in values if issubclass(type(value), str))


def _own_fields(exception: BaseException) -> tuple[list[tuple[Any, Any]], Any]:
    """Return the entries of `__dict__` whose keys are any objects, and `__notes__` apart."""
    notes = None
    entries = []
    for key, value in dict.items(_inside["__dict__"](exception)):
        if type(key) is str and key == "__notes__":
            notes = value
        elif not (type(key) is str and key == "remote_type"):
            entries.append((key, value))
    return entries, notes


def _printed(notes: Any) -> tuple[str, ...]:
    """Return notes as `traceback` prints them: a sequence by its items, else as a whole."""
    is_sequence = _asked(isinstance, notes, Sequence, otherwise=False)
    if is_sequence and not issubclass(type(notes), (str, bytes)):
        items = _asked(tuple, notes, otherwise=("<__notes__ iteration failed>",))
        return tuple(_text(note, "<note str() failed>") for note in items)
    failed = "<__notes__ repr() failed>"
    return () if notes is None else (_text(_asked(repr, notes, otherwise=failed)),)


def _last_line(exception: BaseException) -> str:
    """Say what the exception says, now: its arguments may be gone when it is printed."""
    cls = type(exception)
    name, module = _text(_qualname_of(cls)), _text(_asked(_module_of, cls, otherwise="?"))
    if module not in ("builtins", "__main__"):
        name = f"{module}.{name}"
    text = _text(exception, "<exception str() failed>")
    return f"{name}: {text}" if text else name


def _frames(traceback: TracebackType | None) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_OWN_FILES):
            place = _text(code.co_filename), traceback.tb_lineno or 0, _text(code.co_qualname)
            frames.append(place)
        traceback = traceback.tb_next
    return tuple(frames)


# ---- rebuild: where it is caught ----


def rebuild(captured: Captured) -> BaseException:
    """Put an exception together again; its remote traceback hangs below its `__cause__`.

    Called by the core, in the interpreter that gets it.
    """
    exception = rebuild_alone(captured)
    if issubclass(type(exception), DeadlineExceeded) and _core.deadline_was_heeded():
        exception = DeadlineExceeded.as_timeout_error(cast("DeadlineExceeded", exception))
    last: Any = exception
    seen = {id(last)}
    while (cause := _inside["__cause__"](last)) is not None and id(cause) not in seen:
        last = cause
        seen.add(id(last))
    blocks = _shortened(_blocks(captured[0]))
    if issubclass(type(last), RemoteTraceback):
        last.blocks = blocks
    else:
        _set_inside(last, "__cause__", RemoteTraceback(blocks))
    return exception


def deadline_passed(arguments: tuple[str]) -> BaseException:
    """Make what ends a call of a restricted object when the caller's time is over.

    Called by the core, in the interpreter that gets it.
    """
    exception = DeadlineExceeded(*arguments)
    return exception.as_timeout_error() if _core.deadline_was_heeded() else exception


def rebuild_alone(captured: Captured) -> BaseException:
    """Put an exception together again, without its remote traceback."""
    outline, values, lost = captured
    return _Given(values, lost).rebuild(outline)


class _Given:
    """The values that have arrived, while exceptions are made of them."""

    __slots__ = ("_lost", "_position", "_values")

    def __init__(self, values: tuple[Any, ...], lost: Lost) -> None:
        self._values, self._lost, self._position = values, dict(lost), 0

    def rebuild(self, outline: Outline) -> BaseException:
        """Make an exception of the next values."""
        fields: Any = dict(outline)
        if fields["blocks"] is not None:
            return RemoteTraceback(fields["blocks"])
        notes = list(fields["notes"])
        reference = self._next("its type", notes)
        args = tuple(self._next(f"args[{i}]", notes, str) for i in range(fields["args"]))
        state = [self._next_entry(notes) for _ in range(fields["state"])]
        if fields["members"]:
            args = (*args, [self.rebuild(member) for member in fields["members"]])
        exception = _make(fields["type"], reference, args)
        for name, value in fields["fields"]:
            _set_c_field(exception, name, value)
        own = _inside["__dict__"](exception)
        for entry in filter(None, state):
            _asked(own.__setitem__, *entry, otherwise=None)  # a key may refuse to be hashed
        if notes:
            own["__notes__"] = notes
        for link in ("cause", "context"):  # in the order of their values
            if fields[link] is not None:
                _set_inside(exception, f"__{link}__", self.rebuild(fields[link]))
        _set_inside(exception, "__suppress_context__", fields["suppress"])
        return exception

    def _next(
        self, name: str, notes: list[str], stand_in: Callable[[str], Any] = lambda why: None
    ) -> Any:
        position, self._position = self._position, self._position + 1
        if position not in self._lost:
            return self._values[position]
        why = f"{name} could not be carried: {self._lost[position]}"
        notes.append(f"atoll: {why}")
        return stand_in(f"<{why}>")

    def _next_entry(self, notes: list[str]) -> tuple[Any, Any] | None:
        key = self._next("the name of an attribute", notes)
        is_lost = self._position in self._lost or self._position - 1 in self._lost
        value = self._next(f"e.{key}", notes)
        return None if is_lost else (key, value)


def _make(
    of: type[BaseException] | TypeName, reference: Any, args: tuple[Any, ...]
) -> BaseException:
    """Make an exception without running an `__init__` that may demand other arguments."""
    if isinstance(of, type):
        return _constructed(of, of, args)
    base = of[3]
    cls = _find_type(of, reference) or _remote_type(of[0], of[1], base)
    base = next((each for each in _mro_of(cls) if each is base), BaseException)
    exception = _constructed(base, cls, args)
    if issubclass(cls, BaseRemoteError):
        _inside["__dict__"](exception)["remote_type"] = reference
    kept = _inside["args"](exception)
    if issubclass(base, OSError) and [*map(id, kept)] != [*map(id, args[:2])]:
        # A subclass with an __init__ of its own: OSError.__new__ then leaves args to it.
        _set_inside(exception, "args", args)
    return exception


def _constructed(
    base: type[BaseException], cls: type[BaseException], args: tuple[Any, ...]
) -> BaseException:
    """Make an exception by its builtin constructor, which may refuse args that were set later."""
    try:
        exception = base.__new__(cls, *args)
        base.__init__(exception, *args)
    except (TypeError, ValueError):
        exception = base.__new__(cls)
        _set_inside(exception, "args", args)
    return exception


def _find_type(of: TypeName, reference: Any) -> type[BaseException] | None:
    module_name, qualname, identifier, base = of
    found: Any = None if _core.is_proxy(reference) else _core.whole(reference)
    if found is not None:  # it came home; its base may be none of its stand-in elsewhere
        return found if isinstance(found, type) and issubclass(found, BaseException) else None
    try:
        found = import_module(module_name)
        for part in qualname.split("."):
            found = getattr(found, part)
    except MemoryError:  # it may well be there
        raise
    except Exception:  # importing runs code of others
        found = None
    if found is None and identifier is not None:
        found = by_value_class(identifier)
    return found if isinstance(found, type) and issubclass(found, base) else None


_remote_types: dict[tuple[str, str, type], type[BaseException]] = {}


def _remote_type(module: str, qualname: str, base: type[BaseException]) -> type[BaseException]:
    """Make, once, a type that stands for one that is not to be had here."""
    key = module, qualname, base
    if key not in _remote_types:
        # A qualified name can be any string, the name of a new class cannot.
        name = qualname.rpartition(".")[2].encode("utf-8", "replace").decode().replace("\0", "?")
        family = RemoteError if issubclass(base, Exception) else BaseRemoteError
        namespace = {"__module__": module, "__qualname__": qualname}
        made = type(name, (family, base), namespace)
        _remote_types[key] = cast("type[BaseException]", made)
    return _remote_types[key]


# ---- the remote traceback, as it is printed ----

_BY_CAUSE = "The above exception was the direct cause of the following exception:"
_BY_CONTEXT = "During handling of the above exception, another exception occurred:"


def _blocks(outline: Outline, words: str = "") -> Blocks:
    fields: Any = dict(outline)
    if fields["blocks"] is not None:
        return cast("Blocks", fields["blocks"])
    earlier: Blocks = ()
    if fields["cause"] is not None:
        earlier, words = _blocks(fields["cause"], words), _BY_CAUSE
    elif fields["context"] is not None and not fields["suppress"]:
        earlier, words = _blocks(fields["context"], words), _BY_CONTEXT
    last = (fields["last"], *fields["notes"])
    members = tuple(_blocks(member) for member in fields["members"])
    return (*earlier, (words, fields["interpreter"], fields["frames"], last, members))


def _shortened(blocks: Blocks) -> Blocks:
    if len(blocks) <= 2 * _BLOCKS_KEPT:
        return blocks
    left_out = ("", "...", (), ("[some interpreters left out]",), ())
    return (*blocks[:_BLOCKS_KEPT], left_out, *blocks[1 - _BLOCKS_KEPT :])
