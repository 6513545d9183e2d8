// Instances that cross element by element (shape.h) are put together from a parcel.
#include "bridge/python/cpython.h"
#include "bridge/transfer/export.h"
#include "bridge/transfer/record.h"
#include "bridge/classes/shape.h"
#include "bridge/python/value.h"

static int
get_entries(parcel *self, core_state *state, PyObject *object, const shape *shape, uint32_t count)
{
    PyObject *dict = shape_dict(object);
    int result = PyErr_Occurred() ? -1 : 0;
    while (result == 0 && count-- > 0) {
        PyObject *name = parcel_get(self, state);
        PyObject *value = name == NULL ? NULL : parcel_get(self, state);
        if (value != NULL && PyUnicode_CheckExact(name)) {
            PyUnicode_InternInPlace(&name);
        }
        int is_slot = value == NULL                ? -1
                      : shape->kind == SHAPE_ITEMS ? PySequence_Contains(shape->names, name)
                                                   : 0;
        result = is_slot < 0               ? -1
                 : is_slot || dict == NULL ? PyObject_GenericSetAttr(object, name, value)
                                           : PyDict_SetItem(dict, name, value);
        Py_XDECREF(name);
        Py_XDECREF(value);
    }
    Py_XDECREF(dict);
    return result;
}

// How many there are now in `values`: with an exception less than there should be.
static uint32_t
get_values(parcel *self, core_state *state, const record_shaped *body, PyObject **values)
{
    for (uint32_t i = 0; i < body->values; i++) {
        values[i] = body->in_place == NULL ? parcel_get(self, state)
                                           : value_copy(PyTuple_GET_ITEM(body->in_place, i));
        if (values[i] == NULL) {
            return i;
        }
    }
    return body->values;
}

static int
set_names(PyObject *object, shape *shape, PyObject *const *values, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GET_ITEM(shape->names, i);
        if (PyObject_GenericSetAttr(object, name, values[shape->slot_count + i]) < 0) {
            return -1;
        }
    }
    if (count > 0) {
        shape_find_places(shape, object, values);
    }
    return 0;
}

static PyObject *
make_of_fields(shape *shape, PyObject *const *values_steal, Py_ssize_t count)
{
    Py_ssize_t slots = shape->slot_count, taken = 0;
    PyObject *object = shape->type->tp_alloc(shape->type, 0);
    while (object != NULL && taken < slots) {
        *shape_slot(shape, object, taken) = values_steal[taken];
        taken++;
    }
    if (LIKELY(object != NULL && count > slots &&
               cpython_set_places_steal(object, &shape->places, values_steal + slots))) {
        return object;
    }
    if (object != NULL && set_names(object, shape, values_steal, count - slots) < 0) {
        Py_CLEAR(object);
    }
    while (taken < count) {
        Py_DECREF(values_steal[taken++]);
    }
    return object;
}

// All values are there before it is made: nobody sees it unfinished. Meanwhile Python may run.
static PyObject *
get_fields(parcel *self, core_state *state, shape *shape, const record_shaped *body)
{
    PyObject *few[SHAPE_SLOTS_MAX + CPYTHON_PLACES_MAX], **values = few, *object = NULL;
    if (body->values > Py_ARRAY_LENGTH(few)) {
        values = PyMem_Malloc(body->values * sizeof *values);
        if (values == NULL) {
            return PyErr_NoMemory();
        }
    }
    PyObject *type = Py_NewRef(shape->type);
    uint32_t count = get_values(self, state, body, values);
    if (LIKELY(count == body->values)) {
        object = make_of_fields(shape, values, count);
    }
    else {
        while (count > 0) {
            Py_DECREF(values[--count]);
        }
    }
    Py_DECREF(type);
    if (values != few) {
        PyMem_Free(values);
    }
    return object;
}

static PyObject *
get_tuple_of(parcel *self, core_state *state, const shape *shape, const record_shaped *body)
{
    PyObject *tuple = shape->kind == SHAPE_ITEMS ? cpython_new_tuple_of(shape->type, body->values)
                                                 : PyStructSequence_New(shape->type);
    if (tuple != NULL &&
        get_values(self, state, body, ((PyTupleObject *)tuple)->ob_item) < body->values) {
        Py_CLEAR(tuple);
    }
    return tuple;
}

// NULL without an exception: there is none of that name.
static PyObject *
get_member(parcel *self, core_state *state, const shape *shape)
{
    PyObject *called = parcel_get(self, state), *found = NULL;
    if (called == NULL) {
        return NULL;
    }
    if (PyUnicode_CheckExact(called)) {
        PyObject *members = cpython_find_in_type(shape->type, state->str_member_map);
        found = members == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(members, called));
    }
    else {
        found = state_call_hook(state, HOOK_MEMBER, (PyObject *)shape->type, called);
        if (found == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
            PyErr_Clear();
        }
    }
    Py_DECREF(called);
    return found;
}

static bool
fits(const shape *shape, const record_shaped *body)
{
    Py_ssize_t slots = shape->slot_count, values = body->values;
    return shape->kind == SHAPE_FIELDS
               ? values == slots ||
                     (body->named == 0 && values == slots + PyTuple_GET_SIZE(shape->names))
           : shape->kind == SHAPE_SEQUENCE ? values == shape_field_count(shape->type)
                                           : true;
}

static PyObject *
put_together(parcel *self, core_state *state, shape *shape, const record_shaped *body)
{
    if (shape->kind == SHAPE_MEMBER || shape->kind == SHAPE_FLAG) {
        return get_member(self, state, shape);
    }
    PyObject *object = shape->kind == SHAPE_FIELDS ? get_fields(self, state, shape, body)
                                                   : get_tuple_of(self, state, shape, body);
    if (object != NULL && body->named > 0 &&
        get_entries(self, state, object, shape, body->named) < 0) {
        Py_CLEAR(object);
    }
    return object;
}

static int
skip_parts(parcel *self, core_state *state, const record_shaped *body)
{
    uint64_t values = body->in_place == NULL ? body->values : 0;
    for (uint64_t i = 0; i < values + 2 * (uint64_t)body->named; i++) {
        PyObject *part = parcel_get(self, state);
        if (part == NULL) {
            return -1;
        }
        Py_DECREF(part);
    }
    return 0;
}

// The shape, counted; NULL: an exception, or there is no such class here.
static shape *
get_description(parcel *self, core_state *state, exported **original)
{
    PyObject *known_as = parcel_get(self, state);
    PyObject *definition = known_as == NULL ? NULL : parcel_get(self, state);
    shape *found = NULL;
    if (definition != NULL) {
        const record *export = record_next(self);
        *original = *(exported **)(void *)(export + 1);
        found = shape_find(state, known_as, definition);
    }
    Py_XDECREF(known_as);
    Py_XDECREF(definition);
    return found;
}

static shape *
get_shape(core_state *state, const record_shaped *body)
{
    value_rule rule;
    if (body->shared == NULL) {
        return shape_by_number(state, body->number);
    }
    bool is_known = shape_rule_of(state, body->shared, &rule) == 0 && rule.shape != NULL;
    return is_known ? shape_ref(rule.shape) : NULL;
}

// Where its class is not to be had, or has no such member, its Proxy stands in.
static PyObject *
stand_in(core_state *state, exported *original_steal)
{
    if (original_steal == NULL) {
        PyErr_SetString(PyExc_TypeError, "the class of a value from another interpreter is not to "
                                         "be had here any more");
        return NULL;
    }
    return state->references->import(state, original_steal);
}

static PyObject *
get_shaped(parcel *self, core_state *state, const record_shaped *body, bool is_described)
{
    exported *original = NULL;
    shape *shape = is_described ? get_description(self, state, &original) : get_shape(state, body);
    PyObject *made = NULL;
    if (shape != NULL && fits(shape, body)) {
        made = put_together(self, state, shape, body);
    }
    else if (!PyErr_Occurred()) {
        (void)skip_parts(self, state, body);
    }
    if (shape != NULL) {
        shape_unref(shape);
    }
    if (made == NULL && !PyErr_Occurred()) {
        made = stand_in(state, original);
    }
    else if (original != NULL) {
        export_unref((foreign_ref){original});
    }
    return made;
}

PyObject *
record_get_shaped(parcel *self, core_state *state, const record *head)
{
    record_shaped body;
    bool is_described = head->detail == 1;
    memcpy(&body, head + 1, sizeof body);
    if (body.in_place != NULL) {
        return get_shaped(self, state, &body, is_described);
    }
    if (record_go_deeper(" while unpacking a value from another interpreter")) {
        return NULL;
    }
    PyObject *made = get_shaped(self, state, &body, is_described);
    Py_LeaveRecursiveCall();
    return made;
}
