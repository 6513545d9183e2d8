"""Exceptions on their way: captured where they were raised, rebuilt where they are caught."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from .. import _core
from .errors import BaseRemoteError, DeadlineExceeded, RemoteError, RemoteTraceback
from .names import name_of
from .values import by_value_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, TypedDict, cast

    from .blocks import Block, Blocks, Frame

    # The type: itself if all share it; else module, qualified name, cloudpickle's id for a class
    # that went by value, the nearest type that all share, and a reference if it has no import name.
    type TypeName = tuple[str, str, str | None, type[BaseException], type | None]

    class CapturedFields(TypedDict):
        """What is said of one exception. Everything crosses by the usual rule."""

        type: type[BaseException] | TypeName
        args: tuple[Any, ...]
        fields: tuple[tuple[str, Any], ...]  # kept in C by builtin types
        state: tuple[tuple[str, Any], ...]  # __dict__
        members: tuple[Captured, ...]  # of a group
        frames: tuple[Frame, ...]
        interpreter: str
        last: str  # line of the printed traceback
        blocks: tuple[Block, ...] | None  # of a RemoteTraceback, instead of all that
        cause: Captured | None
        context: Captured | None
        suppress: bool

    # CapturedFields as pairs, so that it crosses as a plain tuple.
    type Captured = tuple[tuple[str, Any], ...]

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
_BLOCKS_KEPT = 50  # of the oldest, and of the newest, of an exception that crossed many times


# ---- capture: where it was raised ----


def capture(exception: BaseException) -> Captured:
    """Take an exception apart into what crosses by value, or by reference inside `args`.

    Called by the core, in the interpreter where the exception was raised.
    """
    return _capture(exception, set())


def _capture(exception: BaseException, seen: set[int]) -> Captured:
    seen.add(id(exception))
    if isinstance(exception, RemoteTraceback):
        return (("blocks", exception.blocks),)
    base = _shared_base(type(exception))
    members: tuple[BaseException, ...] = ()
    args = _constructor_args(exception)
    if isinstance(exception, BaseExceptionGroup):
        members, args = exception.exceptions, (exception.message,)
    name = _type_name(type(exception), base)
    if isinstance(exception, BaseRemoteError) and exception.remote_type is not None:
        name = (*name[:4], exception.remote_type)  # type: ignore[index]
    fields: CapturedFields = {
        "type": name,
        "args": args,
        "fields": _c_fields(exception, base),
        "state": _state(exception),
        "members": tuple(_capture(member, seen) for member in members),
        "frames": _frames(exception.__traceback__),
        "interpreter": _core.own_name(),
        "last": _last_line(exception),
        "blocks": None,
        "cause": _capture_linked(exception.__cause__, seen),
        "context": _capture_linked(exception.__context__, seen),
        "suppress": exception.__suppress_context__,
    }
    return tuple(fields.items())


def _capture_linked(exception: BaseException | None, seen: set[int]) -> Captured | None:
    if exception is None or id(exception) in seen or len(seen) > _CHAIN_LIMIT:
        return None
    return _capture(exception, seen)


def _shared_base(cls: type[BaseException]) -> type[BaseException]:
    """Find the nearest builtin type: the one whose C constructor and fields count."""
    if len(cls.__bases__) == 2 and cls.__bases__[0] in (RemoteError, BaseRemoteError):
        cls = cls.__bases__[1]  # what _remote_type was given
    return next(base for base in cls.__mro__ if base.__module__ == "builtins" and _is_static(base))


def _is_static(cls: type) -> bool:
    return not cls.__flags__ & (1 << 9)  # Py_TPFLAGS_HEAPTYPE


def _type_name(
    cls: type[BaseException], base: type[BaseException]
) -> type[BaseException] | TypeName:
    if cls is base:
        return cls
    reference = None if name_of(cls) else cls
    return cls.__module__, cls.__qualname__, by_value_id(cls), base, reference


def _constructor_args(exception: BaseException) -> tuple[Any, ...]:
    """Return what the builtin constructor wants; OSError keeps more than `args` shows."""
    if isinstance(exception, OSError):
        reduced = OSError.__reduce__(exception)
        if isinstance(reduced, tuple) and isinstance(reduced[1], tuple):
            return reduced[1]
    return exception.args


def _c_fields(exception: BaseException, base: type[BaseException]) -> tuple[tuple[str, Any], ...]:
    if not issubclass(base, ImportError | NameError | AttributeError):
        return ()
    values = ((name, getattr(exception, name, None)) for name in _C_FIELDS if hasattr(base, name))
    return tuple((name, value) for name, value in values if isinstance(value, str))


def _state(exception: BaseException) -> tuple[tuple[str, Any], ...]:
    state = getattr(exception, "__dict__", None) or {}
    notes = state.get("__notes__")
    pairs = [
        (key, value) for key, value in state.items() if key not in ("__notes__", "remote_type")
    ]
    if notes:
        pairs.append(("__notes__", tuple(map(str, notes))))
    return tuple(pairs)


def _last_line(exception: BaseException) -> str:
    """Say what the exception says, now: its arguments may be gone when it is printed."""
    cls = type(exception)
    name = cls.__qualname__
    if cls.__module__ not in ("builtins", "__main__"):
        name = f"{cls.__module__}.{name}"
    try:
        text = str(exception)
    except Exception:
        text = "<exception str() failed>"
    return f"{name}: {text}" if text else name


def _frames(traceback: TracebackType | None) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_OWN_FILES):
            frames.append((code.co_filename, traceback.tb_lineno or 0, code.co_qualname))
        traceback = traceback.tb_next
    return tuple(frames)


# ---- rebuild: where it is caught ----


def rebuild(captured: Captured) -> BaseException:
    """Put an exception together again; its remote traceback hangs below its `__cause__`.

    Called by the core, in the interpreter that gets it.
    """
    exception = rebuild_alone(captured)
    if isinstance(exception, DeadlineExceeded) and _core.deadline_was_heeded():
        exception = exception.as_timeout_error()
    last = exception
    seen = {id(last)}
    while last.__cause__ is not None and id(last.__cause__) not in seen:
        last = last.__cause__
        seen.add(id(last))
    blocks = _shortened(_blocks(captured))
    if isinstance(last, RemoteTraceback):
        last.blocks = blocks
    else:
        last.__cause__ = RemoteTraceback(blocks)
    return exception


def deadline_passed(arguments: tuple[str]) -> BaseException:
    """Make what ends a call of a restricted object when the caller's time is over.

    Called by the core, in the interpreter that gets it.
    """
    exception = DeadlineExceeded(*arguments)
    return exception.as_timeout_error() if _core.deadline_was_heeded() else exception


def rebuild_alone(captured: Captured) -> BaseException:
    """Put an exception together again, without its remote traceback."""
    fields: Any = dict(captured)
    if fields["blocks"] is not None:
        return RemoteTraceback(fields["blocks"])
    args = fields["args"]
    if fields["members"]:
        args = (*args, [rebuild_alone(member) for member in fields["members"]])
    exception = _make(fields["type"], args)
    for name, value in fields["fields"]:
        setattr(exception, name, value)
    for name, value in fields["state"]:
        exception.__dict__[name] = list(value) if name == "__notes__" else value
    if fields["context"] is not None:
        exception.__context__ = rebuild_alone(fields["context"])
    if fields["cause"] is not None:
        exception.__cause__ = rebuild_alone(fields["cause"])
    exception.__suppress_context__ = fields["suppress"]
    return exception


def _make(of: type[BaseException] | TypeName, args: tuple[Any, ...]) -> BaseException:
    """Make an exception without running an `__init__` that may demand other arguments."""
    if isinstance(of, type):
        return of(*args)
    base = of[3]
    cls = _find_type(of) or _remote_type(of[0], of[1], base)
    base = next((each for each in cls.__mro__ if each is base), BaseException)
    exception: BaseException = base.__new__(cls, *args)
    base.__init__(exception, *args)
    if isinstance(exception, BaseRemoteError):
        exception.remote_type = of[4]
    if issubclass(base, OSError) and exception.args != args[:2]:
        # A subclass with an __init__ of its own: OSError.__new__ then leaves args to it.
        exception.args = args
    return exception


def _find_type(of: TypeName) -> type[BaseException] | None:
    module_name, qualname, identifier, base, reference = of
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
        cloudpickle = sys.modules.get("cloudpickle.cloudpickle")
        if cloudpickle is not None:
            found = cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(identifier)
    return found if isinstance(found, type) and issubclass(found, base) else None


_remote_types: dict[tuple[str, str, type], type[BaseException]] = {}


def _remote_type(module: str, qualname: str, base: type[BaseException]) -> type[BaseException]:
    """Make, once, a type that stands for one that is not to be had here."""
    key = module, qualname, base
    if key not in _remote_types:
        name = qualname.rpartition(".")[2]
        family = RemoteError if issubclass(base, Exception) else BaseRemoteError
        namespace = {"__module__": module, "__qualname__": qualname}
        made = type(name, (family, base), namespace)
        _remote_types[key] = cast("type[BaseException]", made)
    return _remote_types[key]


# ---- the remote traceback, as it is printed ----

_BY_CAUSE = "The above exception was the direct cause of the following exception:"
_BY_CONTEXT = "During handling of the above exception, another exception occurred:"


def _blocks(captured: Captured, words: str = "") -> Blocks:
    fields: Any = dict(captured)
    if fields["blocks"] is not None:
        return cast("Blocks", fields["blocks"])
    earlier: Blocks = ()
    if fields["cause"] is not None:
        earlier, words = _blocks(fields["cause"], words), _BY_CAUSE
    elif fields["context"] is not None and not fields["suppress"]:
        earlier, words = _blocks(fields["context"], words), _BY_CONTEXT
    last = (fields["last"], *dict(fields["state"]).get("__notes__", ()))
    members = tuple(_blocks(member) for member in fields["members"])
    return (*earlier, (words, fields["interpreter"], fields["frames"], last, members))


def _shortened(blocks: Blocks) -> Blocks:
    if len(blocks) <= 2 * _BLOCKS_KEPT:
        return blocks
    left_out = ("", "...", (), ("[some interpreters left out]",), ())
    return (*blocks[:_BLOCKS_KEPT], left_out, *blocks[1 - _BLOCKS_KEPT :])
