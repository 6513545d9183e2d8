// pending: a wait at a queue by an event loop, which a bell ends.
//
// Lifetime. That of the Python object that stands for it (types/queue_wait.c); but it is no part of
// that, so that one which an interpreter leaks when it ends leaves no waiter in a queue.
//
// Threads. Under the GIL of `host`; pending_cancel_all, once there is none.
#ifndef ATOLL_BRIDGE_PENDING_H
#define ATOLL_BRIDGE_PENDING_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

typedef struct pending {
    queue *queue; // counted
    bell *bell;   // counted
    queue_waiter waiter;
    bool is_over; // finished or cancelled, or not begun: there is no result to hand out
    struct pending *next, *previous;
} pending;

pending *pending_new(interp *host, queue *at, queue_side side, bell *ringing, uint64_t number);
void pending_cancel(pending *self); // as if it had never waited
void pending_free(interp *host, pending *self);
void pending_cancel_all(interp *host); // its interpreter has ended

#endif
