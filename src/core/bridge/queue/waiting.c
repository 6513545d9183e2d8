#include "bridge/queue/waiting.h"

#include <math.h>

#include "bridge/queue/queue_item.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/traceback/traceback.h"
#include "ground/base/clock.h"
#include "ground/interpreter/thread.h"

// False: a signal has come, on the main thread, or a deadline has passed. The wait is finished
// before the thread attaches: CPython 3.13 ends a daemon thread that attaches at exit, which would
// leave its waiter in the queue.
static bool
wait_detached(queue *at, queue_waiter *waiter, int64_t deadline, queue_result *result,
              queue_item **item)
{
    wait_result why;
    int64_t limit = wakeup_wait_limit(deadline);
    do {
        why = waiter_wait(waiter, limit);
    } while (why == WAIT_INTERRUPTED && !thread_is_main());
    if (why == WAIT_INTERRUPTED || (why == WAIT_EXPIRED && limit < deadline)) {
        return false;
    }
    *result = queue_finish(at, waiter, item);
    return true;
}

int
waiting_at_queue(core_state *state, queue *at, queue_waiter *waiter, int64_t deadline,
                 queue_result *result, queue_item **item)
{
    static const blocked_kind kinds[QUEUE_SIDES] = {[QUEUE_GETTERS] = BLOCKED_GET,
                                                    [QUEUE_PUTTERS] = BLOCKED_PUT,
                                                    [QUEUE_JOINERS] = BLOCKED_JOIN};
    traceback_learn_own_name();
    for (;;) {
        bool is_over;
        int64_t before = thread_block(kinds[waiter->side], (int64_t)queue_id(at));
        Py_BEGIN_ALLOW_THREADS
        is_over = wait_detached(at, waiter, deadline, result, item);
        Py_END_ALLOW_THREADS
        thread_unblock(before);
        if (is_over) {
            return 0;
        }
        if (wakeup_check_wait(state, "to wait at a queue") < 0) {
            queue_item_discard(queue_cancel(at, waiter));
            return -1;
        }
    }
}

static int
parse_deadline(PyObject *timeout, double least, int64_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (timeout == Py_None) {
        return 0;
    }
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (!(seconds >= least)) { // NaN too
        PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
        return -1;
    }
    if (seconds < 1e9) {
        *deadline = clock_now() + (int64_t)(fmax(seconds, 0) * NANOSECONDS_PER_SECOND);
    }
    return 0;
}

int
waiting_deadline(PyObject *timeout, int64_t *deadline)
{
    return parse_deadline(timeout, 0, deadline);
}

int
waiting_deadline_or_past(PyObject *timeout, int64_t *deadline)
{
    return parse_deadline(timeout, -INFINITY, deadline);
}
