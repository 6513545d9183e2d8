#include "ground/interpreter/visit.h"

// A thread that crosses all the time is never seen in peace; any of its states is as good then.
#define TRIES 20

atomic_int visit_watchdogs = 0;

int
visit_log_copy(visit_log *self, visit_seen copy[VISIT_LEVELS])
{
    int depth = 0;
    for (int try = 0; try < TRIES; try++) {
        uint64_t begun = atomic_load_explicit(&self->begun, memory_order_acquire);
        depth = atomic_load_explicit(&self->depth, memory_order_acquire);
        for (int i = 0; i < depth && i < VISIT_LEVELS; i++) {
            visit_level *level = &self->levels[i];
            // acquire: before `begun` is looked at again; pairs with visit_begin
            copy[i] = (visit_seen){atomic_load_explicit(&level->home, memory_order_acquire),
                                   atomic_load_explicit(&level->host, memory_order_acquire),
                                   atomic_load_explicit(&level->frame, memory_order_acquire),
                                   atomic_load_explicit(&level->since, memory_order_acquire)};
        }
        if (atomic_load_explicit(&self->begun, memory_order_relaxed) == begun) {
            break;
        }
    }
    return depth;
}
