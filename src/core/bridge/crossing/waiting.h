// waiting: a thread that waits detached, so that its interpreter is free meanwhile, and for Ctrl-C.
//
// Threads. Attached to state->interp; detached while it waits.
//
// Errors. -1 with an exception: what a signal handler raised, or that an atoll.timeout() has passed.
#ifndef ATOLL_BRIDGE_WAITING_H
#define ATOLL_BRIDGE_WAITING_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

// Until there is a result, or the deadline has passed; then the waiter has finished, see
// queue_finish. Where a signal handler raises it is cancelled, and the item of a putter discarded.
MUST_CHECK int waiting_at_queue(core_state *state, queue *at, queue_waiter *waiter,
                                int64_t deadline, queue_result *result, queue_item **item);

// The deadline that a timeout in seconds (None: never) sets. -1: it is no number, or less than 0,
// which only Futures take: it is over then.
MUST_CHECK int waiting_deadline(PyObject *timeout, int64_t *deadline);
MUST_CHECK int waiting_deadline_or_past(PyObject *timeout, int64_t *deadline);

#endif
