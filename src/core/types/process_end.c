// Functions for the exit handlers of the main interpreter, in the order of their use.
#include "bridge/gc/collector.h"
#include "bridge/python/cpython.h"
#include "bridge/interpreter/creation.h"
#include "bridge/crossing/reaper.h"
#include "bridge/queue/waiting.h"
#include "bridge/interpreter/lifecycle.h"
#include "types/reference.h"

static PyObject *
forget_interpreters(PyObject *module, PyObject *unused)
{
    cpython_forget_interpreters();
    Py_RETURN_NONE;
}

static PyObject *
has_left_some(PyObject *module, PyObject *unused)
{
    return PyBool_FromLong(lifecycle_has_left_some());
}

static PyObject *
freeze(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    if (target == NULL) {
        return NULL;
    }
    if (target->is_main || interp_get_phase(target) == INTERP_CLOSED) {
        PyErr_SetString(PyExc_RuntimeError, "no thread is stuck inside this interpreter");
        return NULL;
    }
    lifecycle_freeze(target);
    Py_RETURN_NONE;
}

static PyObject *
prepare_exit(PyObject *module, PyObject *unused)
{
    creation_end();
    state_prepare_end(PyModule_GetState(module));
    Py_RETURN_NONE;
}

static PyObject *
is_ending(PyObject *module, PyObject *unused)
{
    return PyBool_FromLong(creation_has_ended());
}

static PyObject *
stop_asking(PyObject *module, PyObject *unused)
{
    lifecycle_stop_asking(PyModule_GetState(module));
    Py_RETURN_NONE;
}

static PyObject *
stop_reaper(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    collector_stop();
    reaper_stop();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *
shut_main(PyObject *module, PyObject *seconds)
{
    int64_t deadline;
    if (waiting_deadline(seconds, &deadline) < 0) {
        return NULL;
    }
    bool is_empty;
    Py_BEGIN_ALLOW_THREADS
    is_empty = capi_shut_main(deadline);
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(is_empty);
}

PyMethodDef process_end_functions[] = {
    {"shut_main", shut_main, METH_O,
     PyDoc_STR("shut_main($module, seconds, /)\n--\n\n"
               "Refuse threads that Python does not know; False: some are still inside.")},
    {"forget_interpreters", forget_interpreters, METH_NOARGS,
     PyDoc_STR("forget_interpreters($module, /)\n--\n\nUnlink all interpreters but the main one "
               "from CPython's list.")},
    {"has_left_some", has_left_some, METH_NOARGS,
     PyDoc_STR("has_left_some($module, /)\n--\n\nAre threads stuck in closed interpreters?")},
    {"freeze", freeze, METH_O,
     PyDoc_STR("freeze($module, handle, /)\n--\n\nFreeze the threads that are stuck inside it.")},
    {"prepare_exit", prepare_exit, METH_NOARGS,
     PyDoc_STR("prepare_exit($module, /)\n--\n\nThe process ends: make no more interpreters.")},
    {"is_ending", is_ending, METH_NOARGS,
     PyDoc_STR("is_ending($module, /)\n--\n\nAre no more interpreters made?")},
    {"stop_asking", stop_asking, METH_NOARGS,
     PyDoc_STR("stop_asking($module, /)\n--\n\n"
               "The process ends soon: post no more pending calls to this interpreter.")},
    {"stop_reaper", stop_reaper, METH_NOARGS,
     PyDoc_STR("stop_reaper($module, /)\n--\n\nStop the threads that clean up.")},
    {NULL},
};
