// Watchdog, and the functions behind atoll.dump_traceback().
#include "bridge/traceback/traceback.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "bridge/python/objects.h"
#include "ground/base/clock.h"
#include "ground/traceback/reporter.h"
#include "ground/base/text.h"
#include "types/reference.h"

// ---- Watchdog ----

typedef struct {
    PyObject_HEAD
    watchdog dog;
} watchdog_object;

static PyObject *
watchdog_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    double seconds;
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "Watchdog() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "d", &seconds)) {
        return NULL;
    }
    if (!(seconds > 0)) { // NaN too
        PyErr_SetString(PyExc_ValueError, "a watchdog needs a number of seconds above 0");
        return NULL;
    }
    watchdog_object *self = (watchdog_object *)type->tp_alloc(type, 0);
    if (self != NULL) {
        int64_t limit =
            seconds < 1e9 ? (int64_t)(seconds * NANOSECONDS_PER_SECOND) : WATCHDOG_LIMIT;
        self->dog.limit = limit < MILLISECOND ? MILLISECOND : limit;
        self->dog.descriptor = -1;
    }
    return (PyObject *)self;
}

static void
end_watch(watchdog *self)
{
    watchdog_stop(self);
    if (self->descriptor >= 0) {
        close(self->descriptor);
        self->descriptor = -1;
    }
}

static void
watchdog_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    end_watch(&((watchdog_object *)op)->dog);
    type->tp_free(op);
    Py_DECREF(type);
}

// Our own descriptor of the file, which stays open when the caller's is closed. -1: exception.
static int
duplicate(PyObject *descriptor)
{
    int given = PyLong_AsInt(descriptor);
    if (given == -1 && PyErr_Occurred()) {
        return -1;
    }
    int own = fcntl(given, F_DUPFD_CLOEXEC, 3);
    if (own < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    return own;
}

static PyObject *
begin(PyObject *op, PyObject *descriptor)
{
    watchdog *self = &((watchdog_object *)op)->dog;
    if (self->is_running) {
        PyErr_SetString(PyExc_RuntimeError, "this watchdog is running already");
        return NULL;
    }
    self->descriptor = duplicate(descriptor);
    if (self->descriptor < 0) {
        return NULL;
    }
    if (!watchdog_start(self)) {
        end_watch(self);
        PyErr_SetString(PyExc_RuntimeError, "cannot start the watchdogs' thread");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
end(PyObject *op, PyObject *unused)
{
    end_watch(&((watchdog_object *)op)->dog);
    Py_RETURN_NONE;
}

static PyMethodDef watchdog_methods[] = {
    {"begin", begin, METH_O,
     PyDoc_STR("begin($self, descriptor, /)\n--\n\nStart watching; report to an open file.")},
    {"end", end, METH_NOARGS, PyDoc_STR("end($self, /)\n--\n\nStop watching.")},
    {NULL},
};

static PyType_Slot watchdog_slots[] = {
    {Py_tp_doc, "The C half of atoll.watchdog."},
    {Py_tp_new, watchdog_new},
    {Py_tp_dealloc, watchdog_dealloc},
    {Py_tp_methods, watchdog_methods},
    {0, NULL},
};

static PyType_Spec watchdog_spec = {
    "atoll._core.Watchdog", sizeof(watchdog_object), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_BASETYPE, watchdog_slots};

int
traceback_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_WATCHDOG] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &watchdog_spec, NULL);
    return state->types[TYPE_WATCHDOG] == NULL
               ? -1
               : PyModule_AddType(module, state->types[TYPE_WATCHDOG]);
}

// ---- functions ----

static int
read_names(PyObject *dict, thread_name *names, int *count)
{
    Py_ssize_t position = 0;
    PyObject *ident, *name;
    while (*count < SNAPSHOT_THREADS && PyDict_Next(dict, &position, &ident, &name)) {
        const char *utf8 = PyUnicode_AsUTF8(name);
        thread_name *into = &names[*count];
        into->ident = utf8 == NULL ? 0 : PyLong_AsUnsignedLong(ident);
        if (PyErr_Occurred()) {
            return -1;
        }
        text_fit_ascii(into->name, sizeof into->name, utf8);
        ++*count;
    }
    return 0;
}

static PyObject *
format_traceback(PyObject *module, PyObject *names)
{
    if (!PyDict_Check(names)) {
        return PyErr_Format(PyExc_TypeError, "format_traceback(names): a dict is required");
    }
    thread_name *given = PyMem_Malloc(SNAPSHOT_THREADS * sizeof *given);
    if (given == NULL) {
        return PyErr_NoMemory();
    }
    int count = 0;
    text made = {0};
    if (read_names(names, given, &count) == 0) {
        traceback_add(&made, PyThread_get_thread_ident(), given, count);
        if (made.size == 0) {
            PyErr_NoMemory();
        }
    }
    PyObject *result = PyErr_Occurred()
                           ? NULL
                           : PyUnicode_DecodeASCII(made.chars, (Py_ssize_t)made.size, "replace");
    text_free(&made);
    PyMem_Free(given);
    return result;
}

static PyObject *
register_traceback(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "register_traceback(number, descriptor)");
    }
    int number = PyLong_AsInt(arguments[0]);
    int own = number == -1 && PyErr_Occurred() ? -1 : duplicate(arguments[1]);
    if (own < 0) {
        return NULL;
    }
    if (!reporter_register(number, own)) {
        PyErr_SetFromErrno(PyExc_OSError);
        close(own);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
unregister_traceback(PyObject *module, PyObject *number)
{
    int signal = PyLong_AsInt(number);
    if (signal == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyBool_FromLong(reporter_unregister(signal));
}

static PyObject *
stay(PyObject *module, PyObject *unused)
{
    thread *here = thread_get();
    if (here != NULL) {
        crossing_log_set_time(&here->visits, CROSSING_LOG_UNTIMED);
    }
    Py_RETURN_NONE;
}

PyMethodDef traceback_functions[] = {
    {"format_traceback", format_traceback, METH_O,
     PyDoc_STR("format_traceback($module, names, /)\n--\n\n"
               "Describe where all threads are; `names` maps thread ids to names.")},
    {"register_traceback", (PyCFunction)(void (*)(void))register_traceback, METH_FASTCALL,
     PyDoc_STR("register_traceback($module, number, descriptor, /)\n--\n\n"
               "Write a traceback whenever a signal comes.")},
    {"unregister_traceback", unregister_traceback, METH_O,
     PyDoc_STR("unregister_traceback($module, number, /)\n--\n\nUndo register_traceback; False: "
               "nothing to undo.")},
    {"stay", stay, METH_NOARGS,
     PyDoc_STR(
         "stay($module, /)\n--\n\nTell watchdogs that this thread's visit is meant to last.")},
    {NULL},
};
