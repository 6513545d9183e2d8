// builder: the memory of one share(), which all of it stays, or none.
//
// Purpose. Objects are made one after the other in spans of the heap, and are nobody's until
// builder_keep. What was counted then counts in the statistics of the process.
//
// Lifetime. On the C stack; ended by builder_keep or builder_drop.
//
// Threads. One. Errors. NULL with MemoryError set.
#ifndef ATOLL_BRIDGE_BUILDER_H
#define ATOLL_BRIDGE_BUILDER_H

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
    heap_span span;  // being filled
    heap_span *full; // owned; no more room
    size_t full_count, full_capacity;
    pool pool;
    size_t counts[SHARED_KINDS];
    size_t bytes;
} builder;

void *builder_raw(builder *self, size_t size); // not zeroed, aligned to 16 bytes
// With the collector's head before it, and zero after its header. A part of another is not counted.
PyObject *builder_part(builder *self, PyTypeObject *type, size_t size);
PyObject *builder_container(builder *self, shared_kind kind, PyTypeObject *type, size_t size);
// A copy of an atom: as it is, but for its header.
PyObject *builder_copy(builder *self, shared_kind kind, PyObject *source, size_t size);

void builder_keep(builder *self);
void builder_drop(builder *self);

// Of the process.
size_t builder_count_shared(shared_kind kind);
size_t builder_count_bytes(void);

#endif
