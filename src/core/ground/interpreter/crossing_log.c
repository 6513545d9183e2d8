#include "ground/interpreter/crossing_log.h"

// A thread that crosses all the time may change the log during every try; the last copy is then
// used, torn or not.
#define TRIES 20

atomic_int crossing_log_watchdogs = 0;

int
crossing_log_copy(crossing_log *self, crossing_log_seen copy[CROSSING_LOG_LEVELS])
{
    int depth = 0;
    for (int try = 0; try < TRIES; try++) {
        uint64_t begun = atomic_load_explicit(&self->begun, memory_order_acquire);
        depth = atomic_load_explicit(&self->depth, memory_order_acquire);
        for (int i = 0; i < depth && i < CROSSING_LOG_LEVELS; i++) {
            crossing_log_level *level = &self->levels[i];
            // acquire: before `begun` is looked at again; pairs with crossing_log_begin
            copy[i] =
                (crossing_log_seen){atomic_load_explicit(&level->home, memory_order_acquire),
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

const void *
crossing_log_latest_frame(crossing_log *self, const void *home)
{
    int depth = atomic_load_explicit(&self->depth, memory_order_relaxed);
    if (depth > CROSSING_LOG_LEVELS) {
        return NULL;
    }
    while (depth-- > 0) {
        crossing_log_level *level = &self->levels[depth];
        if (atomic_load_explicit(&level->home, memory_order_relaxed) == home) {
            return atomic_load_explicit(&level->frame, memory_order_relaxed);
        }
    }
    return NULL;
}
