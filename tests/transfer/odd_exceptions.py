"""Exceptions that keep what they have in unusual places, or refuse to be set, made or pickled."""

from __future__ import annotations

import dataclasses
import smtplib
import threading
import urllib.error
from typing import Any, NoReturn


class Slots(Exception):
    __slots__ = ("empty", "items", "none")

    def __init__(self, items: Any) -> None:
        self.items, self.none = items, None


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen(Exception):
    code: int
    other: Any = None


class Refusing(Exception):
    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("immutable")


class Demanding(Exception):
    def __init__(self, code: int, *, reason: str) -> None:
        raise RuntimeError("made by hand only")


class DemandingNew(Exception):
    def __new__(cls, *args: Any, by_hand: bool = False) -> Any:
        if not by_hand:
            raise RuntimeError("made by hand only")
        return super().__new__(cls, *args)

    def __init__(self, *args: Any, by_hand: bool = False) -> None:
        super().__init__(*args)


class Truthless(Exception):
    def __bool__(self) -> NoReturn:
        raise ZeroDivisionError

    __len__ = __eq__ = __bool__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Both(KeyError, AttributeError):
    pass


class BothLarge(ValueError, OSError):
    pass


class Coded(ExceptionGroup[Exception]):
    def __new__(cls, message: str, exceptions: Any, code: int) -> Any:
        made = super().__new__(cls, message, exceptions)
        made.code = code
        return made

    def derive(self, excs: Any) -> Any:
        return Coded(self.message, excs, self.code)  # type: ignore[attr-defined]


class Unpicklable(Exception):
    def __reduce__(self) -> NoReturn:
        raise RuntimeError("cannot be pickled")


def fail(*args: Any) -> NoReturn:
    raise RuntimeError("cannot be unpickled")


class Unloadable(Exception):
    def __reduce__(self) -> Any:
        return fail, (1,)


class Other(Exception):
    def __reduce__(self) -> Any:
        return ValueError, ("another one",)


class Reducing(Exception):
    """Makes itself again, with a lock of its own."""

    def __init__(self, code: int) -> None:
        super().__init__(f"code {code}")
        self.code, self.attempts, self.lock = code, 0, threading.Lock()

    def __reduce__(self) -> Any:
        return Reducing, (self.code,)


def changed(error: BaseException, **fields: Any) -> BaseException:
    for name, value in fields.items():
        setattr(error, name, value)
    return error


def by_hand(cls: type[BaseException], *args: Any) -> BaseException:
    made = BaseException.__new__(cls, *args)
    made.__dict__["code"] = 5
    return made


MAKERS = {
    "file name set later": lambda: changed(OSError(2, "no"), filename="/later"),
    "errno set later": lambda: changed(OSError("text"), errno=5),
    "errno that is None": lambda: OSError(None, "text"),
    "characters written": lambda: BlockingIOError(11, "text", 7),
    "part of a unicode error": lambda: changed(
        UnicodeDecodeError("utf-8", b"abc", 0, 1, "text"), start=2, reason="other"
    ),
    "line of a syntax error": lambda: changed(SyntaxError("m", ("f", 1, 2, "t")), lineno=77),
    "value of a return": lambda: changed(StopIteration(1), value=2),
    "code of an exit": lambda: changed(SystemExit(1), code=2),
    "name of an import": lambda: changed(ImportError("m", name="n", path="p"), name="later"),
    "URLError": lambda: urllib.error.URLError("reason", "file"),
    "SMTPDataError": lambda: smtplib.SMTPDataError(550, b"no"),
    "slots": lambda: Slots((1, 2)),
    "frozen": lambda: Frozen(1, (2,)),
    "refusing": lambda: Refusing(1),
    "demanding": lambda: by_hand(Demanding, 1),
    "demanding new": lambda: DemandingNew(1, by_hand=True),
    "truthless": lambda: Truthless(1),
    "both": lambda: Both(1),
    "both large": lambda: BothLarge(1, "text"),
    "coded group": lambda: Coded("group", [ValueError(1), Frozen(2)], 7),
    "unpicklable": lambda: changed(Unpicklable(1), code=5),
    "unloadable": lambda: changed(Unloadable(1), code=5),
    "other": lambda: changed(Other(1), code=5),
    "reducing": lambda: changed(Reducing(1), attempts=3),
}


def make(name: str) -> BaseException:
    return MAKERS[name]()


def throw(name: str) -> NoReturn:
    raise make(name)
