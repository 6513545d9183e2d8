// waiting: waits at a queue, detached, so that other threads can run meanwhile. Ctrl-C ends a wait.
//
// Threads. Attached to state->interp; detached while it waits.
//
// Errors. -1 with an exception: what a signal handler raised, or that an atoll.timeout() has
// passed.
#ifndef ATOLL_BRIDGE_WAITING_H
#define ATOLL_BRIDGE_WAITING_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

// Waits until there is a result, or until the deadline; then the wait has been finished
// (queue_finish). If a signal handler raises, the wait is cancelled, and a putter's item discarded.
MUST_CHECK int waiting_at_queue(core_state *state, queue *at, queue_waiter *waiter,
                                int64_t deadline, queue_result *result, queue_item **item);

// The deadline of a timeout in seconds (None: never). -1 with an exception: not a number, or
// negative. waiting_deadline_or_past, for Futures, accepts a negative timeout: the deadline is now.
MUST_CHECK int waiting_deadline(PyObject *timeout, int64_t *deadline);
MUST_CHECK int waiting_deadline_or_past(PyObject *timeout, int64_t *deadline);

#endif
