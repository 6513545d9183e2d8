// entry: an object that stands in a queue, in a form that belongs to no interpreter.
//
// Purpose. Packed when it is put, as an argument is; unpacked when it is got, by another
// interpreter or the same, perhaps when that which put it has closed.
//
// Threads. Packed and unpacked under the GIL of state->interp; discarded by any thread, also
// without one.
#ifndef ATOLL_BRIDGE_ENTRY_H
#define ATOLL_BRIDGE_ENTRY_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/backlog.h"

// NULL with an exception. For BACKLOG_SMALLEST_FIRST with a key (bridge/transfer/key.h).
queue_item *entry_pack(core_state *state, PyObject *object, backlog_order order);
PyObject *entry_unpack_steal(core_state *state, queue_item *item); // new reference
void entry_discard(queue_item *item);                              // NULL: nothing

#endif
