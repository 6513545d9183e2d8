// queue: a process-wide queue of opaque items. Threads and event loops wait at it (waiter.h).
//
// Purpose. The operation that makes a waiter's operation possible also does it, under the queue's
// mutex: a put hands its item to the getter that has waited longest, a get lets in the putter that
// has. So a waiter wakes with its result, and no wake-up can be lost or stolen. Until the getter
// has taken the item, the item still counts against the capacity, so that it can be put back.
//
// Lifetime. Counted. The last count discards the items that are left.
//
// Threads. Any, with or without a GIL. The mutex is held for some instructions, never while
// waiting. Lock order: registry of queues, queue, waker.
#ifndef ATOLL_GROUND_QUEUE_H
#define ATOLL_GROUND_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/queue/backlog.h"
#include "ground/queue/waiter.h"

typedef struct queue queue;

typedef struct {
    int64_t count, unfinished;
    int64_t capacity; // 0 or less: no limit
    bool is_full;     // counting items that were handed to getters and not yet taken
    bool is_shut_down;
} queue_status;

typedef struct {
    uint64_t id;
    queue_status status;
    int64_t waiting[QUEUE_SIDES];
} queue_figures;

queue *queue_new(backlog_order order, void (*discard)(queue_item *)); // NULL: out of memory
queue *queue_find(uint64_t id);                                       // counted, or NULL
void queue_incref(queue *self);
void queue_decref(queue *self);
uint64_t queue_id(const queue *self);
backlog_order queue_order(const queue *self);
queue_status queue_get_status(queue *self);
// Oldest last, under the lock of the registry.
void queue_each(void (*visit)(const queue_figures *figures, void *argument), void *argument);
void queue_set_capacity(queue *self, int64_t capacity);

// Without a waiter these never return QUEUE_WAITING. With one, the result is stored there too. An
// item that was put belongs to the queue.
MUST_CHECK queue_result queue_put(queue *self, queue_item *item, queue_waiter *waiter);
queue_result queue_would_refuse(queue *self); // what queue_put would return now
MUST_CHECK queue_result queue_get(queue *self, queue_item **item, queue_waiter *waiter);
void queue_begin_get(queue *self,
                     queue_waiter *waiter); // see waiter->result; then queue_finish
MUST_CHECK queue_result queue_join(queue *self, queue_waiter *waiter);
bool queue_task_done(queue *self); // false: more calls than items
void queue_shut_down(queue *self, bool is_immediate);

bool queue_is_decided(queue *self, const queue_waiter *waiter);

// End the wait: returns the result and, for a getter, the item. Unless the result is QUEUE_DONE, a
// putter's item belongs to the putter again.
MUST_CHECK queue_result queue_finish(queue *self, queue_waiter *waiter, queue_item **item);

// Undo the wait: an item that was handed to a getter goes back to its place, or to another getter.
// Returns an item that the caller must free, if there is one: a putter's, or a getter's that nobody
// else may get.
MUST_CHECK queue_item *queue_cancel(queue *self, queue_waiter *waiter);

// Fork. In the child only the waiters of the thread that forked are left.
void queue_fork_prepare(void);
void queue_fork_parent(void);
void queue_fork_child(void);

#endif
