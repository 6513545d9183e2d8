#include "bridge/queue/async_wait.h"

#include "bridge/queue/queue_item.h"

async_wait *
async_wait_new(interp *host, queue *at, queue_side side, eventfd_waker *waker, uint64_t number)
{
    async_wait *self = PyMem_RawMalloc(sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    self->queue = at;
    queue_incref(at);
    self->waker = waker;
    eventfd_waker_incref(waker);
    self->is_over = true;
    waiter_init(&self->waiter, side, waker, number);
    self->previous = NULL;
    self->next = host->pending;
    if (self->next != NULL) {
        self->next->previous = self;
    }
    host->pending = self;
    return self;
}

void
async_wait_cancel(async_wait *self)
{
    if (!self->is_over) {
        self->is_over = true;
        queue_item_discard(queue_cancel(self->queue, &self->waiter));
    }
}

void
async_wait_free(interp *host, async_wait *self)
{
    async_wait_cancel(self);
    *(self->previous == NULL ? &host->pending : &self->previous->next) = self->next;
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    waiter_free(&self->waiter);
    eventfd_waker_decref(self->waker);
    queue_decref(self->queue);
    PyMem_RawFree(self);
}

void
async_wait_cancel_all(interp *host)
{
    while (host->pending != NULL) {
        async_wait_free(host, host->pending);
    }
}
