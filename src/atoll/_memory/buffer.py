"""`Buffer`: memory that belongs to no interpreter and that all can use without a copy."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Iterator, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Any, ClassVar, NoReturn, Self

    from .statistics import BufferStatistics


class Buffer(_core.BufferHandle):
    """A block of memory that every interpreter uses in place, through the buffer protocol.

    `memoryview(buffer)`, `numpy.asarray(buffer)` and all else that takes bytes-like objects work on
    the memory itself. A Buffer is used as a memoryview: it has items, a `format`, a `shape` and
    `strides`; its slices, `cast()` and `toreadonly()` are Buffers of the same memory, which is
    freed with the last of them, in any interpreter.

    What crosses: a handle to the same memory, however large; as an argument, result, attribute or
    item of a queue, inside tuples, closures, `atoll.copy(...)` and the calls of an executor. It
    stays valid when the interpreter that made it has closed. In each interpreter there is one
    object for it, of this class even if the original is of a subclass.

    Threads: any. Reads and writes of threads of different interpreters at the same time are not
    ordered: that is a data race, as in C. Hand a Buffer over (by a call, a queue), or use an
    `AtomicInt`. Pass `buffer.toreadonly()` to code that must only read.

    After os.fork() the child has a copy of the memory, but shares mapped files.

    == compares the content, as with a memoryview; so a Buffer has no hash.

    Args:
        nbytes: Its size; all bytes are 0. A large one takes memory only where it is written.

    Raises:
        ValueError: If the size is negative.
        OverflowError, MemoryError: If there is not so much memory.
        TypeError: If it is not an int.

    Example:
        >>> pixels = atoll.Buffer(1920 * 1080 * 3)
        >>> interpreter.call(render, pixels)  # fills it; nothing is copied
        >>> numpy.asarray(pixels).mean()
    """

    __slots__ = ()

    def __new__(cls, nbytes: int) -> Self:
        return super().__new__(cls, nbytes)

    @staticmethod
    def copy_of(obj: collections.abc.Buffer) -> Buffer:
        """Copy an object's buffer into a new Buffer with the same format and shape.

        Args:
            obj: Any object that has a buffer: bytes, an array, a numpy array, a Buffer, a Proxy to
                one of these. Its items are copied in C order.

        Returns:
            A writable Buffer.

        Raises:
            TypeError: If the object has no buffer, or its items are Python objects.
            MemoryError: If there is not so much memory.

        Crosses: nothing; a Proxy's memory is read in place. Threads: any.

        Example:
            >>> worker.call(analyse, atoll.Buffer.copy_of(numpy_array))
        """
        return _core.buffer_copy(obj)

    @staticmethod
    def map_file(
        path: str | bytes | PathLike[str] | PathLike[bytes], writable: bool = False
    ) -> Buffer:
        """Map a file into memory: a Buffer of its bytes, which are loaded when they are first read.

        Args:
            path: An ordinary file that is not empty. If it is truncated while it is mapped, reading
                the lost part ends the process (SIGBUS).
            writable: Make the Buffer writable; writes go to the file.

        Returns:
            A Buffer of all bytes, read-only unless `writable`.

        Raises:
            OSError: If the file cannot be opened so, or is not an ordinary file: FileNotFoundError,
                PermissionError, IsADirectoryError.
            ValueError: If the file is empty.

        Crosses: nothing. Threads: any.

        Example:
            >>> with atoll.Buffer.map_file("words.txt") as words:
            ...     worker.call(count, words)
        """
        import errno
        import os
        import stat

        # O_NONBLOCK: do not wait for a pipe's other end.
        flags = os.O_CLOEXEC | os.O_NONBLOCK | (os.O_RDWR if writable else os.O_RDONLY)
        descriptor = os.open(path, flags)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                number = errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.ENODEV
                raise OSError(number, os.strerror(number), path)
            if status.st_size == 0:
                raise ValueError(f"an empty file cannot be mapped: {os.fspath(path)!r}")
            return _core.buffer_map(descriptor, status.st_size, bool(writable))
        finally:
            os.close(descriptor)

    @staticmethod
    def statistics() -> BufferStatistics:
        """Return how much memory the Buffers of the process use.

        Crosses: nothing. Threads: any.

        Returns:
            A record: `blocks` (a count), `bytes` (their size).
        """
        from .statistics import BufferStatistics

        return BufferStatistics(*_core.buffer_statistics())

    def cast(self, format: str, shape: Sequence[int] | None = None) -> Buffer:
        """Return the same memory as items of another format, in another shape.

        Args:
            format: One character of the module `struct`, as `memoryview.cast` takes it.
            shape: A list or tuple with the number of items along each axis. None: one axis.

        Raises:
            TypeError, ValueError: If the memory is not C-contiguous, or format and shape do not
                match its size; as `memoryview.cast`.

        Crosses: nothing. Threads: any of this interpreter.

        Example:
            >>> table = atoll.Buffer(800).cast("d", (10, 10))
        """
        if shape is None:
            return _core.buffer_cast(self, format)
        return _core.buffer_cast(self, format, shape)

    def toreadonly(self) -> Buffer:
        """Return a read-only Buffer of the same memory.

        It stays read-only in every interpreter. Holders of a writable one can still write.

        Crosses: nothing. Threads: any of this interpreter.
        """
        return _core.buffer_readonly(self)

    def tobytes(self) -> bytes:
        """Return a copy of all items as bytes, in C order.

        Crosses: nothing. Threads: any of this interpreter.
        """
        return memoryview(self).tobytes()

    def tolist(self) -> list[Any]:
        """Return the items as a list, nested as the shape says.

        Crosses: nothing. Threads: any of this interpreter.
        """
        return memoryview(self).tolist()

    def __iter__(self) -> Iterator[Any]:
        return iter(memoryview(self))

    def __eq__(self, other: object) -> bool:
        if self is other or self.is_released:
            return self is other
        return memoryview(self) == other

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __enter__(self) -> Self:
        memoryview(self).release()  # raises ValueError if it was released
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "a Buffer cannot be pickled: it would be a copy; pickle bytes(buffer) "
            "[docs: how-to/buffers]"
        )

    def __repr__(self) -> str:
        if self.is_released:
            return "<released atoll.Buffer>"
        form = (
            ""
            if self.format == "B" and self.ndim == 1
            else f" format={self.format!r} shape={self.shape}"
        )
        return f"<atoll.Buffer nbytes={self.nbytes}{form}{' readonly' if self.readonly else ''}>"
