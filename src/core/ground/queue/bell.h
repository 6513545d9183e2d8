// bell: wakes an event loop, which waits on a file descriptor and cannot wait on a semaphore.
//
// Purpose. Each call has a number; ringing it makes the descriptor readable, and the loop then
// takes the numbers of all calls that were rung.
//
// Lifetime. Counted. A call is part of whoever made it, and must be forgotten before that goes.
//
// Threads. Any. The mutex is a leaf, taken under queue mutexes.
#ifndef ATOLL_GROUND_BELL_H
#define ATOLL_GROUND_BELL_H

#include <stddef.h>
#include <stdint.h>

typedef struct bell bell;

typedef struct bell_call {
    struct bell_call *next, *previous; // the bell's mutex; NULL in both: not rung, or taken
    uint64_t number;
} bell_call;

bell *bell_new(void); // NULL: see errno
void bell_incref(bell *self);
void bell_decref(bell *self);
int bell_descriptor(const bell *self);
void bell_ring(bell *self, bell_call *call);                      // once per call
void bell_forget(bell *self, bell_call *call);                    // rung or not
size_t bell_take(bell *self, uint64_t *numbers, size_t capacity); // the oldest first

#endif
