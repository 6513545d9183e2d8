// outliving: what private copies of libraries have begun that may outlast them.
//
// Purpose. A library must stay in memory while a thread runs in it, and while the system would call
// back into it: threads that it starts are counted, and thread-specific keys with destructors
// noted.
//
// Lifetime. Of the set of libraries; if something is left, for ever.
//
// Threads. Any.
#ifndef ATOLL_GROUND_OUTLIVING_H
#define ATOLL_GROUND_OUTLIVING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/modules/rebinding.h"

typedef struct outliving_key {
    struct outliving_key *next;
    pthread_key_t number;
} outliving_key;

typedef struct {
    atomic_int threads;        // that have not ended
    atomic_bool has_uncounted; // there are some of which nobody can say when they end
    pthread_mutex_t mutex;
    outliving_key *keys; // mutex
} outliving;

extern const rebinding outliving_table[]; // the context is the outliving
extern const size_t outliving_table_size;

void outliving_init(outliving *self);
bool outliving_has_threads(const outliving *self);
void outliving_end(outliving *self); // no thread is left: no key calls back any more

#endif
