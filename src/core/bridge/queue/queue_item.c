#include "bridge/queue/queue_item.h"

#include "bridge/queue/sort_key.h"
#include "bridge/transfer/parcel.h"

typedef struct {
    queue_item item; // first
    parcel parcel;
} entry;

void
queue_item_discard(queue_item *item)
{
    entry *self = (entry *)item;
    if (self != NULL) {
        parcel_clear(&self->parcel);
        PyMem_RawFree((void *)self->item.key);
        PyMem_RawFree(self);
    }
}

queue_item *
queue_item_pack(core_state *state, PyObject *object, backlog_order order)
{
    entry *self = PyMem_RawMalloc(sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    self->item = (queue_item){0};
    parcel_init(&self->parcel);
    if ((order == BACKLOG_SMALLEST_FIRST && sort_key_make(object, &self->item) < 0) ||
        parcel_put(&self->parcel, state, object, 0) < 0) {
        queue_item_discard(&self->item);
        return NULL;
    }
    parcel_trim(&self->parcel);
    return &self->item;
}

PyObject *
queue_item_unpack_steal(core_state *state, queue_item *item)
{
    PyObject *object = parcel_get(&((entry *)item)->parcel, state);
    queue_item_discard(item);
    return object;
}
