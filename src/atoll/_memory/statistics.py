"""The record that `Buffer.statistics()` returns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BufferStatistics:
    """The memory of all Buffers of the process; see `Buffer.statistics()`."""

    blocks: int
    """blocks of memory in use by a Buffer, an AtomicInt or one that is crossing"""
    bytes: int
    """their size, mapped files included"""
