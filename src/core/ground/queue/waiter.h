// waiter: a thread or an event loop that waits at a queue, and lists of them.
//
// Purpose. Whoever decides a wait stores the result in the waiter and wakes it: a thread by its
// semaphore, an event loop by its waker. A thread first spins, if that has helped lately.
//
// Lifetime. A waiter belongs to its maker. It is linked from the operation that returned
// QUEUE_WAITING, or queue_begin_get, until queue_finish or queue_cancel.
//
// Threads. Lists: under the queue's mutex. waiter_wait: the one that waits, without a GIL.
#ifndef ATOLL_GROUND_WAITER_H
#define ATOLL_GROUND_WAITER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/base/clock.h"
#include "ground/queue/backlog.h"
#include "ground/queue/eventfd_waker.h"
#include "ground/system/semaphore.h"

typedef enum {
    QUEUE_DONE,
    QUEUE_WAITING,   // not decided yet; from queue_finish: the wait was given up
    QUEUE_NOT_NOW,   // empty, or full
    QUEUE_SHUT_DOWN, // for good
} queue_result;

typedef enum { QUEUE_GETTERS, QUEUE_PUTTERS, QUEUE_JOINERS, QUEUE_SIDES } queue_side;

typedef struct queue_waiter {
    struct queue_waiter *next, *previous; // mutex
    struct waiter_list *list;             // mutex; the list that it is in, or NULL
    queue_side side;
    queue_result result; // mutex
    queue_item *item;    // mutex; the item to be put, or the one that was got
    uint64_t number;     // mutex; of the item, once it was put
    pthread_t thread;    // the thread that waits; a forked child keeps only its own
    semaphore semaphore; // posted once, when the result is set
    enum { SPIN_NOT, SPIN_ASKED, SPIN_HELPED } spin; // of the thread that waits
    eventfd_waker *waker; // borrowed; woken instead of the semaphore; or NULL
    eventfd_waker_call call;
} queue_waiter;

// The longest waiting first.
typedef struct waiter_list {
    queue_waiter *first, *last;
} waiter_list;

// `waker` (or NULL) must outlive the waiter, and is woken with call `number`.
void waiter_init(queue_waiter *self, queue_side side, eventfd_waker *waker, uint64_t number);
void waiter_free(queue_waiter *self); // not linked any more

void waiter_link(waiter_list *list, queue_waiter *waiter);
void waiter_unlink(queue_waiter *waiter);

bool waiter_may_spin(void); // there is another processor
wait_result waiter_wait(queue_waiter *waiter, int64_t deadline);

#endif
