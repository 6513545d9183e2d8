// visit: where a thread has gone, noted by itself, for those who look from outside.
//
// Purpose. Each crossing is a level: from which interpreter, at which Python frame, into which one.
// With that a traceback of a thread that is in several interpreters is put together in the right
// order, and a watchdog sees which visit takes too long.
//
// Threads. Written by its own thread, with some stores; read by any (visit_log_copy). What it
// refers to is only compared, never followed.
#ifndef ATOLL_GROUND_VISIT_H
#define ATOLL_GROUND_VISIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/base/clock.h"

#define VISIT_LEVELS  16
#define VISIT_UNTIMED INT64_MAX // it is meant to last: no watchdog reports it

typedef struct {
    _Atomic(const void *) home, host; // interp
    _Atomic(const void *) frame;      // of Python, at home, that is suspended meanwhile
    atomic_int_least64_t since;       // when it began; 0: nobody watched
} visit_level;

typedef struct {
    atomic_uint_least64_t begun;      // how many ever
    atomic_int depth;                 // those beyond VISIT_LEVELS are only counted
    visit_level levels[VISIT_LEVELS]; // outermost first
} visit_log;

extern atomic_int visit_watchdogs; // with none, no visit reads the clock

static inline int64_t
visit_time(void)
{
    return UNLIKELY(atomic_load_explicit(&visit_watchdogs, memory_order_relaxed) > 0) ? clock_now()
                                                                                      : 0;
}

static inline void
visit_begin(visit_log *self, const void *home, const void *host, const void *frame)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    uint64_t begun = atomic_load_explicit(&self->begun, memory_order_relaxed);
    atomic_store_explicit(&self->begun, begun + 1, memory_order_relaxed);
    if (LIKELY(depth < VISIT_LEVELS)) {
        visit_level *level = &self->levels[depth];
        // release: after `begun`; pairs with visit_log_copy
        atomic_store_explicit(&level->home, home, memory_order_release);
        atomic_store_explicit(&level->host, host, memory_order_release);
        atomic_store_explicit(&level->frame, frame, memory_order_release);
        atomic_store_explicit(&level->since, visit_time(), memory_order_release);
    }
    atomic_store_explicit(&self->depth, depth + 1, memory_order_release);
}

static inline void
visit_end(visit_log *self)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    atomic_store_explicit(&self->depth, depth - 1, memory_order_relaxed);
}

// For watchdogs the innermost visit begins at this time.
static inline void
visit_set_time(visit_log *self, int64_t since)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    if (depth > 0 && depth <= VISIT_LEVELS) {
        atomic_store_explicit(&self->levels[depth - 1].since, since, memory_order_relaxed);
    }
}

typedef struct {
    const void *home, *host, *frame;
    int64_t since;
} visit_seen;

// How many levels there are; of those, VISIT_LEVELS at most are copied. Retries while it changes.
int visit_log_copy(visit_log *self, visit_seen copy[VISIT_LEVELS]);

#endif
