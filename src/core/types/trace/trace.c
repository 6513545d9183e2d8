// What atoll.trace needs: begins a trace, ends it, and gives its events as bytes.
#include <Python.h>

#include "ground/interpreter/thread.h"
#include "ground/trace/trace.h"
#include "types/reference.h"

// trace_begin(capacity): its number.
static PyObject *
begin(PyObject *module, PyObject *capacity)
{
    Py_ssize_t events = PyLong_AsSsize_t(capacity);
    if (events == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (events < 2 || (size_t)events > SIZE_MAX / 2 / sizeof(trace_event)) {
        PyErr_SetString(PyExc_ValueError, "a buffer has room for 2 events or more");
        return NULL;
    }
    unsigned session = trace_begin((size_t)events);
    if (session == 0) {
        PyErr_SetString(PyExc_RuntimeError, "a trace is running already");
        return NULL;
    }
    registry_trace(true);
    return PyLong_FromUnsignedLong(session);
}

// ---- its result ----

static PyObject *
decode(const char *utf8)
{
    return PyUnicode_DecodeUTF8(utf8, (Py_ssize_t)strlen(utf8), "replace");
}

static int
append_steal(PyObject *list, PyObject *item_steal)
{
    int result = item_steal == NULL ? -1 : PyList_Append(list, item_steal);
    Py_XDECREF(item_steal);
    return result;
}

// [(native id, name, dropped, events), ...]
static PyObject *
list_records(const trace_result *result)
{
    PyObject *list = PyList_New(0);
    for (const trace_record *each = result->records; list != NULL && each != NULL;
         each = each->next) {
        PyObject *row = Py_BuildValue("lNKy#", each->tid, decode(each->name),
                                      (unsigned long long)each->dropped, (const char *)each->events,
                                      (Py_ssize_t)(each->count * sizeof *each->events));
        if (append_steal(list, row) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

// [(id, name), ...]
static PyObject *
list_names(const trace_result *result)
{
    PyObject *list = PyList_New(0);
    for (const trace_name *each = result->names; list != NULL && each != NULL; each = each->next) {
        if (append_steal(list, Py_BuildValue("LN", (long long)each->id, decode(each->text))) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

static void
note_interpreter(interp *each, void *unused)
{
    trace_note_name(each->id, each->name);
}

static void
note_thread(thread *each, void *unused)
{
    trace_name_lane(&each->lane, each->name);
}

// trace_end(number): (begin, end, dropped, records, names), or None if it is not on.
static PyObject *
end(PyObject *module, PyObject *number)
{
    unsigned long session = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred()) {
        return NULL;
    }
    registry_each(note_interpreter, NULL);
    thread_each(note_thread, NULL);
    if (!trace_end((unsigned)session)) {
        Py_RETURN_NONE;
    }
    registry_trace(false);
    trace_result result;
    bool is_complete = trace_take(&result);
    PyObject *records = is_complete ? list_records(&result) : PyErr_NoMemory();
    PyObject *names = records == NULL ? NULL : list_names(&result);
    PyObject *all = names == NULL
                        ? NULL
                        : Py_BuildValue("LLKOO", (long long)result.begin, (long long)result.end,
                                        (unsigned long long)result.dropped, records, names);
    trace_free(&result);
    Py_XDECREF(records);
    Py_XDECREF(names);
    return all;
}

PyMethodDef trace_functions[] = {
    {"trace_begin", begin, METH_O,
     PyDoc_STR("trace_begin($module, capacity, /)\n--\n\n"
               "Note what threads do, the latest events of each; return the trace's number.")},
    {"trace_end", end, METH_O,
     PyDoc_STR("trace_end($module, number, /)\n--\n\n"
               "End the trace of that number and return what was noted; None: it is not on.")},
    {NULL},
};
