// async_wait: a wait at a queue by an event loop, which a waker ends.
//
// Lifetime. That of the Python object that stands for it (types/queue_wait.c); but it is no part of
// that, so that one which an interpreter leaks when it ends leaves no waiter in a queue.
//
// Threads. Under the GIL of `host`; async_wait_cancel_all, once there is none.
#ifndef ATOLL_BRIDGE_ASYNC_WAIT_H
#define ATOLL_BRIDGE_ASYNC_WAIT_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

typedef struct async_wait {
    queue *queue;         // counted
    eventfd_waker *waker; // counted
    queue_waiter waiter;
    bool is_over; // finished or cancelled, or not begun: there is no result to hand out
    struct async_wait *next, *previous;
} async_wait;

async_wait *async_wait_new(interp *host, queue *at, queue_side side, eventfd_waker *ringing,
                           uint64_t number);
void async_wait_cancel(async_wait *self); // as if it had never waited
void async_wait_free(interp *host, async_wait *self);
void async_wait_cancel_all(interp *host); // its interpreter has ended

#endif
