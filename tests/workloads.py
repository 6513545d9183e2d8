"""What the tests have interpreters do: importable there, unlike the test modules."""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Callable, Iterator

import atoll

# Each new interpreter of the tests imports this module: it imports little.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# ---- functions ----


def identity(value: Any) -> Any:
    return value


def evaluate(expression: str) -> Any:
    """Evaluate in a namespace with what the expressions of the tests need."""
    import decimal  # noqa: F401
    import fractions  # noqa: F401
    import pathlib  # noqa: F401
    import uuid  # noqa: F401
    from datetime import date, datetime, time, timedelta, timezone  # noqa: F401

    from atoll import frozendict  # noqa: F401

    return eval(expression, globals() | locals())


def matches(value: Any, expression: str) -> bool:
    """Is this really, and not only by proxy, the value of the expression?"""
    expected = evaluate(expression)
    return type(value) is type(expected) and (value == expected or repr(value) == repr(expected))


def make_by_reference(kind: str, *args: Any, **kwargs: Any) -> Any:
    """Make an object of a builtin type and return it by reference, even if it cannot change."""
    return atoll.ref(evaluate(kind)(*args, **kwargs))


def is_foreign(value: Any) -> bool:
    return atoll.is_proxy(value)


def restrict(value: Any, names: tuple[str, ...]) -> Any:
    return atoll.restrict(value, names)


def type_name(value: Any) -> str:
    return type(value).__name__


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def call_in(interpreter: atoll.Interpreter, function: Callable[..., Any], *args: Any) -> Any:
    return interpreter.call(function, *args)


def call_down(there: Any, here: Any, depth: int, last: Callable[[], Any]) -> Any:
    """Call to and fro between two interpreters, and then something."""
    return last() if depth <= 0 else there(here, there, depth - 1, last)


def current_name() -> str:
    return atoll.current().name


def pack(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    return args, tuple(sorted(kwargs.items()))


def count_up(limit: int) -> Iterator[int]:
    yield from range(limit)


def echo() -> Iterator[Any]:
    """A generator that answers with what it is sent, or with the type of what is thrown in."""
    received: Any = None
    while True:
        try:
            received = yield received
        except ValueError as error:
            received = ("caught", type(error) is ValueError, error.args)


def meet(entered: Any, leave: Any) -> str:
    """Say that we are in, and stay until we are told to leave; both are events."""
    entered.set()
    leave.wait()
    return "left"


def spin(entered: Any, flag: Any) -> int:
    """Run bytecode, and nothing but bytecode, until a byte of somebody's memory is set."""
    with memoryview(flag) as memory:
        entered.set()
        rounds = 0
        while not memory[0]:
            rounds += 1
        return rounds


# ---- classes ----


class Counter:
    """A counter without a lock."""

    def __init__(self, n: int = 0) -> None:
        self.n = n

    def add(self, k: int) -> int:
        self.n += k
        return self.n

    def add_many(self, times: int) -> int:
        for _ in range(times):
            self.n += 1
        return self.n

    @property
    def double(self) -> int:
        return self.n * 2

    @classmethod
    def make(cls, n: int) -> Counter:
        return cls(n)

    @staticmethod
    def sum(*numbers: int) -> int:
        return sum(numbers)


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Bag:
    """An object that takes any attribute."""


class Key:
    """Equal and hashed by value, as dict keys are."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return getattr(other, "value", None) == self.value

    def __hash__(self) -> int:
        return hash(self.value)


class BadHash:
    def __hash__(self) -> int:
        raise ZeroDivisionError("no hash today")


class Appendable:
    """Looks like a list to whoever only appends."""

    def __init__(self, append: Any) -> None:
        self.append = append


class Finalized:
    """Appends the name of the interpreter in which it is finalized."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __del__(self) -> None:
        self.log.append(atoll.current().name)


class Managed:
    """A context manager that keeps what `__exit__` gets, and can swallow it."""

    def __init__(self, swallows: bool = False) -> None:
        self.swallows = swallows
        self.seen: list[Any] = []

    def __enter__(self) -> Managed:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.seen += [kind, type(error).__name__, getattr(error, "args", None)]
        return self.swallows


class Meta(type):
    def __len__(cls) -> int:
        return 42

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, int)


class WithMeta(metaclass=Meta):
    pass


# ---- values ----


class Colour(enum.Enum):
    RED = 1
    GREEN = (2, "two")


class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    HELLO = "hello"


class Mode(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


Pair = namedtuple("Pair", "left right")


@atoll.register_value_type
class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((self.x, self.y))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.x}, {self.y})"


class SubPoint(Point):
    pass


class Number(int):
    pass


class Text(str):
    __slots__ = ()


# ---- exceptions ----


class CustomError(Exception):
    pass


class DemandingError(Exception):
    """Its `__init__` wants other arguments than `args` holds."""

    def __init__(self, code: int, *, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code = code
        self.reason = reason


class DemandingOSError(OSError):
    def __init__(self, path: str, code: int) -> None:
        super().__init__(code, "no luck", path)
        self.code = code


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError("cannot print")

    __repr__ = __str__


def throw(error: type[BaseException], *args: Any) -> None:
    raise error(*args)


def throw_expression(expression: str) -> None:
    raise evaluate(expression)


def throw_from_cause() -> None:
    try:
        throw(KeyError, "cause")
    except KeyError as error:
        raise ValueError("effect") from error


def throw_while_handling() -> None:
    try:
        throw(KeyError, "first")
    except KeyError:
        throw(ValueError, "second")


def throw_from_none() -> None:
    try:
        throw(KeyError, "hidden")
    except KeyError:
        raise ValueError("shown") from None


def throw_with_note() -> None:
    error = CustomError("noted")
    error.add_note("look here")
    error.extra = (1, [2])
    raise error


class Opaque:
    """Can be pickled, but nobody can unpickle it."""

    def __reduce__(self) -> Any:
        return int, ("opaque",)


def throw_opaque() -> None:
    raise CustomError("text", Opaque())


def throw_group() -> None:
    raise ExceptionGroup("several", [ValueError(1), ExceptionGroup("inner", [CustomError("x")])])


def catch(function: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
    """Call, and say what was caught here."""
    try:
        return "returned", function(*args)
    except BaseException as error:
        return type(error), error.args, error.__cause__ is None


# ---- one at a time ----


class Guarded:
    """Notices when two threads are inside at once."""

    def __init__(self) -> None:
        self.inside = 0
        self.seen: list[int] = []
        self.is_over = False  # has anybody worked?

    def wait_then_work(self, rounds: int) -> int:
        """When another thread waits to get in, run much bytecode and see whether it did."""
        here = atoll.current()
        while here.statistics().visitors < 2 and not self.is_over:
            pass
        return self.work(rounds)

    def work(self, rounds: int) -> int:
        self.inside += 1
        for _ in range(rounds):
            self.seen.append(self.inside)
            self.seen.pop()
        worst = self.inside
        self.inside -= 1
        self.is_over = True
        return worst


class Flag:
    """Set by one visitor while another one runs."""

    def __init__(self) -> None:
        self.is_set = False

    def set(self) -> None:
        self.is_set = True

    def spin(self) -> str:
        while not self.is_set:
            pass
        return "set"

    def spin_with_checkpoints(self) -> str:
        while not self.is_set:
            atoll.checkpoint()
        return "set"

    def spin_with_calls(self, function: Callable[[], Any]) -> str:
        while not self.is_set:
            function()
        return "set"


def start_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Start a thread of this interpreter's own."""
    import threading

    thread = threading.Thread(target=function, args=args)
    thread.start()
    return thread


def threads() -> list[Any]:
    """This interpreter's own threads."""
    import threading

    return [
        each
        for each in threading.enumerate()
        if isinstance(each, threading.Thread)
        and not isinstance(each, threading._MainThread | threading._DummyThread)
    ]


def bounce(here: Callable[..., Any], there: Callable[..., Any], depth: int) -> int:
    """Call to and fro between two interpreters."""
    return 0 if depth == 0 else 1 + there(there, here, depth - 1)


# ---- asynchronous ----


class Awaitable:
    def __await__(self) -> Iterator[None]:
        yield
        return 42


class Ticker:
    """An asynchronous iterator and context manager."""

    def __init__(self, count: int = 3) -> None:
        self.count = count
        self.log: list[Any] = []

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        if not self.count:
            raise StopAsyncIteration
        self.count -= 1
        return self.count

    async def __aenter__(self) -> Ticker:
        self.log.append("in")
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        self.log.append(type(error).__name__)
        return kind is not None and issubclass(kind, KeyError)


async def add_later(a: int, b: int) -> int:
    await Awaitable()
    return a + b


async def fail_later() -> None:
    await Awaitable()
    raise CustomError("later")


async def count_async(limit: int) -> Any:
    for i in range(limit):
        yield i


async def pass_on(awaitable: Any) -> Any:
    return await awaitable


class CountsAsync:
    """Has an async method."""

    def __init__(self, n: int) -> None:
        self.n = n

    async def add(self, k: int) -> int:
        return self.n + k


# ---- deadlines and interruptions ----


def spin_for_ever() -> None:
    while True:
        pass


def spin_until_set(entered: Any, flag: Flag) -> str:
    entered.set()
    return flag.spin()


def spin_with_finally(note: Callable[[str], Any]) -> None:
    try:
        spin_for_ever()
    finally:
        note("finally")


def spin_and_swallow() -> None:
    while True:
        try:
            spin_for_ever()
        except Exception:
            pass


def call_with_limit(function: Callable[[], Any], seconds: float) -> str:
    try:
        with atoll.timeout(seconds):
            function()
    except TimeoutError as error:
        return str(error)
    return "no timeout"


def call_with_limit_and_again(function: Callable[[], Any], seconds: float) -> None:
    call_with_limit(function, seconds)
    function()


class SlowlyFinalized:
    """Its __del__ is busy for a while."""

    def __init__(self, log: list[str], seconds: float) -> None:
        self.log, self.seconds = log, seconds

    def __del__(self) -> None:
        import time

        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            pass
        self.log.append("finalized")


def drop_slowly_and_spin(seconds: float) -> None:
    SlowlyFinalized([], seconds)
    spin_for_ever()


def enter_and_spin(entered: Any) -> None:
    entered.set()
    spin_for_ever()


def enter_spin_and_leave(entered: Any, left: Any) -> None:
    try:
        enter_and_spin(entered)
    finally:
        left.set()


def enter_and_acquire(entered: Any, lock: Any) -> bool:
    entered.set()
    acquired: bool = lock.acquire()
    lock.release()
    return acquired


def enter_acquire_and_return(entered: Any, lock: Any) -> str:
    enter_and_acquire(entered, lock)
    return "returned"


def release_and_spin_until_above(lock: Any, counter: Any, limit: int) -> None:
    lock.release()
    while counter.load() <= limit:
        pass


def call_and_tell(told: Any, name: str, *args: Any) -> None:
    """Say what has ended the call of a function of this module."""
    try:
        globals()[name](*args)
    except BaseException as error:
        told.put(type(error).__name__)
        raise


def enter_acquire_and_spin(entered: Any, lock: Any) -> None:
    enter_and_acquire(entered, lock)
    spin_for_ever()


def enter_and_wait_for(entered: Any, flag: Flag, checkpoint: Callable[[], Any]) -> None:
    entered.set()
    while not flag.is_set:
        checkpoint()


def enter_and_catch(entered: Any) -> str:
    try:
        enter_and_spin(entered)
    except CustomError:
        pass
    return "caught"


def count_to(limit: int) -> int:
    count = 0
    while count < limit:
        count += 1
    return count


def spin_and_note(entered: Any, caught: list[str]) -> None:
    try:
        enter_and_spin(entered)
    except BaseException as error:
        caught.append(type(error).__name__)


def import_and_note(entered: Any, may_leave: Any, caught: list[str]) -> None:
    """Stay in what looks like importlib until that is allowed; then run without end."""
    source = "entered.set()\nwhile not may_leave.load(): pass\ncaught.append('left')"
    code = compile(source, "<frozen importlib._bootstrap>", "exec")
    try:
        exec(code, {"entered": entered, "may_leave": may_leave, "caught": caught})
        spin_for_ever()
    except KeyError as error:
        caught.append(type(error).__name__)


def interrupt_until(interpreter: atoll.Interpreter, exception: type[BaseException]) -> None:
    while not interpreter.interrupt(exception):
        pass


# ---- shared values ----


def share_table(count: int) -> Any:
    return atoll.share({f"key {i}": (i, i + 0.5, str(i).encode()) for i in range(count)})


def address(value: Any) -> int:
    return id(value)


def address_in_list(values: list[Any]) -> int:
    return id(values[0])


def list_of(value: Any) -> list[Any]:
    return [value]


def item_of(container: Any, key: Any) -> Any:
    return container[key]


def call_with(function: Callable[..., Any], value: Any) -> Any:
    return function(value)


def put(queue: atoll.Queue[Any], item: Any) -> None:
    queue.put(item)


def raise_with(error: type[Exception], value: Any) -> None:
    raise error(value)


# ---- tracebacks ----


def match_for_ever(tell: Callable[[], Any]) -> None:
    """Be in C code, and let nobody else run."""
    import re

    tell()
    re.match("(a+)+$", "a" * 100 + "b")


def enter_and_wait(tell: Callable[[], Any]) -> None:
    import threading

    tell()
    threading.Event().wait()


STOP = object()


def count_until_stop(queue: Any, stop: object = STOP) -> int:
    """Count what is in a queue before STOP, which is told from all else by `is`."""
    count = 0
    while queue.get(timeout=30) is not stop:
        count += 1
    return count


def stop() -> object:
    return STOP
