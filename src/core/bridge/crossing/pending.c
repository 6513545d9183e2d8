#include "bridge/crossing/pending.h"

#include "bridge/transfer/entry.h"

pending *
pending_new(interp *host, queue *at, queue_side side, bell *ringing, uint64_t number)
{
    pending *self = PyMem_RawMalloc(sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    self->queue = at;
    queue_incref(at);
    self->bell = ringing;
    bell_incref(ringing);
    self->is_over = true;
    waiter_init(&self->waiter, side, ringing, number);
    self->previous = NULL;
    self->next = host->pending;
    if (self->next != NULL) {
        self->next->previous = self;
    }
    host->pending = self;
    return self;
}

void
pending_cancel(pending *self)
{
    if (!self->is_over) {
        self->is_over = true;
        entry_discard(queue_cancel(self->queue, &self->waiter));
    }
}

void
pending_free(interp *host, pending *self)
{
    pending_cancel(self);
    *(self->previous == NULL ? &host->pending : &self->previous->next) = self->next;
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    waiter_free(&self->waiter);
    bell_decref(self->bell);
    queue_decref(self->queue);
    PyMem_RawFree(self);
}

void
pending_cancel_all(interp *host)
{
    while (host->pending != NULL) {
        pending_free(host, host->pending);
    }
}
