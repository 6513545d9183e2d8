"""Figures as people read them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE = "-"


def count(value: float | None) -> str:
    """A number: 0, 950, 12,345, 3.4M."""
    if value is None:
        return NONE
    if value >= 1e6:
        return f"{value / 1e6:.1f}M"
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share of one processor's time: 42%."""
    return NONE if value is None else f"{value:.0%}"


def size(value: float | None) -> str:
    """Bytes: 512 KB, 3.0 MB, 1.2 GB."""
    if value is None:
        return NONE
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GB"


def duration(seconds: float | None) -> str:
    """A time span: 0.2 s, 41 s, 3:07, 2:03:41."""
    if seconds is None:
        return NONE
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Names:
    """The names of what a document refers to by number."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._interpreters = {each["id"]: each["name"] for each in document["interpreters"]}
        self._threads = {each["ident"]: thread_name(each) for each in document["threads"]}

    def interpreter(self, number: int | None) -> str:
        """The name of an interpreter."""
        return "?" if number is None else self._interpreters.get(number, f"#{number}")

    def thread(self, ident: int) -> str:
        """The name of a thread."""
        return self._threads.get(ident, f"0x{ident:x}")

    def path(self, thread: dict[str, Any]) -> str:
        """Where a thread has gone, outermost first."""
        beyond = thread["depth"] + 1 - len(thread["path"])
        visited = [self.interpreter(each) for each in thread["path"]]
        waits = thread["waits"]
        if waits is not None and waits["for"] == "enter":
            beyond -= 1
        return " > ".join([*visited, *([f"{beyond} more"] if beyond > 0 else [])])

    def doing(self, thread: dict[str, Any]) -> str:
        """What a thread waits for; if it does not, its innermost frame."""
        waits = thread["waits"]
        if waits is None:
            return thread["frame"] or "C code"
        match waits["for"]:
            case "enter" | "return" as how:
                where = self.interpreter(waits["interpreter"])
                what = f"waits for {where}" if how == "enter" else f"waits to return to {where}"
                holder = waits["held_by"]
                return what if holder is None else f"{what}, held by {self.thread(holder)}"
            case "get":
                return f"waits for an item of queue {waits['queue']}"
            case "put":
                return f"waits for room in queue {waits['queue']}"
            case "join":
                return f"waits until queue {waits['queue']} is done"
            case "visitors":
                return f"closes {self.interpreter(waits['interpreter'])}, which has visitors"
            case "own_threads":
                return f"closes {self.interpreter(waits['interpreter'])}, which has threads"
            case "closer":
                return f"waits until {self.interpreter(waits['interpreter'])} is closed"
            case "result":
                return "waits for an executor's result"
            case "task":
                return "waits for a task"
            case other:
                return f"waits: {other}"

    def inside(self, interpreter: dict[str, Any], document: dict[str, Any]) -> str:
        """Who runs in an interpreter; if nobody does, in brackets who visits it."""
        holder = interpreter["inside"]
        if holder is not None:
            return self.thread(holder)
        others = [
            thread_name(each)
            for each in document["threads"]
            if each["interpreter"] == interpreter["id"] and len(each["path"]) > 1
        ]
        more = f" +{len(others) - 1}" if len(others) > 1 else ""
        return f"({others[0]}{more})" if others else NONE


def thread_name(thread: dict[str, Any]) -> str:
    """The name of a thread; if it has none, its number in the system."""
    return str(thread["name"] or f"thread {thread['native_id'] or hex(thread['ident'])}")


def printable(text: str) -> str:
    """Replace what a terminal would obey."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
