#include "ground/interpreter/closing.h"

#include <pthread.h>

#include "ground/base/shake.h"

static struct {
    pthread_mutex_t mutex;
    closing_waiter *first;
} waiters = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void
closing_join(closing_waiter *self)
{
    semaphore_init(&self->semaphore);
    shake();
    pthread_mutex_lock(&waiters.mutex);
    self->next = waiters.first;
    waiters.first = self;
    pthread_mutex_unlock(&waiters.mutex);
}

void
closing_leave(closing_waiter *self)
{
    shake();
    pthread_mutex_lock(&waiters.mutex);
    closing_waiter **link = &waiters.first;
    while (*link != NULL && *link != self) { // in a forked child the list is empty
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = self->next;
    }
    pthread_mutex_unlock(&waiters.mutex);
}

wait_result
closing_wait(closing_waiter *self, int64_t deadline)
{
    return semaphore_wait(&self->semaphore, deadline);
}

void
closing_announce(void)
{
    pthread_mutex_lock(&waiters.mutex);
    for (closing_waiter *each = waiters.first; each != NULL; each = each->next) {
        semaphore_post(&each->semaphore);
        shake();
    }
    pthread_mutex_unlock(&waiters.mutex);
}

void
closing_fork_child(void)
{
    pthread_mutex_init(&waiters.mutex, NULL);
    waiters.first = NULL;
}
