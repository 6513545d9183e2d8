// unload_guard: what private copies of libraries have begun that may outlast them.
//
// Purpose. A library must stay in memory while a thread runs in it, and while the system would call
// back into it: threads that it starts are counted, and thread-specific keys with destructors
// noted.
//
// Lifetime. Of the set of libraries; if something is left, for ever.
//
// Threads. Any.
#ifndef ATOLL_GROUND_UNLOAD_GUARD_H
#define ATOLL_GROUND_UNLOAD_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/modules/interposition.h"

typedef struct unload_guard_key {
    struct unload_guard_key *next;
    pthread_key_t number;
} unload_guard_key;

typedef struct {
    atomic_int threads;        // that have not ended
    atomic_bool has_uncounted; // there are some of which nobody can say when they end
    pthread_mutex_t mutex;
    unload_guard_key *keys; // mutex
} unload_guard;

extern const interposition unload_guard_table[]; // the context is the guard
extern const size_t unload_guard_table_size;

void unload_guard_init(unload_guard *self);
bool unload_guard_has_threads(const unload_guard *self);
void unload_guard_end(unload_guard *self); // no thread is left: no key calls back any more

#endif
