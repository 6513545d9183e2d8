// restriction: what passes between the owner of a restricted object and who holds it.
//
// Purpose. restrict() narrows an object to some names. Whatever crosses because of it, in either
// direction, goes in a closed parcel (parcel_closed.c): immutable builtins as they are, what is the
// reader's own goes home, and all else as a view. Of the owner's objects these are: the view that
// was used, for its object; what its rule says; for generators and iterators one that can only be
// advanced; a token, with no names, for all the rest. Of the holder's objects they are guests: all
// their names can be used, and what is sent to them or comes from them is closed in turn.
//
// A rule says what becomes of a result: None, as above; True, it is copied, if it consists of
// builtin types; a dict of names and their rules, it is narrowed to these. What advances passes its
// rule on.
//
// Lifetime. Views of what came out of a view hold that view.
//
// Threads. All under the GIL of the interpreter whose object it is.
//
// Errors. NULL with an exception. Nothing that fails lets more through.
#ifndef ATOLL_BRIDGE_RESTRICTION_H
#define ATOLL_BRIDGE_RESTRICTION_H

#include "bridge/transfer/export.h"
#include "bridge/python/objects.h"
#include "bridge/transfer/parcel.h"
#include "bridge/python/state.h"

// How what is packed now is narrowed.
typedef struct restriction {
    restricted_object *view; // borrowed: what is used; NULL: the reader's own
    PyObject *rule;          // borrowed
    const interp *reader;    // borrowed: whose objects go home
    bool gives_guests;       // a holder packs its own objects
} restriction;

// A view of an object; `origin`, or NULL, is the view that it came out of.
PyObject *restriction_make(core_state *state, PyObject *object, PyObject *names, PyObject *origin,
                           view_kind kind);

// How arguments for a restricted object go, and how its answers do.
restriction restriction_of_arguments(const exported *target);
restriction restriction_of_answer(const exported *target, const interp *reader);

// The rule of a name, borrowed; NULL and an AttributeError if it is not allowed.
PyObject *restriction_rule(const restricted_object *view, PyObject *name);

// The object of a view, borrowed; NULL with an exception: in a garbage cycle.
PyObject *restriction_object(const restricted_object *view);

// An attribute that has been read through a view, as its holder gets it.
PyObject *restriction_attribute(core_state *state, restriction *self, PyObject *name,
                                PyObject *value_steal);

// The view of an object, if it is what the view, or one that this came out of, narrows; borrowed.
PyObject *restriction_view_of(restricted_object *view, PyObject *object);

// Can it only be advanced: a generator, a coroutine, an iterator of C code?
bool restriction_only_advances(core_state *state, PyObject *object);

// What goes to the reader in place of an object that goes by reference; new reference.
PyObject *restriction_narrow(core_state *state, const restriction *self, PyObject *object);

// What a view is where it comes home: itself if restrict() made it, else its object.
PyObject *restriction_come_home(restricted_object *view_steal);

void restriction_forget(restricted_object *view); // its object is not to be had by it any more

#endif
