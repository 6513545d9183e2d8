#include "bridge/waiting.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "bridge/entry.h"
#include "ground/clock.h"

// Signal handlers run in this thread only. Others stay detached when a signal wakes them: CPython
// 3.13 ends a daemon thread that attaches at exit, and its waiter would be left in the list.
static bool
is_main_thread(void)
{
#if defined(__linux__)
    return syscall(SYS_gettid) == getpid();
#else
    return true;
#endif
}

// The main thread waits inside another interpreter, where CPython runs no signal handler. Whoever
// teaches it to cross over to the main interpreter for that does it here.
static int
check_signals_from_inside(core_state *state)
{
    return 0;
}

static int
check_signals(core_state *state)
{
    return state->interp->is_main ? PyErr_CheckSignals() : check_signals_from_inside(state);
}

// Not interrupted: the end of the wait. It finishes before it attaches, see is_main_thread.
static bool
wait_detached(queue *at, queue_waiter *waiter, int64_t deadline, queue_result *result,
              queue_item **item)
{
    wait_result why;
    do {
        why = queue_wait(waiter, deadline);
    } while (why == WAIT_INTERRUPTED && !is_main_thread());
    if (why == WAIT_INTERRUPTED) {
        return false;
    }
    *result = queue_finish(at, waiter, item);
    return true;
}

int
waiting_at_queue(core_state *state, queue *at, queue_waiter *waiter, int64_t deadline,
                 queue_result *result, queue_item **item)
{
    for (;;) {
        bool is_over;
        Py_BEGIN_ALLOW_THREADS
        is_over = wait_detached(at, waiter, deadline, result, item);
        Py_END_ALLOW_THREADS
        if (is_over) {
            return 0;
        }
        if (check_signals(state) < 0) {
            entry_discard(queue_cancel(at, waiter));
            return -1;
        }
    }
}

int
waiting_deadline(PyObject *timeout, int64_t *deadline)
{
    *deadline = DEADLINE_NEVER;
    if (timeout == Py_None) {
        return 0;
    }
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    if (!(seconds >= 0)) { // NaN too
        PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
        return -1;
    }
    if (seconds < 1e9) {
        *deadline = clock_now() + (int64_t)(seconds * NANOSECONDS_PER_SECOND);
    }
    return 0;
}
