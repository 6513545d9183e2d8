// heap: one range of addresses for objects that all interpreters share and that are never freed.
//
// Purpose. One comparison of an object's address tells whether it is shared. The range is reserved
// once; memory is committed as spans, each filled by one share_arena at a time.
//
// Lifetime. That of the process. A span that was given back may be taken again; what was kept
// stays.
//
// Threads. Any. Only the taker of a span writes into it.
//
// Errors. heap_take returns false when out of memory, and then has changed nothing.
#ifndef ATOLL_GROUND_HEAP_H
#define ATOLL_GROUND_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

#define HEAP_ALIGNMENT 16

typedef struct {
    unsigned char *start, *next, *limit; // used from start to next, free from there to limit
} heap_span;

// Before it is reserved no address is in the range, whichever of the two fields is seen set first.
typedef struct {
    atomic_uintptr_t start;
    atomic_size_t size;
} heap_range;

extern heap_range heap_addresses;

static inline bool
heap_contains(const void *pointer)
{
    uintptr_t start = atomic_load_explicit(&heap_addresses.start, memory_order_relaxed);
    size_t size = atomic_load_explicit(&heap_addresses.size, memory_order_relaxed);
    return UNLIKELY((uintptr_t)pointer - start < size);
}

// At least that many bytes. Not zeroed if the span was used before.
MUST_CHECK bool heap_take(heap_span *span, size_t size);
void heap_keep(heap_span *span);      // what was used stays; the rest may be taken again
void heap_give_back(heap_span *span); // all of it may be taken again

// A test mode: what is kept from now on is read-only, so a write to it ends the process where it
// happens. False: the system refused.
MUST_CHECK bool heap_seal(void);

void heap_fork_prepare(void);
void heap_fork_parent(void);
void heap_fork_child(void);

#endif
