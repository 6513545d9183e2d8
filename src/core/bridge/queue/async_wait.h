// async_wait: a wait at a queue by an event loop, which an eventfd_waker wakes.
//
// Lifetime. That of its Python object (types/queue_wait.c). It is a record of its own, because an
// interpreter that ends may leak the object: the waiter must leave the queue all the same.
//
// Threads. Under the GIL of `host`; async_wait_cancel_all after that has ended.
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
    bool is_over; // finished, cancelled or not begun: there is no result to take
    struct async_wait *next, *previous;
} async_wait;

async_wait *async_wait_new(interp *host, queue *at, queue_side side, eventfd_waker *waker,
                           uint64_t number);
void async_wait_cancel(async_wait *self); // as queue_cancel
void async_wait_free(interp *host, async_wait *self);
void async_wait_cancel_all(interp *host); // its interpreter has ended

#endif
