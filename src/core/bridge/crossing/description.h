// description: what must be known of an object of another interpreter to make its Proxy.
//
// Purpose. A tuple from atoll._transfer.describe, and the exports of the object's class and of its
// metaclass (NULL for types that all interpreters share), both counted.
//
// Threads. Attached to home->interp, which is not the target's owner.
//
// Errors. -1 with an exception: the remote one, InterpreterClosedError, RecursionError.
#ifndef ATOLL_BRIDGE_DESCRIPTION_H
#define ATOLL_BRIDGE_DESCRIPTION_H

#include "bridge/transfer/export.h"
#include "bridge/transfer/specials.h"
#include "bridge/python/state.h"

typedef struct {
    PyObject *tuple;     // new reference
    unsigned twin_epoch; // of the owner, before
    exported *class, *metaclass;
    const void *type_key;
    special_set specials; // of the class
} description;

MUST_CHECK int description_bring(core_state *home, exported *target, description *result);
void description_clear(description *self);

#endif
