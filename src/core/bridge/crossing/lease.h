// lease: a buffer of another interpreter's object, in use here.
//
// Lifetime. Made in the owner, released there by a deferred job. The memory is the owner's, so the
// owner cannot close while it has leases.
#ifndef ATOLL_BRIDGE_LEASE_H
#define ATOLL_BRIDGE_LEASE_H

#include <Python.h>

#include "bridge/transfer/export.h"
#include "bridge/python/state.h"

typedef struct {
    deferred deferred; // first
    Py_buffer view;    // the owner's
    interp *owner;     // counted
} lease;

// Attached to home->interp, which is not the target's owner. NULL with an exception: the remote
// one, InterpreterClosedError, RecursionError.
lease *lease_take(core_state *home, exported *target, int flags);
void lease_release(lease *self); // any thread
void lease_run(deferred *item);  // in the owner

#endif
