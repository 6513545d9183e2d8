#include "bridge/transfer/error.h"
#include "bridge/transfer/export.h"
#include "bridge/share/frozendict.h"
#include "bridge/transfer/handle.h"
#include "bridge/transfer/identity.h"
#include "bridge/python/objects.h"
#include "bridge/transfer/record.h"
#include "bridge/classes/shape.h"
#include "bridge/python/value.h"

// What goes by value in one piece up to this size is packed, beyond it held.
#define HOLD_BYTES 4096
#define HOLD_ITEMS 16

#define MARKER_NAMES 10 // of a class with an empty body, at most

static unsigned char *
reserve(parcel *self, size_t size)
{
    if (LIKELY(self->size + size <= self->capacity)) {
        unsigned char *start = self->data + self->size;
        self->size += size;
        return start;
    }
    size_t capacity = 2 * (self->size + size);
    unsigned char *data = PyMem_RawMalloc(capacity);
    if (data == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(data, self->data, self->size);
    if (self->data != self->space) {
        PyMem_RawFree(self->data);
    }
    self->data = data;
    self->capacity = capacity;
    return reserve(self, size);
}

void
parcel_trim(parcel *self)
{
    if (self->data != self->space && self->size < self->capacity) {
        unsigned char *data = PyMem_RawRealloc(self->data, self->size);
        if (data != NULL) {
            self->data = data;
            self->capacity = self->size;
        }
    }
}

// A record and room for its payload; the payload's start, or NULL with an exception.
static inline void *
put_record(parcel *self, record_kind kind, uint32_t detail, uint64_t size, size_t payload)
{
    record *head = (record *)(void *)reserve(self, sizeof *head + ROUND_UP(payload));
    if (UNLIKELY(head == NULL)) {
        return NULL;
    }
    *head = (record){kind, detail, size};
    return head + 1;
}

void *
record_put(parcel *self, record_kind kind, uint32_t detail, uint64_t size, size_t payload)
{
    return put_record(self, kind, detail, size, payload);
}

static int
put_bytes(parcel *self, record_kind kind, uint32_t detail, const void *data, size_t size)
{
    void *payload = put_record(self, kind, detail, size, size);
    if (payload == NULL) {
        return -1;
    }
    memcpy(payload, data, size);
    return 0;
}

static int
put_pointer(parcel *self, const void *pointer)
{
    return put_bytes(self, RECORD_POINTER, 0, &pointer, sizeof pointer);
}

static int
put_string(parcel *self, PyObject *string)
{
    string_head head = {((PyASCIIObject *)string)->hash, PyUnicode_GET_LENGTH(string)};
    size_t size = (size_t)(head.length * PyUnicode_KIND(string));
    unsigned char *payload = put_record(self, RECORD_STRING, PyUnicode_MAX_CHAR_VALUE(string),
                                        sizeof head + size, sizeof head + size);
    if (payload == NULL) {
        return -1;
    }
    memcpy(payload, &head, sizeof head);
    memcpy(payload + sizeof head, PyUnicode_DATA(string), size);
    return 0;
}

static int
put_int(parcel *self, PyObject *number)
{
    if (PyUnstable_Long_IsCompact((PyLongObject *)number)) {
        Py_ssize_t *payload = put_record(self, RECORD_INT, 0, sizeof *payload, sizeof *payload);
        if (payload != NULL) {
            *payload = PyUnstable_Long_CompactValue((PyLongObject *)number);
        }
        return payload == NULL ? -1 : 0;
    }
    return put_bytes(self, RECORD_BIG_INT, 0, number, cpython_int_size(number));
}

static int
put_items(parcel *self, core_state *state, record_kind kind, PyObject *const *items,
          Py_ssize_t count, unsigned flags)
{
    if (UNLIKELY(self->is_closed && self->size > CLOSED_SIZE_MAX)) {
        PyErr_SetString(PyExc_ValueError, "too large for the holder of a restricted object");
        return -1;
    }
    if (put_record(self, kind, 0, (uint64_t)count, 0) == NULL ||
        record_go_deeper(" while packing a value for another interpreter")) {
        return -1;
    }
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < count; i++) {
        result = parcel_put_item(self, state, items, i, flags);
    }
    Py_LeaveRecursiveCall();
    return result;
}

int
parcel_put_item(parcel *self, core_state *state, PyObject *const *items, Py_ssize_t index,
                unsigned flags)
{
    PyObject *object = items[index];
    if (LIKELY(!PyTraceBack_Check(object)) || index == 0 || self->is_closed ||
        !PyExceptionInstance_Check(items[index - 1])) {
        return parcel_put(self, state, object, flags);
    }
    uintptr_t number = identity_of(state, items[index - 1]);
    return number == 0 || put_record(self, RECORD_TRACEBACK, 0, number, 0) == NULL ? -1 : 0;
}

static int
put_tuple_as(parcel *self, core_state *state, record_kind kind, PyObject *tuple_steal)
{
    if (tuple_steal == NULL) {
        return -1;
    }
    int result = put_items(self, state, kind, ((PyTupleObject *)tuple_steal)->ob_item,
                           PyTuple_GET_SIZE(tuple_steal), 0);
    Py_DECREF(tuple_steal);
    return result;
}

static PyObject *
range_fields(PyObject *range)
{
    PyObject *start = PyObject_GetAttrString(range, "start");
    PyObject *stop = PyObject_GetAttrString(range, "stop");
    PyObject *step = PyObject_GetAttrString(range, "step");
    PyObject *fields = start && stop && step ? PyTuple_Pack(3, start, stop, step) : NULL;
    Py_XDECREF(start);
    Py_XDECREF(stop);
    Py_XDECREF(step);
    return fields;
}

int
record_put_export(parcel *self, exported *target_steal)
{
    if (target_steal == NULL) {
        return -1;
    }
    if (put_bytes(self, RECORD_EXPORT, 0, &target_steal, sizeof target_steal) < 0) {
        export_unref((foreign_ref){target_steal});
        return -1;
    }
    return 0;
}

// Values that Python code takes apart: dump(object) gives a plain (how, what) or None. The object
// itself goes along, so that a reader that cannot rebuild it gets a Proxy, and nothing is lost.
static int
put_dumped(parcel *self, core_state *state, PyObject *object, bool *is_dumped)
{
    PyObject *hook = state_hook(state, HOOK_DUMP);
    PyObject *dumped = hook == NULL ? NULL : PyObject_CallOneArg(hook, object);
    if (dumped == NULL) {
        return -1;
    }
    *is_dumped = dumped != Py_None;
    int result = 0;
    if (*is_dumped) {
        result = put_record(self, RECORD_RESOLVED, 0, 0, 0) == NULL
                     ? -1
                     : parcel_put(self, state, dumped, 0);
        if (result == 0) {
            result = record_put_export(self, export_object(state, object));
        }
    }
    Py_DECREF(dumped);
    return result;
}

// What the method is by now may be anything, once more a remote method too.
int
record_put_method(parcel *self, core_state *state, PyObject *method, unsigned flags)
{
    if (record_go_deeper(" while looking for a method of another interpreter")) {
        return -1;
    }
    PyObject *resolved = state->references->resolve_method(method);
    int result = resolved == NULL
                     ? -1
                     : parcel_put(self, state, resolved, flags & ~(unsigned)PARCEL_IN_PLACE);
    Py_XDECREF(resolved);
    Py_LeaveRecursiveCall();
    return result;
}

// A class that another interpreter may have, too: a static one, an exception's, or a mere marker,
// which has nothing but what every class has (transfer.sentinels).
static bool
may_have_name(PyTypeObject *object)
{
    if (!PyType_Check((PyObject *)object)) {
        return false;
    }
    return !(object->tp_flags & Py_TPFLAGS_HEAPTYPE) ||
           PyExceptionClass_Check((PyObject *)object) ||
           (Py_TYPE(object) == &PyType_Type && object->tp_base == &PyBaseObject_Type &&
            PyDict_GET_SIZE(object->tp_dict) <= MARKER_NAMES);
}

// As its type says, or by its name. 1: it is put; 0: it has to go by reference.
static int
put_value(parcel *self, core_state *state, PyObject *object)
{
    value_rule rule = {.is_dumped = true};
    if (!may_have_name((PyTypeObject *)object) &&
        shape_rule_of(state, Py_TYPE(object), &rule) < 0) {
        return -1;
    }
    if (rule.shape != NULL) {
        int is_put = record_put_shaped(self, state, object, rule.shape, 0);
        // What is no member of its Flag or Enum by name may be one to pickle.
        if (is_put != 0 || rule.shape->kind != SHAPE_MEMBER) {
            return is_put;
        }
        rule.is_dumped = true;
    }
    bool is_dumped = false;
    return rule.is_dumped && put_dumped(self, state, object, &is_dumped) < 0 ? -1 : is_dumped;
}

static int
put_exception(parcel *self, core_state *state, PyObject *exception, unsigned flags)
{
    if (!error_is_being_put(self, exception)) {
        return put_record(self, RECORD_EXCEPTION, 0, 0, 0) == NULL
                   ? -1
                   : error_put_captured(self, state, exception, flags);
    }
    uintptr_t number = identity_of(state, exception);
    return number == 0 || put_record(self, RECORD_EXCEPTION, 1, number, 0) == NULL ? -1 : 0;
}

static int
put_reference(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    exported *known = state->references->target(object);
    if (known != NULL) {
        return record_put_export(self, export_ref(known).target);
    }
    if (state_is_type(state, TYPE_REMOTE_METHOD, object)) {
        return record_put_method(self, state, object, flags);
    }
    if (PyExceptionInstance_Check(object)) {
        return put_exception(self, state, object, flags);
    }
    int is_put = put_value(self, state, object);
    return is_put == 0  ? record_put_export(self, export_object(state, object))
           : is_put < 0 ? -1
                        : 0;
}

static int
put_marked_reference(parcel *self, core_state *state, PyObject *object)
{
    bool is_method = state_is_type(state, TYPE_REMOTE_METHOD, object);
    PyObject *resolved = is_method ? state->references->resolve_method(object) : Py_NewRef(object);
    if (resolved == NULL) {
        return -1;
    }
    if (PyType_Check(resolved) && value_is_shared(resolved)) { // immortal, and the same there
        return put_pointer(self, resolved);
    }
    exported *known = state->references->target(resolved);
    int result = record_put_export(self, known != NULL ? export_ref(known).target
                                                       : export_object(state, resolved));
    Py_DECREF(resolved);
    return result;
}

// A mark says how its object is to go (types/mark.c).
static int
put_mark(parcel *self, core_state *state, PyObject *mark)
{
    PyObject *object = ((mark_object *)mark)->object;
    if (!((mark_object *)mark)->by_value) {
        return put_marked_reference(self, state, object);
    }
    if (PyExceptionInstance_Check(object)) {
        return put_exception(self, state, object, PARCEL_COPIES);
    }
    PyObject *hook = state_hook(state, HOOK_DUMP);
    PyObject *dumped =
        hook == NULL
            ? NULL
            : PyObject_CallFunction(hook, "OOOO", object, Py_True, Py_False,
                                    ((mark_object *)mark)->is_writable ? Py_True : Py_False);
    int result = -1;
    if (dumped != NULL && put_record(self, RECORD_RESOLVED, 1, 0, 0) != NULL) {
        result = parcel_put(self, state, dumped, 0);
    }
    Py_XDECREF(dumped);
    return result;
}

static int
put_handle(parcel *self, const handle_object *handle)
{
    if (handle->record == NULL) {
        PyErr_SetString(PyExc_ValueError, "a released Buffer cannot cross");
        return -1;
    }
    if (put_bytes(self, RECORD_HANDLE, handle->kind, &handle->record, sizeof handle->record) < 0) {
        return -1;
    }
    handle_incref(handle->kind, handle->record);
    return 0;
}

static bool
is_large(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return (type == &PyUnicode_Type && PyUnicode_GET_LENGTH(object) > HOLD_BYTES) ||
           (type == &PyBytes_Type && PyBytes_GET_SIZE(object) > HOLD_BYTES) ||
           (type == &PyTuple_Type && PyTuple_GET_SIZE(object) > HOLD_ITEMS) ||
           (type == &PyFrozenSet_Type && PySet_GET_SIZE(object) > HOLD_ITEMS);
}

// -1: exception; 0: it is none of these.
int
record_put_container(parcel *self, core_state *state, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    int result = 0;
    if (type == &PyList_Type) {
        result = put_tuple_as(self, state, RECORD_LIST, PyList_AsTuple(object));
    }
    else if (type == &PySet_Type) {
        result = put_tuple_as(self, state, RECORD_SET, PySequence_Tuple(object));
    }
    else if (type == &PyDict_Type) {
        PyObject *items = PyDict_Items(object);
        result =
            put_tuple_as(self, state, RECORD_DICT, items == NULL ? NULL : PyList_AsTuple(items));
        Py_XDECREF(items);
    }
    else if (type == &PyByteArray_Type) {
        result = put_bytes(self, RECORD_BYTES, 1, PyByteArray_AS_STRING(object),
                           (size_t)PyByteArray_GET_SIZE(object));
    }
    else {
        return 0;
    }
    return result < 0 ? -1 : 1;
}

int
record_put_exception(parcel *self, core_state *state, PyObject *type, PyObject *arguments)
{
    return put_record(self, RECORD_PLAIN_EXCEPTION, 0, 0, 0) == NULL ||
                   parcel_put(self, state, type, 0) < 0 || parcel_put(self, state, arguments, 0) < 0
               ? -1
               : 0;
}

// An instance whose type cannot be anything else but what its shape says.
static bool
is_instance_of(const shape *shape)
{
    return shape != NULL && (shape->kind == SHAPE_ITEMS || shape->kind == SHAPE_FIELDS);
}

static int
put_instance(parcel *self, core_state *state, PyObject *object, shape *shape, unsigned flags)
{
    int is_put = record_put_shaped(self, state, object, shape, flags);
    return is_put == 0  ? record_put_export(self, export_object(state, object))
           : is_put < 0 ? -1
                        : 0;
}

static int
put_other(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    PyTypeObject *type = Py_TYPE(object);
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) && !self->is_closed) {
        shape *known = shape_known(state, type);
        if (is_instance_of(known)) {
            return put_instance(self, state, object, known, flags);
        }
    }
    if (value_is_shared(object)) {
        return put_pointer(self, object);
    }
    if (type == &PyBytes_Type) {
        return put_bytes(self, RECORD_BYTES, 0, PyBytes_AS_STRING(object),
                         (size_t)PyBytes_GET_SIZE(object));
    }
    if (type == &PyTuple_Type) {
        return put_items(self, state, RECORD_TUPLE, ((PyTupleObject *)object)->ob_item,
                         PyTuple_GET_SIZE(object), flags & ~(unsigned)PARCEL_CONTAINERS_BY_VALUE);
    }
    if (type == &PyComplex_Type) {
        Py_complex number = ((PyComplexObject *)object)->cval;
        return put_bytes(self, RECORD_COMPLEX, 0, &number, sizeof number);
    }
    if (type == &PyFrozenSet_Type) {
        return put_tuple_as(self, state, RECORD_FROZENSET, PySequence_Tuple(object));
    }
    if (type == &PySlice_Type) {
        return put_items(self, state, RECORD_SLICE, &((PySliceObject *)object)->start, 3, 0);
    }
    if (type == &PyRange_Type) {
        return put_tuple_as(self, state, RECORD_RANGE, range_fields(object));
    }
    if (type == &frozendict_type) {
        PyObject *items = PyObject_CallMethod(object, "items", NULL);
        PyObject *pairs = items == NULL ? NULL : PySequence_Tuple(items);
        Py_XDECREF(items);
        return put_tuple_as(self, state, RECORD_FROZENDICT, pairs);
    }
    if (UNLIKELY(self->is_closed)) {
        return record_put_closed(self, state, object, flags);
    }
    if (flags & PARCEL_CONTAINERS_BY_VALUE) {
        int is_container = record_put_container(self, state, object);
        if (is_container != 0) {
            return is_container < 0 ? -1 : 0;
        }
    }
    if (state_is_type(state, TYPE_MARK, object)) {
        return put_mark(self, state, object);
    }
    if (handle_check(state, object)) {
        return put_handle(self, (handle_object *)object);
    }
    return put_reference(self, state, object, flags);
}

int
parcel_put(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    PyTypeObject *type = Py_TYPE(object);
    if (object == Py_None || heap_contains(object)) {
        return put_pointer(self, object);
    }
    if (type == &PyLong_Type) {
        return put_int(self, object);
    }
    if (UNLIKELY((flags & PARCEL_MAY_HOLD) && is_large(object) && value_is_plain(object))) {
        self->held = Py_NewRef(object);
        return put_bytes(self, RECORD_HELD, 0, &object, sizeof object);
    }
    if (type == &PyUnicode_Type) {
        return cpython_is_static_string(object) ? put_pointer(self, object)
                                                : put_string(self, object);
    }
    if (type == &PyFloat_Type) {
        double number = PyFloat_AS_DOUBLE(object);
        return put_bytes(self, RECORD_FLOAT, 0, &number, sizeof number);
    }
    return put_other(self, state, object, flags & ~(unsigned)PARCEL_MAY_HOLD);
}

static bool
is_one_word(PyObject *object)
{
    return Py_TYPE(object) == &PyLong_Type && !heap_contains(object) &&
           PyUnstable_Long_IsCompact((PyLongObject *)object);
}

Py_ssize_t
parcel_put_ints(parcel *self, PyObject *const *items, Py_ssize_t count)
{
    Py_ssize_t found = 0;
    while (found < count && is_one_word(items[found])) {
        found++;
    }
    size_t one = sizeof(record) + ROUND_UP(sizeof(Py_ssize_t));
    unsigned char *next = found == 0 ? NULL : reserve(self, (size_t)found * one);
    if (next == NULL) {
        PyErr_Clear();
        return 0;
    }
    for (Py_ssize_t i = 0; i < found; i++, next += one) {
        record *head = (record *)(void *)next;
        *head = (record){RECORD_INT, 0, sizeof(Py_ssize_t)};
        *(Py_ssize_t *)(head + 1) = PyUnstable_Long_CompactValue((PyLongObject *)items[i]);
    }
    return found;
}

int
parcel_put_alone(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    size_t start = self->size;
    if (put_record(self, RECORD_ALONE, 0, 0, 0) == NULL) {
        return -1;
    }
    size_t first = self->size;
    bool is_lost = parcel_put(self, state, object, flags) < 0;
    if (is_lost) {
        PyObject *why = error_describe();
        parcel_cut(self, first);
        int result = why == NULL ? -1 : parcel_put(self, state, why, 0);
        Py_XDECREF(why);
        if (result < 0) {
            return -1;
        }
    }
    *(record *)(void *)(self->data + start) = (record){RECORD_ALONE, is_lost, self->size - first};
    return 0;
}

bool
parcel_append(parcel *self, parcel *from)
{
    size_t size = from->size - from->position;
    unsigned char *start = reserve(self, size);
    if (start == NULL) {
        PyErr_Clear();
        return false;
    }
    memcpy(start, from->data + from->position, size);
    from->position = from->size;
    parcel_clear(from);
    parcel_init(from);
    return true;
}
