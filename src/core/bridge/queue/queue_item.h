// queue_item: an object that stands in a queue, in a form that belongs to no interpreter.
//
// Purpose. Packed when it is put, as an argument is; unpacked when it is got, by another
// interpreter or the same, perhaps when that which put it has closed.
//
// Threads. Packed and unpacked under the GIL of state->interp; discarded by any thread, also
// without one.
#ifndef ATOLL_BRIDGE_QUEUE_ITEM_H
#define ATOLL_BRIDGE_QUEUE_ITEM_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/backlog.h"

// NULL with an exception. For BACKLOG_SMALLEST_FIRST with a key (bridge/queue/sort_key.h).
queue_item *queue_item_pack(core_state *state, PyObject *object, backlog_order order);
PyObject *queue_item_unpack_steal(core_state *state, queue_item *item); // new reference
void queue_item_discard(queue_item *item);                              // NULL: nothing

#endif
