// queue: a process-wide queue of opaque items, and those who wait at it: threads and event loops.
//
// Purpose. What is decided is decided under the queue's mutex by whoever makes it possible: a put
// hands its item to the getter that has waited longest, a get lets in the putter that has. So a
// wake-up carries its result, and there is no turn that could be lost or stolen. Until the getter
// has taken the item it takes its room in the queue, so that it can go back to its place.
//
// Lifetime. Counted. The last count discards what is still in it. A waiter is its maker's, and is
// linked from the operation that returned QUEUE_WAITING, or queue_begin_get, until queue_finish or
// queue_cancel.
//
// Threads. Any, with or without a GIL; queue_wait with none. The mutex is held for some
// instructions, never while waiting. Lock order: registry of queues, queue, waker.
#ifndef ATOLL_GROUND_QUEUE_H
#define ATOLL_GROUND_QUEUE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/queue/backlog.h"
#include "ground/queue/eventfd_waker.h"
#include "ground/base/clock.h"

typedef struct queue queue;

typedef enum {
    QUEUE_DONE,
    QUEUE_WAITING,   // not decided yet; at the end of a wait: given up
    QUEUE_NOT_NOW,   // empty, or full
    QUEUE_SHUT_DOWN, // for good
} queue_result;

typedef enum { QUEUE_GETTERS, QUEUE_PUTTERS, QUEUE_JOINERS, QUEUE_SIDES } queue_side;

typedef struct queue_waiter {
    struct queue_waiter *next, *previous; // mutex
    struct waiter_list *list;             // mutex; that it is in, or NULL
    queue_side side;
    queue_result result;  // mutex
    queue_item *item;     // mutex; what is to be put, or was got
    uint64_t number;      // mutex; of the item, once it was put
    pthread_t thread;     // that waits: the only one that a forked child has
    sem_t semaphore;      // posted once, when the result is there
    eventfd_waker *waker; // borrowed; called instead, or NULL
    eventfd_waker_call call;
} queue_waiter;

typedef struct {
    int64_t count, unfinished;
    int64_t capacity; // 0 or less: no limit
    bool is_full;     // with those that somebody was handed and has not taken
    bool is_shut_down;
} queue_status;

queue *queue_new(backlog_order order, void (*discard)(queue_item *)); // NULL: out of memory
queue *queue_find(uint64_t id);                                       // counted, or NULL
void queue_incref(queue *self);
void queue_decref(queue *self);
uint64_t queue_id(const queue *self);
backlog_order queue_order(const queue *self);
queue_status queue_get_status(queue *self);
void queue_set_capacity(queue *self, int64_t capacity);

// Without a waiter these never return QUEUE_WAITING; with one, it is told too. An item that was put
// is the queue's.
MUST_CHECK queue_result queue_put(queue *self, queue_item *item, queue_waiter *waiter);
queue_result queue_would_refuse(queue *self); // what queue_put says just now
MUST_CHECK queue_result queue_get(queue *self, queue_item **item, queue_waiter *waiter);
void queue_begin_get(queue *self, queue_waiter *waiter); // the waiter knows, and is to take it
MUST_CHECK queue_result queue_join(queue *self, queue_waiter *waiter);
bool queue_task_done(queue *self); // false: there are none
void queue_shut_down(queue *self, bool is_immediate);

// Waiting. `ringing` is a waker, which outlives the waiter, to wake by call `number`, or NULL.
void waiter_init(queue_waiter *self, queue_side side, eventfd_waker *ringing, uint64_t number);
void waiter_free(queue_waiter *self); // not linked any more
bool queue_is_decided(queue *self, const queue_waiter *waiter);
wait_result queue_wait(queue_waiter *waiter, int64_t deadline);

// The wait is over: the result, and for a getter the item. A putter whose result is not QUEUE_DONE
// has its item back.
MUST_CHECK queue_result queue_finish(queue *self, queue_waiter *waiter, queue_item **item);

// As if it had never waited: what it was handed goes back to its place, or to who waits. The item
// that a putter still has, or has again, is returned, to be freed.
MUST_CHECK queue_item *queue_cancel(queue *self, queue_waiter *waiter);

// Fork. In the child only the waiters of the thread that forked are left.
void queue_fork_prepare(void);
void queue_fork_parent(void);
void queue_fork_child(void);

#endif
