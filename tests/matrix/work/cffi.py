"""cffi: callbacks, also from threads that C has made, handles, destructors, C types in a cache."""

import gc
from typing import Any

import cffi

from ._facts import raised, told

ffi = cffi.FFI()
ffi.cdef(
    """
    typedef struct { int id; double weight; char name[8]; } item;
    typedef unsigned long thread_id;
    int abs(int);
    size_t strlen(const char *);
    void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
    int pthread_create(thread_id *, const void *, void *(*)(void *), void *);
    int pthread_join(thread_id, void **);
    """
)
library = ffi.dlopen(None)


@ffi.callback("int(const void *, const void *)")
def by_weight(left: Any, right: Any) -> int:
    """Called by qsort."""
    difference = ffi.cast("item *", left).weight - ffi.cast("item *", right).weight
    return (difference > 0) - (difference < 0)


@ffi.callback("void *(void *)")
def in_thread(handle: Any) -> Any:
    """Called by a thread that Python has not made: it has to find the right interpreter."""
    ffi.from_handle(handle).append(sum(range(1000)))
    return handle


def sorted_items() -> list[tuple[int, float, bytes]]:
    """Structures that C sorts with a function of Python's."""
    items = ffi.new("item[]", 800)
    for number, item in enumerate(items):
        item.id = number
        item.weight = (number * 7919) % 1009
        item.name = f"n{number % 100}".encode()
    library.qsort(items, len(items), ffi.sizeof("item"), by_weight)
    return [(item.id, item.weight, ffi.string(item.name)) for item in list(items)[::300]]


def threads() -> list[int]:
    """Run the callback in two threads of C's."""
    results: list[int] = []
    handle = ffi.new_handle(results)
    identifiers = ffi.new("thread_id[]", 2)
    returned = ffi.new("void **")
    for number in range(2):
        assert library.pthread_create(identifiers + number, ffi.NULL, in_thread, handle) == 0
    for number in range(2):
        assert library.pthread_join(identifiers[number], returned) == 0
        assert returned[0] == handle
    return results


def lifetimes() -> list[str]:
    """What is called when memory goes, and what keeps it."""
    events: list[str] = []
    owned = ffi.gc(ffi.new("int *", 5), lambda pointer: events.append(f"freed {pointer[0]}"))
    del owned
    gc.collect()
    memory = bytearray(b"abc")
    seen = ffi.from_buffer("char[]", memory, require_writable=True)
    seen[0] = b"z"
    events.append(f"seen {memory.decode()}")
    events.append(raised(lambda: memory.append(1), with_text=False))
    return events


def failing() -> list[str]:
    """A callback that raises gives what it was told to, and tells a function of ours."""
    told_of: list[str] = []
    broken = ffi.callback(
        "int(const void *, const void *)",
        lambda left, right: 1 // 0,
        error=0,
        onerror=lambda kind, error, traceback: told_of.append(kind.__name__),
    )
    library.qsort(ffi.new("int[]", 2), 2, 4, broken)
    return told_of


def work() -> str:
    """Do a little of everything."""
    return told(
        called=(library.abs(-5), library.strlen(b"four")),
        sorted=[sorted_items() for _ in range(10)][-1],
        threads=threads(),
        lifetimes=lifetimes(),
        failing=failing(),
        types=(str(ffi.typeof("item")), ffi.typeof("int[3]") is ffi.typeof("int[3]")),
        fields=[(name, field.offset) for name, field in ffi.typeof("item").fields],
        unknown=raised(lambda: ffi.typeof("nothing"), with_text=False),
        overflow=raised(lambda: ffi.new("int *", 2**40)),
        no_symbol=raised(lambda: cffi.FFI().dlopen("no-such-library.so"), with_text=False),
    )
