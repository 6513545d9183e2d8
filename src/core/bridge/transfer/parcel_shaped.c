// Instances that cross element by element (shape.h), in a parcel.
#include "bridge/python/cpython.h"
#include "bridge/transfer/export.h"
#include "bridge/transfer/record.h"
#include "bridge/classes/shape.h"

// Instances in instances go by reference where they would never end: in a cycle, below so many
// levels, and, below a few, after so many.
#define LEVELS_MAX  32
#define LEVELS_FREE 4
#define DEEP_MAX    1000

typedef struct packing {
    const PyObject *object;
    const struct packing *outer;
    unsigned level;
} packing;

// ---- taking apart ----

static bool
is_endless(parcel *self, const PyObject *object)
{
    const packing *outer = self->packing;
    if (LIKELY(outer == NULL)) {
        return false;
    }
    if (outer->level >= LEVELS_MAX || (outer->level > LEVELS_FREE && ++self->deep > DEEP_MAX)) {
        return true;
    }
    while (outer != NULL && outer->object != object) {
        outer = outer->outer;
    }
    return outer != NULL;
}

// Do the entries of a dict have these names, in this order?
static bool
has_names(PyObject *dict, PyObject *names)
{
    Py_ssize_t position = 0, i = 0;
    PyObject *key, *value;
    if (PyDict_GET_SIZE(dict) != PyTuple_GET_SIZE(names)) {
        return false;
    }
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (key != PyTuple_GET_ITEM(names, i++)) {
            return false;
        }
    }
    return true;
}

// Append the entries of a dict to a tuple that has room for them.
static void
fill_with_entries(PyObject *tuple, Py_ssize_t at, PyObject *dict, bool with_names)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (with_names) {
            PyTuple_SET_ITEM(tuple, at++, Py_NewRef(key));
        }
        PyTuple_SET_ITEM(tuple, at++, Py_NewRef(value));
    }
}

// `first` values, and then what is in the dict, which may be NULL.
static PyObject *
parts_of(PyObject *const *first, Py_ssize_t count, PyObject *dict, PyObject *names,
         record_shaped *body)
{
    Py_ssize_t entries = dict == NULL ? 0 : PyDict_GET_SIZE(dict);
    bool with_names = entries > 0 && (names == NULL || !has_names(dict, names));
    PyObject *parts = PyTuple_New(count + (with_names ? 2 * entries : entries));
    if (parts == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyTuple_SET_ITEM(parts, i, Py_NewRef(first[i]));
    }
    if (entries > 0) {
        fill_with_entries(parts, count, dict, with_names);
    }
    body->values = (uint32_t)(count + (with_names ? 0 : entries));
    body->named = (uint32_t)(with_names ? entries : 0);
    return parts;
}

// What an instance of a subclass of tuple has beside its items, in its dict and in its slots; new
// reference. NULL without an exception: nothing.
static PyObject *
attributes_of(PyObject *object, PyObject *slots)
{
    PyObject *dict = shape_dict(object);
    if (PyTuple_GET_SIZE(slots) == 0 || PyErr_Occurred()) {
        return dict;
    }
    PyObject *all = dict == NULL ? PyDict_New() : PyDict_Copy(dict);
    Py_XDECREF(dict);
    for (Py_ssize_t i = 0; all != NULL && i < PyTuple_GET_SIZE(slots); i++) {
        PyObject *value = PyObject_GenericGetAttr(object, PyTuple_GET_ITEM(slots, i));
        PyErr_Clear(); // it is not set
        if (value != NULL && PyDict_SetItem(all, PyTuple_GET_ITEM(slots, i), value) < 0) {
            Py_CLEAR(all);
        }
        Py_XDECREF(value);
    }
    return all;
}

static PyObject *
parts_of_items(PyObject *object, const shape *shape, record_shaped *body)
{
    PyObject *dict = attributes_of(object, shape->names), *parts = NULL;
    if (dict != NULL && PyDict_GET_SIZE(dict) > 0) {
        parts = parts_of(((PyTupleObject *)object)->ob_item, PyTuple_GET_SIZE(object), dict, NULL,
                         body);
    }
    else if (dict != NULL || !PyErr_Occurred()) {
        body->values = (uint32_t)PyTuple_GET_SIZE(object);
        parts = Py_NewRef(object); // it is a tuple itself
    }
    Py_XDECREF(dict);
    return parts;
}

// Also the fields that are not among its items.
static Py_ssize_t
field_count(PyTypeObject *type)
{
    PyObject *name = PyUnicode_InternFromString("n_fields");
    PyObject *count = name == NULL ? NULL : cpython_find_in_type(type, name);
    Py_XDECREF(name);
    return count == NULL ? -1 : PyLong_AsSsize_t(count);
}

static PyObject *
parts_of_sequence(PyObject *object, record_shaped *body)
{
    Py_ssize_t count = field_count(Py_TYPE(object));
    for (Py_ssize_t i = 0; i < count; i++) {
        if (((PyTupleObject *)object)->ob_item[i] == NULL) {
            return NULL; // somebody is just making it
        }
    }
    return count < 0 ? NULL : parts_of(((PyTupleObject *)object)->ob_item, count, NULL, NULL, body);
}

// Null where a slot is not set: without an exception.
static PyObject *
parts_of_fields(PyObject *object, const shape *shape, record_shaped *body)
{
    PyObject *few[16], *dict = shape_dict(object), *parts = NULL;
    if (PyErr_Occurred() || shape->slot_count > (Py_ssize_t)Py_ARRAY_LENGTH(few)) {
        Py_XDECREF(dict);
        return NULL;
    }
    Py_ssize_t i = 0;
    while (i < shape->slot_count &&
           (few[i] = *(PyObject **)(void *)((char *)object + shape->slots[i])) != NULL) {
        i++;
    }
    if (i == shape->slot_count) {
        parts = parts_of(few, i, dict, shape->names, body);
    }
    Py_XDECREF(dict);
    return parts;
}

// Its name, if that leads to it, or the number of a combination.
static PyObject *
parts_of_member(core_state *state, PyObject *object, const shape *shape, record_shaped *body)
{
    PyObject *members = cpython_find_in_type(shape->type, state->str_member_map);
    PyObject *name = PyObject_GenericGetAttr(object, state->str_name);
    if (name != NULL && PyUnicode_CheckExact(name) && members != NULL && PyDict_Check(members) &&
        PyDict_GetItemWithError(members, name) == object) {
        PyObject *parts = parts_of(&name, 1, NULL, NULL, body);
        Py_DECREF(name);
        return parts;
    }
    Py_XDECREF(name);
    PyErr_Clear();
    PyObject *value =
        shape->kind == SHAPE_FLAG ? PyObject_GenericGetAttr(object, state->str_value) : NULL;
    PyObject *parts =
        value != NULL && PyLong_CheckExact(value) ? parts_of(&value, 1, NULL, NULL, body) : NULL;
    Py_XDECREF(value);
    PyErr_Clear();
    return parts;
}

static PyObject *
take_apart(core_state *state, PyObject *object, const shape *shape, record_shaped *body)
{
    switch (shape->kind) {
    case SHAPE_ITEMS:
        return parts_of_items(object, shape, body);
    case SHAPE_SEQUENCE:
        return parts_of_sequence(object, body);
    case SHAPE_FIELDS:
        return parts_of_fields(object, shape, body);
    case SHAPE_MEMBER:
    case SHAPE_FLAG:
        return parts_of_member(state, object, shape, body);
    }
    Py_UNREACHABLE();
}

static int
put_description(parcel *self, core_state *state, PyObject *object, const shape *shape)
{
    return parcel_put(self, state, shape->known_as, 0) < 0 ||
                   parcel_put(self, state, shape->definition, 0) < 0 ||
                   record_put_export(self, export_object(state, object)) < 0
               ? -1
               : 0;
}

static int
put_parts(parcel *self, core_state *state, PyObject *object, const shape *shape, PyObject *parts,
          const record_shaped *body)
{
    bool is_known = body->shared != NULL || (shape->number != NAME_NONE && self->reader != NULL &&
                                             interp_has_shape(self->reader, shape->number));
    void *payload = record_put(self, RECORD_SHAPED, !is_known, sizeof *body, sizeof *body);
    if (payload == NULL) {
        return -1;
    }
    memcpy(payload, body, sizeof *body);
    int result = is_known ? 0 : put_description(self, state, object, shape);
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(parts); i++) {
        result = parcel_put(self, state, PyTuple_GET_ITEM(parts, i), 0);
    }
    return result;
}

int
record_put_shaped(parcel *self, core_state *state, PyObject *object, shape *shape)
{
    if (is_endless(self, object) || !shape_is_current(shape)) {
        return 0;
    }
    bool is_shared = cpython_is_shared_type(Py_TYPE(object));
    record_shaped body = {.shared = is_shared ? Py_TYPE(object) : NULL, .number = shape->number};
    shape_ref(shape);
    PyObject *parts = take_apart(state, object, shape, &body);
    int result = parts == NULL ? PyErr_Occurred() ? -1 : 0 : 1;
    if (parts != NULL && record_go_deeper(" while packing a value for another interpreter") == 0) {
        unsigned level = self->packing == NULL ? 1 : self->packing->level + 1;
        packing here = {object, self->packing, level};
        self->packing = &here;
        result = put_parts(self, state, object, shape, parts, &body) < 0 ? -1 : 1;
        self->packing = here.outer;
        Py_LeaveRecursiveCall();
    }
    else if (parts != NULL) {
        result = -1;
    }
    Py_XDECREF(parts);
    shape_unref(shape);
    return result;
}

// ---- putting together ----

static int
get_entries(parcel *self, core_state *state, PyObject *object, const shape *shape, uint32_t count)
{
    PyObject *dict = count == 0 ? NULL : shape_dict(object);
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

static int
get_items(parcel *self, core_state *state, PyObject *tuple, uint32_t count)
{
    for (uint32_t i = 0; tuple != NULL && i < count; i++) {
        PyObject *item = parcel_get(self, state);
        if (item == NULL) {
            return -1;
        }
        ((PyTupleObject *)tuple)->ob_item[i] = item;
    }
    return tuple == NULL ? -1 : 0;
}

static int
get_fields(parcel *self, core_state *state, PyObject *object, const shape *shape, uint32_t count)
{
    for (Py_ssize_t i = 0; object != NULL && i < (Py_ssize_t)count; i++) {
        PyObject *value = parcel_get(self, state);
        if (value != NULL && i < shape->slot_count) {
            *(PyObject **)(void *)((char *)object + shape->slots[i]) = value;
            continue;
        }
        int result =
            value == NULL
                ? -1
                : PyObject_GenericSetAttr(
                      object, PyTuple_GET_ITEM(shape->names, i - shape->slot_count), value);
        Py_XDECREF(value);
        if (result < 0) {
            return -1;
        }
    }
    return object == NULL ? -1 : 0;
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
           : shape->kind == SHAPE_SEQUENCE ? values == field_count(shape->type)
                                           : true;
}

static PyObject *
put_together(parcel *self, core_state *state, const shape *shape, const record_shaped *body)
{
    PyTypeObject *type = shape->type;
    PyObject *object = NULL;
    int result = 0;
    switch (shape->kind) {
    case SHAPE_ITEMS:
        object = cpython_new_tuple_of(type, body->values);
        result = get_items(self, state, object, body->values);
        break;
    case SHAPE_SEQUENCE:
        object = PyStructSequence_New(type);
        result = get_items(self, state, object, body->values);
        break;
    case SHAPE_FIELDS:
        object = type->tp_alloc(type, 0);
        result = get_fields(self, state, object, shape, body->values);
        break;
    case SHAPE_MEMBER:
    case SHAPE_FLAG:
        return get_member(self, state, shape);
    }
    if (result < 0 || get_entries(self, state, object, shape, body->named) < 0) {
        Py_CLEAR(object);
    }
    return object;
}

static int
skip_parts(parcel *self, core_state *state, const record_shaped *body)
{
    for (uint64_t i = 0; i < (uint64_t)body->values + 2 * (uint64_t)body->named; i++) {
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

PyObject *
record_get_shaped(parcel *self, core_state *state, const record *head)
{
    record_shaped body;
    exported *original = NULL;
    memcpy(&body, head + 1, sizeof body);
    if (record_go_deeper(" while unpacking a value from another interpreter")) {
        return NULL;
    }
    shape *shape =
        head->detail == 1 ? get_description(self, state, &original) : get_shape(state, &body);
    PyObject *made = NULL;
    if (shape != NULL && fits(shape, &body)) {
        made = put_together(self, state, shape, &body);
    }
    else if (!PyErr_Occurred()) {
        (void)skip_parts(self, state, &body);
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
    Py_LeaveRecursiveCall();
    return made;
}
