// Deadline, and the functions behind atoll.timeout(), Interpreter.interrupt() and Ctrl-C.
#include <Python.h>
#include <math.h>

#include "bridge/parking/parking.h"
#include "bridge/crossing/interruption.h"
#include "bridge/python/objects.h"
#include "bridge/crossing/signals.h"
#include "bridge/crossing/wakeup.h"
#include "ground/base/clock.h"
#include "types/reference.h"

// ---- Deadline ----

typedef struct {
    PyObject_HEAD
    int64_t duration; // nanoseconds
    deadline running;
} deadline_object;

static PyObject *
deadline_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    double seconds;
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "Deadline() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "d", &seconds)) {
        return NULL;
    }
    if (isnan(seconds) || seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "a timeout must be a number of seconds, 0 or more");
        return NULL;
    }
    deadline_object *self = (deadline_object *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->duration =
            seconds < 1e9 ? (int64_t)(seconds * NANOSECONDS_PER_SECOND) : DEADLINE_NEVER;
    }
    return (PyObject *)self;
}

static void
deadline_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    deadline_stop(&((deadline_object *)op)->running);
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *
start(PyObject *op, PyTypeObject *class, PyObject *const *arguments, Py_ssize_t count,
      PyObject *keyword_names)
{
    deadline_object *self = (deadline_object *)op;
    core_state *state = PyType_GetModuleState(class);
    thread *here = thread_get();
    if (here == NULL) {
        return PyErr_NoMemory();
    }
    if (self->running.thread != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this timeout is running already");
        return NULL;
    }
    if (!wakeup_start()) {
        PyErr_SetString(PyExc_RuntimeError, "cannot start the thread that watches deadlines");
        return NULL;
    }
    deadline_start(&self->running, here, state->interp, thread_depth(here, state->interp),
                   self->duration);
    Py_RETURN_NONE;
}

static PyObject *
stop(PyObject *op, PyObject *unused)
{
    deadline_stop(&((deadline_object *)op)->running);
    Py_RETURN_NONE;
}

static PyObject *
is_expired(PyObject *op, void *unused)
{
    return PyBool_FromLong(deadline_is_expired(&((deadline_object *)op)->running));
}

static PyMethodDef deadline_methods[] = {
    {"start", (PyCFunction)(void (*)(void))start, METH_METHOD | METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("start($self, /)\n--\n\nStart it for this thread's calls from here on.")},
    {"stop", stop, METH_NOARGS,
     PyDoc_STR("stop($self, /)\n--\n\nStop it, whether it has passed or not.")},
    {NULL},
};

static PyGetSetDef deadline_properties[] = {
    {"is_expired", is_expired, NULL, PyDoc_STR("Did it pass while it was running?")},
    {NULL},
};

static PyType_Slot deadline_slots[] = {
    {Py_tp_doc, "The C half of atoll.timeout."}, {Py_tp_new, deadline_new},
    {Py_tp_dealloc, deadline_dealloc},           {Py_tp_methods, deadline_methods},
    {Py_tp_getset, deadline_properties},         {0, NULL},
};

static PyType_Spec deadline_spec = {
    "atoll._core.Deadline", sizeof(deadline_object), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_BASETYPE, deadline_slots};

int
deadline_add_types(PyObject *module, core_state *state)
{
    state->types[TYPE_DEADLINE] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &deadline_spec, NULL);
    return state->types[TYPE_DEADLINE] == NULL
               ? -1
               : PyModule_AddType(module, state->types[TYPE_DEADLINE]);
}

// ---- functions ----

static PyObject *
was_heeded(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    thread *here = thread_get();
    return PyBool_FromLong(here != NULL && deadline_was_heeded(here, state->interp,
                                                               thread_depth(here, state->interp)));
}

static PyObject *
unheed_deadline(PyObject *module, PyObject *unused)
{
    thread *here = thread_get();
    return PyBool_FromLong(here != NULL && deadline_unheed(here));
}

static PyObject *
interrupt(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    if (count != 3 || !PyExceptionInstance_Check(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "interrupt(handle, exception, thread)");
        return NULL;
    }
    interp *target = interpreter_of(state, arguments[0]);
    unsigned long ident = target == NULL ? 0 : PyLong_AsUnsignedLong(arguments[2]);
    if (target == NULL || PyErr_Occurred()) {
        return NULL;
    }
    int is_asked = interruption_ask(state, target, arguments[1], ident, NULL);
    return is_asked < 0 ? NULL : PyBool_FromLong(is_asked);
}

static PyObject *
undisturbed(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "undisturbed(function, *arguments)");
        return NULL;
    }
    thread *masked = thread_mask();
    PyObject *result = PyObject_Vectorcall(arguments[0], arguments + 1, (size_t)count - 1, NULL);
    thread_unmask(masked);
    return result;
}

// Seconds, or None.
static PyObject *
wait_limit(PyObject *module, PyObject *unused)
{
    int64_t limit = wakeup_wait_limit(DEADLINE_NEVER), left = limit - clock_now();
    return limit == DEADLINE_NEVER
               ? Py_NewRef(Py_None)
               : PyFloat_FromDouble((double)(left < 0 ? 0 : left) / NANOSECONDS_PER_SECOND);
}

static PyObject *
check_wait(PyObject *module, PyObject *what)
{
    const char *text = PyUnicode_AsUTF8(what);
    if (text == NULL || wakeup_check_wait(PyModule_GetState(module), text) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
check_signals(PyObject *module, PyObject *unused)
{
    if (wakeup_check_signals(PyModule_GetState(module)) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
watch_signal(PyObject *module, PyObject *number)
{
    int signal = PyLong_AsInt(number);
    if (signal == -1 && PyErr_Occurred()) {
        return NULL;
    }
    signals_watch(signal);
    Py_RETURN_NONE;
}

static PyObject *
is_watched_signal(PyObject *module, PyObject *number)
{
    int signal = PyLong_AsInt(number);
    if (signal == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyBool_FromLong(signals_is_watched(signal));
}

static PyObject *
stop_alarm(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    parking_stop();
    alarm_stop();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

PyMethodDef deadline_functions[] = {
    {"deadline_was_heeded", was_heeded, METH_NOARGS,
     PyDoc_STR("deadline_was_heeded($module, /)\n--\n\n"
               "Was a call made from here interrupted by a deadline?")},
    {"unheed_deadline", unheed_deadline, METH_NOARGS,
     PyDoc_STR("unheed_deadline($module, /)\n--\n\n"
               "Raise a deadline's exception again, soon; False: there was none.")},
    {"interrupt", (PyCFunction)(void (*)(void))interrupt, METH_FASTCALL,
     PyDoc_STR("interrupt($module, handle, exception, thread, /)\n--\n\n"
               "Raise an exception in the thread that runs there (0), or only in one thread.")},
    {"undisturbed", (PyCFunction)(void (*)(void))undisturbed, METH_FASTCALL,
     PyDoc_STR(
         "undisturbed($module, function, /, *arguments)\n--\n\n"
         "Call a function that must not be interrupted; interruptions wait until it returns.")},
    {"wait_limit", wait_limit, METH_NOARGS,
     PyDoc_STR("wait_limit($module, /)\n--\n\n"
               "How many seconds a wait of this thread may take, by its deadlines; None: any.")},
    {"check_wait", check_wait, METH_O,
     PyDoc_STR("check_wait($module, what, /)\n--\n\n"
               "Raise what a signal's handler does, or that the time for a wait is over.")},
    {"check_signals", check_signals, METH_NOARGS,
     PyDoc_STR("check_signals($module, /)\n--\n\nRun the handlers of signals that have come.")},
    {"watch_signal", watch_signal, METH_O,
     PyDoc_STR("watch_signal($module, number, /)\n--\n\n"
               "Let a signal be noticed while the main thread is in another interpreter.")},
    {"is_watched_signal", is_watched_signal, METH_O,
     PyDoc_STR("is_watched_signal($module, number, /)\n--\n\nIs the handler of watch_signal still "
               "installed?")},
    {"stop_alarm", stop_alarm, METH_NOARGS,
     PyDoc_STR("stop_alarm($module, /)\n--\n\nStop the thread that watches deadlines.")},
    {NULL},
};
