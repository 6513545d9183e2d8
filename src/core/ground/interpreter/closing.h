// Waiting, by threads that close interpreters, for others to leave them.
//
// Purpose. A closer must notice a visitor that leaves, and also that an interpreter which it is
// itself inside of has begun to close. Closing is rare, so all closers share one list, and each
// announcement wakes them all. A semaphore, unlike a condition, also wakes for a signal.
//
// Threads. Any, with no thread state attached while waiting.
#ifndef ATOLL_GROUND_CLOSING_H
#define ATOLL_GROUND_CLOSING_H

#include <semaphore.h>
#include <stdint.h>

#include "ground/base/clock.h"

typedef struct closing_waiter {
    sem_t semaphore;
    struct closing_waiter *next;
} closing_waiter;

void closing_join(closing_waiter *self); // announcements from now on wake it
void closing_leave(closing_waiter *self);
wait_result closing_wait(closing_waiter *self, int64_t deadline);
void closing_announce(void); // something that a closer may wait for has happened
void closing_fork_child(void);

#endif
