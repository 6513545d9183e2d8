// eventfd_waker: wakes an event loop, which can wait on a file descriptor but not on a semaphore.
//
// Purpose. Each call has a number. Waking it makes the descriptor readable, and the loop then takes
// the numbers of all woken calls.
//
// Lifetime. Counted. A call is a field of its owner, which must forget it before it is freed.
//
// Threads. Any. The mutex is a leaf, taken under queue mutexes.
#ifndef ATOLL_GROUND_EVENTFD_WAKER_H
#define ATOLL_GROUND_EVENTFD_WAKER_H

#include <stddef.h>
#include <stdint.h>

typedef struct eventfd_waker eventfd_waker;

typedef struct eventfd_waker_call {
    struct eventfd_waker_call *next,
        *previous; // the waker's mutex; both NULL: not woken, or taken
    uint64_t number;
} eventfd_waker_call;

eventfd_waker *eventfd_waker_new(void); // NULL: errno says why
void eventfd_waker_incref(eventfd_waker *self);
void eventfd_waker_decref(eventfd_waker *self);
int eventfd_waker_descriptor(const eventfd_waker *self);
void eventfd_waker_wake(eventfd_waker *self, eventfd_waker_call *call);   // once per call
void eventfd_waker_forget(eventfd_waker *self, eventfd_waker_call *call); // woken or not
void eventfd_waker_ring(eventfd_waker *self);                             // without a number
size_t eventfd_waker_take(eventfd_waker *self, uint64_t *numbers,
                          size_t capacity); // the oldest first

#endif
