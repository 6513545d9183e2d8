"""The record that `Buffer.statistics()` returns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BufferStatistics:
    """The memory of all Buffers of the process; see `Buffer.statistics()`.

    Example:
        >>> buffer = atoll.Buffer(4096)
        >>> atoll.Buffer.statistics().blocks
        1
    """

    blocks: int
    """blocks of memory in use by a Buffer, an AtomicInt or one that is crossing"""
    bytes: int
    """their size, mapped files included"""
