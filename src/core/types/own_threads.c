// The threads of interpreters: list them, wait for them, raise exceptions in them.
#include "bridge/crossing/own_threads.h"
#include "ground/interpreter/thread.h"
#include "types/reference.h"

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
    interp *target = interpreter_closable(state, handle);
    int left = target == NULL ? -1 : own_threads_join(state, target, seconds);
    return left < 0 ? NULL : PyLong_FromLong(left);
}

// ctypes could do it too, but would have to be imported.
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

PyMethodDef thread_functions[] = {
    {"join_threads", join_threads, METH_VARARGS,
     PyDoc_STR("join_threads($module, handle, timeout, /)\n--\n\n"
               "Wait for one of an interpreter's own threads; return how many are left.")},
    {"threads", list_threads, METH_NOARGS,
     PyDoc_STR("threads($module, /)\n--\n\nPairs of thread id and interpreter id; -1: unknown.")},
    {"raise_in_thread", raise_in_thread, METH_VARARGS,
     PyDoc_STR("raise_in_thread($module, ident, exception, /)\n--\n\n"
               "Raise it in a thread of this interpreter, between two bytecodes; False: no such "
               "thread.")},
    {NULL},
};
