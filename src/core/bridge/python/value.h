// value: copies immutable builtin objects of another interpreter by reading them in place.
//
// Purpose. During a crossing the caller's frame keeps its arguments alive, and immutable ones can
// be read without their GIL. So no message is built: the host makes its own object from the foreign
// one, whose reference count is never touched.
//
// Threads. Under the GIL of the interpreter that gets the copy; the caller keeps the original
// alive.
#ifndef ATOLL_BRIDGE_VALUE_H
#define ATOLL_BRIDGE_VALUE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/cpython.h"
#include "ground/base/attributes.h"
#include "ground/share/heap.h"

#define VALUE_DEPTH_MAX 32

bool value_is_plain_slow(PyObject *object, int depth);
PyObject *value_copy_slow(PyObject *foreign);
PyObject *value_copy_string(PyObject *foreign);
bool value_next_in_set(PyObject *set, Py_ssize_t *position, PyObject **key); // borrowed

// Is it the same object in all interpreters?
static inline bool
value_is_shared(PyObject *object)
{
    return heap_contains(object) || object == Py_None || PyBool_Check(object) ||
           object == Py_Ellipsis || object == Py_NotImplemented ||
           (PyType_Check(object) && cpython_is_shared_type((PyTypeObject *)object));
}

// Can all of it be copied in place?
static inline bool
value_is_plain(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return type == &PyLong_Type || type == &PyUnicode_Type || object == Py_None ||
           value_is_plain_slow(object, 0);
}

// A new reference in this interpreter, or NULL with an exception. Requires value_is_plain.
static inline PyObject *
value_copy(PyObject *foreign)
{
    if (foreign == Py_None || heap_contains(foreign)) {
        return foreign; // immortal
    }
    PyTypeObject *type = Py_TYPE(foreign);
    if (type == &PyLong_Type && PyUnstable_Long_IsCompact((PyLongObject *)foreign)) {
        return PyLong_FromSsize_t(PyUnstable_Long_CompactValue((PyLongObject *)foreign));
    }
    if (type == &PyUnicode_Type) {
        return value_copy_string(foreign);
    }
    return value_copy_slow(foreign);
}

#endif
