// share_arena: memory for one share(); kept whole or freed whole.
//
// Purpose. Objects are made one after another in spans of the heap, and are not published until
// share_arena_keep, which also adds their counts to the statistics of the process.
//
// Lifetime. On the C stack; ended by share_arena_keep or share_arena_drop.
//
// Threads. One. Errors. NULL with MemoryError set.
#ifndef ATOLL_BRIDGE_SHARE_ARENA_H
#define ATOLL_BRIDGE_SHARE_ARENA_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/cpython.h"
#include "bridge/share/pool.h"
#include "ground/share/heap.h"

typedef enum {
    SHARED_INT,
    SHARED_FLOAT,
    SHARED_COMPLEX,
    SHARED_STR,
    SHARED_BYTES,
    SHARED_DATETIME, // and date, time, timedelta
    SHARED_TUPLE,
    SHARED_FROZENSET,
    SHARED_FROZENDICT,
    SHARED_KINDS,
} shared_kind;

typedef struct {
    heap_span span;  // the one being filled
    heap_span *full; // owned: full spans
    size_t full_count, full_capacity;
    pool pool;
    size_t counts[SHARED_KINDS];
    size_t bytes;
} share_arena;

void *share_arena_raw(share_arena *self, size_t size); // not zeroed, aligned to 16 bytes
// An object with a GC head, zeroed after its header. share_arena_part does not count it: it is part
// of another object.
PyObject *share_arena_part(share_arena *self, PyTypeObject *type, size_t size);
PyObject *share_arena_container(share_arena *self, shared_kind kind, PyTypeObject *type,
                                size_t size);
// A copy of an atom, with an immortal header.
PyObject *share_arena_copy(share_arena *self, shared_kind kind, PyObject *source, size_t size);

void share_arena_keep(share_arena *self);
void share_arena_drop(share_arena *self);

// Statistics of the process.
size_t share_arena_count_shared(shared_kind kind);
size_t share_arena_count_bytes(void);

#endif
