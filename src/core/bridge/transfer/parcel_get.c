#include "bridge/transfer/error.h"
#include "bridge/transfer/export.h"
#include "bridge/share/frozendict.h"
#include "bridge/transfer/handle.h"
#include "bridge/transfer/identity.h"
#include "bridge/transfer/record.h"
#include "bridge/python/disturbance.h"
#include "bridge/python/value.h"

static PyObject *
get_string(const record *head)
{
    string_head body;
    memcpy(&body, head + 1, sizeof body);
    const unsigned char *data = (const unsigned char *)(head + 1) + sizeof body;
    PyObject *string = PyUnicode_New(body.length, head->detail);
    if (string != NULL) {
        memcpy(PyUnicode_DATA(string), data, head->size - sizeof body);
        ((PyASCIIObject *)string)->hash = body.hash;
    }
    return string;
}

static PyObject *
get_tuple(parcel *self, core_state *state, Py_ssize_t count)
{
    if (record_go_deeper(" while unpacking a value from another interpreter")) {
        return NULL;
    }
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *item = parcel_get(self, state);
        if (item == NULL) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, i, item);
    }
    Py_LeaveRecursiveCall();
    return tuple;
}

static PyObject *
dict_of(PyObject *items)
{
    PyObject *dict = PyDict_New();
    if (dict != NULL && PyDict_MergeFromSeq2(dict, items, 1) < 0) {
        Py_CLEAR(dict);
    }
    return dict;
}

static PyObject *
get_by_tuple(parcel *self, core_state *state, const record *head)
{
    record_kind kind = head->kind;
    bool is_triple = kind == RECORD_SLICE || kind == RECORD_RANGE;
    PyObject *tuple = get_tuple(self, state, is_triple ? 3 : (Py_ssize_t)head->size);
    if (tuple == NULL || kind == RECORD_TUPLE) {
        return tuple;
    }
    PyObject *made = NULL;
    if (kind == RECORD_FROZENSET) {
        made = PyFrozenSet_New(tuple);
    }
    else if (kind == RECORD_LIST) {
        made = PySequence_List(tuple);
    }
    else if (kind == RECORD_SET) {
        made = PySet_New(tuple);
    }
    else if (kind == RECORD_DICT) {
        made = dict_of(tuple);
    }
    else if (kind == RECORD_SLICE) {
        made = PySlice_New(PyTuple_GET_ITEM(tuple, 0), PyTuple_GET_ITEM(tuple, 1),
                           PyTuple_GET_ITEM(tuple, 2));
    }
    else if (kind == RECORD_RANGE) {
        made = PyObject_Call((PyObject *)&PyRange_Type, tuple, NULL);
    }
    else {
        made = PyObject_CallOneArg((PyObject *)&frozendict_type, tuple);
    }
    Py_DECREF(tuple);
    return made;
}

static PyObject *
get_export(core_state *state, const record *head)
{
    return state->references->import(state, *(exported **)(void *)(head + 1));
}

// load(how, what) rebuilds the value; where that fails its Proxy stands in.
static PyObject *
get_resolved(parcel *self, core_state *state, const record *head)
{
    bool has_original = head->detail == 0;
    PyObject *dumped = parcel_get(self, state);
    if (dumped == NULL) {
        return NULL;
    }
    PyObject *hook = state_hook(state, HOOK_LOAD);
    PyObject *value = hook == NULL ? NULL : PyObject_CallOneArg(hook, dumped);
    Py_DECREF(dumped);
    if (!has_original) {
        return value;
    }
    const record *original = record_next(self);
    exported *target = *(exported **)(void *)(original + 1);
    if (value != NULL) {
        export_unref((foreign_ref){target});
        return value;
    }
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        export_unref((foreign_ref){target});
        return NULL;
    }
    PyErr_Clear();
    return state->references->import(state, target);
}

// Of types and arguments that no code of anybody's takes part in.
static PyObject *
get_plain_exception(parcel *self, core_state *state)
{
    PyObject *type = parcel_get(self, state);
    PyObject *arguments = type == NULL ? NULL : parcel_get(self, state);
    PyObject *exception = arguments == NULL ? NULL : PyObject_Call(type, arguments, NULL);
    Py_XDECREF(arguments);
    Py_XDECREF(type);
    return exception;
}

static PyObject *
get_handle(core_state *state, const record *head)
{
    void *handle = *(void **)(void *)(head + 1);
    PyObject *object = handle_of(state, head->detail, handle);
    handle_decref(head->detail, handle);
    return object;
}

// An exception in itself: one of those that are being made may be there already.
static PyObject *
get_outer_exception(core_state *state, const record *head)
{
    PyObject *exception = identity_find(state, (uintptr_t)head->size);
    if (exception == NULL) {
        PyErr_SetString(PyExc_ValueError, "it is an exception that is not made yet");
    }
    return exception;
}

static PyObject *
get_traceback(core_state *state, const record *head)
{
    PyObject *exception = identity_find(state, (uintptr_t)head->size);
    PyObject *traceback = exception == NULL ? NULL : PyException_GetTraceback(exception);
    Py_XDECREF(exception);
    return traceback != NULL ? traceback : Py_NewRef(Py_None);
}

// None of these is ever put into a closed parcel; nor would it be taken out of one.
static PyObject *
get_open(parcel *self, core_state *state, const record *head)
{
    assert(!self->is_closed);
    if (self->is_closed) {
        PyErr_SetString(PyExc_SystemError, "a closed parcel holds what it must not");
        return NULL;
    }
    return head->kind == RECORD_HANDLE      ? get_handle(state, head)
           : head->kind == RECORD_SHAPED    ? record_get_shaped(self, state, head)
           : head->kind == RECORD_RESOLVED  ? get_resolved(self, state, head)
           : head->kind == RECORD_TRACEBACK ? get_traceback(state, head)
           : head->detail == 1              ? get_outer_exception(state, head)
                                            : error_get_captured(self, state, Py_False);
}

PyObject *
parcel_get(parcel *self, core_state *state)
{
    const record *head = record_next(self);
    const void *payload = head + 1;
    if (head->kind == RECORD_INT) { // most are
        return PyLong_FromSsize_t(*(const Py_ssize_t *)payload);
    }
    switch ((record_kind)head->kind) {
    case RECORD_POINTER:
        return *(PyObject **)payload;
    case RECORD_INT:
        break; // see above
    case RECORD_BIG_INT:
        return cpython_copy_int(payload);
    case RECORD_FLOAT:
        return PyFloat_FromDouble(*(const double *)payload);
    case RECORD_COMPLEX:
        return PyComplex_FromCComplex(*(const Py_complex *)payload);
    case RECORD_STRING:
        return get_string(head);
    case RECORD_BYTES:
        return head->detail == 0 ? PyBytes_FromStringAndSize(payload, (Py_ssize_t)head->size)
                                 : PyByteArray_FromStringAndSize(payload, (Py_ssize_t)head->size);
    case RECORD_HELD:
        return value_copy(*(PyObject **)payload);
    case RECORD_TUPLE:
    case RECORD_FROZENSET:
    case RECORD_SLICE:
    case RECORD_RANGE:
    case RECORD_FROZENDICT:
    case RECORD_LIST:
    case RECORD_SET:
    case RECORD_DICT:
        return get_by_tuple(self, state, head);
    case RECORD_EXPORT:
        return get_export(state, head);
    case RECORD_RESOLVED:
    case RECORD_HANDLE:
    case RECORD_EXCEPTION:
    case RECORD_SHAPED:
    case RECORD_TRACEBACK:
        return get_open(self, state, head);
    case RECORD_PLAIN_EXCEPTION:
        return get_plain_exception(self, state);
    case RECORD_ALONE:
        break; // parcel_get_alone reads it
    }
    Py_UNREACHABLE();
}

static bool
is_string(const record *head, PyObject *object)
{
    string_head body;
    memcpy(&body, head + 1, sizeof body);
    return PyUnicode_CheckExact(object) && PyUnicode_GET_LENGTH(object) == body.length &&
           PyUnicode_MAX_CHAR_VALUE(object) == head->detail &&
           memcmp((const char *)(head + 1) + sizeof body, PyUnicode_DATA(object),
                  head->size - sizeof body) == 0;
}

bool
parcel_skip_equal(parcel *self, PyObject *object)
{
    const record *head = record_next(self);
    const void *payload = head + 1;
    if (head->kind == RECORD_STRING) {
        return is_string(head, object);
    }
    if (head->kind == RECORD_INT) {
        return PyLong_CheckExact(object) && PyUnstable_Long_IsCompact((PyLongObject *)object) &&
               PyUnstable_Long_CompactValue((PyLongObject *)object) == *(const Py_ssize_t *)payload;
    }
    return head->kind == RECORD_POINTER && *(PyObject *const *)payload == object;
}

// Give back what was counted for a reader that did not come.
static void
skip_to(parcel *self, size_t end)
{
    while (self->position < end) {
        const record *head = record_next(self);
        if (head->kind == RECORD_EXPORT) {
            export_unref((foreign_ref){*(exported **)(void *)(head + 1)});
        }
        else if (head->kind == RECORD_HANDLE) {
            handle_decref(head->detail, *(void **)(void *)(head + 1));
        }
    }
}

static void
count_unread(parcel *self)
{
    while (self->position < self->size) {
        const record *head = record_next(self);
        if (head->kind == RECORD_EXPORT) {
            export_ref(*(exported **)(void *)(head + 1));
        }
        else if (head->kind == RECORD_HANDLE) {
            handle_incref(head->detail, *(void **)(void *)(head + 1));
        }
    }
}

void
parcel_begin_reading(parcel *reader, const parcel *from, bool has_counts)
{
    parcel_init(reader);
    reader->data = from->data;
    reader->size = from->size;
    reader->held = from->held;
    if (has_counts) {
        count_unread(reader);
        reader->position = 0;
    }
}

void
parcel_end_reading(parcel *reader)
{
    skip_to(reader, reader->size);
}

PyObject *
parcel_get_alone(parcel *self, core_state *state, PyObject **why)
{
    const record *head = record_next(self);
    bool is_lost = head->detail;
    size_t end = self->position + head->size;
    unsigned before = disturbance_count();
    PyObject *value = parcel_get(self, state);
    *why = NULL;
    if (is_lost) {
        *why = value;
        return NULL;
    }
    if (value == NULL) {
        *why = disturbance_is_why(before) ? NULL : error_describe();
        skip_to(self, end);
    }
    return value;
}

void
parcel_cut(parcel *self, size_t size)
{
    self->position = size;
    skip_to(self, self->size);
    self->position = 0;
    self->size = size;
}

void
parcel_clear_slow(parcel *self)
{
    skip_to(self, self->size);
    if (self->data != self->space) {
        PyMem_RawFree(self->data);
    }
}
