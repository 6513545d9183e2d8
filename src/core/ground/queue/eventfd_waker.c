#include "ground/queue/eventfd_waker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "ground/system/event_fd.h"

struct eventfd_waker {
    atomic_intptr_t references;
    int descriptor;
    pthread_mutex_t mutex;
    eventfd_waker_call
        ends; // mutex; head of a circle of calls woken and not yet taken, oldest first
};

eventfd_waker *
eventfd_waker_new(void)
{
    eventfd_waker *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->descriptor = event_fd_open();
    if (self->descriptor < 0) {
        free(self);
        return NULL;
    }
    self->references = 1;
    pthread_mutex_init(&self->mutex, NULL);
    self->ends.next = self->ends.previous = &self->ends;
    return self;
}

void
eventfd_waker_incref(eventfd_waker *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
}

void
eventfd_waker_decref(eventfd_waker *self)
{
    if (atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel) == 1) {
        close(self->descriptor);
        pthread_mutex_destroy(&self->mutex);
        free(self);
    }
}

int
eventfd_waker_descriptor(const eventfd_waker *self)
{
    return self->descriptor;
}

static void
unlink_locked(eventfd_waker_call *call)
{
    call->next->previous = call->previous;
    call->previous->next = call->next;
    call->next = call->previous = NULL;
}

void
eventfd_waker_ring(eventfd_waker *self)
{
    event_fd_ring(self->descriptor);
}

void
eventfd_waker_wake(eventfd_waker *self, eventfd_waker_call *call)
{
    pthread_mutex_lock(&self->mutex);
    bool is_first = self->ends.next == &self->ends;
    call->next = &self->ends;
    call->previous = self->ends.previous;
    call->previous->next = call;
    self->ends.previous = call;
    if (is_first) {
        eventfd_waker_ring(self);
    }
    pthread_mutex_unlock(&self->mutex);
}

void
eventfd_waker_forget(eventfd_waker *self, eventfd_waker_call *call)
{
    pthread_mutex_lock(&self->mutex);
    if (call->next != NULL) {
        unlink_locked(call);
    }
    pthread_mutex_unlock(&self->mutex);
}

size_t
eventfd_waker_take(eventfd_waker *self, uint64_t *numbers, size_t capacity)
{
    size_t count = 0;
    pthread_mutex_lock(&self->mutex);
    while (count < capacity && self->ends.next != &self->ends) {
        eventfd_waker_call *call = self->ends.next;
        numbers[count++] = call->number;
        unlink_locked(call);
    }
    if (self->ends.next == &self->ends) {
        event_fd_clear(self->descriptor);
    }
    pthread_mutex_unlock(&self->mutex);
    return count;
}
