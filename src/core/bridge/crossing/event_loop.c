#include "bridge/crossing/event_loop.h"

#include <stddef.h>

void
event_loop_begin(event_loop *self, interp *host, eventfd_waker *waker)
{
    pthread_mutex_lock(&host->mutex);
    *self = (event_loop){host, waker, atomic_load(&host->loops)};
    atomic_store(&host->loops, self);
    pthread_mutex_unlock(&host->mutex);
}

void
event_loop_end(event_loop *self)
{
    interp *host = self->host;
    if (host == NULL) {
        return;
    }
    pthread_mutex_lock(&host->mutex);
    event_loop *before = NULL, *each = atomic_load(&host->loops);
    while (each != self) {
        before = each;
        each = each->next;
    }
    if (before != NULL) {
        before->next = self->next;
    }
    else {
        atomic_store(&host->loops, self->next);
    }
    pthread_mutex_unlock(&host->mutex);
    self->host = NULL;
}

void
event_loop_ring_all(interp *host)
{
    if (atomic_load(&host->loops) == NULL) {
        return;
    }
    pthread_mutex_lock(&host->mutex);
    for (event_loop *each = atomic_load(&host->loops); each != NULL; each = each->next) {
        eventfd_waker_ring(each->waker);
    }
    pthread_mutex_unlock(&host->mutex);
}
