#include "bridge/transfer/entry.h"

#include "bridge/transfer/key.h"
#include "bridge/transfer/parcel.h"

typedef struct {
    queue_item item; // first
    parcel parcel;
} entry;

void
entry_discard(queue_item *item)
{
    entry *self = (entry *)item;
    if (self != NULL) {
        parcel_clear(&self->parcel);
        PyMem_RawFree((void *)self->item.key);
        PyMem_RawFree(self);
    }
}

queue_item *
entry_pack(core_state *state, PyObject *object, backlog_order order)
{
    entry *self = PyMem_RawMalloc(sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    self->item = (queue_item){0};
    parcel_init(&self->parcel);
    if ((order == BACKLOG_SMALLEST_FIRST && key_make(object, &self->item) < 0) ||
        parcel_put(&self->parcel, state, object, 0) < 0) {
        entry_discard(&self->item);
        return NULL;
    }
    parcel_trim(&self->parcel);
    return &self->item;
}

PyObject *
entry_unpack_steal(core_state *state, queue_item *item)
{
    PyObject *object = parcel_get(&((entry *)item)->parcel, state);
    entry_discard(item);
    return object;
}
