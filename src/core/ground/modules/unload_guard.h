// unload_guard: counts what would call into private copies of libraries after they are unloaded.
//
// Purpose. A library must stay in memory while a thread runs in it, and while the system may call
// back into it. So the threads that it starts are counted, and its thread-specific keys with
// destructors are noted.
//
// Lifetime. That of the set of libraries; for ever if that cannot be unloaded.
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
    atomic_bool has_uncounted; // there are threads whose end cannot be noticed
    pthread_mutex_t mutex;
    unload_guard_key *keys; // mutex
} unload_guard;

extern const interposition unload_guard_table[]; // the context is the guard
extern const size_t unload_guard_table_size;

void unload_guard_init(unload_guard *self);
bool unload_guard_has_threads(const unload_guard *self);
void unload_guard_end(unload_guard *self); // after the last thread has ended; deletes the keys

#endif
