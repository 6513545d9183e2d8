// restriction: what the holder of a restricted object may ask for, and what it gets.
//
// Purpose. restrict() narrows an object to some names. What comes of using these must not lead back
// to the whole: the object itself comes as the view that was used, its methods and functions can
// only be called, its generators only be run, and what an exception refers to is only held.
//
// Lifetime. Views of what came out of a view hold that view.
//
// Threads. All under the GIL of the interpreter whose object it is.
//
// Errors. NULL or -1 with an exception.
#ifndef ATOLL_BRIDGE_RESTRICTION_H
#define ATOLL_BRIDGE_RESTRICTION_H

#include "bridge/python/objects.h"
#include "bridge/python/state.h"

// One use of a view by another interpreter, while its answer is packed.
typedef struct restriction {
    restricted_object *view; // borrowed
    const interp *holder;    // borrowed: who uses it
    bool is_error;           // what is packed was raised, not returned
} restriction;

// A view of an object; `origin`, or NULL, is the view that it came out of.
PyObject *restriction_make(core_state *state, PyObject *object, PyObject *names, PyObject *origin);

// -1 and an AttributeError if the name is not allowed.
int restriction_check(const restricted_object *view, PyObject *name);

// An attribute that has been read through a view, as its holder gets it.
PyObject *restriction_attribute(core_state *state, restricted_object *view, PyObject *name,
                                PyObject *value_steal);

// The view of an object, if it is what the view, or one that this came out of, narrows; borrowed.
PyObject *restriction_view_of(restricted_object *view, PyObject *object);

// What goes to the holder in place of an object that goes by reference; new reference.
PyObject *restriction_narrow(core_state *state, const restriction *self, PyObject *object);

#endif
