#include "bridge/python/thread_frames.h"

#if PY_VERSION_HEX < 0x030E0000

#    include <stdlib.h>

#    include "bridge/python/cpython.h"

typedef PyObject *(*describer)(PyThreadState *state); // new; NULL without an exception: nothing

static PyObject *
describe_frame(PyThreadState *state)
{
    return (PyObject *)PyThreadState_GetFrame(state);
}

// The exception that is being handled, or None.
static PyObject *
describe_exception(PyThreadState *state)
{
    const _PyErr_StackItem *item = state->exc_info;
    while ((item->exc_value == NULL || item->exc_value == Py_None) && item->previous_item != NULL) {
        item = item->previous_item;
    }
    return Py_NewRef(item->exc_value == NULL ? Py_None : item->exc_value);
}

static int
add(PyObject *dict, PyThreadState *state, describer describe)
{
    PyObject *value = describe(state);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *ident = PyLong_FromUnsignedLong(state->thread_id);
    int result = ident == NULL ? -1 : PyDict_SetItem(dict, ident, value);
    Py_XDECREF(ident);
    Py_DECREF(value);
    return result;
}

static PyObject *
describe_threads(const char *event, describer describe)
{
    if (PySys_Audit(event, NULL) < 0) {
        return NULL;
    }
    PyThreadState **states;
    size_t count = cpython_list_threads(&states);
    PyObject *dict = states == NULL ? PyErr_NoMemory() : PyDict_New();
    for (size_t i = 0; i < count && dict != NULL; i++) {
        if (add(dict, states[i], describe) < 0) {
            Py_CLEAR(dict);
        }
    }
    free(states);
    return dict;
}

static PyObject *
current_frames(PyObject *sys, PyObject *unused)
{
    return describe_threads("sys._current_frames", describe_frame);
}

static PyObject *
current_exceptions(PyObject *sys, PyObject *unused)
{
    return describe_threads("sys._current_exceptions", describe_exception);
}

static void
replace(const char *name, PyCFunction function)
{
    PyObject *found = PySys_GetObject(name); // borrowed
    if (found != NULL && PyCFunction_CheckExact(found)) {
        ((PyCFunctionObject *)found)->m_ml->ml_meth = function;
    }
}

void
thread_frames_install(void)
{
    replace("_current_frames", current_frames);
    replace("_current_exceptions", current_exceptions);
}

#endif
