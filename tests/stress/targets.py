"""What the stress scripts put into interpreters; imported there by name."""

from __future__ import annotations

import atexit
import contextlib
import threading
from typing import Any

import atoll

local = threading.local()
kept: list[Any] = []
ticket = iter(range(10**12))


class Custom(Exception):
    """An exception that the main interpreter can import too."""

    def __init__(self, first: int, *, second: str) -> None:
        super().__init__(first)
        self.second = second


class Counter:
    """Methods of all kinds, most of which answer something that can be checked."""

    def __init__(self) -> None:
        self.n = 0
        self.attribute = 7

    def add(self, amount: int) -> int:
        """Change a count without a lock: an interpreter of atoll's is not preempted."""
        n = self.n
        for _ in range(3):
            pass
        self.n = n + amount
        return self.n

    def visit(self) -> int:
        """Count the calls of this thread."""
        local.visits = getattr(local, "visits", 0) + 1
        return local.visits

    def echo(self, *values: Any) -> Any:
        return values[0] if len(values) == 1 else values

    def keywords(self, first: Any, *, second: Any = 2, **others: Any) -> tuple[Any, ...]:
        return first, second, *sorted(others.items())

    def call(self, function: Any, *args: Any) -> Any:
        return function(*args)

    def call_twice(self, function: Any, *args: Any) -> tuple[Any, Any]:
        """Two visits to somebody else out of one of ours."""
        return function(*args), function(*args)

    def numbers(self, count: int) -> list[int]:
        return list(range(count))

    def text(self, size: int, kind: str) -> str:
        return kind * size

    def block(self, size: int) -> bytearray:
        return bytearray(size)

    def spin(self, rounds: int) -> int:
        total = 0
        for number in range(rounds):
            total += number
        return total

    def keep(self, value: Any) -> int:
        """Hold what others own, for a while."""
        kept.append(value)
        del kept[:-50]
        return len(kept)

    def use_kept(self) -> int:
        """Touch what is held; its owner may be closed by now."""
        return sum(len(value) for value in list(kept[-5:]))

    def drop_kept(self) -> None:
        kept.clear()

    def generate(self, count: int) -> Any:
        yield from range(count)

    def make_thread(self, function: Any, *args: Any) -> threading.Thread:
        """Start a thread of this interpreter's own."""
        thread = threading.Thread(target=function, args=args)
        thread.start()
        return thread

    def make_atoll_thread(self, function: Any, *args: Any) -> Any:
        """Start a thread of this interpreter's own that has one of its own."""
        thread = atoll.Thread(target=function, args=args)
        thread.start()
        return thread

    def at_exit(self, function: Any, *args: Any) -> None:
        """Have this interpreter call a function when it ends."""
        atexit.register(call_if_open, function, *args)

    def fail(self, how: str) -> None:
        """Raise all kinds of exceptions."""
        match how:
            case "value":
                raise ValueError("bad", 42)
            case "c":
                int("no number")
            case "custom":
                raise Custom(1, second="two")
            case "group":
                raise ExceptionGroup("several", [ValueError(1), KeyError("k")])
            case "chain":
                try:
                    raise KeyError("inner")
                except KeyError as error:
                    raise LookupError("outer") from error
            case "exit":
                raise SystemExit(3)
            case "interrupt":
                raise KeyboardInterrupt("no signal")
            case "os":
                open("/nonexistent/file")
            case "generator":
                raise GeneratorExit
            case "local":
                raise type("Nowhere", (ArithmeticError,), {})("far")


class Context:
    """A context manager that swallows ValueError."""

    def __init__(self) -> None:
        self.seen: type[BaseException] | None = None

    def __enter__(self) -> Context:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.seen = kind
        return kind is ValueError


def odd_object(shape: int) -> Any:
    """Make an instance of a new class with some special methods and not others."""
    methods: dict[str, Any] = {"shape": shape}
    if shape & 1:
        methods["__len__"] = lambda self: 1000 + shape
    if shape & 2:
        methods["__call__"] = lambda self, value: (shape, value)
    if shape & 4:
        methods["__getitem__"] = lambda self, key: (shape, key)
    if shape & 8:
        methods["__eq__"] = lambda self, other: other == shape
        methods["__hash__"] = lambda self: 77 + shape
    return type(f"Odd{shape}", (), methods)()


def call_if_open(function: Any, *args: Any) -> None:
    """Call what may have been closed by now."""
    with contextlib.suppress(atoll.InterpreterClosedError):
        function(*args)


counter = Counter()
