"""The C core of atoll: mechanism, no policy."""

from collections.abc import Buffer as ReadableBuffer
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from importlib.machinery import ModuleSpec
from os import PathLike
from types import CapsuleType, CodeType, GenericAlias
from typing import Any, NoReturn, Self, TypeVar, final, overload

from typing_extensions import disjoint_base

from ._interpreter.interpreter import Interpreter
from ._memory.buffer import Buffer
from ._queue.queue import Queue

_K = TypeVar("_K")
_V = TypeVar("_V", covariant=True)
_K2 = TypeVar("_K2")
_V2 = TypeVar("_V2")

@final
class frozendict(Mapping[_K, _V]):
    """A dict that cannot change: the builtin one from Python 3.15 on."""

    @overload
    def __new__(cls, /) -> frozendict[Any, Any]: ...
    @overload
    def __new__(cls, /, **kwargs: _V2) -> frozendict[str, _V2]: ...
    @overload
    def __new__(cls, mapping: Mapping[_K2, _V2], /) -> frozendict[_K2, _V2]: ...
    @overload
    def __new__(cls, iterable: Iterable[tuple[_K2, _V2]], /) -> frozendict[_K2, _V2]: ...
    @classmethod
    @overload
    def fromkeys(cls, iterable: Iterable[_K2], value: None = None, /) -> frozendict[_K2, None]: ...
    @classmethod
    @overload
    def fromkeys(cls, iterable: Iterable[_K2], value: _V2, /) -> frozendict[_K2, _V2]: ...
    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_K]: ...
    def __reversed__(self) -> Iterator[_K]: ...
    def __getitem__(self, key: _K, /) -> _V: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __or__(self, other: Mapping[_K2, _V2], /) -> frozendict[_K | _K2, _V | _V2]: ...
    def __ror__(self, other: Mapping[_K2, _V2], /) -> dict[_K | _K2, _V | _V2]: ...
    def __copy__(self) -> Self: ...
    @overload
    def get(self, key: _K, default: None = None, /) -> _V | None: ...
    @overload
    def get(self, key: _K, default: _V, /) -> _V: ...  # type: ignore[misc]
    @overload
    def get(self, key: _K, default: _V2, /) -> _V | _V2: ...
    def keys(self) -> KeysView[_K]:
        """Return a view of the keys."""
    def values(self) -> ValuesView[_V]:
        """Return a view of the values."""
    def items(self) -> ItemsView[_K, _V]:
        """Return a view of the (key, value) pairs."""
    def copy(self) -> Self:
        """Return the object itself."""

@final
class AtomicInt:
    """A 64-bit integer with a sign in a Buffer, changed by many threads at once."""

    def __new__(cls, buffer: BufferHandle, offset: int = 0) -> Self: ...
    def load(self) -> int:
        """Return the number."""
    def store(self, value: int, /) -> None:
        """Set the number."""
    def add(self, value: int, /) -> int:
        """Add to the number; return what it was before."""
    def sub(self, value: int, /) -> int:
        """Subtract from the number; return what it was before."""
    def exchange(self, value: int, /) -> int:
        """Set the number; return what it was before."""
    def compare_exchange(self, expected: int, desired: int, /) -> bool:
        """Set the number to `desired` if it is `expected`; return whether it was."""
    def __reduce__(self) -> NoReturn: ...

@final
class EventfdWaker:
    """Wakes an event loop when waits at queues have ended."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    def fileno(self) -> int:
        """The descriptor that is readable once it was rung."""

    def take(self) -> list[int]:
        """The numbers of the waits that have ended since."""

    def listen(self, is_on: bool, /) -> None:
        """Is it called whenever threads in this interpreter are to look up?"""

@disjoint_base
class BufferHandle:
    """The C half of atoll.Buffer."""

    def __new__(cls, nbytes: int, /) -> Self: ...
    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
    @property
    def itemsize(self) -> int:
        """The size of an item in bytes."""
    @property
    def format(self) -> str:
        """What an item is, as the module struct names it."""
    @property
    def ndim(self) -> int:
        """How many axes it has."""
    @property
    def shape(self) -> tuple[int, ...]:
        """The number of items along each axis."""
    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one item to the next along each axis."""
    @property
    def readonly(self) -> bool:
        """Is writing through it refused?"""
    @property
    def c_contiguous(self) -> bool:
        """Are its items in a row, the last axis first?"""
    @property
    def f_contiguous(self) -> bool:
        """Are its items in a row, the first axis first?"""
    @property
    def contiguous(self) -> bool:
        """Are its items in a row?"""
    @property
    def is_released(self) -> bool:
        """Has release() been called?"""
    def release(self) -> None:
        """Let go of the memory: it is freed when no other Buffer is a view of it."""
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> Buffer: ...
    @overload
    def __getitem__(self, key: int | tuple[int, ...], /) -> Any: ...
    def __setitem__(self, key: slice | int | tuple[int, ...], value: Any, /) -> None: ...
    def __delitem__(self, key: Any, /) -> NoReturn: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __release_buffer__(self, buffer: memoryview, /) -> None: ...

_C_API: CapsuleType

@disjoint_base
class Handle:
    """The C half of atoll.Interpreter."""

    @property
    def id(self) -> int:
        """CPython's number of the interpreter; 0 is the main one."""
    @property
    def name(self) -> str:
        """The name given when it was made."""
    @property
    def is_closed(self) -> bool:
        """Has it been closed, or lost in a fork?"""
    @property
    def is_preemptive(self) -> bool:
        """May its threads be interrupted between two bytecodes?"""

@disjoint_base
class Deadline:
    """The C half of atoll.timeout."""

    def __new__(cls, seconds: float, /) -> Self: ...
    def start(self) -> None:
        """Let it run, for this thread's calls from here on."""
    def stop(self) -> None:
        """It is over, in time or not."""
    @property
    def is_expired(self) -> bool:
        """Has it passed while it was running?"""

@disjoint_base
class Watchdog:
    """The C half of atoll.watchdog."""

    def __new__(cls, seconds: float, /) -> Self: ...
    def begin(self, descriptor: int, /) -> None:
        """Watch, and report to an open file."""
    def end(self) -> None:
        """Watch no more."""

@disjoint_base
class Proxy:
    """A reference to an object of another interpreter.

    Made when an object that can change crosses; never by hand.

    Example:
        >>> items = interpreter.eval('[1, 2]')
        >>> isinstance(items, atoll.Proxy), len(items)
        (True, 2)
    """

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]: ...
    def __reduce_ex__(self, protocol: Any, /) -> tuple[Callable[[Any], Any], tuple[Any]]: ...

@disjoint_base
class QueueHandle:
    """The C half of atoll.Queue."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    @property
    def id(self) -> int:
        """The number of the queue in this process."""
    @property
    def maxsize(self) -> int:
        """How many items it holds at most; 0 or less: no limit."""
    @maxsize.setter
    def maxsize(self, value: int, /) -> None: ...
    @property
    def unfinished_tasks(self) -> int:
        """How many items were put and not yet reported by task_done()."""
    @property
    def is_shutdown(self) -> bool:
        """Has it been shut down?"""

@final
class QueueWait:
    """A place in a queue's line, held by an event loop."""

    @property
    def is_ended(self) -> bool:
        """Is the result there?"""
    def finish(self) -> Any:
        """The result: an item or None, or an exception."""

    def cancel(self) -> None:
        """Leave everything as if it had not waited."""

class RemoteClassType(type):
    """The type of RemoteClass; a class statement with a remote base calls it."""

@disjoint_base
class RemoteClass(RemoteClassType, metaclass=RemoteClassType):
    """The type of remote classes: the local types that stand for classes of other interpreters."""

@final
class Statistics(tuple[int, int, int, int, int, int]):
    """What an interpreter has done so far; see Interpreter.statistics()."""

    n_fields: int
    n_sequence_fields: int
    n_unnamed_fields: int
    __match_args__: tuple[str, ...]
    def __new__(
        cls,
        sequence: tuple[int, int, int, int, int, int],
        dict: dict[str, Any] = ...,
    ) -> Self: ...
    def __replace__(self, /, **changes: Any) -> Self: ...
    @property
    def crossings(self) -> int:
        """entries into the interpreter since it was made"""
    @property
    def visitors(self) -> int:
        """threads of other interpreters inside it now, waiting ones included"""
    @property
    def thread_states(self) -> int:
        """thread states kept for visitors"""
    @property
    def exports(self) -> int:
        """its objects that others hold proxies to"""
    @property
    def proxies(self) -> int:
        """objects of others that it holds proxies to"""
    @property
    def buffers(self) -> int:
        """buffers of its objects in use elsewhere"""
    @property
    def parked(self) -> int:
        """how often its GIL was left parked; 0: parking is off"""
    @property
    def revoked(self) -> int:
        """how often a parked GIL was taken away, also by time"""

@disjoint_base
class Task:
    """One call that an executor makes: the C half of its Future."""

    @property
    def _state(self) -> str:
        """As concurrent.futures calls it."""
    @property
    def _result(self) -> Any:
        """The result, or None."""
    @property
    def _exception(self) -> BaseException | None:
        """The exception, or None."""
    def result(self, timeout: float | None = None) -> Any:
        """The result; waits for it."""
    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The exception or None; waits for it."""
    def done(self) -> bool:
        """Has it finished, or been cancelled?"""
    def running(self) -> bool:
        """Is it being run?"""
    def cancelled(self) -> bool:
        """Has it been cancelled?"""
    def _withdraw(self) -> bool:
        """Take it out of the queue; False: it is not there."""
    def _break(self) -> bool:
        """The same, as one that never runs: its error is that."""
    def _observe(self) -> None:
        """Have _settle() called when it has run."""
    def _unpack(self) -> bool:
        """In _settle(), first: has it failed?"""
    def _mark_done(self) -> None:
        """In _settle(): from now on it is done."""

@final
class WorkerPool:
    """Workers, and the tasks that wait."""

    def __new__(cls, limit: int, future_type: type[Task], name: bytes = b"", /) -> Self: ...
    @property
    def pending(self) -> int:
        """How many tasks nobody has begun."""
    @property
    def is_forgotten(self) -> bool:
        """Is this a forked child?"""
    @property
    def phase(self) -> int:
        """0: open, else what end() was told."""
    def pack(
        self,
        function: str | bytes | None,
        arguments: tuple[Any, ...] | BaseException,
        keywords: dict[str, Any] | None,
        /,
    ) -> Any:
        """The Future of one call."""
    def submit(self, future: Task, /) -> None:
        """Queue it."""
    def submit_each(
        self,
        function: str | bytes,
        iterator: Iterator[tuple[Any, ...]],
        limit: int,
        chunksize: int,
        /,
    ) -> list[Task]:
        """Queue a call for each tuple of arguments."""
    def needs_worker(self) -> bool:
        """Is another worker wanted? It is expected from then on."""
    def expect_one(self) -> bool:
        """Would another worker be wanted for one more task? It is expected from then on."""
    def expect_none(self) -> None:
        """A worker that is expected will not come."""
    def work(self, interpreter: Interpreter, limit: int, /) -> int:
        """Run up to `limit` tasks (-1: any number) in an interpreter, or until the end.

        0: the pool ends, 1: the limit, 2: the interpreter could not be entered.
        """
    def end(self, why: int, /) -> None:
        """Take no more tasks. 1: shut down, 2: exit, 3: broken."""
    def host_of(self, future: Task, /) -> Interpreter | None:
        """The interpreter that runs it."""
    def interrupt(self, future: Task, exception: BaseException, /) -> bool:
        """Raise it in that call; False: it does not run."""
    def lose_running(self) -> None:
        """What runs is broken, and done, from now on."""
    def drop_pending(self, is_broken: bool, /) -> Any:
        """Cancel what is pending, or fail it; returns the first Future that is observed."""

def abandon(handle: Handle, /) -> None:
    """Let it go with its last export."""

def buffer_cast(buffer: BufferHandle, /, *form: str | Sequence[int]) -> Buffer:
    """The same memory in another format and shape."""

def buffer_copy(object: ReadableBuffer, /) -> Buffer:
    """A Buffer with a copy of a buffer."""

def buffer_map(descriptor: int, nbytes: int, is_writable: bool, /) -> Buffer:
    """A Buffer of an open file."""

def buffer_part(buffer: BufferHandle, address: int, nbytes: int, /) -> Buffer | None:
    """Bytes at an address as a Buffer; None: they are of other memory."""

def buffer_readonly(buffer: BufferHandle, /) -> Buffer:
    """The same memory, not to be written through."""

def buffer_statistics() -> tuple[int, int]:
    """How many blocks there are, of how much."""

def await_standby(wait: Callable[[], object], /) -> None:
    """Call a function that waits for the standby thread; that goes on after a fork."""

def begin_child() -> None:
    """In a forked child: forget what other threads were importing."""

def begin_fork() -> None:
    """Stop the threads that work in the background."""

def end_fork() -> None:
    """In the parent: go on with what is waited for."""

def standby_is_stopping() -> bool:
    """Is the standby thread to end?"""

def start_standby() -> None:
    """Start the standby thread, unless it runs."""

def stop_standby() -> None:
    """Stop it for good; in the main interpreter."""

def call_standby() -> None:
    """Wake the thread that waits in wait_for_call."""

def wait_limit() -> float | None:
    """How many seconds a wait of this thread may take, by its deadlines; None: any."""

def check_wait(what: str, /) -> None:
    """Raise what a signal's handler does, or that the time for a wait is over."""

def check_signals() -> None:
    """Run the handlers of signals that have come."""

def checkpoint() -> None:
    """Let others into this interpreter."""

def close(handle: Handle, timeout: float | None, /) -> str:
    """End an interpreter; "", or which threads are left behind in it."""

def close_retired(handle: Handle, timeout: float, /) -> str:
    """End an interpreter if nothing of it is held; as close()."""

def collect() -> int:
    """Free garbage cycles; how many exports."""

def count_all() -> tuple[int, int, int, int, int, int, int]:
    """Sums over all interpreters; -1: not known."""

def count_collections() -> tuple[int, int, int, int, float, float, float]:
    """What the collector has done so far."""

def count_ready() -> int:
    """How many can be taken."""

def count_references() -> tuple[tuple[tuple[int, str, int], ...], tuple[tuple[int, str, int], ...]]:
    """How many exports and Proxies this interpreter has, by owner and type."""

def count_probes(keys: tuple[Any, ...], is_set: bool, weight: int, limit: int, /) -> int:
    """Return how often a dict or a set searches on while it is filled with keys.

    Comparing keys with equal hashes counts as `weight`. It stops soon after the limit.
    """

def count_shared() -> tuple[dict[str, int], int]:
    """How many objects are shared, by type, and their size in bytes."""

def create(
    name: str,
    is_preemptive: bool,
    path: tuple[str, ...],
    modules: tuple[tuple[str, str, bytes], ...],
    /,
) -> Interpreter:
    """Make an interpreter."""

def create_hidden(
    name: str, path: tuple[str, ...], modules: tuple[tuple[str, str, bytes], ...], /
) -> Interpreter:
    """Make an interpreter that users do not see."""

def current() -> Interpreter:
    """The interpreter that this runs in."""

def deadline_was_heeded() -> bool:
    """Has a call made from here been broken off, its time being over?"""

def disturbances() -> int:
    """How often what this thread did may have been broken off."""

def enable_collector(flag: bool, /) -> None:
    """May it run by itself?"""

def forget_interpreters() -> None:
    """Leave all but the main one to their fate."""

def get_collector_threshold() -> int:
    """By how many exports one interpreter must have grown."""

def load_extension(path: str, tree: str, name: str, spec: ModuleSpec, /) -> tuple[Any, str]:
    """Make a module from this interpreter's private copy of a shared object.

    Returns it, not yet executed, and what it declares.
    """

def execute_noted(loader: Any, module: Any, /) -> None:
    """Have the loader execute a module, in place of its attribute `exec_module`.

    What it keeps for ever of the memory that it allocates is freed after its interpreter has ended.
    """

def load_library(path: str, tree: str | None, /) -> int | None:
    """Open this interpreter's private copy of a shared object; None: it is not for copies.

    Without a tree `path` is the name of one that is loaded.
    """

def load_original(path: str | bytes | PathLike[str], flags: int, /) -> int:
    """Return the handle of a shared object itself, as dlopen does; no fork meanwhile."""

def count_private_copies() -> tuple[int, int, int, int, int]:
    """Return of this interpreter: copies, bytes copied, bytes of them given back,
    nanoseconds that it took, threads that they have started and that still run.
    """

def find_code(path: str, level: int, source: bytes, /) -> CodeType | None:
    """Return the code that some interpreter has compiled of this source, or None."""

def keep_code(path: str, level: int, source: bytes, marshaled: bytes, /) -> None:
    """Keep the code of a source for all interpreters."""

def limit_code(bytes: int, /) -> int:
    """Say how much code is kept at most; return what it was before."""

def count_code() -> tuple[int, int, int]:
    """Return how many modules' code is kept, its bytes, and the limit."""

def list_staying_copies() -> bytes:
    """Return, of copies that stay after the end of their interpreters, three texts each:
    the interpreter's name, the library's path, the reason. Each ends with a zero.
    """

def raise_in_thread(ident: int, exception: type[BaseException], /) -> bool:
    """Raise it in a thread of this interpreter, between two bytecodes; was it there?"""

def has_shared() -> bool:
    """Has anything been shared in this process?"""

def interrupt(handle: Handle, exception: BaseException, thread: int, /) -> bool:
    """Raise it in what runs there, or only in one thread; thread 0 is any."""

def undisturbed[T](function: Callable[..., T], /, *arguments: Any) -> T:
    """Call what is not to be broken off; what came meanwhile comes afterwards."""

def unheed_deadline() -> bool:
    """Raise again, soon, what was raised for a deadline; False: there is none."""

def start_monitor(descriptor: int, path: str, /) -> None:
    """Serve those who look at this process, at a socket that listens."""

def stop_monitor() -> bool:
    """Stop serving; False: nobody serves."""

def monitor_path() -> str | None:
    """Where the socket is; None: there is none."""

def landmark() -> int:
    """An address of CPython's data; 0: not known."""

def ask_process(pid: int, shift: int, path: str, /) -> None:
    """Have the main thread of a process run a script."""

def describe_process() -> str:
    """What the process is doing, as JSON."""

def format_traceback(names: dict[int, str], /) -> str:
    """Where all threads are; names by thread id."""

def freeze(handle: Handle, /) -> None:
    """Stop the threads that are stuck inside it."""

def interpreters() -> list[Interpreter]:
    """All that are open, the main one first."""

def identified(number: int, /) -> BaseException | None:
    """The exception of that number which lives here, or None."""

def identify(exception: BaseException, number: int, /) -> None:
    """Have a new exception known by the number of the one that it was made from."""

def identity(exception: BaseException, /) -> int:
    """The number by which an exception is known in all interpreters."""

def special_method(name: str, /) -> Callable[..., Any]:
    """What remote classes have as their special method of that name."""

def has_items(type: object, /) -> bool:
    """Whether instances have items by position to C code, which can then iterate."""

def invoke(
    handle: Handle | None,
    function: str,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any] | None,
    /,
) -> Any:
    """Call 'module:function' in another interpreter; None is the main one."""

def is_collector_enabled() -> bool:
    """May it run by itself?"""

def is_ending() -> bool:
    """Are no more interpreters made?"""

def handle_as[T: Interpreter](handle: Interpreter, cls: type[T], /) -> T:
    """Make the handle anew, of a subclass."""

def is_handle(object: object, /) -> bool:
    """Does it cross as a handle?"""

def local_twin(reference: object, /) -> type | None:
    """The class here that is the same as a remote class, or a Proxy's; or None."""

def note_classes() -> None:
    """A class has come or gone by value."""

def is_proxy(object: object, /) -> bool:
    """Does it stand for a foreign object?"""

def is_reference(object: object, /) -> bool:
    """Does it never go by value?"""

def is_shared(object: object, /) -> bool:
    """Is it the same object everywhere?"""

def is_watched_signal(number: int, /) -> bool:
    """Is it, and nobody has taken it since?"""

def is_value_name(name: str, /) -> bool:
    """Do instances of 'module:type'?"""

def end_threads(handle: Handle, /) -> int:
    """Have idle threads of an interpreter end, with the process; how many others it has."""

def begin_turns() -> None:
    """From now on this interpreter's threads take turns, as in plain Python."""

def end_turns() -> None:
    """Not any more; once for each begin_turns()."""

def own_threads() -> list[tuple[int, str]]:
    """This interpreter's own threads but this one: their numbers, and what they run."""

def poke(handle: Handle, /) -> None:
    """Ask an interpreter for a sign of life: see is_poked()."""

def is_poked(handle: Handle, /) -> bool:
    """Has no bytecode run there since?"""

def visitor_activities(handle: Handle, /) -> list[str]:
    """What the threads of others that are inside run; "": not known."""

def has_left_some() -> bool:
    """Are threads stuck in interpreters that are closed?"""

def make_ready(handle: Handle, is_prewarmed: bool, /) -> None:
    """Let a hidden interpreter be taken."""

def whole(object: object, /) -> Any: ...
def allowed(object: object, /) -> dict[str, Any] | None:
    """Return the names, and their rules, of a restricted object; None: it is none."""

def make_internal(object: object, /) -> None:
    """Do not count an object that others hold: it is atoll's own."""

def mark(object: object, by_value: bool, is_writable: bool = False, /) -> Any:
    """Say how an object is to cross."""

def owner(proxy: object, /) -> Interpreter:
    """The interpreter of the original."""

def own_id() -> int:
    """The id of this interpreter."""

def own_name() -> str:
    """The name of this interpreter."""

def prepare_exit() -> None:
    """The process ends: make no more interpreters."""

def queue_begin_get(queue: QueueHandle, waker: EventfdWaker, number: int, /) -> QueueWait:
    """Stand in line for an item."""

def queue_begin_put(
    queue: QueueHandle, item: Any, waker: EventfdWaker, number: int, /
) -> QueueWait:
    """Stand in line with an item."""

def queue_find(id: int, /) -> Queue[Any] | None:
    """The queue with this number, or None."""

def queue_get(queue: QueueHandle, block: bool, timeout: float | None, /) -> Any:
    """Get an item."""

def queue_is_full(queue: QueueHandle, /) -> bool:
    """Would a put have to wait?"""

def queue_join(queue: QueueHandle, /) -> None:
    """Wait until all tasks are done."""

def queue_put(queue: QueueHandle, item: Any, block: bool, timeout: float | None, /) -> None:
    """Put an item."""

def queue_shutdown(queue: QueueHandle, immediate: bool, /) -> None:
    """Shut it down."""

def queue_size(queue: QueueHandle, /) -> int:
    """Count the items in it."""

def queue_task_done(queue: QueueHandle, /) -> None:
    """Count a task as done."""

def register_traceback(number: int, descriptor: int, /) -> None:
    """Have it written whenever a signal comes."""

def register_value_name(name: str, /) -> None:
    """Have instances of 'module:type' go by value."""

def restrict(object: object, rules: dict[str, Any], /) -> Any:
    """Narrow an object to some names."""

def seal_heap() -> None:
    """Let the memory of what is shared from now on only be read."""

def set_callbacks(list: list[Callable[[str, dict[str, int]], Any]], /) -> None:
    """What is to be called in this interpreter before and after a collection."""

def set_collector_threshold(exports: int, /) -> None:
    """By how many exports one interpreter must have grown; 0: never."""

def share(object: object, may_freeze: bool, /) -> Any:
    """Make a copy of a value that all interpreters share."""

def shared_address(object: object, /) -> int | None:
    """Return where a shared object is; None: it is not shared."""

def shared_at(address: int, /) -> Any:
    """Return the shared object that is there."""

def show(handle: Handle, /) -> None:
    """Give a hidden interpreter to the users."""

def show_all() -> None:
    """Give all hidden interpreters to the users."""

def statistics(handle: Handle, /) -> Statistics:
    """What it has been doing."""

def stay() -> None:
    """This thread's visit here is meant to last."""

def parking_obstacle() -> str | None:
    """Why no GIL is parked; None: it is on."""

def stop_alarm() -> None:
    """Stop the thread that watches deadlines."""

def stop_asking() -> None:
    """The process ends soon: visitors no longer interrupt this interpreter's threads."""

def shut_main(seconds: float, /) -> bool:
    """Refuse threads that Python does not know; False: some are still inside."""

def stop_reaper() -> None:
    """Stop the threads that clean up."""

def take_ready(name: str, /) -> Interpreter | None:
    """A ready interpreter, renamed; or None."""

def is_abandoned(handle: Handle, /) -> bool:
    """Has its thread ended?"""

def take_retired() -> Interpreter | None:
    """An interpreter to be closed, hidden; or None."""

def threads() -> list[tuple[int, int]]:
    """Pairs of thread id and interpreter id; -1: unknown."""

def get_variable(name: bytes, /) -> bytes | None:
    """An environment variable; None: it is not set."""

def variables() -> dict[bytes, bytes]:
    """The environment as it is now."""

def pop_variable(name: bytes, /) -> bytes | None:
    """Delete an environment variable, and return its value; None: it was not set."""

def putenv(name: str | bytes, value: str | bytes, /) -> None:
    """Change or add an environment variable; os.putenv."""

def unsetenv(name: str | bytes, /) -> None:
    """Delete an environment variable; os.unsetenv."""

def clearenv() -> None:
    """Delete all environment variables."""

def watch_signal(number: int, /) -> None:
    """Have it noticed while the main thread is in another interpreter."""

type _TraceResult = tuple[int, int, int, list[tuple[int, str, int, bytes]], list[tuple[int, str]]]

def trace_begin(capacity: int, /) -> int:
    """Note what threads do; the trace's number."""

def trace_end(number: int, /) -> _TraceResult | None:
    """Return (begin, end, lost, [(thread, name, dropped, events)], [(interpreter, name)])."""

def type_of(proxy: object, /) -> type:
    """The type of the original."""

def unregister_traceback(number: int, /) -> bool:
    """No longer."""

def visitor_count(handle: Handle, /) -> int:
    """Threads of others inside it."""

def wait_for_call(heard: int, timeout: float | None, /) -> int:
    """Wait, so long at most, for more calls than that; how many there were."""

def write_unraisable(exception: BaseException, object: object, message: str | None, /) -> None:
    """Give an exception to sys.unraisablehook."""
