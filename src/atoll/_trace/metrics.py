"""`atoll.metrics`: the figures of the process as plain numbers."""

from __future__ import annotations

from .. import _core


def metrics() -> dict[str, int | float]:
    """Return what interpreters, Proxies, Buffers and collections come to, as plain numbers.

    The names are those of the records that `interpreter.statistics()`, `gc.statistics()`,
    `Buffer.statistics()`, `share.statistics()` and `extensions.code_statistics()` return; those of
    the latter four begin with "gc_", "buffer_", "share_" and "code_". What an interpreter counts is
    summed up over all. It enters none, so it never waits: what changes meanwhile may be a moment
    old.

    `crossings` and those that begin with `gc_`, but for the two longest, only grow. `exports` and
    `proxies` are missing where the system lets no process read its memory by a system call.

    Crosses: nothing. Threads: any, of any interpreter.

    Example:
        >>> atoll.metrics()["interpreters"]
        3
    """
    from .. import extensions, gc
    from .._memory.buffer import Buffer
    from .._share.share import share

    names = (
        "interpreters",
        "crossings",
        "visitors",
        "thread_states",
        "exports",
        "proxies",
        "buffers",
    )
    found: dict[str, int | float] = {
        name: number for name, number in zip(names, _core.count_all(), strict=True) if number >= 0
    }
    found["threads"] = len(_core.threads())
    found |= {f"gc_{name}": value for name, value in gc.statistics()._asdict().items()}
    memory, shared = Buffer.statistics(), share.statistics()
    code = extensions.code_statistics()
    return found | {
        "buffer_blocks": memory.blocks,
        "buffer_bytes": memory.bytes,
        "share_objects": shared.objects,
        "share_bytes": shared.bytes,
        "code_modules": code.modules,
        "code_bytes": code.bytes,
    }
