// What atoll._interpreter.standby needs: ready interpreters, abandoned ones, and its signal.
#include "bridge/parking/parking.h"
#include "bridge/crossing/crossing.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/interpreter/standby.h"
#include "bridge/interpreter/creation.h"
#include "bridge/interpreter/lifecycle.h"
#include "bridge/queue/waiting.h"
#include "ground/interpreter/standby_signal.h"
#include "types/reference.h"

// The handle of a counted record; None for NULL.
static PyObject *
hand_out_any(PyObject *module, interp *taken)
{
    return taken == NULL ? Py_NewRef(Py_None)
                         : interpreter_hand_out(PyModule_GetState(module), taken);
}

static PyObject *
create_hidden(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    const char *name;
    PyObject *path, *modules;
    if (!PyArg_ParseTuple(arguments, "sO!O!", &name, &PyTuple_Type, &path, &PyTuple_Type,
                          &modules)) {
        return NULL;
    }
    interp *made = creation_make(state, name, false, ROLE_MADE, path, modules);
    return made == NULL ? NULL : interpreter_hand_out(state, made);
}

static PyObject *
make_ready(PyObject *module, PyObject *arguments)
{
    PyObject *handle;
    int is_prewarmed;
    if (!PyArg_ParseTuple(arguments, "Op", &handle, &is_prewarmed)) {
        return NULL;
    }
    interp *made = interpreter_closable(PyModule_GetState(module), handle);
    if (made == NULL) {
        return NULL;
    }
    standby_leave(made);
    registry_set_role(made, is_prewarmed ? ROLE_PREWARMED : ROLE_READY);
    Py_RETURN_NONE;
}

static PyObject *
take_ready(PyObject *module, PyObject *name)
{
    const char *utf8 = PyUnicode_AsUTF8(name);
    if (utf8 == NULL) {
        return NULL;
    }
    return hand_out_any(module, registry_take_ready(utf8));
}

static PyObject *
count_ready(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(registry_count_ready());
}

// Marks the interpreter inside it; no Python runs there, so nothing can interrupt this.
static PyObject *
abandon(PyObject *module, PyObject *handle)
{
    core_state *state = PyModule_GetState(module);
    interp *target = interpreter_closable(state, handle);
    if (target == NULL) {
        return NULL;
    }
    crossing visit;
    crossing_result why = crossing_enter(&visit, state->interp, target, CROSSING_FOR("abandon"));
    if (why != CROSSING_OK) {
        crossing_raise(state, target, why);
        return NULL;
    }
    standby_abandon(target->core_state);
    crossing_leave(&visit);
    Py_RETURN_NONE;
}

static PyObject *
is_abandoned(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    return target == NULL ? NULL : PyBool_FromLong(target->is_abandoned);
}

static PyObject *
take_retired(PyObject *module, PyObject *unused)
{
    return hand_out_any(module, registry_take_retired());
}

static PyObject *
close_retired(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    PyObject *handle, *timeout;
    int64_t deadline;
    if (!PyArg_ParseTuple(arguments, "OO", &handle, &timeout) ||
        waiting_deadline(timeout, &deadline) < 0) {
        return NULL;
    }
    char who[OWN_THREADS_TEXT_SIZE];
    interp *target = interpreter_closable(state, handle);
    if (target == NULL || lifecycle_close(state, target, deadline, true, who) < 0) {
        return NULL;
    }
    return PyUnicode_FromString(who);
}

static PyObject *
show(PyObject *module, PyObject *handle)
{
    interp *hidden = interpreter_closable(PyModule_GetState(module), handle);
    if (hidden == NULL) {
        return NULL;
    }
    registry_set_role(hidden, ROLE_IN_USE);
    Py_RETURN_NONE;
}

static PyObject *
show_all(PyObject *module, PyObject *unused)
{
    registry_show_all();
    Py_RETURN_NONE;
}

// ---- its thread ----

static PyObject *
start_standby(PyObject *module, PyObject *unused)
{
    standby_start_result result = standby_start();
    if (result == STANDBY_RUNS) {
        Py_RETURN_NONE;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    result == STANDBY_OVER ? "Python is ending" : "no thread can be started");
    return NULL;
}

static PyObject *
stop_standby(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    standby_stop(true);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *
standby_is_stopping(PyObject *module, PyObject *unused)
{
    return PyBool_FromLong(standby_must_stop());
}

static PyObject *
call_standby(PyObject *module, PyObject *unused)
{
    standby_signal_send();
    Py_RETURN_NONE;
}

static PyObject *
wait_for_call(PyObject *module, PyObject *arguments)
{
    PyObject *heard, *timeout;
    int64_t deadline;
    if (!PyArg_ParseTuple(arguments, "OO", &heard, &timeout) ||
        waiting_deadline(timeout, &deadline) < 0) {
        return NULL;
    }
    unsigned long long calls = PyLong_AsUnsignedLongLong(heard);
    if (PyErr_Occurred()) {
        return NULL;
    }
    interp *here = ((core_state *)PyModule_GetState(module))->interp;
    PyThreadState *state = parking_sleep(here);
    calls = standby_signal_wait(calls, deadline);
    parking_wake(here, state);
    return PyLong_FromUnsignedLongLong(calls);
}

static PyObject *
await_standby(PyObject *module, PyObject *wait)
{
    standby_await(1);
    PyObject *done = PyObject_CallNoArgs(wait);
    standby_await(-1);
    return done;
}

PyMethodDef standby_functions[] = {
    {"create_hidden", create_hidden, METH_VARARGS,
     PyDoc_STR("create_hidden($module, name, path, modules, /)\n--\n\n"
               "Make an interpreter that users do not see.")},
    {"make_ready", make_ready, METH_VARARGS,
     PyDoc_STR("make_ready($module, handle, is_prewarmed, /)\n--\n\n"
               "Let a hidden interpreter be taken.")},
    {"take_ready", take_ready, METH_O,
     PyDoc_STR(
         "take_ready($module, name, /)\n--\n\nTake a ready interpreter and rename it; or None.")},
    {"count_ready", count_ready, METH_NOARGS,
     PyDoc_STR("count_ready($module, /)\n--\n\nCount the interpreters that can be taken.")},
    {"abandon", abandon, METH_O,
     PyDoc_STR("abandon($module, handle, /)\n--\n\nHave an interpreter closed when its last export "
               "is dropped.")},
    {"is_abandoned", is_abandoned, METH_O,
     PyDoc_STR("is_abandoned($module, handle, /)\n--\n\nHas its thread ended?")},
    {"take_retired", take_retired, METH_NOARGS,
     PyDoc_STR("take_retired($module, /)\n--\n\nTake an interpreter that is to be closed, which "
               "stays hidden; or None.")},
    {"close_retired", close_retired, METH_VARARGS,
     PyDoc_STR("close_retired($module, handle, timeout, /)\n--\n\n"
               "End an interpreter if others hold no object of it.")},
    {"show", show, METH_O,
     PyDoc_STR("show($module, handle, /)\n--\n\nGive a hidden interpreter to the users.")},
    {"show_all", show_all, METH_NOARGS,
     PyDoc_STR("show_all($module, /)\n--\n\nGive all hidden interpreters to the users.")},
    {"start_standby", start_standby, METH_NOARGS,
     PyDoc_STR("start_standby($module, /)\n--\n\nStart its thread, unless that runs.")},
    {"stop_standby", stop_standby, METH_NOARGS,
     PyDoc_STR("stop_standby($module, /)\n--\n\nStop it for good; in the main interpreter.")},
    {"standby_is_stopping", standby_is_stopping, METH_NOARGS,
     PyDoc_STR("standby_is_stopping($module, /)\n--\n\nIs its thread to end?")},
    {"await_standby", await_standby, METH_O,
     PyDoc_STR("await_standby($module, wait, /)\n--\n\n"
               "Call a function that waits for its thread; that goes on after a fork.")},
    {"call_standby", call_standby, METH_NOARGS,
     PyDoc_STR("call_standby($module, /)\n--\n\nWake the thread that waits in wait_for_call.")},
    {"wait_for_call", wait_for_call, METH_VARARGS,
     PyDoc_STR("wait_for_call($module, heard, timeout, /)\n--\n\n"
               "Wait until there were more calls than `heard`; return how many there were.")},
    {NULL},
};
