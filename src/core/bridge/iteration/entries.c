#include "bridge/iteration/entries.h"

#include "bridge/python/cpython.h"

static bool
is_simple(PyObject *key)
{
    return PyUnicode_CheckExact(key) ||
           (PyLong_CheckExact(key) && PyUnstable_Long_IsCompact((PyLongObject *)key));
}

static bool
is_same(PyObject *one, PyObject *other)
{
    if (!is_simple(one) || Py_TYPE(one) != Py_TYPE(other)) {
        return false;
    }
    if (PyUnicode_CheckExact(one)) {
        return one == other || PyUnicode_Compare(one, other) == 0;
    }
    return is_simple(other) && PyUnstable_Long_CompactValue((PyLongObject *)one) ==
                                   PyUnstable_Long_CompactValue((PyLongObject *)other);
}

bool
entries_follow(PyObject *dict, PyObject *key, Py_ssize_t *position)
{
    PyObject *at, *value;
    if (PyDict_Next(dict, position, &at, &value) && is_same(at, key)) {
        return true;
    }
    *position = 0;
    return PyDict_Next(dict, position, &at, &value) && is_same(at, key);
}

bool
entries_next(PyObject *dict, Py_ssize_t *position, PyObject **key, PyObject **value)
{
    return PyDict_Next(dict, position, key, value) && is_simple(*key) &&
           cpython_dict_compares_no_other(dict, *position - 1);
}
