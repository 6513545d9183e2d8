// crossing_log: which interpreters a thread is in, noted by the thread, for readers outside it.
//
// Purpose. Each crossing is a level: from which interpreter, at which Python frame, into which one.
// From these a traceback of a thread that is in several interpreters is put together in the right
// order, and a watchdog sees which visit takes too long.
//
// Threads. Written by its own thread without locks; read by any (crossing_log_copy). Readers
// compare its pointers, and never follow them.
#ifndef ATOLL_GROUND_CROSSING_LOG_H
#define ATOLL_GROUND_CROSSING_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/base/clock.h"

#define CROSSING_LOG_LEVELS  16
#define CROSSING_LOG_UNTIMED INT64_MAX // a visit that is meant to last: no watchdog reports it

typedef struct {
    _Atomic(const void *) home, host; // interp
    _Atomic(const void *) frame;      // Python frame at home that is suspended meanwhile
    atomic_int_least64_t since;       // when it began; 0: no watchdog was running
} crossing_log_level;

typedef struct {
    atomic_uint_least64_t begun; // how many levels ever
    atomic_int depth;            // those beyond CROSSING_LOG_LEVELS are only counted
    crossing_log_level levels[CROSSING_LOG_LEVELS]; // outermost first
} crossing_log;

extern atomic_int crossing_log_watchdogs; // with none, no visit reads the clock

static inline int64_t
crossing_log_time(void)
{
    return UNLIKELY(atomic_load_explicit(&crossing_log_watchdogs, memory_order_relaxed) > 0)
               ? clock_now()
               : 0;
}

static inline void
crossing_log_begin(crossing_log *self, const void *home, const void *host, const void *frame)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    uint64_t begun = atomic_load_explicit(&self->begun, memory_order_relaxed);
    atomic_store_explicit(&self->begun, begun + 1, memory_order_relaxed);
    if (LIKELY(depth < CROSSING_LOG_LEVELS)) {
        crossing_log_level *level = &self->levels[depth];
        // release: after `begun`; pairs with crossing_log_copy
        atomic_store_explicit(&level->home, home, memory_order_release);
        atomic_store_explicit(&level->host, host, memory_order_release);
        atomic_store_explicit(&level->frame, frame, memory_order_release);
        atomic_store_explicit(&level->since, crossing_log_time(), memory_order_release);
    }
    atomic_store_explicit(&self->depth, depth + 1, memory_order_release);
}

static inline void
crossing_log_end(crossing_log *self)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    atomic_store_explicit(&self->depth, depth - 1, memory_order_relaxed);
}

// Sets when, for watchdogs, the innermost visit began.
static inline void
crossing_log_set_time(crossing_log *self, int64_t since)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    if (depth > 0 && depth <= CROSSING_LOG_LEVELS) {
        atomic_store_explicit(&self->levels[depth - 1].since, since, memory_order_relaxed);
    }
}

// For its own thread: the frame from which it left that home latest; NULL: it has not, or that is
// not known.
const void *crossing_log_latest_frame(crossing_log *self, const void *home);

typedef struct {
    const void *home, *host, *frame;
    int64_t since;
} crossing_log_seen;

// Returns how many levels there are, of which at most CROSSING_LOG_LEVELS are copied. Retries while
// the log changes.
int crossing_log_copy(crossing_log *self, crossing_log_seen copy[CROSSING_LOG_LEVELS]);

#endif
