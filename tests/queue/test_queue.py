"""Queues between interpreters: what crosses, who waits, what is left behind."""

from __future__ import annotations

import gc
import inspect
import pickle
import queue
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import queue_workloads
import workloads

import atoll
from atoll import _core

QUEUES = [atoll.Queue, atoll.LifoQueue, atoll.PriorityQueue]
STANDARD = {
    atoll.Queue: queue.Queue,
    atoll.LifoQueue: queue.LifoQueue,
    atoll.PriorityQueue: queue.PriorityQueue,
}


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `queue_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("queue_workloads")


# ---- the interface ----

METHODS = [name for name in vars(queue.Queue) if not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_signatures(name: str) -> None:
    """Every method has the parameters of the standard library's."""

    def shape(cls: type) -> list[tuple[Any, ...]]:
        parameters = inspect.signature(getattr(cls, name)).parameters.values()
        return [(each.name, each.kind, each.default) for each in parameters]

    assert shape(atoll.Queue) == shape(queue.Queue)


@pytest.mark.parametrize("name", [*METHODS, "aput", "aget"])
def test_documented(name: str) -> None:
    """Every method says what crosses, who may call, and names each parameter."""
    method = getattr(atoll.Queue, name)
    text = inspect.getdoc(method) or ""
    assert "rosses: " in text
    assert "Threads: any" in text
    for parameter in list(inspect.signature(method).parameters)[1:]:
        assert f"    {parameter}: " in text
    assert inspect.signature(method).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("cls", QUEUES)
def test_constructor(cls: type) -> None:
    """The constructor has the parameters of the standard library's, and so have the names."""
    ours, theirs = (inspect.signature(each).parameters for each in (cls, STANDARD[cls]))
    assert [(each.name, each.kind, each.default) for each in ours.values()] == [
        (each.name, each.kind, each.default) for each in theirs.values()
    ]
    assert cls.__name__ == STANDARD[cls].__name__


def test_all_that_the_standard_library_offers() -> None:
    """Whatever is public there is here, but the lock and its conditions."""
    theirs = {name for name in dir(queue.Queue()) if not name.startswith("_")}
    missing = {name for name in theirs if not hasattr(atoll.Queue(), name)}
    assert missing == {"mutex", "not_empty", "not_full", "all_tasks_done", "queue"}


def test_repr() -> None:
    """The repr says what it is, how full it is, and whether it was shut down."""
    q = atoll.LifoQueue(3)
    q.put(1)
    assert repr(q) == f"<atoll.LifoQueue id={q.id} size=1 maxsize=3>"
    q.maxsize = 0
    q.shutdown()
    assert repr(q) == f"<atoll.LifoQueue id={q.id} size=1 shutdown>"


def test_generic() -> None:
    """Queue[int] is an alias, as with the standard library's."""
    assert atoll.Queue[int].__origin__ is atoll.Queue
    assert isinstance(atoll.PriorityQueue[int](), atoll.PriorityQueue)


@pytest.mark.parametrize("value", [None, "1", 2.5, [], object()])
def test_maxsize_must_be_an_int(value: Any) -> None:
    """Any other maxsize is a TypeError, when it is given and when it is set."""
    with pytest.raises(TypeError, match="maxsize must be an int"):
        atoll.Queue(value)
    q = atoll.Queue(3)
    with pytest.raises(TypeError):
        q.maxsize = value
    assert q.maxsize == 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, TypeError, KeyError])
def test_maxsize_that_raises(error: type[BaseException]) -> None:
    """What the number itself raises is not replaced, when it is given and when it is set."""

    class Number:
        def __index__(self) -> int:
            raise error("mine")

    with pytest.raises(error, match="mine"):
        atoll.Queue(Number())  # type: ignore[arg-type]
    q = atoll.Queue(3)
    with pytest.raises(error, match="mine"):
        q.maxsize = Number()  # type: ignore[assignment]
    assert q.maxsize == 3


def test_maxsize_limits() -> None:
    """A maxsize of 0 or less is none; one beyond all memory is as good as none."""
    for value in (0, -5, 10**30, True):
        q = atoll.Queue(value)
        q.put(1)
        assert q.full() == (value is True)
    assert atoll.Queue(-5).maxsize == -5
    with pytest.raises(AttributeError):
        del q.maxsize


def test_maxsize_is_shared(there: Any) -> None:
    """Setting maxsize in one interpreter holds for all, and lets in who waits."""
    q = atoll.Queue(1)
    q.put(1)
    with pytest.raises(queue.Full):
        there.put(q, 2, block=False)
    q.maxsize = 2
    there.put(q, 2, block=False)
    assert q.full()


@pytest.mark.parametrize("timeout", [-1, -0.001, float("nan"), -float("inf")])
def test_negative_timeout(timeout: float) -> None:
    """A negative timeout is a ValueError and changes nothing, unless there is no waiting at all."""
    q = atoll.Queue()
    with pytest.raises(ValueError):
        q.put(1, timeout=timeout)
    assert q.qsize() == q.unfinished_tasks == 0
    q.put(1, False, timeout)
    with pytest.raises(ValueError):
        q.get(timeout=timeout)
    assert q.get(False, timeout) == 1


@pytest.mark.parametrize("timeout", ["1", [], object()])
def test_timeout_of_another_type(timeout: Any) -> None:
    """A timeout that is no number is a TypeError."""
    with pytest.raises(TypeError):
        atoll.Queue().get(timeout=timeout)


@pytest.mark.parametrize("timeout", [0, 0.0, 1e-9, 0.002])
def test_timeout(timeout: float) -> None:
    """A wait ends with Empty or Full, and leaves nothing behind."""
    q = atoll.Queue(1)
    with pytest.raises(queue.Empty):
        q.get(timeout=timeout)
    q.put(1, timeout=timeout)
    with pytest.raises(queue.Full):
        q.put(2, timeout=timeout)
    assert (q.get(timeout=timeout), q.qsize(), q.unfinished_tasks) == (1, 0, 1)


def test_endless_timeouts() -> None:
    """Timeouts beyond the clock's range wait without end."""
    q = atoll.Queue()
    for timeout in (1e300, float("inf"), 10**100):
        q.put(1)
        assert q.get(timeout=timeout) == 1


def test_wrong_arguments_for_the_core() -> None:
    """The functions of the core check what they are given."""
    q, waker = atoll.Queue(), _core.EventfdWaker()
    functions = [
        (_core.queue_put, (q, 1, True, None)),
        (_core.queue_get, (q, True, None)),
        (_core.queue_join, (q,)),
        (_core.queue_task_done, (q,)),
        (_core.queue_size, (q,)),
        (_core.queue_shutdown, (q, False)),
        (_core.queue_begin_get, (q, waker, 1)),
        (_core.queue_begin_put, (q, 1, waker, 1)),
    ]
    for function, arguments in functions:
        for wrong in (arguments[:-1], (*arguments, 1), (object(), *arguments[1:])):
            with pytest.raises(TypeError):
                function(*wrong)  # type: ignore[operator]
    with pytest.raises(TypeError):
        _core.queue_begin_get(q, object(), 1)  # type: ignore[arg-type]
    with pytest.raises((OverflowError, TypeError, ValueError)):
        _core.queue_begin_get(q, waker, -1)
    assert q.qsize() == 0


# ---- handles ----


def test_one_handle_in_each_interpreter(there: Any) -> None:
    """A queue that crosses is one object there, and itself when it comes home."""
    q = atoll.Queue()
    assert there.same(q, q)
    assert there.same_inside((1, q), (q, 2))
    other = atoll.Queue()
    other.put(q)
    other.put((1, q))
    assert other.get() is q
    assert other.get()[1] is q
    there.put(other, q)
    assert other.get() is q


@pytest.mark.parametrize("cls", QUEUES)
def test_a_handle_keeps_its_kind(interpreter: atoll.Interpreter, cls: type[Any]) -> None:
    """A queue made elsewhere arrives as what it is, and outlives the interpreter that made it."""
    made = interpreter.call(cls, 3)
    assert type(made) is cls
    assert not atoll.is_proxy(made)
    assert made.maxsize == 3
    made.put(1)
    interpreter.close()
    assert made.get() == 1


def test_in_a_closure(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """A queue in a function that goes by value stays a reference."""
    q = atoll.Queue()
    assert shared_interpreter.call(lambda: q.put(5)) is None
    assert q.get() == 5


def test_pickled() -> None:
    """A pickled queue leads to the same queue, as long as that exists."""
    q = atoll.Queue()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(q, protocol)
        assert pickle.loads(data) is q
    del q
    with pytest.raises(LookupError):
        pickle.loads(data)


def test_copied(there: Any) -> None:
    """atoll.copy of a queue sends the handle; atoll.ref, a Proxy to the object."""
    q = atoll.Queue()
    there.put(atoll.copy(q), 1)
    there.put(atoll.ref(q), 2)
    assert (q.get(), q.get()) == (1, 2)


def test_subclass(there: Any) -> None:
    """A subclass may have a constructor and attributes of its own; elsewhere it is a Queue."""

    class Jobs(atoll.Queue[int]):
        def __init__(self, name: str, *, limit: int) -> None:
            super().__init__(limit)
            self.name = name

        def put_twice(self, item: int) -> None:
            self.put(item)
            self.put(item)

    jobs = Jobs("mine", limit=2)
    jobs.put_twice(4)
    assert (jobs.name, there.get(jobs), there.atoll_type_name(jobs)) == ("mine", 4, "Queue")
    assert jobs.get() == 4


def test_weak_reference() -> None:
    """Queues can be referred to weakly, and are freed at once."""
    q = atoll.Queue()
    number, reference = q.id, weakref.ref(q)
    assert _core.queue_find(number) is q
    del q
    assert reference() is None
    assert _core.queue_find(number) is None


def test_is_handle(there: Any) -> None:
    """Handles are told from other objects."""
    assert _core.is_handle(atoll.Queue())
    assert _core.is_handle(atoll.main())
    assert not _core.is_handle(there)
    assert not _core.is_handle([])


# ---- items ----


@pytest.mark.parametrize("cls", [atoll.Queue, atoll.LifoQueue])
@pytest.mark.parametrize(
    "item",
    [None, 1, 10**40, 2.5, 1j, "text", "x" * 100_000, b"b", (1, (2, "x")), frozenset({1}), slice(2),
     range(3), int, ValueError, len],
    ids=lambda item: repr(item)[:20],
)  # fmt: skip
def test_values(there: Any, cls: type[Any], item: Any) -> None:
    """What cannot change is the same value in each interpreter."""
    q = cls()
    q.put(item)
    there.put(q, there.get(q))
    assert q.get() == item


def test_references(there: Any, shared_interpreter: atoll.Interpreter) -> None:
    """What can change is a Proxy elsewhere, and the original at home."""
    q, mine = atoll.Queue(), [1]
    q.put(mine)
    assert there.type_of_next(q) == "proxy of list"
    q.put((mine, 2))
    there.put(q, there.get(q)[0])
    assert q.get() is mine
    there.put_kept(q)
    got = q.get()
    assert atoll.owner(got) is shared_interpreter
    assert got is there.kept
    q.put(got)
    assert there.got_kept(q)


def test_third_interpreter(there: Any, interpreter: atoll.Interpreter) -> None:
    """An object of one interpreter, put by a second, is got by a third."""
    q = atoll.Queue()
    there.put_kept(q)
    interpreter.call(queue_workloads.put, q, interpreter.call(queue_workloads.get, q))
    assert q.get() is there.kept


def test_copy_and_ref(there: Any) -> None:
    """atoll.copy and atoll.ref say how an item is to go."""
    q = atoll.Queue()
    q.put(atoll.copy([1]))
    assert there.type_of_next(q) == "list"
    q.put(atoll.ref((1, 2)))
    assert there.type_of_next(q) == "proxy of tuple"


@pytest.mark.parametrize("cls", QUEUES)
def test_what_cannot_be_packed(cls: type[Any]) -> None:
    """An item that cannot be sent is an error of put, and the queue is unchanged."""
    q = cls(2)
    q.put(1)
    for _ in range(3):
        with pytest.raises((TypeError, pickle.PicklingError)):
            q.put((1, atoll.copy(threading.Lock())))
    assert (q.qsize(), q.unfinished_tasks, q.get()) == (1, 1, 1)


def test_deep_item() -> None:
    """A tuple that is too deep is an error of put, and the queue is unchanged."""
    q = atoll.Queue()
    item: Any = []
    for _ in range(200_000):
        item = (item,)
    with pytest.raises(RecursionError):
        q.put(item)
    assert q.qsize() == 0
    while item:  # freeing it at once may take more stack than there is
        item = item[0]


def test_nothing_is_packed_in_vain() -> None:
    """A put that does not wait looks first whether there is room."""
    q = atoll.Queue(1)
    q.put(1)
    with pytest.raises(queue.Full):
        q.put_nowait(atoll.copy(threading.Lock()))
    q.shutdown()
    with pytest.raises(queue.ShutDown):
        q.put_nowait(atoll.copy(threading.Lock()))


# ---- interpreters that close ----


def test_values_outlive_their_interpreter(interpreter: atoll.Interpreter) -> None:
    """What went by value is got after the interpreter that put it has closed."""
    q = atoll.Queue()
    values = ("text" * 5000, 10**50, (1, b"x"), frozenset({2}))
    for value in values:
        interpreter.call(queue_workloads.put, q, value)
    interpreter.exec("import decimal")
    interpreter.call(lambda: q.put(__import__("decimal").Decimal("1.5")))
    interpreter.close()
    assert tuple(q.get() for _ in values) == values
    assert str(q.get()) == "1.5"


def test_references_do_not_outlive_their_interpreter(interpreter: atoll.Interpreter) -> None:
    """What went by reference is then a Proxy that raises InterpreterClosedError when it is used."""
    q = atoll.Queue()
    interpreter.call(queue_workloads.put_kinds, q)
    interpreter.close()
    items = [q.get() for _ in range(q.qsize())]
    number, items[-1], text = items[-1]
    assert (number, text) == (1, "x")
    for item in items:
        assert atoll.is_proxy(item)
        assert atoll.owner(item) is interpreter
        assert atoll.type_of(item) in (list, dict, object, type(lambda: 1), type(len))
        for use in (repr, lambda each: each.name, lambda each: setattr(each, "name", 1)):
            with pytest.raises(atoll.InterpreterClosedError):
                use(item)
    for callable_item in items[2:6]:
        with pytest.raises(atoll.InterpreterClosedError):
            callable_item()
    del item, items, callable_item
    gc.collect()


@pytest.mark.parametrize("is_new", [False, True])
def test_what_is_got_while_its_interpreter_closes(
    is_new: bool, interpreter: atoll.Interpreter
) -> None:
    """Any thread learns what it is, while the closer waits for others to leave; it may stay open."""
    q = atoll.Queue()
    interpreter.call(queue_workloads.put_thing, q, 5)
    is_inside, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        is_inside.set()
        may_leave.wait()

    with ThreadPoolExecutor(3) as pool, memoryview(interpreter.call(bytearray, 8)):
        staying = pool.submit(interpreter.call, workloads.call, atoll.ref(stay))
        is_inside.wait()
        closing = pool.submit(interpreter.close, 60)
        with pytest.raises(atoll.InterpreterClosedError):
            while True:
                interpreter.call(int)
        thing = pool.submit(q.get).result() if is_new else q.get()
        may_leave.set()
        staying.result()
        with pytest.raises(BufferError):
            closing.result()
    assert (type(thing).__name__, thing.value) == ("Thing", 5)


def test_gone_class_everywhere(interpreter: atoll.Interpreter, there: Any) -> None:
    """A Proxy into a closed interpreter can be passed on through a queue as any other."""
    q = atoll.Queue()
    interpreter.call(queue_workloads.put_ref, q, 5)
    interpreter.call(queue_workloads.put_thing, q)
    interpreter.close()
    number, thing = q.get(), q.get()
    for item in (number, thing, thing):
        q.put(item)
        assert there.type_of_next(q).startswith("proxy of ")
        q.put(item)
        assert q.get() is item
    assert thing == thing
    assert thing in {thing}


def settled_exports(interpreter: atoll.Interpreter) -> int:
    """How many objects of an interpreter others hold, once the dropped ones are dropped."""
    gc.collect()
    interpreter.statistics()  # whoever enters runs the deferred jobs
    return interpreter.statistics().exports


@pytest.mark.parametrize("how", ["shut down", "drop"])
@pytest.mark.parametrize("cls", [atoll.Queue, atoll.LifoQueue])
def test_items_of_a_dropped_queue(interpreter: atoll.Interpreter, cls: type[Any], how: str) -> None:
    """Dropping a queue, or shutting it down at once, gives back what its items held."""
    interpreter.call(
        queue_workloads.put_thing, atoll.Queue()
    )  # what is kept once is counted before
    before = settled_exports(interpreter)
    q = cls()
    for _ in range(50):
        interpreter.call(queue_workloads.put_thing, q)
    assert settled_exports(interpreter) == before + 50
    if how == "drop":
        del q
    else:
        q.shutdown(immediate=True)
        assert (q.qsize(), q.unfinished_tasks) == (0, 0)
    assert settled_exports(interpreter) == before


def test_queue_dropped_after_the_owner_closed(interpreter: atoll.Interpreter) -> None:
    """Items of a closed interpreter are dropped with the queue."""
    q = atoll.Queue()
    for _ in range(50):
        interpreter.call(queue_workloads.put_thing, q)
    number = q.id
    interpreter.close()
    del q
    assert _core.queue_find(number) is None


def test_local_items_are_let_go() -> None:
    """An object that was put and got here is freed as soon as nobody refers to it."""
    q = atoll.Queue()
    before = atoll.main().statistics().exports
    for _ in range(20):
        q.put(queue_workloads.Thing())
    assert atoll.main().statistics().exports == before + 20
    for _ in range(20):
        reference = weakref.ref(q.get())
        assert reference() is None
    assert atoll.main().statistics().exports == before


def test_queue_in_itself() -> None:
    """A queue that holds itself is freed once it is shut down at once."""
    q = atoll.Queue()
    number = q.id
    q.put((q, 1))
    q.shutdown(immediate=True)
    del q
    assert _core.queue_find(number) is None


def test_queues_in_queues() -> None:
    """A long chain of queues in queues is freed."""
    q = atoll.Queue()
    numbers = []
    for _ in range(20_000):
        outer = atoll.Queue()
        outer.put(q)
        numbers.append(q.id)
        q = outer
    del q, outer
    assert [number for number in numbers if _core.queue_find(number) is not None] == []


# ---- waiting ----


@contextmanager
def alarm(handler: Callable[[], None]) -> Iterator[None]:
    """Have a signal handler called again and again, until it raises."""

    def call(*_: object) -> None:
        handler()
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    before = signal.signal(signal.SIGALRM, call)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class AlarmError(Exception):
    pass


def raise_alarm() -> None:
    raise AlarmError


@pytest.mark.parametrize("what", ["get", "put", "join", "get in time"])
def test_signals_end_a_wait(what: str) -> None:
    """A signal handler that raises ends a wait of the main thread, and nothing is lost."""
    q = atoll.Queue(1)
    if what != "get" and what != "get in time":
        q.put(1)
    waits = {
        "get": q.get,
        "put": lambda: q.put(2),
        "join": q.join,
        "get in time": lambda: q.get(timeout=60),
    }
    with pytest.raises(AlarmError), alarm(raise_alarm):
        waits[what]()
    if what.startswith("get"):
        q.put(1)
    assert (q.get(), q.qsize(), q.unfinished_tasks) == (1, 0, 1)


def test_signals_that_do_not_raise() -> None:
    """A signal handler that returns does not end a wait; it may itself use the queue."""
    q = atoll.Queue()
    calls: list[int] = []

    def handler() -> None:
        calls.append(1)
        if len(calls) == 3:
            q.put("from the handler")

    with alarm(handler):
        assert q.get() == "from the handler"
    assert len(calls) >= 3


def test_interrupted_getter_passes_its_item_on() -> None:
    """A getter that was given an item and is then interrupted puts it back."""
    q = atoll.Queue()

    def handler() -> None:
        q.put("first")
        if q.qsize() == 1:  # the wait has not begun
            assert q.get_nowait() == "first"
            return
        q.put("second")  # the first was handed to the one who waits
        raise_alarm()

    with pytest.raises(AlarmError), alarm(handler):
        q.get()
    assert (q.get_nowait(), q.get_nowait()) == ("first", "second")


def test_interrupted_putter_withdraws_its_item() -> None:
    """A putter that was let in and is then interrupted takes its item back."""
    q = atoll.Queue(1)
    q.put("first")

    def handler() -> None:
        assert q.get() == "first"
        q.task_done()
        if q.qsize() == 0:  # the wait has not begun
            q.put("first")
        else:  # the one who waits was let in
            raise_alarm()

    with pytest.raises(AlarmError), alarm(handler):
        q.put("second")
    assert (q.qsize(), q.unfinished_tasks) == (0, 0)


def test_keyboard_interrupt(run_script: Any) -> None:
    """Ctrl-C ends a program that waits at a queue."""
    done = run_script("""
        import atoll, os, signal, threading
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        atoll.Queue().get()
    """)
    assert "KeyboardInterrupt" in done.stderr


def test_close_waits_for_a_waiter(interpreter: atoll.Interpreter) -> None:
    """A thread that waits at a queue inside an interpreter is a visitor: closing waits for it."""
    q, entered = atoll.Queue(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(interpreter.call, queue_workloads.get_inside, entered, q)
        entered.wait()
        with pytest.raises(TimeoutError, match="visitors"):
            interpreter.close(timeout=0.05)
        assert interpreter.call(pow, 2, 3) == 8  # open again
        q.put("done")
        assert waiting.result() == "done"
        interpreter.close()


def test_close_waits_for_own_threads(interpreter: atoll.Interpreter) -> None:
    """The interpreter's own threads that wait at a queue hold it open too; shutdown ends them."""
    q, started = atoll.Queue(), threading.Event()
    interpreter.call(queue_workloads.start_own_thread, q, started)
    started.wait()
    with pytest.raises(TimeoutError, match="still running"):
        interpreter.close(timeout=0.05)
    q.shutdown()
    interpreter.close()


def test_a_waiter_lets_others_in(interpreter: atoll.Interpreter) -> None:
    """While a thread waits at a queue inside an interpreter, others get into it."""
    q, entered = atoll.Queue(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(interpreter.call, queue_workloads.get_inside, entered, q)
        entered.wait()
        interpreter.call(queue_workloads.put, q, 1)
        assert waiting.result() == 1


@pytest.mark.parametrize("cls", QUEUES)
def test_many_interpreters(cls: type[Any]) -> None:
    """Every item is got once; join returns when all are done, and shutdown ends the workers."""
    q = cls(4)
    interpreters = [atoll.Interpreter(f"worker-{number}") for number in range(3)]
    with ThreadPoolExecutor(8) as pool:
        workers = [
            pool.submit(each.call, queue_workloads.all_until_shut_down, q)
            for each in interpreters * 2
        ]
        for start in range(0, 300, 100):
            interpreters[0].call(queue_workloads.put_many, q, tuple(range(start, start + 100)))
        q.join()
        assert q.qsize() == q.unfinished_tasks == 0
        q.shutdown()
        assert sum(each.result() for each in workers) == sum(range(300))
    with pytest.raises(ValueError):
        q.task_done()
    for each in interpreters:
        each.close()


# ---- the end of the process ----

ENDS = {
    "a daemon thread that waits": """
        import atoll, threading
        q, started = atoll.Queue(), threading.Event()
        def wait():
            started.set()
            q.get()
        threading.Thread(target=wait, daemon=True).start()
        started.wait()
        """,
    "a daemon thread that waits inside": """
        import atoll, threading, queue_workloads
        q, entered, other = atoll.Queue(), threading.Event(), atoll.Interpreter()
        threading.Thread(target=other.call, args=(queue_workloads.get_inside, entered, q),
                         daemon=True).start()
        entered.wait()
        """,
    "items of all interpreters": """
        import atoll, queue_workloads
        q, other = atoll.Queue(), atoll.Interpreter()
        q.put([1])
        q.put(q)
        other.call(queue_workloads.put_thing, q)
        other.exec("import atoll")
        other.eval("setattr(atoll, 'kept', atoll.Queue())")
        other.eval("atoll.kept").put([2])
        """,
    "an exit handler that puts": """
        import atexit, atoll, threading
        q, started = atoll.Queue(), threading.Event()
        atexit.register(lambda: q.put(1))
        def wait():
            started.set()
            q.get()
        threading.Thread(target=wait, daemon=True).start()
        started.wait()
        """,
    "a task that waits": """
        import asyncio, atoll
        q = atoll.Queue()
        async def main():
            asyncio.create_task(q.aget())
            await asyncio.sleep(0)
        asyncio.run(main())
        """,
}


@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS)
def test_process_ends_cleanly(run_cleanly: Any, script: str) -> None:
    """Whoever waits at a queue at the end, the process exits with status 0 and without noise."""
    run_cleanly(script)


def test_fork(run_cleanly: Any) -> None:
    """A forked child has the items, and none of its parent's waiters."""
    run_cleanly(
        """
        import atoll, os, threading
        q, empty, started = atoll.Queue(), atoll.Queue(), threading.Event()
        q.put("before")
        def wait():
            started.set()
            assert empty.get() == "parent"
        thread = threading.Thread(target=wait)
        thread.start()
        started.wait()
        for _ in range(3):
            pid = os.fork()
            if pid == 0:
                assert (q.get(), q.qsize()) == ("before", 0)
                empty.put("child")
                assert empty.get() == "child"
                with atoll.Interpreter() as other:
                    other.call(lambda: empty.put("other"))
                    assert empty.get() == "other"
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        empty.put("parent")
        thread.join()
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_fork_while_queues_are_in_use(run_cleanly: Any) -> None:
    """A fork at any moment leaves a child whose queues work."""
    run_cleanly(
        """
        import atoll, os, threading
        busy, full = atoll.Queue(2), atoll.PriorityQueue(1)
        stop = []
        def exchange(q):
            while not stop:
                q.put(0)
                q.get()
        queues = [busy, full] * 2
        threads = [threading.Thread(target=exchange, args=(q,)) for q in queues]
        for each in threads: each.start()
        for _ in range(40):
            pid = os.fork()
            if pid == 0:
                for q in (busy, full, atoll.LifoQueue()):
                    while q.qsize():
                        q.get_nowait()
                    q.put(1)
                    assert q.get() == 1 and q.empty()
                    q.shutdown(immediate=True)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        stop.append(1)
        for q in (busy, full): q.maxsize = 0
        for _ in range(8): busy.put(0), full.put(0)
        for each in threads: each.join()
    """,
        "-W",
        "ignore::DeprecationWarning",
    )


def test_fork_in_a_signal_handler(run_cleanly: Any) -> None:
    """A thread that forks while it waits goes on waiting in the child."""
    run_cleanly(
        """
        import atoll, os, signal
        q = atoll.Queue()
        pids = []
        def handler(*_):
            if not pids:
                pids.append(os.fork())
            q.put(pids[0])
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        got = q.get()
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert got == pids[0]
        if got == 0:
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(got, 0)[1]) == 0
    """,
        "-W",
        "ignore::DeprecationWarning",
    )
