#include "bridge/traceback/nesting.h"

#include <string.h>

#include "bridge/python/cpython.h"

static bool
is_above(const PyThreadState *state, const void *wanted)
{
    cpython_layout layout;
    if (!cpython_find_layout(&layout)) {
        return true;
    }
    const void *frame = state->current_frame;
    while (frame != NULL && frame != wanted) {
        memcpy(&frame, (const char *)frame + layout.frame_previous, sizeof frame);
    }
    return frame == wanted;
}

// Nobody else changes frames.
static bool
has_greenlets(void)
{
    PyObject *raised = PyErr_GetRaisedException();
    PyObject *found = PyDict_GetItemString(PyImport_GetModuleDict(), "greenlet"); // borrowed
    PyErr_SetRaisedException(raised);
    return found != NULL;
}

bool
nesting_holds(thread *self, const interp *home, const PyThreadState *state)
{
    const void *left_from = crossing_log_latest_frame(&self->visits, home);
    return left_from == NULL || is_above(state, left_from) || !has_greenlets();
}
