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

// Who made a view, which says what it is where it comes home.
typedef enum {
    VIEW_MADE,    // restrict(): it stays what it is
    VIEW_DERIVED, // a use of a view, for a result of it: the result
    VIEW_TOKEN,   // as that, with no names; one for each object
    VIEW_GUEST,   // a holder, for an argument of its own: the argument; one for each object
} view_kind;

// What restrict() returns: an object of which only some names can be reached.
typedef struct {
    PyObject_HEAD
    PyObject *object; // owned
    PyObject *names;  // owned dict, name -> rule (restriction.h); NULL: all names of a guest
    PyObject *origin; // owned: the restricted object that it came out of, or NULL
    PyObject *module; // owned, keeps the state
    view_kind kind;
    bool takes_exceptions; // a generator's throw(): its arguments go by value
} restricted_object;

#endif
