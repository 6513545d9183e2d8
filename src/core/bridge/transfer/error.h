// error: an exception on its way from one interpreter to another.
//
// Purpose. A builtin exception raised by C, with plain arguments, goes as (type, arguments). Any
// other is captured by atoll._transfer.exceptions there and rebuilt here, with its notes, causes,
// groups and the frames of its traceback as text. Its values are packed one by one: one that cannot
// cross is missed alone. In a closed parcel there is only what error_reduce() leaves.
#ifndef ATOLL_BRIDGE_ERROR_H
#define ATOLL_BRIDGE_ERROR_H

#include "bridge/transfer/parcel.h"
#include "bridge/python/state.h"

// Takes the raised exception. Never fails: what cannot be captured is told apart by its type.
void error_pack(parcel *into, core_state *state);
void error_pack_as(parcel *into, core_state *state, hook_id capture); // a capture() of another kind

// An exception as an argument: by capture() there, by rebuild() here. -1, NULL: exception.
MUST_CHECK int error_put_captured(parcel *into, core_state *state, PyObject *exception,
                                  hook_id capture);
PyObject *error_get_captured(parcel *from, core_state *state);

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
