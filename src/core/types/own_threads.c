// The threads of interpreters: list them, wait for them, raise exceptions in them.
#include "bridge/crossing/crossing.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/python/turns.h"
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
end_threads(PyObject *module, PyObject *handle)
{
    core_state *state = PyModule_GetState(module);
    interp *target = interpreter_closable(state, handle);
    int left = target == NULL ? -1 : own_threads_left(state, target);
    return left < 0 ? NULL : PyLong_FromLong(left);
}

static PyObject *
list_own_threads(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    return own_threads_list(state->interp);
}

static PyObject *
poke(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    if (target == NULL) {
        return NULL;
    }
    if (interp_pin(target, INTERP_CLOSING)) {
        crossing_post(target);
        interp_unpin(target);
    }
    Py_RETURN_NONE;
}

static PyObject *
is_poked(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    return target == NULL ? NULL
                          : PyBool_FromLong(interp_get_phase(target) == INTERP_OPEN &&
                                            atomic_load(&target->posted) != 0);
}

static PyObject *
visitor_activities(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    return target == NULL ? NULL : own_threads_visitors(target);
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

static PyObject *
begin_turns(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    turns_begin(state->interp);
    Py_RETURN_NONE;
}

static PyObject *
end_turns(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    turns_end(state->interp);
    Py_RETURN_NONE;
}

PyMethodDef thread_functions[] = {
    {"end_threads", end_threads, METH_O,
     PyDoc_STR("end_threads($module, handle, /)\n--\n\n"
               "The process ends: so do idle threads of an interpreter; how many others it has.")},
    {"own_threads", list_own_threads, METH_NOARGS,
     PyDoc_STR("own_threads($module, /)\n--\n\n"
               "This interpreter's own threads but this one: their numbers, what they run.")},
    {"begin_turns", begin_turns, METH_NOARGS,
     PyDoc_STR("begin_turns($module, /)\n--\n\n"
               "From now on this interpreter's threads take turns, as in plain Python.")},
    {"end_turns", end_turns, METH_NOARGS,
     PyDoc_STR("end_turns($module, /)\n--\n\nNot any more; once for each begin_turns().")},
    {"poke", poke, METH_O,
     PyDoc_STR("poke($module, handle, /)\n--\n\n"
               "Ask an interpreter for a sign of life: see is_poked().")},
    {"is_poked", is_poked, METH_O,
     PyDoc_STR("is_poked($module, handle, /)\n--\n\nHas no bytecode run there since?")},
    {"visitor_activities", visitor_activities, METH_O,
     PyDoc_STR("visitor_activities($module, handle, /)\n--\n\n"
               "What the threads of others that are inside run.")},
    {"threads", list_threads, METH_NOARGS,
     PyDoc_STR("threads($module, /)\n--\n\nPairs of thread id and interpreter id; -1: unknown.")},
    {"raise_in_thread", raise_in_thread, METH_VARARGS,
     PyDoc_STR("raise_in_thread($module, ident, exception, /)\n--\n\n"
               "Raise it in a thread of this interpreter, between two bytecodes; False: no such "
               "thread.")},
    {NULL},
};
