#include "bridge/python/value.h"

// ---- which ----

static bool
all_plain(PyObject *const *items, Py_ssize_t count, int depth)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!value_is_plain_slow(items[i], depth + 1)) {
            return false;
        }
    }
    return true;
}

// The entries of a set, without touching a count: PySetObject is public (setobject.h).
// A deleted entry has hash -1, a free one no key.
bool
value_next_in_set(PyObject *set, Py_ssize_t *position, PyObject **key)
{
    const PySetObject *self = (PySetObject *)set;
    while (*position <= self->mask) {
        const setentry *entry = &self->table[(*position)++];
        if (entry->key != NULL && entry->hash != -1) {
            *key = entry->key;
            return true;
        }
    }
    return false;
}

static bool
set_is_plain(PyObject *set, int depth)
{
    Py_ssize_t position = 0;
    PyObject *key;
    while (value_next_in_set(set, &position, &key)) {
        if (!value_is_plain_slow(key, depth + 1)) {
            return false;
        }
    }
    return true;
}

bool
value_is_plain_slow(PyObject *object, int depth)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyLong_Type || type == &PyUnicode_Type || type == &PyFloat_Type ||
        type == &PyBytes_Type || type == &PyComplex_Type || value_is_shared(object)) {
        return true;
    }
    if (depth >= VALUE_DEPTH_MAX) {
        return false;
    }
    if (type == &PyTuple_Type) {
        return all_plain(((PyTupleObject *)object)->ob_item, PyTuple_GET_SIZE(object), depth);
    }
    if (type == &PyFrozenSet_Type) {
        return set_is_plain(object, depth);
    }
    if (type == &PySlice_Type) {
        return all_plain(&((PySliceObject *)object)->start, 3, depth);
    }
    return false;
}

// ---- copies ----

PyObject *
value_copy_string(PyObject *foreign)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(foreign);
    int kind = PyUnicode_KIND(foreign);
    if (cpython_is_static_string(foreign)) {
        return foreign; // a string of one character, or one in CPython's own code
    }
    PyObject *copy = PyUnicode_New(length, PyUnicode_MAX_CHAR_VALUE(foreign));
    if (copy != NULL) {
        memcpy(PyUnicode_DATA(copy), PyUnicode_DATA(foreign), (size_t)(length * kind));
        // All interpreters have the same hash secret, so the hash is valid here too.
        ((PyASCIIObject *)copy)->hash = ((PyASCIIObject *)foreign)->hash;
    }
    return copy;
}

static PyObject *
copy_tuple(PyObject *foreign)
{
    Py_ssize_t count = PyTuple_GET_SIZE(foreign);
    PyObject *copy = PyTuple_New(count);
    for (Py_ssize_t i = 0; copy != NULL && i < count; i++) {
        PyObject *item = value_copy(PyTuple_GET_ITEM(foreign, i));
        if (item == NULL) {
            Py_CLEAR(copy);
            break;
        }
        PyTuple_SET_ITEM(copy, i, item);
    }
    return copy;
}

static PyObject *
copy_frozenset(PyObject *foreign)
{
    PyObject *copy = PyFrozenSet_New(NULL), *key;
    Py_ssize_t position = 0;
    while (copy != NULL && value_next_in_set(foreign, &position, &key)) {
        PyObject *item = value_copy(key);
        if (item == NULL || PySet_Add(copy, item) < 0) {
            Py_CLEAR(copy);
        }
        Py_XDECREF(item);
    }
    return copy;
}

static PyObject *
copy_slice(PyObject *foreign)
{
    PySliceObject *original = (PySliceObject *)foreign;
    PyObject *start = value_copy(original->start);
    PyObject *stop = value_copy(original->stop);
    PyObject *step = value_copy(original->step);
    PyObject *copy = NULL;
    if (start != NULL && stop != NULL && step != NULL) {
        copy = PySlice_New(start, stop, step);
    }
    Py_XDECREF(start);
    Py_XDECREF(stop);
    Py_XDECREF(step);
    return copy;
}

PyObject *
value_copy_slow(PyObject *foreign)
{
    PyTypeObject *type = Py_TYPE(foreign);
    if (type == &PyLong_Type) {
        return cpython_copy_int(foreign);
    }
    if (type == &PyFloat_Type) {
        return PyFloat_FromDouble(PyFloat_AS_DOUBLE(foreign));
    }
    if (type == &PyBytes_Type) {
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(foreign), PyBytes_GET_SIZE(foreign));
    }
    if (type == &PyTuple_Type) {
        return copy_tuple(foreign);
    }
    if (type == &PyComplex_Type) {
        return PyComplex_FromCComplex(((PyComplexObject *)foreign)->cval);
    }
    if (type == &PyFrozenSet_Type) {
        return copy_frozenset(foreign);
    }
    if (type == &PySlice_Type) {
        return copy_slice(foreign);
    }
    if (PyUnicode_Check(foreign)) { // a name may be of a subclass of str, which begins as str does
        return value_copy_string(foreign);
    }
    assert(value_is_shared(foreign));
    return foreign; // immortal
}
