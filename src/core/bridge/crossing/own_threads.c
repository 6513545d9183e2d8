#include "bridge/crossing/own_threads.h"

#include "bridge/crossing/crossing.h"
#include "ground/base/clock.h"

// The end of threads made with _thread.start_new_thread cannot be waited for: check this often.
#define RAW_THREAD_CHECK (1 * MILLISECOND)

int
own_threads_count(interp *here)
{
    int count = -interp_count_owned(here);
    PyThreadState *each = PyInterpreterState_ThreadHead(here->python_state);
    for (; each != NULL; each = PyThreadState_Next(each)) {
        count++;
    }
    return count;
}

int
own_threads_wait(interp *here, double seconds, bool is_ending)
{
    thread *masked = thread_mask(); // an exception raised in there would be lost
    PyObject *hook = state_hook(here->core_state, HOOK_JOIN_THREADS);
    PyObject *done =
        hook == NULL ? NULL
                     : PyObject_CallFunction(hook, "dO", seconds, is_ending ? Py_True : Py_False);
    thread_unmask(masked);
    int daemons = done == NULL ? -1 : PyLong_AsInt(done);
    if (daemons < 0) {
        PyErr_WriteUnraisable(NULL);
    }
    Py_XDECREF(done);
    PyThreadState *state = PyEval_SaveThread();
    struct timespec pause = clock_timespec(RAW_THREAD_CHECK);
    nanosleep(&pause, NULL);
    PyEval_RestoreThread(state);
    return daemons < 0 ? 0 : daemons;
}

int
own_threads_join(core_state *home, interp *target, double seconds)
{
    crossing visit;
    crossing_result why = crossing_enter(&visit, home->interp, target);
    if (why != CROSSING_OK) {
        crossing_raise(home, target, why);
        return -1;
    }
    int count = own_threads_count(target);
    if (count > 0) {
        int daemons = own_threads_wait(target, seconds, false);
        count = own_threads_count(target) - daemons;
    }
    crossing_leave(&visit);
    return count < 0 ? 0 : count; // a daemon has ended meanwhile
}
