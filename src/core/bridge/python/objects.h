// Layouts of extension types whose fields the bridge reads.
#ifndef ATOLL_BRIDGE_OBJECTS_H
#define ATOLL_BRIDGE_OBJECTS_H

#include <Python.h>
#include <stdbool.h>

// What ref() and copy() return: an object, and how it is to cross.
typedef struct {
    PyObject_HEAD
    PyObject *object; // owned
    bool by_value;
    bool is_writable; // what goes by value: its arrays can be written to
} mark_object;

// Who made a view. Decides what the view becomes when it comes home.
typedef enum {
    VIEW_MADE,    // restrict(): at home it stays the view
    VIEW_DERIVED, // a use of a view, for its result: at home it is the result
    VIEW_TOKEN,   // as VIEW_DERIVED, without names; one for each object
    VIEW_GUEST,   // a holder, for its own argument: at home it is the argument; one for each object
} view_kind;

// What restrict() returns: an object of which only some names can be reached.
typedef struct {
    PyObject_HEAD
    PyObject *object; // owned
    PyObject *names;  // owned dict, name -> rule (restriction.h); NULL: all names of a guest
    PyObject *origin; // owned: the restricted object that it was got from, or NULL
    PyObject *module; // owned: keeps the core_state alive
    view_kind kind;
    bool takes_exceptions; // a generator's throw(): its arguments go by value
} restricted_object;

#endif
