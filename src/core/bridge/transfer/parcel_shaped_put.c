// Instances that cross element by element (shape.h) are taken apart for a parcel.
#include "bridge/python/cpython.h"
#include "bridge/transfer/export.h"
#include "bridge/transfer/record.h"
#include "bridge/classes/shape.h"
#include "bridge/python/value.h"

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

static PyObject *
parts_of_sequence(PyObject *object, record_shaped *body)
{
    Py_ssize_t count = shape_field_count(Py_TYPE(object));
    for (Py_ssize_t i = 0; i < count; i++) {
        if (((PyTupleObject *)object)->ob_item[i] == NULL) {
            return NULL; // somebody is just making it
        }
    }
    return count < 0 ? NULL : parts_of(((PyTupleObject *)object)->ob_item, count, NULL, NULL, body);
}

static PyObject *
parts_of_slots_and_dict(PyObject *const *slots, PyObject *object, shape *shape, record_shaped *body)
{
    PyObject *dict = shape_dict(object), *parts = NULL;
    if (dict != NULL || !PyErr_Occurred()) {
        parts = parts_of(slots, shape->slot_count, dict, shape->names, body);
    }
    Py_XDECREF(dict);
    if (parts != NULL && PyTuple_GET_SIZE(parts) == body->values) {
        shape_find_places(shape, object, ((PyTupleObject *)parts)->ob_item);
    }
    return parts;
}

// Null where a slot is not set: without an exception.
static PyObject *
parts_of_fields(PyObject *object, shape *shape, record_shaped *body)
{
    PyObject *few[SHAPE_SLOTS_MAX + CPYTHON_PLACES_MAX];
    if (shape->slot_count > SHAPE_SLOTS_MAX) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < shape->slot_count; i++) {
        few[i] = *shape_slot(shape, object, i);
        if (few[i] == NULL) {
            return NULL;
        }
    }
    return cpython_get_places(object, &shape->places, few + shape->slot_count)
               ? parts_of(few, shape->slot_count + shape->places.count, NULL, NULL, body)
               : parts_of_slots_and_dict(few, object, shape, body);
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
take_apart(core_state *state, PyObject *object, shape *shape, record_shaped *body)
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

// Does the reader have its class, so that the number is enough?
static bool
is_known(const parcel *self, const shape *shape, const record_shaped *body)
{
    return body->shared != NULL || (shape->number != NAME_NONE && self->reader != NULL &&
                                    interp_has_shape(self->reader, shape->number));
}

static int
put_head(parcel *self, const record_shaped *body, bool is_known)
{
    void *payload = record_put(self, RECORD_SHAPED, !is_known, sizeof *body, sizeof *body);
    if (payload == NULL) {
        return -1;
    }
    memcpy(payload, body, sizeof *body);
    return 0;
}

static int
put_parts(parcel *self, core_state *state, PyObject *object, const shape *shape, PyObject *parts,
          const record_shaped *body)
{
    bool has_class = is_known(self, shape, body);
    int result = put_head(self, body, has_class);
    if (result == 0 && !has_class) {
        result = put_description(self, state, object, shape);
    }
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(parts); i++) {
        result = parcel_put(self, state, PyTuple_GET_ITEM(parts, i), 0);
    }
    return result;
}

static int
put_parts_deeper(parcel *self, core_state *state, PyObject *object, const shape *shape,
                 PyObject *parts, const record_shaped *body)
{
    if (record_go_deeper(" while packing a value for another interpreter") < 0) {
        return -1;
    }
    unsigned level = self->packing == NULL ? 1 : self->packing->level + 1;
    packing here = {object, self->packing, level};
    self->packing = &here;
    int result = put_parts(self, state, object, shape, parts, body);
    self->packing = here.outer;
    Py_LeaveRecursiveCall();
    return result;
}

static bool
are_plain(PyObject *parts)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts); i++) {
        if (!value_is_plain(PyTuple_GET_ITEM(parts, i))) {
            return false;
        }
    }
    return true;
}

// The reader will read the parts where they are. Of a named tuple they are the object itself, which
// the packer keeps; others are held, one tuple in the other.
static int
put_in_place(parcel *self, PyObject *object, PyObject *parts, record_shaped *body)
{
    body->in_place = parts;
    if (parts != object) {
        PyObject *held = self->held == NULL ? Py_NewRef(parts) : PyTuple_Pack(2, self->held, parts);
        if (held == NULL) {
            return -1;
        }
        Py_XSETREF(self->held, held);
    }
    return put_head(self, body, true);
}

int
record_put_shaped(parcel *self, core_state *state, PyObject *object, shape *shape, unsigned flags)
{
    if (is_endless(self, object) || !shape_is_current(state, shape)) {
        return 0;
    }
    bool is_shared = cpython_is_shared_type(Py_TYPE(object));
    record_shaped body = {.shared = is_shared ? Py_TYPE(object) : NULL, .number = shape->number};
    shape_ref(shape);
    PyObject *parts = take_apart(state, object, shape, &body);
    int result = -1;
    if (parts == NULL) {
        result = PyErr_Occurred() ? -1 : 0;
    }
    else if ((flags & PARCEL_IN_PLACE) && body.named == 0 && is_known(self, shape, &body) &&
             are_plain(parts)) {
        result = put_in_place(self, object, parts, &body) < 0 ? -1 : 1;
    }
    else {
        result = put_parts_deeper(self, state, object, shape, parts, &body) < 0 ? -1 : 1;
    }
    Py_XDECREF(parts);
    shape_unref(shape);
    return result;
}
