// waiting: a thread that waits detached, so that its interpreter is free meanwhile, and for Ctrl-C.
//
// Threads. Attached to state->interp; detached while it waits.
//
// Errors. -1 with an exception: what a signal handler raised.
#ifndef ATOLL_BRIDGE_WAITING_H
#define ATOLL_BRIDGE_WAITING_H

#include <Python.h>

#include "bridge/state.h"
#include "ground/queue.h"

// Until the waiter's result is there, or the deadline has passed.
MUST_CHECK int waiting_at_queue(core_state *state, queue_waiter *waiter, int64_t deadline);

// The deadline that a timeout in seconds (None: never) sets; -1: not a number that is 0 or more.
MUST_CHECK int waiting_deadline(PyObject *timeout, int64_t *deadline);

#endif
