"""`Queue`, `LifoQueue`, `PriorityQueue`: the standard library's queues, between interpreters."""

from __future__ import annotations

from types import GenericAlias

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, TypeVar

    T = TypeVar("T")

    class _Generic[Item](_core.QueueHandle):
        pass
else:
    T = None  # typing is slow to import

    class _Generic(_core.QueueHandle):
        __slots__ = ()
        __class_getitem__ = classmethod(GenericAlias)


class Queue(_Generic[T]):
    """A first-in, first-out queue between any threads of any interpreters.

    It has the interface of `queue.Queue` and raises its exceptions: `queue.Empty`, `queue.Full` and
    `queue.ShutDown`. Waiters sleep, and are served in the order of arrival: an item goes to the
    getter that has waited longest. `aget` and `aput` are for event loops.

    What crosses: a Queue as a handle to the same queue (in each interpreter there is one object for
    it, of this class even if the original is of a subclass). Items cross as arguments of a call:
    immutable ones by value, so they outlive the interpreter that put them; others by reference, and
    `atoll.copy(item)` by value. In the interpreter that put it, an object that went by reference is
    the original again. If an item's interpreter has closed, get still returns a Proxy, which raises
    `InterpreterClosedError` when it is used.

    A thread that waits inside an interpreter is a visitor: `Interpreter.close` waits for it. The
    attributes `mutex`, `not_empty`, `not_full`, `all_tasks_done` and `queue` of the standard
    library's class do not exist, nor its methods `_init`, `_put` and `_get` to override. A queue
    that holds a handle to itself is never freed, unless that item is got or the queue is shut down.

    Args:
        maxsize: How many items it holds at most; 0 or less: no limit. It can be set later too.

    Raises:
        TypeError: If `maxsize` is not an int.

    Threads: any, of any interpreter.

    Example:
        >>> jobs = atoll.Queue()
        >>> jobs.put(3)
        >>> interpreter.call(lambda: jobs.get() + 1)
        4
    """

    __slots__ = ()
    _order: ClassVar[int] = 0

    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize = maxsize

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Put an item into the queue.

        What crosses: the item, by the usual rule. Threads: any.

        Args:
            item: Any object.
            block: Wait while the queue is full; if false, `timeout` is ignored.
            timeout: Seconds to wait at most; None waits without end.

        Raises:
            queue.Full: If there was no room in time.
            queue.ShutDown: If the queue has been shut down.
            ValueError: If the timeout is negative.
            TypeError, pickle.PicklingError: If an `atoll.copy(...)` cannot be pickled. The queue is
                unchanged.

        Example:
            >>> jobs.put("page.html", timeout=0.5)
        """
        _core.queue_put(self, item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Remove an item from the queue.

        What crosses: the item, by the usual rule. Threads: any.

        Args:
            block: Wait while the queue is empty; if false, `timeout` is ignored.
            timeout: Seconds to wait at most; None waits without end.

        Returns:
            The item: a value, the original if it is at home here, or a Proxy.

        Raises:
            queue.Empty: If there was no item in time.
            queue.ShutDown: If the queue has been shut down and is empty.
            ValueError: If the timeout is negative.

        Example:
            >>> jobs.get(timeout=0.5)
            'page.html'
        """
        item: T = _core.queue_get(self, block, timeout)
        return item

    def put_nowait(self, item: T) -> None:
        """Put an item into the queue if there is room.

        What crosses: the item, by the usual rule. Threads: any.

        Args:
            item: Any object.

        Raises:
            queue.Full: If there is no room.
            queue.ShutDown: If the queue has been shut down.
        """
        _core.queue_put(self, item, False, None)

    def get_nowait(self) -> T:
        """Remove an item from the queue if there is one.

        What crosses: the item, by the usual rule. Threads: any.

        Returns:
            The item.

        Raises:
            queue.Empty: If there is none.
            queue.ShutDown: If the queue has been shut down and is empty.
        """
        item: T = _core.queue_get(self, False, None)
        return item

    async def aput(self, item: T) -> None:
        """Put an item into the queue; wait in the running asyncio event loop while it is full.

        Cancelling withdraws the item, unless it has been got by then.

        What crosses: the item, by the usual rule. Threads: any with a running event loop.

        Args:
            item: Any object.

        Raises:
            queue.ShutDown: If the queue has been shut down.
            TypeError, pickle.PicklingError: If an `atoll.copy(...)` cannot be pickled.

        Example:
            >>> async with asyncio.timeout(0.5):
            ...     await jobs.aput("page.html")
        """
        from . import asynchronous

        await asynchronous.put(self, item)

    async def aget(self) -> T:
        """Remove an item from the queue; wait in the running asyncio event loop while it is empty.

        If it is cancelled when an item has just been handed to it, the item goes to the next
        waiter, or back to its place in the queue.

        What crosses: the item, by the usual rule. Threads: any with a running event loop.

        Returns:
            The item.

        Raises:
            queue.ShutDown: If the queue has been shut down and is empty.

        Example:
            >>> async with asyncio.timeout(0.5):
            ...     page = await jobs.aget()
        """
        from . import asynchronous

        item: T = await asynchronous.get(self)
        return item

    def qsize(self) -> int:
        """Return how many items can be got; the number may be out of date at once.

        An item that was handed to a waiter, which has not taken it yet, does not count.

        Crosses: nothing. Threads: any.
        """
        return _core.queue_size(self)

    def empty(self) -> bool:
        """Return whether there are no items to be got; the answer may be out of date at once.

        Crosses: nothing. Threads: any.
        """
        return not _core.queue_size(self)

    def full(self) -> bool:
        """Return whether `maxsize` items are in the queue; the answer may be out of date at once.

        An item that was handed to a waiter counts until the waiter has taken it.

        Crosses: nothing. Threads: any.
        """
        return _core.queue_is_full(self)

    def task_done(self) -> None:
        """Report that the work on one item is finished.

        Crosses: nothing. Threads: any.

        Raises:
            ValueError: If it has been called for all items that were put.
        """
        _core.queue_task_done(self)

    def join(self) -> None:
        """Wait until `task_done` was called for all items that were put.

        Crosses: nothing. Threads: any.
        """
        _core.queue_join(self)

    def shutdown(self, immediate: bool = False) -> None:
        """Make all puts, and the gets that find no item, raise `queue.ShutDown`.

        It is raised in waiting ones too. Crosses: nothing. Threads: any.

        Args:
            immediate: Drop the items too, and count each as done.
        """
        _core.queue_shutdown(self, immediate)

    def __reduce__(self) -> tuple[Callable[[int], Queue[Any]], tuple[int]]:
        return _by_id, (self.id,)

    def __repr__(self) -> str:
        limit = f" maxsize={self.maxsize}" if self.maxsize > 0 else ""
        state = " shutdown" if self.is_shutdown else ""
        return f"<atoll.{type(self).__name__} id={self.id} size={self.qsize()}{limit}{state}>"


class LifoQueue(Queue[T]):
    """A queue whose newest item is got first; otherwise as `Queue`.

    What crosses, Threads: as with `Queue`.

    Example:
        >>> stack = atoll.LifoQueue()
        >>> stack.put(1)
        >>> stack.put(2)
        >>> stack.get()
        2
    """

    __slots__ = ()
    _order = 1


class PriorityQueue(Queue[T]):
    """A queue whose smallest item is got first, and among equal ones the oldest; else as `Queue`.

    Items of several interpreters cannot be compared by their own methods, so a sort key is read
    from them when they are put: from numbers, str, bytes, None, and tuples that begin with these.
    Each kind is ordered as in Python. Unlike in Python, kinds can be mixed (first None, then
    numbers, str, bytes, tuples), and a tuple is compared up to its first element of another kind,
    so that in `(priority, job)` the job can be anything. Putting anything else raises a TypeError;
    putting a NaN raises a ValueError.

    What crosses, Threads: as with `Queue`.

    Example:
        >>> jobs = atoll.PriorityQueue()
        >>> jobs.put((2, later))
        >>> jobs.put((1, sooner))
        >>> jobs.get()[1] is sooner
        True
    """

    __slots__ = ()
    _order = 2


def _by_id(number: int) -> Queue[Any]:
    """Find a queue; for pickled handles, which are valid only in this process."""
    found = _core.queue_find(number)
    if found is None:
        raise LookupError(f"queue {number} was freed, or belongs to another process")
    return found
