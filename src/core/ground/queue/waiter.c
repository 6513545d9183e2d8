#include "ground/queue/waiter.h"

#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#define SPIN_ROUNDS 60 // about 2 us: more helps on idle processors only, and costs on busy ones

void
waiter_init(queue_waiter *self, queue_side side, eventfd_waker *waker, uint64_t number)
{
    *self = (queue_waiter){.side = side,
                           .result = QUEUE_WAITING,
                           .thread = pthread_self(),
                           .waker = waker,
                           .call.number = number};
    semaphore_init(&self->semaphore);
}

void
waiter_free(queue_waiter *self)
{
    if (self->waker != NULL) {
        eventfd_waker_forget(self->waker, &self->call);
    }
}

void
waiter_link(waiter_list *list, queue_waiter *waiter)
{
    waiter->previous = list->last;
    waiter->next = NULL;
    *(list->last == NULL ? &list->first : &list->last->next) = waiter;
    list->last = waiter;
    waiter->list = list;
}

void
waiter_unlink(queue_waiter *waiter)
{
    waiter_list *list = waiter->list;
    if (list == NULL) { // decided, or dropped in a forked child
        return;
    }
    *(waiter->previous == NULL ? &list->first : &waiter->previous->next) = waiter->next;
    *(waiter->next == NULL ? &list->last : &waiter->next->previous) = waiter->previous;
    waiter->list = NULL;
}

bool
waiter_may_spin(void)
{
    static atomic_int processors = 0;
    int count = atomic_load_explicit(&processors, memory_order_relaxed);
    if (UNLIKELY(count == 0)) {
        count = (int)sysconf(_SC_NPROCESSORS_ONLN);
        atomic_store_explicit(&processors, count, memory_order_relaxed);
    }
    return count > 1;
}

wait_result
waiter_wait(queue_waiter *waiter, int64_t deadline)
{
    int rounds = waiter->spin == SPIN_ASKED ? SPIN_ROUNDS : 0;
    for (int round = 0; round < rounds; round++) {
        if (semaphore_try(&waiter->semaphore)) {
            waiter->spin = SPIN_HELPED;
            return WAIT_WOKEN;
        }
        cpu_relax();
    }
    return semaphore_wait(&waiter->semaphore, deadline);
}
