// The threads of interpreters: whose they are, waiting for them, exceptions for them.
#include "bridge/own_threads.h"
#include "ground/thread.h"
#include "local/reference.h"

static PyObject *
list_threads(PyObject *module, PyObject *unused)
{
    PyObject *list = PyList_New(0);
    unsigned long ident = 0;
    int64_t where;
    while (list != NULL && thread_next_after(ident, &ident, &where)) {
        PyObject *pair = Py_BuildValue("kL", ident, (long long)where);
        if (pair == NULL || PyList_Append(list, pair) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(pair);
    }
    return list;
}

static PyObject *
join_threads(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    PyObject *handle;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "Od", &handle, &seconds)) {
        return NULL;
    }
    interp *target = interpreter_of(state, handle);
    if (target != NULL && target == state->interp) {
        PyErr_SetString(PyExc_ValueError, "join_threads() is for other interpreters");
        return NULL;
    }
    int left = target == NULL ? -1 : own_threads_join(state, target, seconds);
    return left < 0 ? NULL : PyLong_FromLong(left);
}

// ctypes would do it too, and take its import.
static PyObject *
raise_in_thread(PyObject *module, PyObject *arguments)
{
    unsigned long ident;
    PyObject *exception;
    if (!PyArg_ParseTuple(arguments, "kO", &ident, &exception)) {
        return NULL;
    }
    return PyBool_FromLong(PyThreadState_SetAsyncExc(ident, exception) > 0);
}

static bool
is_guest_state(interp *self, const PyThreadState *state)
{
    bool found = false;
    pthread_mutex_lock(&self->mutex);
    for (guest *each = self->guests; each != NULL && !found; each = each->next) {
        found = each->is_owned && each->thread_state == state;
    }
    pthread_mutex_unlock(&self->mutex);
    return found;
}

// Not sys._current_frames(): that makes frame objects of threads that run in other interpreters.
static PyObject *
own_threads(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    PyObject *idents = PyList_New(0);
    PyThreadState *each = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    for (; each != NULL && idents != NULL; each = PyThreadState_Next(each)) {
        if (each->thread_id == 0 || is_guest_state(state->interp, each)) {
            continue;
        }
        PyObject *ident = PyLong_FromUnsignedLong(each->thread_id);
        if (ident == NULL || PyList_Append(idents, ident) < 0) {
            Py_CLEAR(idents);
        }
        Py_XDECREF(ident);
    }
    if (idents == NULL) {
        return NULL;
    }
    PyObject *tuple = PyList_AsTuple(idents);
    Py_DECREF(idents);
    return tuple;
}

PyMethodDef thread_functions[] = {
    {"join_threads", join_threads, METH_VARARGS,
     PyDoc_STR("join_threads($module, handle, timeout, /)\n--\n\n"
               "Wait for one of an interpreter's own threads; how many are left.")},
    {"threads", list_threads, METH_NOARGS,
     PyDoc_STR("threads($module, /)\n--\n\nPairs of thread id and interpreter id; -1: unknown.")},
    {"own_threads", own_threads, METH_NOARGS,
     PyDoc_STR("own_threads($module, /)\n--\n\nIds of this interpreter's own threads.")},
    {"raise_in_thread", raise_in_thread, METH_VARARGS,
     PyDoc_STR("raise_in_thread($module, ident, exception, /)\n--\n\n"
               "Raise it in a thread of this interpreter, between two bytecodes; was it there?")},
    {NULL},
};
