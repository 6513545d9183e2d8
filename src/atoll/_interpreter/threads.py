"""`atoll.threads`: which interpreter is each thread in?"""

from __future__ import annotations

import threading
from _collections_abc import Mapping

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .interpreter import Interpreter


def main_idents() -> tuple[int, ...]:
    """Return the ids of the threads that `threading` knows in this interpreter, the main one.

    The list of main's thread states cannot be read: for each import of an extension module in
    another interpreter CPython makes one of them, and deletes it without main's GIL.
    """
    return tuple(each.ident for each in threading.enumerate() if each.ident is not None)


class _Threads(Mapping[int, "Interpreter"]):
    """A live, read-only mapping from thread id to the Interpreter that the thread is in right now.

    The keys are those of `threading.get_ident()`: all threads that have ever crossed, and those
    that the main interpreter's `threading` knows. Reading it does not stop the threads, so an
    answer may be out of date at once.

    Threads: any. Crosses: into the main interpreter, unless called there.

    Example:
        >>> atoll.threads[threading.get_ident()].name
        'main'
    """

    __slots__ = ()

    def _snapshot(self) -> dict[int, Interpreter]:
        by_id = {interpreter.id: interpreter for interpreter in _core.interpreters()}
        main = by_id[0]
        if main is _core.current():
            idents = main_idents()
        else:
            idents = _core.invoke(None, "atoll._interpreter.threads:main_idents", (), None)
        found = dict.fromkeys(idents, main)
        for ident, interpreter_id in _core.threads():
            if interpreter_id in by_id:
                found[ident] = by_id[interpreter_id]
        return found

    def __getitem__(self, ident: int) -> Interpreter:
        return self._snapshot()[ident]

    def __iter__(self) -> Iterator[int]:
        return iter(self._snapshot())

    def __len__(self) -> int:
        return len(self._snapshot())

    def __repr__(self) -> str:
        return f"<atoll.threads {self._snapshot()!r}>"


threads = _Threads()
