// Layouts of those local objects that the bridge looks into.
#ifndef ATOLL_BRIDGE_OBJECTS_H
#define ATOLL_BRIDGE_OBJECTS_H

#include <Python.h>
#include <stdbool.h>

// What ref() and copy() return: an object, and how it is to go.
typedef struct {
    PyObject_HEAD
    PyObject *object; // owned
    bool by_value;
} mark_object;

// What restrict() returns: an object of which only some names can be reached.
typedef struct {
    PyObject_HEAD
    PyObject *object;      // owned
    PyObject *names;       // owned frozenset of str
    PyObject *origin;      // owned: the restricted object that it came out of, or NULL
    bool takes_exceptions; // a generator's throw(): its arguments go by value
} restricted_object;

#endif
