// perform: does an operation in the interpreter that owns its object.
//
// Purpose. Carries the arguments over, does it there, and brings the result or the exception back.
//
// Threads. Attached to home->interp, which is not the owner.
//
// Errors. NULL with an exception: the remote one, InterpreterClosedError, RecursionError.
#ifndef ATOLL_BRIDGE_PERFORM_H
#define ATOLL_BRIDGE_PERFORM_H

#include "bridge/operation/operation.h"

// *attribute (or NULL): what OPERATION_FUSE found out.
PyObject *operation_perform(core_state *home, const operation *self, attribute_kind *attribute);

#endif
