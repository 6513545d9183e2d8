#include "bridge/python/turns.h"

#include "bridge/python/cpython.h"

#define USUAL_SECONDS 0.005 // CPython's DEFAULT_INTERVAL
#define LONG_SECONDS  1e6

// The interval belongs to the GIL, so to one interpreter.
static double
get_interval(void)
{
    PyObject *get = PySys_GetObject("getswitchinterval"); // borrowed
    PyObject *seconds = get == NULL ? NULL : PyObject_CallNoArgs(get);
    double interval = seconds == NULL ? -1 : PyFloat_AsDouble(seconds);
    Py_XDECREF(seconds);
    return interval;
}

static int
set_interval(double seconds)
{
    PyObject *set = PySys_GetObject("setswitchinterval"); // borrowed
    PyObject *done = set == NULL ? NULL : PyObject_CallFunction(set, "d", seconds);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
turns_forbid(void)
{
    return set_interval(LONG_SECONDS);
}

void
turns_begin(interp *here)
{
    if (here->turns++ > 0) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    here->interval_without_turns = get_interval();
    if (here->interval_without_turns > USUAL_SECONDS) {
        (void)set_interval(USUAL_SECONDS);
    }
    PyErr_SetRaisedException(raised); // instead of MemoryError: it is as it was
}

void
turns_end(interp *here)
{
    if (--here->turns > 0) {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    if (here->interval_without_turns > USUAL_SECONDS) {
        (void)set_interval(here->interval_without_turns);
    }
    PyErr_SetRaisedException(raised);
}

static int
end_pending(void *argument)
{
    interp *here = argument;
    turns_end(here);
    interp_decref(here);
    return 0;
}

bool
turns_end_soon(interp *there)
{
    interp_incref(there);
    bool is_posted = cpython_post(there->python_state, end_pending, there);
    if (!is_posted) {
        interp_decref(there);
    }
    return is_posted;
}
