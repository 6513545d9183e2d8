"""Sends log records to the main interpreter's loggers, and log levels back.

In an interpreter: `attach`, once `logging` is imported there. In the main one: `handle` and
`levels`, called from the others, and `add_interpreter_field`.

A record crosses on the thread that logs. That holds no lock of its interpreter meanwhile, since a
handler in main may call back.
"""

from __future__ import annotations

import logging
import sys

from .. import _core
from . import following

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # What `logging.disable` has set, and the loggers with levels of their own.
    type Levels = tuple[int, tuple[tuple[str, int], ...]]


# ---- records: in the interpreter that makes them ----

_formatter = logging.Formatter()

# Fields that do not cross: main makes them again, or they are part of `msg`.
_LEFT_OUT = frozenset({"args", "exc_info", "exc_text", "process", "processName", "relativeCreated"})


class ForwardingHandler(logging.Handler):
    """Sends records to the main interpreter, which handles them.

    It has no lock: it calls the main interpreter's handlers, which have locks of their own and may
    call into this interpreter and log.
    """

    def createLock(self) -> None:
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        verdict: Any = self.filter(record)
        if isinstance(verdict, logging.LogRecord):
            record = verdict
        if verdict:
            self.emit(record)
        return verdict  # type: ignore[no-any-return]

    def emit(self, record: logging.LogRecord) -> None:
        if sys.is_finalizing():  # main cannot be entered any more
            return
        try:
            fields = _describe(record)
        except RecursionError:
            raise
        except Exception:  # message and arguments do not match: as other handlers
            self.handleError(record)
            return
        exception = record.exc_info[1] if record.exc_info else None
        arguments = record.name, record.levelno, fields, exception
        _core.invoke(None, "atoll._forwarding.logging:handle", arguments, None)


def _describe(record: logging.LogRecord) -> tuple[tuple[str, Any], ...]:
    """Return a record's fields as they cross: the message formatted, the others by `_crossing`."""
    fields = {key: _crossing(each) for key, each in vars(record).items() if key not in _LEFT_OUT}
    fields["msg"] = record.getMessage()
    fields["interpreter"] = _core.own_name()
    if record.exc_info:
        fields["exc_text"] = record.exc_text or _formatter.formatException(record.exc_info)
    return tuple(fields.items())


_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
_CONTAINERS = frozenset({tuple, frozenset, list, set, dict})
_DEEPEST = 10  # levels of containers; one that contains itself has more


def _crossing(value: Any) -> Any:
    """Return a field as it crosses: plain values and containers by value, others as their text."""
    kind = type(value)
    if kind in _PLAIN or _core.is_proxy(value):
        return value
    if _is_plain(value, 0):
        return _core.mark(value, True) if kind in _CONTAINERS else value
    return str(value)


def _is_plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind not in _CONTAINERS:
        from .._transfer.value_types import is_enum, is_value_type

        return is_value_type(kind) or is_enum(kind)
    parts = value if kind is not dict else (*value, *value.values())
    return depth < _DEEPEST and all(_is_plain(part, depth + 1) for part in parts)


# ---- records: in the main interpreter ----


def handle(
    name: str, level: int, fields: tuple[tuple[str, Any], ...], exception: BaseException | None
) -> None:
    """Handle a record of another interpreter, as the logger of that name handles its own."""
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        logger.handle(_make_record(dict(fields), exception))


def _make_record(fields: dict[str, Any], exception: BaseException | None) -> logging.LogRecord:
    record = logging.makeLogRecord({"args": ()})
    # In the interpreter a visitor is called Dummy-N; here the same thread may have a real name.
    if fields.get("thread") == record.thread and str(fields.get("threadName")).startswith("Dummy-"):
        del fields["threadName"]
    record.relativeCreated -= (record.created - fields["created"]) * 1000
    vars(record).update(fields)
    if exception is not None:
        record.exc_info = type(exception), exception, None
    return record


# ---- the field `interpreter` ----

_has_field = False


def add_interpreter_field() -> None:
    """Add the field `interpreter` to this interpreter's own records, for formats that use it."""
    global _has_field
    if _has_field:
        return
    _has_field = True
    make = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.interpreter = _core.own_name()  # each time: a ready one is named later
        return record

    logging.setLogRecordFactory(make_record)


# ---- levels: in an interpreter ----


def attach() -> None:
    """Send this interpreter's records to main, and take over main's levels."""
    add_interpreter_field()
    logging.root.addHandler(ForwardingHandler())
    following.follow(_LEVELS, _inherit)


_LEVELS = f"{__name__}:levels"

_inherited: dict[str, int] = {}  # by logger
_inherited_disable = 0


def _inherit(levels: Levels) -> None:
    """Set main's levels, except on loggers whose level was set by code here."""
    global _inherited_disable
    disable, of_loggers = levels
    wanted = dict(of_loggers)
    initial = {"root": logging.WARNING}
    for name in {*_inherited, *wanted}:
        logger = logging.getLogger(name)
        if logger.level == _inherited.get(name, initial.get(name, logging.NOTSET)):
            logger.setLevel(wanted.get(name, logging.NOTSET))
            _inherited[name] = logger.level
    if logging.root.manager.disable == _inherited_disable:
        _inherited_disable = disable
        logging.disable(disable)


# ---- levels: in the main interpreter ----

_is_watching = False


def levels() -> Levels:
    """Return the levels; from now on interpreters that follow them are told of changes."""
    add_interpreter_field()
    _watch_levels()
    return logging.root.manager.disable, _levels()


def _levels() -> tuple[tuple[str, int], ...]:
    loggers = {"root": logging.root, **logging.root.manager.loggerDict}
    return tuple(
        (name, logger.level)
        for name, logger in loggers.items()
        if isinstance(logger, logging.Logger) and (logger.level or name == "root")
    )


def _watch_levels() -> None:
    """Notice new levels: setting one clears the loggers' caches, which is hooked here."""
    global _is_watching
    if _is_watching:
        return
    _is_watching = True
    manager: Any = logging.root.manager
    clear_cache = manager._clear_cache

    def clear_cache_and_tell() -> None:
        clear_cache()
        following.tell(_LEVELS)

    manager._clear_cache = clear_cache_and_tell
