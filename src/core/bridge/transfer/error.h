// error: an exception on its way from one interpreter to another.
//
// Purpose. A builtin exception raised by C, with plain arguments, goes as (type, arguments). Any
// other is captured by atoll._transfer.exceptions there and rebuilt here, with its notes, causes,
// groups and the frames of its traceback as text. Its values are packed one by one: one that cannot
// cross is missed alone. It has a number (identity.h): where it lives already it is that object.
// One that is passed, not raised, goes the same way. In a closed parcel there is only what
// error_reduce() leaves.
#ifndef ATOLL_BRIDGE_ERROR_H
#define ATOLL_BRIDGE_ERROR_H

#include "bridge/transfer/parcel.h"
#include "bridge/python/state.h"

#define EXCEPTION_DEPTH_MAX 50 // one among the values of the other

// Takes the raised exception. Never fails: what cannot be captured is told apart by its type.
void error_pack(parcel *into, core_state *state, unsigned flags); // PARCEL_COPIES, or 0

// An exception that is passed: by capture() there, by prepare() and rebuild() here, which are told
// how it arrives: False, passed; None, raised; or raised while that one is handled. -1, NULL:
// exception.
MUST_CHECK int error_put_captured(parcel *into, core_state *state, PyObject *exception,
                                  unsigned flags);
PyObject *error_get_captured(parcel *from, core_state *state, PyObject *arrival);
bool error_is_being_put(const parcel *self, const PyObject *exception); // it has itself in it

// Takes the raised exception and says what it is; new reference. NULL: it is raised again, since it
// is no failure of what was tried (Ctrl-C), or there is no memory.
PyObject *error_describe(void);

// The type of exceptions that all share which comes nearest, and can be made of a text; borrowed.
PyObject *error_nearest_type(PyTypeObject *type);
// What a closed parcel carries of an exception (restriction.h): that type, borrowed, and a tuple of
// its text, or of its arguments where these are plain. NULL: it could not say, and why is urgent.
PyObject *error_reduce(core_state *state, PyObject *exception, PyObject **arguments);

PyObject *error_get(parcel *from, core_state *state); // new reference
// Raises it here; always returns NULL.
PyObject *error_raise(parcel *from, core_state *state);

#endif
