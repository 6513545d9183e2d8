// closing: how a thread that closes an interpreter waits for others to leave it.
//
// Purpose. A closer must notice that a visitor leaves, and that an interpreter which the closer
// itself is inside begins to close. Closing is rare, so all closers share one list, and each
// announcement wakes them all. They wait on semaphores because those, unlike conditions, also wake
// for a signal.
//
// Threads. Any, with no thread state attached while waiting.
#ifndef ATOLL_GROUND_CLOSING_H
#define ATOLL_GROUND_CLOSING_H

#include <stdint.h>

#include "ground/base/clock.h"
#include "ground/system/semaphore.h"

typedef struct closing_waiter {
    semaphore semaphore;
    struct closing_waiter *next;
} closing_waiter;

void closing_join(closing_waiter *self); // announcements from now on wake it
void closing_leave(closing_waiter *self);
wait_result closing_wait(closing_waiter *self, int64_t deadline);
void closing_announce(void); // something that a closer may wait for has happened
void closing_fork_child(void);

#endif
